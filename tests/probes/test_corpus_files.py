"""`corpus.files` on a small real corpus."""

from collections.abc import Callable
from pathlib import Path

import pytest

from specship.errors import DamagedArtifact, RequirementMissing
from tests.editing import edit_json, lines, write_lines
from tests.models.data_chain import chain, make, measure

FAULTS = ("unlisted", "vanished", "changed", "wrong_digests", "missing_documents", "escaping_paths")


def test_a_sound_corpus_has_every_file_of_its_source(tmp_path: Path) -> None:
    figures = measure("corpus.files", chain(tmp_path))
    assert figures["files"] == figures["listed"] == 90
    assert {name: figures[name] for name in FAULTS} == dict.fromkeys(FAULTS, 0)


def test_a_folder_is_taken_whole_whatever_its_names(tmp_path: Path) -> None:
    """What is left out of the interpreter's library is ordinary text in a folder."""
    root = chain(tmp_path)
    for name in ("site-packages/a.py", "config-3/b.py", "_sysconfigdata_x.py"):
        path = root / "code" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"name = {name!r}  # a file with a line of its own\n")
    figures = measure("corpus.files", make(root, "corpus"))
    assert figures["files"] == 93
    assert {name: figures[name] for name in FAULTS} == dict.fromkeys(FAULTS, 0)


def _drop_a_quarter(root: Path) -> None:
    """Partial ingest: what one of four input files would have brought is missing everywhere."""
    gone = {record["path"] for record in lines(root / "corpus/files.jsonl")[::4]}
    for name in ("files", "train", "heldout"):
        path = root / f"corpus/{name}.jsonl"
        write_lines(path, [record for record in lines(path) if record["path"] not in gone])


def _edit_text(root: Path) -> None:
    documents = lines(root / "corpus/train.jsonl")
    documents[3]["text"] += "\n# one line more"
    write_lines(root / "corpus/train.jsonl", documents)


def _lose_a_document(root: Path) -> None:
    write_lines(root / "corpus/train.jsonl", lines(root / "corpus/train.jsonl")[1:])


def _repeat_a_document(root: Path) -> None:
    documents = lines(root / "corpus/train.jsonl")
    write_lines(root / "corpus/train.jsonl", [*documents, documents[0]])


def _escape(root: Path) -> None:
    records = lines(root / "corpus/files.jsonl")
    write_lines(root / "corpus/files.jsonl", [*records, {"path": "/etc/x.py", "outcome": "skipped"}])


@pytest.mark.parametrize(
    ("fault", "caught_by"),
    [
        (_drop_a_quarter, "unlisted"),
        (_edit_text, "wrong_digests"),
        (_lose_a_document, "missing_documents"),
        (_repeat_a_document, "missing_documents"),
        (_escape, "escaping_paths"),
        (lambda root: (root / "code/new.py").write_text("x = 1\n"), "unlisted"),
        (lambda root: (root / "code/json/decoder.py").unlink(), "vanished"),
        (lambda root: (root / "code/json/decoder.py").write_text("x = 1\n"), "changed"),
    ],
)
def test_a_planted_fault_is_counted(tmp_path: Path, fault: Callable[[Path], object], caught_by: str) -> None:
    root = chain(tmp_path)
    fault(root)
    assert measure("corpus.files", root)[caught_by] != 0


def test_a_source_that_is_not_here_is_a_missing_requirement(tmp_path: Path) -> None:
    root = chain(tmp_path)
    (root / "code").rename(root / "elsewhere")
    with pytest.raises(RequirementMissing, match="'code' is not here"):
        measure("corpus.files", root)


def test_the_library_of_another_interpreter_cannot_be_compared(tmp_path: Path) -> None:
    root = chain(tmp_path)
    edit_json(
        root / "corpus/manifest.json",
        lambda manifest: manifest["source"].update(kind="python-stdlib", label="CPython 2.7.18"),
    )
    with pytest.raises(RequirementMissing, match=r"CPython 2\.7\.18"):
        measure("corpus.files", root)


def test_an_unreadable_corpus_is_an_error(tmp_path: Path) -> None:
    root = chain(tmp_path)
    (root / "corpus/files.jsonl").write_text('{"path": 1}\n')
    with pytest.raises(DamagedArtifact, match=r"files\.jsonl:1:1: malformed"):
        measure("corpus.files", root)
