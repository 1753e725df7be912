"""The small project with evidence that was written by hand: what its gates measured, without measuring."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from specship.contracts.judging import Verdict, judge
from specship.contracts.measurement import Measurement
from specship.evidence.ledger_writer import LedgerWriter
from specship.evidence.signing import SigningKey, local_key
from specship.evidence.statement import Evidence
from specship.specs.project import load_project
from specship.suite.artifacts.store import Store
from specship.suite.judging.judging_code import judged_by
from specship.suite.plan.plan import make_plan
from specship.units import Quantity
from tests.evidence.statements import ENVIRONMENT, write_result
from tests.suite.artifacts.finished import finished

WAIVER = """\
gate: GATE-SMALL-002
fingerprint: {fingerprint}
owner: ada@example.org
reason: The new corpus comes on Thursday.
issue: https://example.org/issues/7
expires: "{expires}"
"""


def make_artifacts(folder: Path, *profiles: str) -> None:
    """A finished corpus at each profile."""
    project = load_project(folder)
    for name in profiles or ("rehearsal",):
        finished(Store.of(project.state, "MODEL-1", project.profile(name)), "corpus")


def put_evidence(
    folder: Path, measured: Mapping[str, Mapping[str, float]], *, profile: str = "rehearsal",
    key: SigningKey | None = None, ledger: Path | None = None,
) -> list[str]:  # fmt: skip
    """A statement for each gate, about today's artifacts; their digests."""
    project = load_project(folder)
    plan = make_plan(project, profile)
    checks = {check.gate.id: check for check in plan.checks}
    store = Store.of(project.state, "MODEL-1", plan.profile)
    folder, signer = ledger or project.state / "ledger", key or local_key(project.state)
    writer = LedgerWriter(folder, {folder, *project.ledger_folders}, signer)
    digests = []
    for gate, values in measured.items():
        check = checks[gate]
        assert check.probe is not None
        quantities = {name: Quantity(value, check.probe.units[name]) for name, value in values.items()}
        measurement = Measurement({"documents": Quantity(30, "documents"), **quantities}, "documents")
        ruling = judge(check.gate.expect, measurement)
        records = {name: store.current(name) for name in check.probe.artifacts}
        ended = datetime.now(UTC)
        evidence = Evidence(
            gate=gate, contract=check.file.path, model="MODEL-1", profile=profile,
            gate_digest=check.gate_digest, contract_digest=check.contract_digest, spec_digest=plan.spec_digest,
            profile_digest=plan.profile_digest(check),
            subjects={name: record.digest for name, record in records.items() if record},
            ingredients={name: str(store.key_of(name)) for name in records},
            verdict="PASS" if ruling.verdict == Verdict.PASS else "FAIL", reason=ruling.reason, measurement=measurement, environment=ENVIRONMENT,
            started=ended - timedelta(seconds=1), ended=ended,
            judged_by=judged_by(),
        )  # fmt: skip
        digests.append(write_result(writer, evidence))
    return digests


def put_waiver(
    folder: Path, fingerprint: str, *, days: int = 30, name: str = "corpus", **changes: str
) -> Path:
    """A waiver that ends so many days from today (UTC)."""
    text = WAIVER.format(fingerprint=fingerprint, expires=day(days))
    for key, value in changes.items():
        text = "".join(
            f"{key}: {value}\n" if line.startswith(f"{key}:") else line
            for line in text.splitlines(keepends=True)
        )
    path = folder / "waivers" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def day(days: int) -> str:
    """The day (UTC) so many days from today."""
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()
