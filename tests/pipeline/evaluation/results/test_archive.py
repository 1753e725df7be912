"""Zips from outside: each way in which one can lie is refused, and nothing is written."""

import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from specship import bounds
from specship.errors import DamagedArtifact
from specship.pipeline.evaluation.results.archive import LogArchive

TEXT = json.dumps({"text": "abc" * 50})


def written(path: Path, members: dict[str, str], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def read(path: Path, name: str = "a.json") -> object:
    with LogArchive(path) as archive:
        return archive.json(name)


def test_a_sound_member_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "log.eval", {"a.json": TEXT, "b/c.json": "3"})
    assert read(path) == json.loads(TEXT)
    assert read(path, "b/c.json") == 3


@pytest.mark.parametrize("name", ["../a.json", "/etc/a.json", "b/../../a.json", "b\\a.json"])
def test_a_name_that_leads_out_is_refused(name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "log.eval", {"a.json": TEXT, name: TEXT})
    with pytest.raises(DamagedArtifact, match="leads out"):
        read(path)


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.json", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.json", "2")
    with pytest.raises(DamagedArtifact, match="stands twice"):
        read(path)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = written(tmp_path / "log.eval", {"a.json": '"' + "a" * (1 << 20) + '"'})
    with pytest.raises(DamagedArtifact, match="packed more than 200 times"):
        read(path)


def test_a_member_longer_than_it_says_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "log.eval", {"a.json": TEXT})
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, len(TEXT) - 40)
    path.write_bytes(data)
    with pytest.raises(DamagedArtifact, match="not what the table says"):
        read(path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"no zip at all",
        lambda data: data[:-10],
        lambda data: data[:40] + bytes([data[40] ^ 255]) + data[41:],
        lambda data: b"X" + data[1:],
    ],
)
def test_a_damaged_zip_is_refused(spoil: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = written(tmp_path / "log.eval", {"a.json": TEXT})
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DamagedArtifact):
        read(path)


@pytest.mark.parametrize(("method", "flag"), [(zipfile.ZIP_BZIP2, 0), (zipfile.ZIP_DEFLATED, 1)])
def test_what_is_packed_in_another_way_is_refused(method: int, flag: int, tmp_path: Path) -> None:
    path = written(tmp_path / "log.eval", {"a.json": TEXT}, method)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= flag
    path.write_bytes(data)
    with pytest.raises(DamagedArtifact, match="encrypted, or packed"):
        read(path)


def test_a_member_is_strict_json(tmp_path: Path) -> None:
    path = written(tmp_path / "log.eval", {"a.json": '{"a": 1, "a": 2}'})
    with pytest.raises(DamagedArtifact, match="twice"):
        read(path)
    with pytest.raises(DamagedArtifact, match="missing"):
        read(path, "b.json")


@pytest.mark.parametrize(
    ("bound", "amount"),
    [
        ("ARCHIVE_MEMBERS", 2),
        ("ARCHIVE_UNPACKED_BYTES", len(TEXT) + 1),
        ("JSON_REPORT_BYTES", len(TEXT)),
        ("ARCHIVE_BYTES", None),
    ],
)
def test_both_sides_of_each_bound(
    bound: str, amount: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "log.eval", {"a.json": TEXT, "b.json": "3"})
    amount = path.stat().st_size if amount is None else amount
    monkeypatch.setattr(bounds, bound, amount)
    assert read(path)
    monkeypatch.setattr(bounds, bound, amount - 1)
    with pytest.raises(DamagedArtifact):
        read(path)
