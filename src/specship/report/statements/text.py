"""Every signed statement for a person: what it is about, who signed it, and whether it counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from specship.report.formats import PLAIN, Display
from specship.status.report import SignerReport
from specship.suite.explain.statement_records import LedgerCheck, StatementReport
from specship.wording import counted

_DIGITS: Final = 12
_KEY: Final = len("sha256:") + _DIGITS


def pieces(check: LedgerCheck, _display: Display = PLAIN) -> Iterator[str]:
    """Each statement, then what is wrong with the whole, then how many there are."""
    for one in check.statements():
        yield from (f"{line}\n" for line in told(one))
    yield from (f"{problem}\n" for problem in check.problems)
    yield (
        f"{counted(check.read, 'statement')} read, {counted(check.counting, 'counts', 'count')} today, "
        f"{check.unsigned} not signed by a known key, {counted(len(check.problems), 'problem')}\n"
    )


def told(one: StatementReport) -> Iterator[str]:
    """One statement in a few lines."""
    yield f"{one.digest[:_DIGITS]}  {one.kind:9}  {one.about}"
    yield f"    signed   {one.moment[:19]}  {'; '.join(map(_signer, one.signers)) or 'by no key known here'}"
    if one.lineage:
        yield f"    lineage  {' → '.join(one.lineage)}"
    yield f"    counts   {'yes' if one.counts else 'no: ' + one.why[0] if one.why else 'no'}"
    yield from (f"             and {reason}" for reason in one.why[1:])


def _signer(signer: SignerReport) -> str:
    return f"{signer.key_id[:_KEY]} {signer.owner} ({', '.join(signer.purposes)})"
