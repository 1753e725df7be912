"""What stands in a pack is read as if its own file lay beside it, from a commit and from the working tree alike."""

from pathlib import Path

from specship.evidence.packs import line_of
from specship.evidence.repository import Repository, open_repository
from specship.review.packed_evidence import PackedEvidence, packed_evidence
from specship.review.trees import CommittedTree, WorkingTree
from tests.projects.histories import git, history

ONE, TWO, THREE = ("1" * 64, "2" * 64, "3" * 64)
TEXTS = {ONE: '{"a": "one"}\n', TWO: '{"a": "zwei \u00e4\u2028"}\n', THREE: "\u0000not even JSON"}
OLD, NEW = "evidence/packs/1.0.0.jsonl", "evidence/packs/2.0.0.jsonl"


def line(name: str) -> str:
    return line_of(name, TEXTS[name].encode()).decode()


def committed(repository: Repository, revision: str) -> CommittedTree:
    return CommittedTree(repository, revision, repository.commit(revision)[1])


def write(folder: Path, packs: dict[str, str]) -> Path:
    """A repository with each entry as a file on `base`, and in packs alone on `packed`."""
    files = {f"evidence/{name}.json": text for name, text in TEXTS.items()}
    return history(folder, files, {"packed": {**dict.fromkeys(files), **packs}})


def read(folder: Path) -> PackedEvidence:
    """What is packed, the same from either tree."""
    git(folder, "checkout", "-q", "-f", "packed")
    with open_repository(folder) as repository:
        found = packed_evidence(committed(repository, "packed"), "evidence")
        here = packed_evidence(WorkingTree(repository), "evidence")
    assert here.files == found.files
    assert {at: oid for at, (oid, _) in here.damaged.items()} == {
        at: oid for at, (oid, _) in found.damaged.items()
    }
    return found


def test_an_entry_has_the_path_the_bytes_and_the_id_of_its_own_file(tmp_path: Path) -> None:
    folder = write(tmp_path, {OLD: line(ONE) + line(THREE), NEW: line(TWO)})
    with open_repository(folder) as repository:
        own = committed(repository, "base").names("evidence")

    found = read(folder)

    assert {path: file.oid for path, file in found.files.items()} == {
        f"evidence/{name}": entry.oid for name, entry in own.items()
    }
    assert {path: file.data.decode() for path, file in found.files.items()} == {
        f"evidence/{name}.json": text for name, text in TEXTS.items()
    }
    assert {name: found.files[f"evidence/{name}.json"].pack for name in TEXTS} == {
        ONE: OLD,
        TWO: NEW,
        THREE: OLD,
    }
    assert not found.damaged


def test_an_entry_that_stands_twice_is_one_entry(tmp_path: Path) -> None:
    found = read(write(tmp_path, {NEW: line(ONE) + line(TWO), OLD: line(ONE)}))

    assert {path: file.pack for path, file in found.files.items()} == {
        f"evidence/{ONE}.json": OLD,
        f"evidence/{TWO}.json": NEW,
    }


def test_a_line_that_is_none_takes_no_other_with_it(tmp_path: Path) -> None:
    """Its id is that of its bytes, so that base and head have the same damage or not."""
    broken = line(TWO).replace("zwei", "\\u007awei")  # the same text, written in another way
    folder = write(tmp_path, {OLD: line(ONE) + broken + line(THREE), "evidence/packs/broken.txt": broken})

    found = read(folder)

    assert set(found.files) == {f"evidence/{ONE}.json", f"evidence/{THREE}.json"}
    ((at, (oid, fault)),) = found.damaged.items()
    assert at == f"{OLD}:2"
    assert oid == git(folder, "hash-object", "--stdin", given=broken.encode())
    assert "not a line of a pack" in str(fault)


def test_a_damaged_line_of_a_revision_is_told_with_the_revision(tmp_path: Path) -> None:
    folder = write(tmp_path, {OLD: "nothing\n"})
    with open_repository(folder) as repository:
        ((_, fault),) = packed_evidence(committed(repository, "packed"), "evidence").damaged.values()

    assert str(fault).startswith(f"packed:{OLD}:1")


def test_without_packs_there_is_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path, {"evidence/packs/notes.txt": line(ONE), f"elsewhere/{OLD}": line(ONE)})

    assert read(folder) == PackedEvidence()
