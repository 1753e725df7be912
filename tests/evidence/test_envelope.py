"""Envelopes beside other people's readers: what we sign they verify, and where only one of us refuses, why."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._key import SSlibKey

from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact
from specship.evidence.artifact_record import ArtifactRecord, FileRecord, Ingredients, artifact_digest
from specship.evidence.attempt import Attempt
from specship.evidence.entry import seal_record
from specship.evidence.ledger import gathered, open_entry
from specship.evidence.made_artifact import MadeArtifact
from specship.evidence.receipt import Receipt
from specship.evidence.signing import SigningKey, key_id, local_key
from specship.evidence.statement import ANNOUNCED, Evidence, Opened
from specship.status.assess import ledger_problems
from specship.status.folding import unannounced
from specship.status.freshness import differences, inadmissible
from tests.evidence.statements import ENVIRONMENT, NOW, announced, evidence, today
from tests.places import ROOT

PAYLOAD_TYPE = Evidence.PAYLOAD_TYPE
FILES = (FileRecord(name="a.bin", bytes=1, sha256="a" * 64),)
MADE = ArtifactRecord(
    makes="corpus", ingredients=Ingredients(settings={}, inputs={}, code="c", packages={}), files=FILES,
    digest=artifact_digest("corpus", FILES, {}), finished=NOW.isoformat(), seconds=1.0,
)  # fmt: skip
KINDS = {
    "evidence": evidence(),
    "attempt": Attempt.model_validate(
        {fact: getattr(evidence(), fact) for fact in ANNOUNCED} | {"started": NOW}
    ),
    "artifact": MadeArtifact(
        model="MODEL-1", profile="release", makes="corpus", stage="corpus", artifact=MADE,
        environment=ENVIRONMENT, signed=NOW,
    ),
    "receipt": Receipt(
        profile="rehearsal", arguments=(), gates={}, exit_status=0, environment=ENVIRONMENT, started=NOW, ended=NOW
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """One key that is trusted, and one that is not."""

    trusted: SigningKey
    stranger: SigningKey


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(local_key(tmp_path_factory.mktemp("one")), local_key(tmp_path_factory.mktemp("other")))


def theirs(data: bytes, public: bytes) -> str:
    """Why securesystemslib does not verify an envelope; empty where it does."""
    key = SSlibKey(key_id(public), "ed25519", "ed25519", {"public": public.hex()})
    try:
        Envelope.from_dict(json.loads(data)).verify([key], 1)
    except (VerificationError, ValueError, KeyError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_verifies_with_securesystemslib(kind: str, keys: Keys) -> None:
    data = seal_record(KINDS[kind], keys.trusted)

    assert theirs(data, keys.trusted.public) == ""
    assert theirs(data, keys.stranger.public)


def test_a_record_of_arming_verifies_with_securesystemslib() -> None:
    """Those of this very project, by the keys that it lists."""
    folder = ROOT / "evidence/arming"
    listed = [line.partition("#")[0].strip() for line in (folder / "keys.txt").read_text().splitlines()]
    public = [bytes.fromhex(line) for line in listed if line]

    for path in sorted(folder.glob("GATE-*.json"))[:3]:
        assert any(not theirs(path.read_bytes(), key) for key in public)


@pytest.mark.parametrize("verdict", ["PASS", "FAIL", "ERROR"])
def test_a_statement_parses_with_in_toto_attestation(verdict: str, keys: Keys) -> None:
    payload = json.loads(seal_record(evidence(verdict=verdict), keys.trusted))["payload"]
    parsed = json_format.Parse(base64.b64decode(payload), statement_pb2.Statement())
    Statement.copy_from_pb(parsed).validate()

    assert parsed.predicate_type == "https://in-toto.io/attestation/test-result/v0.1"
    assert [(one.name, dict(one.digest)) for one in parsed.subject] == [("run", {"sha256": "e" * 64})]
    assert parsed.predicate["result"] == ("PASSED" if verdict == "PASS" else "FAILED")


def envelope(payload: bytes, key: SigningKey, kind: str = PAYLOAD_TYPE) -> dict[str, Any]:
    """A DSSE envelope around any bytes."""
    signature = {"keyid": key_id(key.public), "sig": base64.b64encode(key.sign(kind, payload)).decode()}
    return {"payload": base64.b64encode(payload).decode(), "payloadType": kind, "signatures": [signature]}


Make = Callable[[Keys, dict[str, Any]], bytes]
"""From keys and a sound statement to the bytes of a file."""


def stated(change: Callable[[dict[str, Any]], Any], *, kind: str = PAYLOAD_TYPE) -> Make:
    """The statement is changed, and signed by the trusted key."""

    def make(keys: Keys, document: dict[str, Any]) -> bytes:
        change(document)
        return json.dumps(envelope(json.dumps(document).encode(), keys.trusted, kind)).encode()

    return make


def written(change: Callable[[str], str | bytes]) -> Make:
    """The payload's text is changed, and signed by the trusted key."""

    def make(keys: Keys, document: dict[str, Any]) -> bytes:
        text = change(json.dumps(document))
        payload = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
        return json.dumps(envelope(payload, keys.trusted)).encode()

    return make


