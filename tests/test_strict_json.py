"""What the strict reader of JSON refuses, and where it says the fault stands."""

import json
import os
import re
from pathlib import Path

import pytest

from specship.errors import DamagedArtifact, Place
from specship.json_log import whole_lines
from specship.strict_json import read_json, read_json_lines
from tests.hostile import json_texts


@pytest.mark.parametrize(
    ("data", "message", "place"), json_texts.DOCUMENTS.values(), ids=json_texts.DOCUMENTS
)
def test_what_no_artifact_writes_is_refused_at_its_place(
    tmp_path: Path, data: bytes, message: str, place: tuple[int, int]
) -> None:
    path = tmp_path / "value.json"
    path.write_bytes(data)
    with pytest.raises(DamagedArtifact, match=re.escape(message)) as refused:
        read_json(path)
    assert refused.value.at == Place(str(path), *place)
    assert refused.value.mend


@pytest.mark.parametrize(("data", "message", "place"), json_texts.LINES.values(), ids=json_texts.LINES)
def test_a_bad_line_is_refused_at_its_place(
    tmp_path: Path, data: bytes, message: str, place: tuple[int, int]
) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(data)
    with pytest.raises(DamagedArtifact, match=re.escape(message)) as refused:
        list(read_json_lines(path))
    assert refused.value.at is not None
    assert (refused.value.at.line, refused.value.at.column or 1) == place


@pytest.mark.parametrize("data", json_texts.SOUND.values(), ids=json_texts.SOUND)
def test_what_we_read_is_what_the_standard_library_reads(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "value.json").write_bytes(data)
    assert read_json(tmp_path / "value.json") == json.loads(data)


def test_a_fault_far_behind_is_refused_without_its_column(tmp_path: Path) -> None:
    """The exact place is searched near the front only, so that no refusal takes long."""
    path = tmp_path / "value.json"
    path.write_bytes(b"[" + b'"%b",' % (b"x" * 1000) * 4300 + b"NaN]")
    with pytest.raises(DamagedArtifact, match="NaN is not JSON") as refused:
        read_json(path)
    assert refused.value.at == Place(str(path), 1, 1)


@pytest.mark.parametrize("cut", [b"", b'{"a": 2}', b'{"a": ', b"\0\0"])
def test_a_log_keeps_what_a_kill_left_whole(tmp_path: Path, cut: bytes) -> None:
    (tmp_path / "log.jsonl").write_bytes(b'{"a": 1}\n' + cut)
    assert whole_lines(tmp_path / "log.jsonl") == ([(b'{"a": 1}\n', {"a": 1})], cut)


@pytest.mark.parametrize("line", [b'{"a": ', b"[1]", b'{"a": NaN}', b'{"a": 1, "a": 2}', b""])
def test_a_log_with_a_bad_whole_line_is_refused(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'{"a": 1}\n' + line + b"\n")
    with pytest.raises(DamagedArtifact, match=r"log\.jsonl:2:"):
        whole_lines(path)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"[9007199254740992]", [2**53]),
        (b"[" * 64 + b"]" * 64, None),
        (b'["\\ud83d\\ude00"]', ["\N{GRINNING FACE}"]),
        ('["caf\N{LATIN SMALL LETTER E WITH ACUTE}"]'.encode(), ["caf\xe9"]),
    ],
    ids=["2**53", "64 deep", "surrogate pair", "letters"],
)
def test_what_lies_on_the_good_side_of_a_bound_is_read(tmp_path: Path, data: bytes, value: object) -> None:
    path = tmp_path / "value.json"
    path.write_bytes(data)
    assert value is None or read_json(path) == value


def test_lines_are_numbered_until_one_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2}\n{"a": ')
    lines = read_json_lines(path)
    assert [next(lines), next(lines)] == [(1, {"a": 1}), (2, {"a": 2})]
    with pytest.raises(DamagedArtifact, match="cut here"):
        next(lines)


def test_a_pipe_a_folder_a_device_a_link_is_no_document(tmp_path: Path) -> None:
    """Opening a pipe would wait for a writer for ever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "value.json").write_text("{}")
    (tmp_path / "link").symlink_to("value.json")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(DamagedArtifact, match="not a regular file"):
            read_json(path)
    for name, message in {"link": "it is a link", "nothing": "No such file", "a\0b": "null"}.items():
        with pytest.raises(DamagedArtifact, match=message):
            list(read_json_lines(tmp_path / name))
