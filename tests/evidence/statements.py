"""Evidence to test with: one statement about one gate, and variations of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from specship.contracts.measurement import Measurement
from specship.contracts.records import Gate
from specship.evidence.attempt import Attempt
from specship.evidence.entry import LedgerEntry, open_record, seal_record
from specship.evidence.keys.keyring import KeyRing
from specship.evidence.ledger import KINDS, Ledger, gathered
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.signing import SigningKey
from specship.evidence.statement import ANNOUNCED, Environment, Evidence, Opened
from specship.specs.trusted_keys import TrustedKey
from specship.status.freshness import Today
from specship.units import Quantity

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GATE = Gate.model_validate({
    "id": "GATE-A-001", "rule": "The loss is low.", "binds_to": ("AC-X-001",), "ship_blocking": True,
    "probe": "a.loss", "expect": {"loss": {"at_most": 2.2, "unit": "nats/token"}},
})  # fmt: skip
ENVIRONMENT = Environment(
    device="cpu", driver="", torch="2.13.0", python="3.11.7", platform="Linux x86_64", host="0" * 64,
    git_commit="1" * 40, git_dirty=False,
)  # fmt: skip


def evidence(loss: Any = 2.0, **changes: Any) -> Evidence:
    """A PASS on a loss, unless changed."""
    quantities = {"loss": Quantity(loss, "nats/token"), "prompts": Quantity(16, "prompts")}
    facts: dict[str, Any] = {
        "gate": "GATE-A-001", "contract": "contracts/a-v1.yaml", "model": "MODEL-1", "profile": "rehearsal",
        "gate_digest": "a" * 64, "contract_digest": "b" * 64, "spec_digest": "c" * 64, "profile_digest": "d" * 64,
        "subjects": {"run": "e" * 64}, "ingredients": {"run": "1" * 16}, "verdict": "PASS", "reason": "every expectation holds",
        "measurement": Measurement(quantities, "prompts"), "environment": ENVIRONMENT,
        "started": NOW - timedelta(seconds=3), "ended": NOW, "parents": (),
        "judged_by": {"version": "0.0.1", "code": "f" * 64},
    }  # fmt: skip
    return Evidence.model_validate(facts | changes)


def ring_of(*public: bytes) -> KeyRing:
    """Keys that are trusted with rehearsals and releases."""
    days = {"since": date(2020, 1, 1), "until": date(2120, 1, 1)}
    return KeyRing(
        {
            key: TrustedKey(key=key.hex(), owner="Ada", purposes=("rehearsal", "release", "arming"), **days)
            for key in public
        }
    )


def today(signer: bytes, /, **changes: Any) -> Today:
    """The gate as it stands, in agreement with `evidence()`."""
    facts: dict[str, Any] = {
        "gate": GATE, "contract": "contracts/a-v1.yaml", "model": "MODEL-1", "profile": "rehearsal",
        "gate_digest": "a" * 64, "profile_digest": "d" * 64, "subjects": {"run": "e" * 64},
        "ingredients": {"run": "1" * 16}, "ring": ring_of(signer), "unarmed": "", "judging_code": "f" * 64,
    }  # fmt: skip
    return Today(**(facts | changes))


def entry(record: Any, key: SigningKey) -> LedgerEntry[Any]:
    """A record as a ledger has it, once it was signed and read again."""
    found = open_record(seal_record(record, key), KINDS, keys=frozenset({key.public}), at="x")
    return Opened(found.digest, record, found.sealed) if isinstance(record, Evidence) else found


def announced(key: SigningKey, result: Evidence, **changes: Any) -> tuple[LedgerEntry[Any], Opened]:
    """A result behind the attempt that announced it, as a judge leaves them."""
    facts = {fact: getattr(result, fact) for fact in ANNOUNCED}
    attempt = entry(Attempt.model_validate(facts | {"started": result.started} | changes), key)
    opened = entry(result.model_copy(update={"attempt": attempt.digest}), key)
    assert isinstance(opened, Opened)
    return attempt, opened


def ledger_of(key: SigningKey, *results: Evidence) -> Ledger:
    """A whole ledger of results that were announced."""
    return gathered((one for result in results for one in announced(key, result)), ())


def write_result(writer: LedgerWriter, result: Evidence) -> str:
    """Write a result behind its attempt, as a judge does; the digest of its statement."""
    facts = {fact: getattr(result, fact) for fact in ANNOUNCED}
    with writer.announced(Attempt.model_validate(facts | {"started": result.started})) as attempt:
        return writer.append(result.model_copy(update={"attempt": attempt.digest})).digest