def wrapped(change: Callable[[dict[str, Any], Keys], Any]) -> Make:
    """The envelope is changed after it was signed."""

    def make(keys: Keys, document: dict[str, Any]) -> bytes:
        found = envelope(json.dumps(document).encode(), keys.trusted)
        changed = change(found, keys)
        return changed if isinstance(changed, bytes) else json.dumps(found).encode()

    return make


def signature(found: dict[str, Any]) -> dict[str, Any]:
    one: dict[str, Any] = found["signatures"][0]
    return one


def payload(found: dict[str, Any], change: Callable[[bytes], bytes]) -> None:
    found["payload"] = base64.b64encode(change(base64.b64decode(found["payload"]))).decode()


def gate(document: dict[str, Any]) -> dict[str, Any]:
    one: dict[str, Any] = document["predicate"]["configuration"][0]
    return one


def notes(document: dict[str, Any]) -> dict[str, Any]:
    one: dict[str, Any] = gate(document)["annotations"]
    return one


def flipped(sig: str, byte: int) -> str:
    data = bytearray(base64.b64decode(sig))
    data[byte] ^= 1
    return base64.b64encode(bytes(data)).decode()


def with_order(sig: str) -> str:
    """The scalar of a signature with the group's order added: the same signature in another form."""
    data = base64.b64decode(sig)
    order = 2**252 + 27742317777372353535851937790883648493
    scalar = int.from_bytes(data[32:], "little") + order
    return base64.b64encode(data[:32] + scalar.to_bytes(32, "little")).decode()


LATER = (NOW + timedelta(days=1)).isoformat()
EARLIER = (NOW - timedelta(days=1)).isoformat()
SIGNATURE_ALONE = "it reads no payload: a valid signature is all that it asks for"
UNSIGNED = "it passes over members that nobody signed"

