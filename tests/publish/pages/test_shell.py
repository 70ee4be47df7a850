import pytest

from analysis.publish.pages.shell import css_string


@pytest.mark.parametrize("hostile", ['"; } body { display: none', "</style><script>", "a\nb", "\\", "Khánh Hòa"])
def test_no_text_ends_a_css_string(hostile: str) -> None:
    written = str(css_string(hostile))
    assert written[0] == written[-1] == '"'
    assert not set(written[1:-1]) & set('"<>;{}\n')
    # read as a style sheet reads it: a backslash, hex digits and a space stand for one letter
    read = []
    rest = written[1:-1]
    while rest:
        if rest[0] == "\\":
            code, rest = rest[1:].split(" ", 1)
            read.append(chr(int(code, 16)))
        else:
            read.append(rest[0])
            rest = rest[1:]
    assert "".join(read) == hostile
