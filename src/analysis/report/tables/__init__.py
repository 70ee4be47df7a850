"""The tables, in the words of the reader."""