REFUSED: dict[str, tuple[Make, str, str]] = {
    # payload
    "payload: a byte is another": (wrapped(lambda e, _: payload(e, lambda p: p.replace(b"2.0", b"1.0"))), "signed", ""),
    "payload: cut short": (wrapped(lambda e, _: payload(e, lambda p: p[:-1])), "JSON", ""),
    "payload: empty": (wrapped(lambda e, _: payload(e, lambda _: b"")), "JSON", ""),
    "payload: of another statement": (
        wrapped(lambda e, k: e.update(payload=envelope(b"{}", k.trusted)["payload"])), "KeyError", "",
    ),
    "payload: missing": (wrapped(lambda e, _: e.pop("payload")), "payload", ""),
    "payload: a list": (written(lambda _: "[]"), "not a statement", SIGNATURE_ALONE),
    # type
    "type: a receipt's": (
        wrapped(lambda e, _: e.update(payloadType=Receipt.PAYLOAD_TYPE)), "a receipt", "",
    ),
    "type: an attempt's": (
        wrapped(lambda e, _: e.update(payloadType=Attempt.PAYLOAD_TYPE)), "an attempt", "",
    ),
    "type: unknown": (wrapped(lambda e, _: e.update(payloadType="text/plain")), "'text/plain'", ""),
    "type: empty": (wrapped(lambda e, _: e.update(payloadType="")), "the payload is ''", ""),
    "type: missing": (wrapped(lambda e, _: e.pop("payloadType")), "payloadType", ""),
    "type: a receipt signed as one": (
        stated(lambda _: None, kind=Receipt.PAYLOAD_TYPE), "a receipt", SIGNATURE_ALONE,
    ),
    # signature
    "signature: none": (wrapped(lambda e, _: e.update(signatures=[])), "signatures", ""),
    "signature: first half": (wrapped(lambda e, _: signature(e).update(sig=flipped(signature(e)["sig"], 0))), "signed", ""),
    "signature: second half": (wrapped(lambda e, _: signature(e).update(sig=flipped(signature(e)["sig"], 40))), "signed", ""),
    "signature: in another form": (wrapped(lambda e, _: signature(e).update(sig=with_order(signature(e)["sig"]))), "signed", ""),
    "signature: too short": (wrapped(lambda e, _: signature(e).update(sig="AAAA")), "signed", ""),
    "signature: of zeros": (
        wrapped(lambda e, _: signature(e).update(sig=base64.b64encode(bytes(64)).decode())), "signed", "",
    ),
    # key
    "key: a stranger's": (
        lambda keys, document: json.dumps(envelope(json.dumps(document).encode(), keys.stranger)).encode(), "signed", "",
    ),
    "key: a stranger's under the trusted id": (
        wrapped(lambda e, k: signature(e).update(sig=signature(envelope(b"{}", k.stranger))["sig"])), "signed", "",
    ),
    "key: of the same payload, by a stranger": (
        wrapped(lambda e, k: signature(e).update(
            sig=signature(envelope(base64.b64decode(e["payload"]), k.stranger))["sig"])), "signed", "",
    ),
    "key: signed without PAE": (
        wrapped(lambda e, k: signature(e).update(
            sig=base64.b64encode(k.trusted.private.sign(base64.b64decode(e["payload"]))).decode())), "signed", "",
    ),
    "key: no id": (wrapped(lambda e, _: signature(e).pop("keyid")), "keyid", ""),
    "key: its id is a number": (wrapped(lambda e, _: signature(e).update(keyid=7)), "keyid", ""),
    # subject
    "subject: none": (stated(lambda d: d["subject"].clear()), "other artifacts", SIGNATURE_ALONE),
    "subject: twice": (stated(lambda d: d["subject"].append(d["subject"][0])), "stands twice", SIGNATURE_ALONE),
    "subject: one more": (
        stated(lambda d: d["subject"].append({"name": "gguf", "digest": {"sha256": "a" * 64}})), "other artifacts",
        SIGNATURE_ALONE,
    ),
    "subject: md5 only": (stated(lambda d: d["subject"][0].update(digest={"md5": "0" * 32})), "KeyError", SIGNATURE_ALONE),
    "subject: other bytes": (
        stated(lambda d: d["subject"][0]["digest"].update(sha256="f" * 64)), "the bytes of run changed", SIGNATURE_ALONE,
    ),
    "subject: another name": (stated(lambda d: d["subject"][0].update(name="gguf")), "other artifacts", SIGNATURE_ALONE),
    # predicate
    "predicate: another type": (
        stated(lambda d: d.update(predicateType="https://slsa.dev/provenance/v1")), "another type", SIGNATURE_ALONE,
    ),
    "predicate: another statement": (
        stated(lambda d: d.update(_type="https://in-toto.io/Statement/v0.1")), "another type", SIGNATURE_ALONE,
    ),
    "predicate: missing": (stated(lambda d: d.pop("predicate")), "predicate", SIGNATURE_ALONE),
    "predicate: another gate": (stated(lambda d: gate(d).update(name="GATE-A-002")), "announced", SIGNATURE_ALONE),
    "predicate: another limit": (
        stated(lambda d: gate(d)["digest"].update(sha256="0" * 64)), "limit, probe", SIGNATURE_ALONE,
    ),
    "predicate: one configuration less": (
        stated(lambda d: d["predicate"]["configuration"].pop()), "not enough values", SIGNATURE_ALONE,
    ),
    "predicate: a verdict that is none": (stated(lambda d: notes(d).update(verdict="PASSED")), "verdict", SIGNATURE_ALONE),
    "predicate: a note that nobody knows": (stated(lambda d: notes(d).update(waived=True)), "waived", SIGNATURE_ALONE),
    "predicate: no measurement at all": (stated(lambda d: notes(d).pop("measurement")), "measurement", SIGNATURE_ALONE),
    "predicate: other judging code": (
        stated(lambda d: notes(d)["judged_by"].update(code="0" * 64)), "judg", SIGNATURE_ALONE,
    ),
    # parents
    "parents: one that is missing": (stated(lambda d: notes(d).update(parents=["0" * 64])), "missing", SIGNATURE_ALONE),
    "parents: no digest": (stated(lambda d: notes(d).update(parents=["GATE-A-001"])), "missing", SIGNATURE_ALONE),
    "parents: a text": (stated(lambda d: notes(d).update(parents="0" * 64)), "parents", SIGNATURE_ALONE),
    "parents: numbers": (stated(lambda d: notes(d).update(parents=[1])), "parents", SIGNATURE_ALONE),
    "parents: no attempt": (stated(lambda d: notes(d).update(attempt="")), "no attempt announced it", SIGNATURE_ALONE),
    "parents: an attempt that is missing": (
        stated(lambda d: notes(d).update(attempt="0" * 64)), "missing", SIGNATURE_ALONE,
    ),
    # clock
    "clock: from the future": (stated(lambda d: notes(d).update(ended=LATER)), "from the future", SIGNATURE_ALONE),
    "clock: ended before it began": (
        stated(lambda d: notes(d).update(ended=EARLIER)), "ended before it began", SIGNATURE_ALONE,
    ),
    "clock: began before it was announced": (
        stated(lambda d: notes(d).update(started=EARLIER)), "before it was announced", SIGNATURE_ALONE,
    ),
    "clock: no date": (stated(lambda d: notes(d).update(ended="yesterday")), "ended", SIGNATURE_ALONE),
    "clock: missing": (stated(lambda d: notes(d).pop("started")), "started", SIGNATURE_ALONE),
    "clock: no zone": (stated(lambda d: notes(d).update(ended="2026-03-01T12:00:00")), "ended", SIGNATURE_ALONE),
    # encoding
    "encoding: a member twice": (
        written(lambda t: t.replace('"_type"', '"_type": "x", "_type"')), "given twice", SIGNATURE_ALONE,
    ),
    "encoding: NaN": (written(lambda t: t.replace("2.0", "NaN")), "NaN", SIGNATURE_ALONE),
    "encoding: a byte-order mark": (written(lambda t: "\ufeff" + t), "byte-order mark", SIGNATURE_ALONE),
    "encoding: UTF-16": (written(lambda t: t.encode("utf-16")), "not UTF-8", SIGNATURE_ALONE),
    "encoding: junk in base64": (wrapped(lambda e, _: e.update(payload="!" + e["payload"])), "base64", ""),
    "encoding: another alphabet": (
        wrapped(lambda e, _: signature(e).update(sig="-_" + signature(e)["sig"][2:])), "base64", "",
    ),
    "encoding: no padding": (
        wrapped(lambda e, _: signature(e).update(sig=signature(e)["sig"].rstrip("="))), "padding", "",
    ),
    "encoding: an envelope with a member that nobody signed": (
        wrapped(lambda e, _: e.update(threshold=0)), "threshold", UNSIGNED,
    ),
    "encoding: a signature with a member that nobody signed": (
        wrapped(lambda e, _: signature(e).update(role="release")), "role", UNSIGNED,
    ),
    "encoding: a member of the envelope twice": (
        wrapped(lambda e, _: json.dumps(e).replace('"payloadType"', '"payloadType": "x", "payloadType"').encode()),
        "given twice", "of two members it takes the last",
    ),
}  # fmt: skip


