"""What the strict reader refuses, as a table of plain words, bytes and message."""

import os
from pathlib import Path

import pytest

from specship import strict_json
from specship.errors import DamagedArtifact
from specship.strict_json import read_json, read_json_lines

REFUSED = [
    ("key twice", b'{"a": 1, "a": 1}', "'a' is given twice"),
    ("key twice, deep", b'[{"b": {"a": 1, "a": 2}}]', "'a' is given twice"),
    ("NaN", b"[NaN]", "NaN is not JSON"),
    ("infinity", b"[-Infinity]", "-Infinity is not JSON"),
    ("infinity in digits", b"[1e999]", "infinite"),
    ("whole number too large", b"[9007199254740993]", "beyond 2\\*\\*53"),
    ("endless number", b"[" + b"9" * 5000 + b"]", "beyond 2\\*\\*53"),
    ("lone surrogate", b'["\\ud800"]', "surrogates not allowed"),
    ("byte-order mark", b"\xef\xbb\xbf[]", "byte-order mark"),
    ("UTF-16", '{"a": 1}'.encode("utf-16"), "cannot be read as JSON"),
    ("not UTF-8", b'["\xe9"]', "cannot be read as JSON"),
    ("65 deep", b"[" * 65 + b"]" * 65, "nested deeper than 64"),
    ("100 000 deep", b"[" * 100_000 + b"]" * 100_000, "nested deeper than 64"),
    ("cut", b'{"a": ', "cannot be read as JSON"),
    ("nothing", b"", "cannot be read as JSON"),
    ("two values", b"1 2", "cannot be read as JSON"),
]


@pytest.mark.parametrize(("data", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_no_artifact_writes_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "value.json"
    path.write_bytes(data)
    with pytest.raises(DamagedArtifact, match=message) as refused:
        read_json(path)
    assert str(path) in str(refused.value)


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


def test_lines_are_numbered_and_a_cut_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a": 1}\n{"a": 2}\n{"a": ')
    lines = read_json_lines(path)
    assert [next(lines), next(lines)] == [(1, {"a": 1}), (2, {"a": 2})]
    with pytest.raises(DamagedArtifact, match="cut here") as cut:
        next(lines)
    assert f"{path}:3:" in str(cut.value)


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"{}\n\n{}\n")
    with pytest.raises(DamagedArtifact, match=r"lines\.jsonl:2:1"):
        list(read_json_lines(path))


def test_bounds_hold_before_anything_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "DOCUMENT_BYTES", 10)
    monkeypatch.setattr(strict_json, "LINE_BYTES", 10)
    path = tmp_path / "long"
    path.write_bytes(b'"12345678"')
    assert read_json(path) == "12345678"
    path.write_bytes(b'"123456789"\n')
    with pytest.raises(DamagedArtifact, match="longer than 10 bytes"):
        read_json(path)
    with pytest.raises(DamagedArtifact, match="a line longer than 10 bytes"):
        list(read_json_lines(path))


def test_a_pipe_or_a_folder_is_no_document(tmp_path: Path) -> None:
    """Opening a pipe would wait for a writer for ever."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(DamagedArtifact, match="not a regular file"):
            read_json(path)
