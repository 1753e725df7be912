"""The corpus stage on small folders of real code."""

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from specship.errors import RequirementMissing, UnusableInput
from specship.pipeline.corpus import source as corpus_source
from specship.pipeline.corpus.making import make_corpus, side_of
from specship.pipeline.corpus.manifest import FileEntry, read_documents, read_files, read_manifest
from specship.pipeline.corpus.settings import CorpusSettings
from specship.pipeline.corpus.source_kind import OpenedSource, kind_named
from specship.pipeline.stage import Work
from tests.models.data_chain import chain, make, silent, write_code


def listed(folder: Path) -> dict[str, FileEntry]:
    return {entry.path: entry for entry in read_files(folder)}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_code(tmp_path / "code", files=40)
    return tmp_path


def test_every_file_has_an_outcome_and_every_document_its_own_bytes(project: Path) -> None:
    entries = listed(make(project, "corpus") / "corpus")
    files = {path.relative_to(project / "code").as_posix(): path for path in project.rglob("code/**/*.py")}
    assert entries.keys() == files.keys()
    for split in ("train", "heldout"):
        for document in read_documents(project / "corpus", split):
            assert document.text.encode() == files[document.path].read_bytes()
            assert entries[document.path].outcome == split


def test_the_manifest_counts_what_the_lines_say(project: Path) -> None:
    manifest = read_manifest(make(project, "corpus") / "corpus")
    entries = listed(project / "corpus").values()
    assert manifest.files_listed == len(entries) == sum(manifest.outcomes.values())
    assert manifest.train.documents == sum(entry.outcome == "train" for entry in entries)
    assert manifest.heldout.documents == sum(entry.outcome == "heldout" for entry in entries)
    assert str(project) not in (project / "corpus/manifest.json").read_text()


def test_it_is_the_same_bytes_every_time(project: Path) -> None:
    make(project, "corpus")
    first = {path.name: path.read_bytes() for path in (project / "corpus").iterdir()}
    make(project, "corpus")
    assert first == {path.name: path.read_bytes() for path in (project / "corpus").iterdir()}


def test_a_document_keeps_its_side_when_it_is_renamed_or_others_come(project: Path) -> None:
    make(project, "corpus")
    before = {entry.sha256: entry.outcome for entry in listed(project / "corpus").values()}
    path = next((project / "code" / "json").glob("decoder.py"))
    path.rename(path.with_name("zzz.py"))
    (project / "code/new.py").write_text("\n".join(f"one_{n} = another_{n * n}" for n in range(60)))
    make(project, "corpus")
    after = {entry.sha256: entry.outcome for entry in listed(project / "corpus").values()}
    assert {digest: after[digest] for digest in before} == before


def test_copies_and_near_copies_are_removed_and_name_what_they_repeat(project: Path) -> None:
    source = project / "code/json/decoder.py"
    (project / "code/exact.py").write_bytes(source.read_bytes())
    (project / "code/near.py").write_bytes(source.read_bytes() + b"\n# one more line\n")
    entries = listed(make(project, "corpus") / "corpus")
    trio = {name: entries[name] for name in ("exact.py", "near.py", "json/decoder.py")}
    kept = [name for name, entry in trio.items() if entry.outcome in {"train", "heldout"}]
    assert len(kept) == 1
    removed = {entry.outcome: entry for entry in trio.values() if entry.outcome.endswith("duplicate")}
    assert removed.keys() == {"duplicate", "near-duplicate"}
    assert removed["duplicate"].jaccard == 1.0
    assert 0.9 < (removed["near-duplicate"].jaccard or 0) < 1.0
    assert removed["near-duplicate"].duplicate_of in trio