def ours(data: bytes, before: Any, signer: bytes) -> str:
    """Why a file earns nothing in a ledger that has its attempt; empty where it does."""
    known = frozenset({signer})
    try:
        entry = open_entry(Path(f"{sha256_bytes(data)}.json"), data, keys=known)
    except DamagedArtifact as error:
        return error.message
    if not isinstance(entry, Opened):
        return f"{entry.record.WORDS}, and no evidence"
    ledger, now = gathered([before, entry], ()), today(signer)
    reasons = [
        inadmissible(entry, now, NOW),
        unannounced(entry, ledger.of_gate(now.gate.id)),
        *differences(entry.evidence, now),
        *ledger_problems(ledger),
    ]
    return "; ".join(filter(None, reasons))


def sound(keys: Keys) -> tuple[Any, Evidence]:
    attempt, opened = announced(keys.trusted, evidence())
    return attempt, opened.evidence


def test_the_control_counts(keys: Keys) -> None:
    attempt, result = sound(keys)
    data = stated(lambda _: None)(keys, result.document())

    assert ours(data, attempt, keys.trusted.public) == ""
    assert theirs(data, keys.trusted.public) == ""


def test_there_are_at_least_sixty() -> None:
    kinds = {name.partition(":")[0] for name in REFUSED}

    assert len(REFUSED) >= 60
    assert kinds == {
        "payload",
        "type",
        "signature",
        "key",
        "subject",
        "predicate",
        "parents",
        "clock",
        "encoding",
    }


@pytest.mark.parametrize("case", REFUSED)
def test_what_earns_nothing_and_what_the_other_reader_says(case: str, keys: Keys) -> None:
    make, says, difference = REFUSED[case]
    attempt, result = sound(keys)
    data = make(keys, result.document())

    assert says in ours(data, attempt, keys.trusted.public)
    assert bool(theirs(data, keys.trusted.public)) is not bool(difference), difference
