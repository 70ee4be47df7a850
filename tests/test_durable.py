"""What must be there after the power fails is there whole, or as it was."""

from pathlib import Path

import pytest

from analysis import durable
from analysis.durable import rewrite


def test_a_file_is_written_anew_with_its_rights(tmp_path: Path) -> None:
    file = tmp_path / "sổ.csv"
    rewrite(file, "một\r\n")
    file.chmod(0o640)
    rewrite(file, "hai\n")
    assert file.read_bytes() == b"hai\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_could_not_be_written_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    file = tmp_path / "sổ.csv"
    file.write_text("một\n", encoding="utf-8")

    def fail(_path: Path) -> None:
        raise error

    monkeypatch.setattr(durable, "flush", fail)
    with pytest.raises(type(error)) as raised:
        rewrite(file, "hai\n")
    assert file.read_text(encoding="utf-8") == "một\n"
    assert list(tmp_path.iterdir()) == [file]
    assert not isinstance(raised.value, OSError) or raised.value.filename == str(file)
