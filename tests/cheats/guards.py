"""Where each guard sits in the code, and what stands there once it is taken out."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Seam(NamedTuple):
    """A function that a guard is, or a part of."""

    module: str
    name: str
    """Of a function, or of a method with its class."""
    instead: str
    """An expression that is called with the function as it was, and then with its arguments."""
    property: bool = False


class TextSeam(NamedTuple):
    """Characters of a module that a guard is, where no function is; they are read when the module is loaded."""

    module: str
    old: str
    new: str
    """May ask `_taken_out(guard)`."""


def _without(part: str) -> str:
    """`inadmissible` with one of its reasons gone."""
    return f"lambda held, *a: '; '.join(one for one in held(*a).split('; ') if {part!r} not in one)"


_REASONS: Final = "specship.pull_request.reasons"
_SILENT: Final = "lambda held, facts: iter(())"

SEAMS: Final[Mapping[str, tuple[Seam, ...]]] = {
    "signature": (Seam("specship.evidence.envelope", "Sealed.signers", "lambda held, self: self.keys", property=True),),
    "judged again": (
        Seam(
            "specship.status.freshness",
            "judge",
            "lambda held, *a: __import__('dataclasses').replace(held(*a), verdict=Verdict.PASS, reason='it says so')",
        ),
    ),
    "strict JSON": (
        Seam("specship.strict_json", "parse", "lambda held, data, *a: __import__('json').loads(data)"),
    ),
    "time": (
        Seam("specship.status.freshness", "inadmissible", _without("future")),
    ),
    "weakenings are named": (Seam(f"{_REASONS}.weakening_not_named", "reasons", _SILENT),),
    "version moves": (Seam(f"{_REASONS}.bump_too_small", "reasons", _SILENT),),
    "amendments are true": (Seam(f"{_REASONS}.amendment_untrue", "reasons", _SILENT),),
    "no rise without evidence": (Seam(f"{_REASONS}.rise_without_evidence", "reasons", _SILENT),),
    "ledger only grows": (Seam(f"{_REASONS}.evidence_lost", "reasons", _SILENT),),
    "ledger is whole": (
        Seam(f"{_REASONS}.evidence_damaged", "reasons", _SILENT),
    ),
    "unmet gates": (Seam(f"{_REASONS}.gate_fails", "reasons", _SILENT),),
    "units of a probe": (Seam("specship.suite.plan.plan", "binding_faults", "lambda held, *a: []"),),
    "limits can be violated": (Seam("specship.contracts.expectation", "_holds_for_all", "lambda held, *a: False"),),
    "waivers of base": (
        Seam(
            "specship.pull_request.facts",
            "MergeFacts.excused",
            "lambda held, self: {(one.gate, one.fingerprint) for one in self.waivers}",
            property=True,
        ),
    ),
    "waivers name a gate": (Seam("specship.specs.waivers", "waiver_faults", "lambda held, *a: []"),),
    "lint": (Seam(f"{_REASONS}.lint_finding", "reasons", _SILENT),),
    "arming": (Seam(f"{_REASONS}.disarmed", "reasons", _SILENT),),
    "known signers": (Seam(f"{_REASONS}.unknown_signer", "reasons", _SILENT),),
}  # fmt: skip

TEXT_SEAMS: Final[Mapping[str, tuple[TextSeam, ...]]] = {
    "a release bends nothing": (
        TextSeam(
            "specship.specs.records",
            'if self.kind == "release" and (',
            'if not _taken_out("a release bends nothing") and self.kind == "release" and (',
        ),
    ),
    "weights count": (
        TextSeam(
            "specship.specs.records",
            "weight: Annotated[int, Field(ge=1,",
            'weight: Annotated[int, Field(ge=0 if _taken_out("weights count") else 1,',
        ),
    ),
    "keys stand once": (
        TextSeam(
            "specship.contracts.yaml_nodes",
            "or key in found:",
            'or (key in found and not _taken_out("keys stand once")):',
        ),
    ),
    "no merge keys": (
        TextSeam(
            "specship.contracts.yaml_nodes",
            '            if type(key_node) is not scalar_node or key == "<<"',
            '            if key == "<<" and _taken_out("no merge keys"):\n'
            "                found.update(self.of(value_node, depth + 1))\n"
            "                continue\n"
            '            if type(key_node) is not scalar_node or key == "<<"',
        ),
    ),
    "waivers end": (
        TextSeam(
            "specship.specs.waivers",
            '    """Its last day (UTC), in quotes',
            '    if _taken_out("waivers end"):\n        expires: str = "2999-12-31"\n'
            '    """Its last day (UTC), in quotes',
        ),
    ),
    "one gate a waiver": (
        TextSeam(
            "specship.specs.waivers",
            "    gate: GateId\n",
            '    gate: (Prose if _taken_out("one gate a waiver") else GateId)\n',
        ),
    ),
    "something is compared": (
        TextSeam(
            "specship.pull_request.deciding",
            "if found.head_commit is not None and",
            'if not _taken_out("something is compared") and found.head_commit is not None and',
        ),
    ),
    "unknown keys": (
        TextSeam(
            "specship.contracts.records",
            'extra="forbid"',
            'extra="ignore" if _taken_out("unknown keys") else "forbid"',
        ),
    ),
}
"""Guards that are no function."""

GUARD_OF: Final[Mapping[str, str]] = {
    "signature": "signed-statements",
    "judged again": "judged-again",
    "strict JSON": "strict-reading",
    "time": "age-of-evidence",
    "weakenings are named": "named-weakenings",
    "version moves": "named-weakenings",
    "amendments are true": "named-weakenings",
    "no rise without evidence": "named-weakenings",
    "ledger only grows": "whole-ledger",
    "ledger is whole": "whole-ledger",
    "unmet gates": "judged-again",
    "units of a probe": "strict-reading",
    "limits can be violated": "strict-reading",
    "waivers of base": "bounded-waivers",
    "waivers name a gate": "bounded-waivers",
    "lint": "strict-reading",
    "arming": "seen-to-fail",
    "known signers": "signed-statements",
    "a release bends nothing": "strict-reading",
    "weights count": "strict-reading",
    "keys stand once": "strict-reading",
    "no merge keys": "strict-reading",
    "waivers end": "bounded-waivers",
    "one gate a waiver": "bounded-waivers",
    "unknown keys": "strict-reading",
    "something is compared": "named-weakenings",
}
"""The guard of `specship evidence audit` that each place in the code is part of."""
