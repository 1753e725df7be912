"""Records of flip rates: a statement of in-toto, read back as it was written, or refused."""

import base64
import json
from pathlib import Path

import pytest

from specship.evidence.flip_rates import read_flip_rates, repeated_figures, write_flip_rate
from specship.evidence.signing import local_key
from tests.evidence.flip_rate_records import flip_rate


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    key = local_key(tmp_path)
    record = flip_rate([2.0, 2.1])
    path = write_flip_rate(tmp_path / "rates", record, key)
    ((opened,), damaged) = read_flip_rates(tmp_path / "rates", keys=frozenset({key.public}))

    assert not damaged
    assert (opened.record, opened.path, opened.signers) == (record, path, frozenset({key.public}))
    assert repeated_figures(tmp_path / "rates")["rehearsal", "GATE-SMALL-001"]["val_loss"].mean == 2.05


def test_it_is_a_statement_of_in_toto_about_the_gate(tmp_path: Path) -> None:
    path = write_flip_rate(tmp_path, flip_rate([2.0]), local_key(tmp_path))
    envelope = json.loads(path.read_text())
    statement = json.loads(base64.b64decode(envelope["payload"]))

    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [{"name": "GATE-SMALL-001", "digest": {"sha256": "a" * 64}}]
    assert statement["predicate"]["seen"][0]["figures"][0]["value"] == 2.0


def test_a_newer_record_takes_the_place_of_the_same_gate_at_the_same_profile(tmp_path: Path) -> None:
    key = local_key(tmp_path)
    first = write_flip_rate(tmp_path, flip_rate([2.0]), key)
    other = write_flip_rate(tmp_path, flip_rate([2.0], profile="micro"), key)
    newer = write_flip_rate(tmp_path, flip_rate([2.0, 2.1]), key)

    assert not first.exists()
    assert other.exists()
    assert newer.exists()


@pytest.mark.parametrize("damage", ["a byte", "another name", "no JSON", "a link", "another type"])
def test_what_is_no_record_is_named(damage: str, tmp_path: Path) -> None:
    path = write_flip_rate(tmp_path / "rates", flip_rate([2.0]), local_key(tmp_path))
    if damage == "a byte":
        path.write_bytes(path.read_bytes() + b" ")
    elif damage == "another name":
        path.rename(path.with_name("GATE-SMALL-002.0123456789abcdef.json"))
    elif damage == "no JSON":
        path.write_text("{")
    elif damage == "a link":
        path.rename(tmp_path / "moved.json")
        path.symlink_to(tmp_path / "moved.json")
    else:
        path.write_text(path.read_text().replace("vnd.in-toto", "vnd.other"))
    opened, damaged = read_flip_rates(tmp_path / "rates", keys=frozenset())

    assert not opened
    assert len(damaged) == 1
    assert "specship flip-rate" in str(damaged[0])
    assert not repeated_figures(tmp_path / "rates")