def test_a_held_out_part_of_a_training_document_joins_training(project: Path) -> None:
    for number, path in enumerate(sorted(project.rglob("code/email/*.py"))):
        code = path.read_text().splitlines()
        (project / f"code/part_{number}.py").write_text("\n".join(code[: len(code) // 2]))
    make(project, "corpus", corpus={"heldout_fraction": 0.5})
    moved = [entry for entry in listed(project / "corpus").values() if "shingles" in (entry.reason or "")]
    assert moved
    assert {entry.outcome for entry in moved} == {"train"}


def test_what_cannot_be_a_document_is_listed_with_the_reason(project: Path) -> None:
    code = project / "code"
    (code / "latin.py").write_bytes(b"name = '\xe9'\n")
    (code / "empty.py").write_bytes(b" \n")
    (code / "long.py").write_bytes(b"# long\n" * 3000)
    (code / "link.py").symlink_to(code / "json/decoder.py")
    (code / "linked").symlink_to(code / "json")
    os.mkfifo(code / "pipe.py")
    Path(os.fsdecode(os.fsencode(code) + b"/n\xff.py")).write_text("x = 1\n")
    entries = listed(make(project, "corpus", corpus={"file_bytes_limit": 20_000}) / "corpus")
    reasons = {path: entry.reason for path, entry in entries.items() if entry.outcome == "skipped"}
    assert reasons["latin.py"] == "not UTF-8: invalid continuation byte at byte 8"
    assert reasons["empty.py"] == "empty"
    assert reasons["long.py"] == "longer than 20000 bytes"
    assert reasons["link.py"] == reasons["linked"] == "symbolic link"
    assert reasons["pipe.py"] == "not a regular file"
    assert reasons["n\\xff.py"] == "name is not UTF-8"


def test_a_file_states_its_own_licence(project: Path) -> None:
    (project / "code/own.py").write_text(
        "# SPDX-License-Identifier: MIT\nvalue = 'quite another text here'\n"
    )
    assert listed(make(project, "corpus") / "corpus")["own.py"].licence == "MIT"
    assert read_manifest(project / "corpus").licences["MIT"] == 1


def stdlib_corpus(root: Path, output: Path, licence: tuple[Path, ...]) -> Path:
    output.mkdir()
    settings = CorpusSettings(heldout_fraction=0.3)
    library = corpus_source.python_stdlib(root, licence)
    opened = OpenedSource(library, kind_named("python-stdlib"), settings.all_sources()[0], "")
    make_corpus([opened], settings, Work({}, {}, output, silent))
    return output


def test_a_library_without_installed_packages_and_generated_files(tmp_path: Path) -> None:
    """The interpreter's own library, without what was installed into it or written by its build."""
    library = write_code(tmp_path / "python3.99", files=30)
    for name in ("site-packages", "dist-packages", "__pycache__", "lib-dynload", "config-3.99-linux"):
        (library / name).mkdir()
        (library / name / "installed.py").write_text("installed = True\n")
    (library / "_sysconfigdata_linux.py").write_text("prefix = '/home/builder'\n")
    text = library / "LICENSE.txt"
    text.write_text("PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2\n")
    corpus = stdlib_corpus(library, tmp_path / "corpus", (text,))
    entries = listed(corpus)
    assert not [path for path in entries if "installed" in path]
    assert entries["_sysconfigdata_linux.py"].outcome == "skipped"
    assert read_manifest(corpus).licence.spdx == "PSF-2.0"
    assert (corpus / "LICENCE.txt").read_text() == text.read_text()


@pytest.mark.parametrize("text", [None, "You may do as you like.\n"])
def test_a_licence_is_never_invented(tmp_path: Path, text: str | None) -> None:
    library = write_code(tmp_path / "python3.99", files=30)
    place = tmp_path / "LICENSE"
    if text:
        place.write_text(text)
    corpus = stdlib_corpus(library, tmp_path / "corpus", (place,))
    assert read_manifest(corpus).licence.spdx == "unknown"
    assert read_manifest(corpus).licence.file is None
    assert {document.licence for document in read_documents(corpus, "train")} == {"unknown"}


def test_the_interpreters_own_library_is_found() -> None:
    source = corpus_source.python_stdlib()
    assert len(list(corpus_source.list_files(source))) > 100
    assert str(source.root) not in source.label


def test_a_missing_folder_is_a_missing_requirement(tmp_path: Path) -> None:
    with pytest.raises(RequirementMissing, match="'code' is not here"):
        make(tmp_path, "corpus")


@pytest.mark.parametrize("path", ["/srv/data", "../data"])
def test_a_folder_outside_the_project_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UnusableInput, match="does not lie below the project"):
        corpus_source.folder(tmp_path, path, "MIT", (".py",))


def test_a_split_without_documents_is_refused(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/only.py").write_text("print('a single document')\n")
    with pytest.raises(UnusableInput, match="no document is left for the"):
        make(tmp_path, "corpus")


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    with pytest.raises(UnusableInput, match="no document among 0 files"):
        make(tmp_path, "corpus")


@pytest.mark.parametrize(
    "settings",
    [
        {"source": "folder"},
        {"source": "folder", "path": "code"},
        {"source": "python-stdlib", "path": "code"},
        {"source": "folder", "path": "code", "licence": "free as in beer"},
        {"heldout_fraction": 0.0},
        {"near_duplicate_jaccard": 1.5},
        {"suffixes": ()},
        {"surprise": 1},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CorpusSettings(**settings)


def test_the_held_out_share_is_met_by_content_alone() -> None:
    sides = [side_of(f"{n:064x}", 0.1) for n in range(10_000)]
    assert 850 < sides.count("heldout") < 1150


def test_the_small_chain_has_both_splits(tmp_path: Path) -> None:
    manifest = read_manifest(chain(tmp_path) / "corpus")
    assert manifest.heldout.documents >= 5
    assert manifest.train.documents >= 40
