"""The finder of long sentences said twice finds them, whatever their numbers."""

from __future__ import annotations

from said_once import said_twice

LONG = (
    "In the 13 weeks left, no more than {n} of the cases may be late, which is {n} of those expected, and last quarter "
    "it was more."
)


def test_a_long_sentence_is_found_again_with_other_numbers() -> None:
    rows = "".join(f"<tr><td>{LONG.format(n=n)}</td><td>Short.</td></tr>" for n in ("4", "1,018"))
    (found,) = said_twice(f"<table>{rows}</table>", "en")
    assert found == LONG.replace("13", "#").format(n="#")
    assert said_twice(f"<table>{rows}</table>", "vi") == []


def test_a_block_within_a_block_is_read_once() -> None:
    assert said_twice(f"<ul><li><p>{LONG}</p></li></ul>", "en") == []
