"""Rows of many entries are the same ones whoever reads them: this process, or one beside it."""

from pathlib import Path

import pytest

from specship.errors import DamagedArtifact
from specship.evidence.ledger import append
from specship.evidence.signing import local_key
from specship.evidence.upkeep import row_reading
from specship.evidence.upkeep.entry_files import EntryFiles
from specship.evidence.upkeep.index import Row
from specship.evidence.upkeep.row_reading import read_rows
from tests.evidence.statements import evidence


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six sound entries, two files that are none, and a name over two lines."""
    made, key = tmp_path / "ledger", local_key(tmp_path / "state")
    for number in range(6):
        append(made, evidence(loss=float(number), reason="zwölf\nZeilen"), key)
    for name in ("0" * 64, "f" * 64, "a name\nover two lines"):
        (made / f"{name}.json").write_text("{}")
    return made


def rows(folder: Path, fewest_shared: int) -> tuple[set[Row], set[str], list[tuple[int, int]]]:
    damaged: list[DamagedArtifact] = []
    told: list[tuple[int, int]] = []
    names = sorted(path.name for path in folder.iterdir())
    found = read_rows(
        EntryFiles([folder], keys=frozenset()), names, lambda done, total: told.append((done, total)),
        damaged.append, fewest_shared=fewest_shared,
    )  # fmt: skip
    return set(found), set(map(str, damaged)), told


def test_a_second_process_reads_what_one_would(folder: Path) -> None:
    alone, shared = rows(folder, 100), rows(folder, 1)

    assert alone[:2] == shared[:2]
    assert [len(one) for one in alone[:2]] == [6, 3]
    assert alone[2][-1] == shared[2][-1] == (9, 9)


@pytest.mark.parametrize("command", [["false"], ["echo", "null"], ["echo", '["00", 1]'], ["/nowhere"]])
def test_a_second_process_that_fails_leaves_nothing_out(
    folder: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_reading, "isolated", lambda *_: command)

    assert rows(folder, 1)[:2] == rows(folder, 100)[:2]
