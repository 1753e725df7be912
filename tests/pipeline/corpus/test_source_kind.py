"""Every kind of source, from files that other tools wrote to documents of a corpus."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from specship.errors import DamagedArtifact, SpecshipError, UnknownName, UnusableInput
from specship.pipeline.corpus.making import make_corpus, open_sources
from specship.pipeline.corpus.manifest import CorpusManifest, read_documents, read_files, read_manifest
from specship.pipeline.corpus.packages import declared_packages
from specship.pipeline.corpus.settings import CorpusSettings
from specship.pipeline.corpus.source_kind import kind_named, kind_of
from specship.pipeline.stage import Work
from tests.models.data_chain import measure, silent, write_code

TEXTS = [
    f"# document {n}\n" + "\n".join(f"value_{n}_{k} = other_{n * k} + {k * 7}" for k in range(40))
    for n in range(40)
]
RECORDS = [
    {"body": text, "name": f"n{n}.py", "spdx": "MIT", "repo": f"r{n % 9}"} for n, text in enumerate(TEXTS)
]
FIELDS = {"text_field": "body", "name_field": "name", "licence_field": "spdx", "group_field": "repo"}
JSON_LINES = b"".join(json.dumps(one).encode() + b"\n" for one in RECORDS)


def two_frames() -> bytes:
    """As `zstd` writes when files are joined: one frame behind the other."""
    half = JSON_LINES.index(b"\n", len(JSON_LINES) // 2) + 1
    return zstandard.compress(JSON_LINES[:half]) + zstandard.compress(JSON_LINES[half:])


def arrow(path: Path) -> None:
    """As `datasets` saves: one Arrow stream and a state beside it."""
    path.mkdir()
    (path / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
    (path / "dataset_info.json").write_text("{}")
    table = pa.Table.from_pylist(RECORDS)
    with (
        pa.OSFile(str(path / "data-00000-of-00001.arrow"), "wb") as file,
        pa.ipc.new_stream(file, table.schema) as stream,
    ):
        stream.write_table(table, max_chunksize=7)


WRITERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a.jsonl": ("json-lines", lambda path: path.write_bytes(JSON_LINES)),
    "a.jsonl.gz": ("json-lines", lambda path: path.write_bytes(gzip.compress(JSON_LINES))),
    "a.jsonl.bz2": ("json-lines", lambda path: path.write_bytes(bz2.compress(JSON_LINES))),
    "a.jsonl.xz": ("json-lines", lambda path: path.write_bytes(lzma.compress(JSON_LINES))),
    "a.jsonl.zst": ("json-lines", lambda path: path.write_bytes(two_frames())),
    "a.parquet": ("parquet", lambda path: pq.write_table(pa.Table.from_pylist(RECORDS), path)),
    "saved": ("arrow-dataset", arrow),
}


def corpus(project: Path, **settings: Any) -> tuple[Path, CorpusManifest]:
    """A corpus of the sources in a project folder, beside it."""
    checked = CorpusSettings.model_validate_json(json.dumps({"heldout_fraction": 0.3, **settings}))
    output = project / "corpus"
    output.mkdir()
    make_corpus(open_sources(checked, project), checked, Work({}, {}, output, silent))
    return output, read_manifest(output)


@pytest.mark.parametrize("name", WRITERS)
def test_records_become_documents_with_their_licence_and_group(tmp_path: Path, name: str) -> None:
    kind, write = WRITERS[name]
    write(tmp_path / name)
    assert kind_of(tmp_path / name) == kind
    folder, made = corpus(tmp_path, sources=[{"kind": kind, "path": name, **FIELDS}])
    documents = [one for split in ("train", "heldout") for one in read_documents(folder, split)]
    assert sorted(one.text for one in documents) == sorted(TEXTS)
    assert {one.licence for one in documents} == {"MIT"}
    sides = [{one.group for one in read_documents(folder, split)} for split in ("train", "heldout")]
    assert not sides[0] & sides[1]
    assert len(made.sources[0].containers) == 1
    assert not list(folder.glob("spool*"))


def test_several_sources_keep_their_weights_names_and_licences(tmp_path: Path) -> None:
    write_code(tmp_path / "code", files=30)
    (tmp_path / "web.jsonl.gz").write_bytes(gzip.compress(JSON_LINES))
    sources = [
        {"kind": "folder", "path": "code", "licence": "PSF-2.0", "weight": 1.0, "provenance": "a library"},
        {"kind": "json-lines", "path": "web.jsonl.gz", "label": "web", "weight": 0.1, **FIELDS},
    ]
    folder, made = corpus(tmp_path, sources=sources)
    code, web = made.sources
    assert code.share_taken == 1.0
    assert 0.05 < web.text_bytes / code.text_bytes < 0.2
    assert made.outcomes["left-out"] > 0
    assert code.provenance == "a library"
    assert made.licences.keys() == {"PSF-2.0", "MIT"}
    assert {entry.path.split("/")[0] for entry in read_files(folder)} == {"code", "web"}


def test_the_probes_know_the_files_of_several_sources(tmp_path: Path) -> None:
    write_code(tmp_path / "code", files=30)
    (tmp_path / "web.jsonl.gz").write_bytes(gzip.compress(JSON_LINES))
    sources = [
        {"kind": "folder", "path": "code", "licence": "PSF-2.0"},
        {"kind": "json-lines", "path": "web.jsonl.gz", **FIELDS},
    ]
    corpus(tmp_path, sources=sources)
    sound = measure("corpus.files", tmp_path)
    assert sound["unlisted"] == sound["vanished"] == sound["changed"] == sound["missing_documents"] == 0
    assert measure("corpus.licence", tmp_path)["misstated"] == 0
    assert measure("corpus.split", tmp_path)["shared_groups"] == 0
    (tmp_path / "web.jsonl.gz").write_bytes(gzip.compress(JSON_LINES + b"\n"))
    (tmp_path / "code/another.py").write_text("x = 1\n")
    spoilt = measure("corpus.files", tmp_path)
    assert (spoilt["changed"], spoilt["unlisted"]) == (1, 1)


def test_the_machines_own_packages_are_split_by_package_under_declared_licences(tmp_path: Path) -> None:
    sources = [{"kind": "python-stdlib", "by_package": True}]
    folder, _ = corpus(tmp_path, sources=sources, file_bytes_limit=6000)
    sides = [{one.group for one in read_documents(folder, split)} for split in ("train", "heldout")]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert "json" in sides[0] | sides[1]
    named = {package.name.lower(): package for package in declared_packages()}
    assert any(package.licence != "unknown" for package in named.values())
    assert not any(name.startswith("..") for package in named.values() for name in package.files)


def hostile_link(path: Path) -> None:
    (path.parent / "elsewhere.jsonl").write_bytes(JSON_LINES)
    path.symlink_to("elsewhere.jsonl")


def broken_folder(path: Path) -> None:
    path.mkdir()
    (path / "d.arrow").write_bytes(b"no")


HOSTILE: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "cut.jsonl.gz": (
        "json-lines",
        lambda p: p.write_bytes(gzip.compress(JSON_LINES)[:-40]),
        "cannot be unpacked",
    ),
    "no.jsonl.xz": ("json-lines", lambda p: p.write_bytes(b"not packed"), "cannot be unpacked"),
    "no.jsonl.zst": ("json-lines", lambda p: p.write_bytes(b"not packed"), "cannot be unpacked"),
    "cut.jsonl.zst": (
        "json-lines",
        lambda p: p.write_bytes(zstandard.compress(JSON_LINES)[:-40]),
        "cannot be unpacked",
    ),
    "bomb.jsonl.zst": (
        "json-lines",
        lambda p: p.write_bytes(zstandard.compress(bytes(80 << 20))),
        "longer than",
    ),
    "bomb.jsonl.gz": ("json-lines", lambda p: p.write_bytes(gzip.compress(bytes(80 << 20))), "longer than"),
    "bad.jsonl": ("json-lines", lambda p: p.write_bytes(b'{"body": "a"}\n{"body": \n'), "bad.jsonl:2"),
    "twice.jsonl": ("json-lines", lambda p: p.write_bytes(b'{"body": "a", "body": "b"}\n'), "given twice"),
    "no.parquet": ("parquet", lambda p: p.write_bytes(b"PAR1 and no more PAR1"), "cannot be read"),
    "other.parquet": ("parquet", lambda p: pq.write_table(pa.table({"a": [1]}), p), "no column 'body'"),
    "saved": ("arrow-dataset", broken_folder, "cannot be read"),
    "link.jsonl": ("json-lines", hostile_link, "no document among"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_cut_damaged_or_made_to_hurt_is_refused_with_its_place(tmp_path: Path, name: str) -> None:
    kind, write, message = HOSTILE[name]
    write(tmp_path / name)
    with pytest.raises(SpecshipError, match=message):
        corpus(tmp_path, sources=[{"kind": kind, "path": name, **FIELDS}])


def test_a_compressed_document_of_a_folder_that_is_damaged_is_skipped_with_the_reason(tmp_path: Path) -> None:
    write_code(tmp_path / "code", files=30)
    (tmp_path / "code/packed.py.gz").write_bytes(gzip.compress(b"packed = 'text of its own, once more'\n"))
    (tmp_path / "code/cut.py.gz").write_bytes(gzip.compress(b"x" * 4000)[:-12])
    suffixes = [".py", ".py.gz"]
    folder, _ = corpus(
        tmp_path, sources=[{"kind": "folder", "path": "code", "licence": "MIT", "suffixes": suffixes}]
    )
    entries = {entry.path: entry for entry in read_files(folder)}
    assert entries["packed.py.gz"].outcome in {"train", "heldout"}
    assert "cannot be unpacked" in (entries["cut.py.gz"].reason or "")


def test_kinds_that_nobody_knows_and_places_that_are_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="json-line"):
        kind_named("json-line")
    with pytest.raises(UnusableInput, match="nothing is here"):
        kind_of(tmp_path / "gone")
    (tmp_path / "a.exe").write_bytes(b"MZ")
    with pytest.raises(UnusableInput, match="no kind of source"):
        kind_of(tmp_path / "a.exe")
    WRITERS["a.jsonl"][1](tmp_path / "a.jsonl.gz")
    with pytest.raises(DamagedArtifact, match="cannot be unpacked"):
        corpus(tmp_path, sources=[{"kind": "json-lines", "path": "a.jsonl.gz", **FIELDS}])
