"""How large one row of a received file may be; a larger one is damaged, or no table."""

MAX_COLUMNS = 16_384
"""Most columns of a table: those of a sheet of Excel."""

MAX_CELL_BYTES = 1 << 20
"""Most bytes of a cell: a mebibyte."""

MAX_LINE_LETTERS = 1 << 24
"""Most letters of a line of text; a file without line breaks is one line."""
