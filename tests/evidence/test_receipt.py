"""Receipts of sessions: what is written is read again, and nothing else is taken for one."""

import json

import pytest

from specship.errors import DamagedArtifact
from specship.evidence.envelope import seal_payload
from specship.evidence.receipt import PAYLOAD_TYPE, Receipt, Rewritten, seal_receipt, unseal_receipt
from specship.evidence.signing import SigningKey, local_key
from specship.evidence.statement import seal, unseal
from tests.evidence.statements import ENVIRONMENT, NOW, evidence

RECEIPT = Receipt(
    profile="rehearsal", arguments=("-m", "ship"), gates={"GATE-A-001": "FAIL", "GATE-A-002": "deselected"},
    rewritten=(Rewritten(gate="GATE-A-001", verdict="FAIL", shown="passed", by=("conftest.py:3",)),),
    exit_status=1, environment=ENVIRONMENT, started=NOW, ended=NOW,
)  # fmt: skip


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return local_key(tmp_path_factory.mktemp("state"))


def test_what_is_written_is_read_again(key: SigningKey) -> None:
    opened = unseal_receipt(seal_receipt(RECEIPT, key), keys=frozenset({key.public}), at="x")

    assert opened.receipt == RECEIPT
    assert opened.signers == {key.public}
    assert (opened.receipt.expected, opened.receipt.judged) == (2, {"GATE-A-001"})


def test_a_receipt_is_no_evidence_and_evidence_is_no_receipt(key: SigningKey) -> None:
    """What was signed as one kind is never read as another."""
    with pytest.raises(DamagedArtifact, match="not a statement of evidence"):
        unseal(seal_receipt(RECEIPT, key), keys=frozenset(), at="x")
    with pytest.raises(DamagedArtifact, match="not a receipt"):
        unseal_receipt(seal(evidence(), key), keys=frozenset(), at="x")


HOSTILE = {
    "no gates": {"gates": None},
    "an ending that is none": {"gates": {"GATE-A-001": "passed, honestly"}},
    "a member that nobody knows": {"ship_percent": 100},
    "a status below zero": {"exit_status": -1},
}


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.replace(" ", "-"))
def test_what_is_no_receipt_is_refused(case: str, key: SigningKey) -> None:
    document = {**json.loads(RECEIPT.model_dump_json()), **HOSTILE[case]}  # type: ignore[dict-item]
    with pytest.raises(DamagedArtifact, match="not a receipt"):
        unseal_receipt(seal_payload(PAYLOAD_TYPE, document, key), keys=frozenset(), at="x")


def test_bytes_that_are_no_envelope() -> None:
    for data in (b"", b"{}", b"[1]", b'{"payloadType": "x", "payload": "", "signatures": []}'):
        with pytest.raises(DamagedArtifact):
            unseal_receipt(data, keys=frozenset(), at="x")
