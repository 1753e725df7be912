"""Copies of artifacts for code that is not ours: exact, alike, kept while they are, and gone afterwards."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from specship.errors import CannotWrite, DamagedArtifact
from specship.evidence.artifact_record import ArtifactRecord, Ingredients, artifact_digest, list_files
from specship.suite.judging.private_copies import Artifacts, PrivateCopies

HOME = ".specship/measuring"


def artifact(folder: Path, **texts: str) -> tuple[Path, ArtifactRecord]:
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    files = list_files(folder)
    made = Ingredients(settings={}, inputs={}, code="", packages={})
    digest = artifact_digest("corpus", files, {})
    return folder, ArtifactRecord(
        makes="corpus", ingredients=made, files=files, digest=digest, finished="", seconds=0
    )


@pytest.fixture
def given(tmp_path: Path) -> Artifacts:
    return {"corpus": artifact(tmp_path / "made", train="a\n", heldout="b\n")}


def test_a_copy_lies_under_its_name_and_is_kept(tmp_path: Path, given: Artifacts) -> None:
    copies = PrivateCopies(tmp_path)
    at = copies.lay_out(given)
    first = (at / "corpus/train").stat()
    assert copies.take_back(given) == ()
    again = copies.lay_out(given)

    assert (at.relative_to(tmp_path / HOME).parts[1:], again) == (("at",), at)
    assert (again / "corpus/train").read_text() == "a\n"
    assert (again / "corpus/train").stat().st_ino == first.st_ino  # not copied a second time
    assert (first.st_nlink, first.st_mtime) == (1, 0)
    copies.close()
    assert list((tmp_path / HOME).iterdir()) == []


@pytest.mark.parametrize("change", ["edit", "add", "remove", "link"])
def test_a_copy_that_changed_is_named_and_made_again(tmp_path: Path, given: Artifacts, change: str) -> None:
    copies = PrivateCopies(tmp_path)
    folder = copies.lay_out(given) / "corpus"
    (folder / "train").chmod(0o644)
    if change == "edit":
        (folder / "train").write_text("c\n")
    elif change == "add":
        (folder / "more").touch()
    elif change == "remove":
        (folder / "train").unlink()
    else:
        (folder / "more").symlink_to(folder / "train")

    assert copies.take_back(given) == ("corpus",)
    assert (copies.lay_out(given) / "corpus/train").read_text() == "a\n"
    assert (given["corpus"][0] / "train").read_text() == "a\n"
    copies.close()


def test_a_damaged_artifact_is_not_laid_out(tmp_path: Path, given: Artifacts) -> None:
    copies = PrivateCopies(tmp_path)
    (given["corpus"][0] / "train").write_text("c\n")
    with pytest.raises(DamagedArtifact, match="is not what its manifest says"):
        copies.lay_out(given)
    copies.close()


def test_no_room_is_told(tmp_path: Path, given: Artifacts) -> None:
    (tmp_path / ".specship").write_text("a file where a folder should be")
    with pytest.raises(CannotWrite):
        PrivateCopies(tmp_path).lay_out(given)


def test_what_a_killed_process_left_is_swept_and_what_lives_is_not(tmp_path: Path, given: Artifacts) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from specship.suite.judging.private_copies import PrivateCopies\n"
        "PrivateCopies(Path(sys.argv[1])).scratch()\nos.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    (left,) = (tmp_path / HOME).iterdir()
    living = PrivateCopies(tmp_path)
    at = living.lay_out(given)
    other = PrivateCopies(tmp_path)
    other.scratch()

    assert not left.exists()
    assert at.exists()
    assert os.listdir(at) == ["corpus"]  # noqa: PTH208 - its names alone
    for copies in (living, other):
        copies.close()
