"""The settings of a project: which file they are in, and what is said of one that cannot be read."""

from pathlib import Path

import pytest

from specship.cli import main
from specship.errors import UnusableInput
from specship.settings_file import find_table, table_in

TABLE = '[tool.specship]\nspec = "specs/small"\n'


def test_the_nearest_table_above_counts(tmp_path: Path) -> None:
    """A settings file between that does not speak of specship, or only depends on it, is passed over."""
    below = tmp_path / "lib" / "src"
    below.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(TABLE)
    (tmp_path / "lib/pyproject.toml").write_text('[project]\ndependencies = ["specship"]\n')
    found = find_table(below)

    assert found is not None
    assert (found.root, found.table) == (tmp_path, {"spec": "specs/small"})
    assert table_in(tmp_path / "lib") is None
    assert find_table(tmp_path.parent) is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (TABLE.encode("utf-8-sig"), "pyproject.toml:1:1: a byte-order mark (U+FEFF) stands before the text"),
        (TABLE.encode("utf-16"), "UTF-16 or binary, and TOML is UTF-8"),
        (TABLE.encode("utf-16-be"), "UTF-16 or binary, and TOML is UTF-8"),
        (b"[tool.specship]\n# \xff\n", "pyproject.toml:2:1: not UTF-8"),
        (b"[tool.specship\n", "not TOML"),
    ],
    ids=["byte-order-mark", "utf-16", "nul-bytes", "latin-1", "broken"],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_mend(
    data: bytes,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the reader of the table, by verbs, and by what would write into the file."""
    (tmp_path / "pyproject.toml").write_bytes(data)
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UnusableInput, match="mend: "):
        find_table(tmp_path)
    for verb in ("status", "init"):
        assert main([verb]) == 2
        assert said in capsys.readouterr().err


def test_files_of_others_are_none_of_our_business(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe\x00[")
    assert find_table(tmp_path) is None
