"""Receipts of sessions: what is written is read again, and nothing else is taken for one."""

import json
from pathlib import Path

import pytest

from specship.errors import DamagedArtifact
from specship.evidence.entry import open_record, seal_record
from specship.evidence.envelope import seal_payload
from specship.evidence.ledger import append, read_ledger
from specship.evidence.receipt import Receipt, Rewritten
from specship.evidence.signing import SigningKey, local_key
from specship.evidence.statement import Evidence
from tests.evidence.statements import ENVIRONMENT, NOW, evidence

RECEIPT = Receipt(
    profile="rehearsal", arguments=("-m", "ship"), gates={"GATE-A-001": "FAIL", "GATE-A-002": "deselected"},
    rewritten=(Rewritten(gate="GATE-A-001", verdict="FAIL", shown="passed", by=("conftest.py:3",)),),
    exit_status=1, environment=ENVIRONMENT, started=NOW, ended=NOW,
)  # fmt: skip
RECEIPTS = {Receipt.PAYLOAD_TYPE: Receipt}


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return local_key(tmp_path_factory.mktemp("state"))


def test_a_ledger_holds_it_beside_evidence(tmp_path: Path, key: SigningKey) -> None:
    """It is the head then: of what it names nothing can be taken away unseen."""
    first = append(tmp_path, evidence(), key)
    second = append(tmp_path, RECEIPT.model_copy(update={"parents": (first,)}), key)
    ledger = read_ledger([tmp_path], keys=frozenset({key.public}))

    assert (len(ledger.statements), ledger.heads, ledger.damaged) == (1, (second,), ())
    assert ledger.receipts[0].record.judged == {"GATE-A-001"}
    assert ledger.receipts[0].signers == {key.public}
    (tmp_path / f"{first}.json").unlink()
    assert read_ledger([tmp_path], keys=frozenset()).holes == (first,)


def test_a_receipt_is_no_evidence_and_evidence_is_no_receipt(key: SigningKey) -> None:
    """What was signed as one kind is never read as another."""
    with pytest.raises(DamagedArtifact, match="not a statement of evidence"):
        open_record(seal_record(RECEIPT, key), {Evidence.PAYLOAD_TYPE: Evidence}, keys=frozenset(), at="x")
    with pytest.raises(DamagedArtifact, match="not a receipt"):
        open_record(seal_record(evidence(), key), RECEIPTS, keys=frozenset(), at="x")


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
        open_record(seal_payload(Receipt.PAYLOAD_TYPE, document, key), RECEIPTS, keys=frozenset(), at="x")
