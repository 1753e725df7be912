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
    more: str = ""
    """Lines that `instead` needs."""


class TextSeam(NamedTuple):
    """Characters of a module that a guard is, where no function is; they are read when the module is loaded."""

    module: str
    old: str
    new: str
    """May ask `_taken_out(guard)`."""


def _inadmissible(*parts: str) -> Seam:
    """Some of the reasons for which a statement earns nothing."""
    kept = f"not any(part in one for part in {parts!r})"
    return Seam(
        "specship.status.freshness",
        "inadmissible",
        f"lambda held, *a: '; '.join(one for one in held(*a).split('; ') if {kept})",
    )


_OF_ANY_KIND: Final = """

def _of_any_kind(held, data, kinds, **k):
    evidence = next((kind for kind in kinds.values() if kind.__name__ == "Evidence"), None)
    try:
        return held(data, kinds, **k)
    except DamagedArtifact:
        if evidence is None:
            raise
        return held(data, {json.loads(data)["payloadType"]: evidence}, **k)


import json
"""
"""Reads as evidence what says it is of another kind."""
_RUN_ALL: Final = """

def _run_all(root):
    import runpy

    for path in sorted((root / "probes").glob("*.py")):
        runpy.run_path(str(path))
"""
"""Runs what a project's files of probes say."""
_PLUGIN: Final = "specship.pytest_plugin"
_REASONS: Final = "specship.pull_request.reasons"
_SILENT: Final = "lambda held, facts: iter(())"

SEAMS: Final[Mapping[str, tuple[Seam, ...]]] = {
    "signature": (Seam("specship.evidence.envelope", "Sealed.signers", "lambda held, self: self.keys", property=True),),
    "judged again": (
        Seam(
            "specship.status.folding",
            "judge",
            "lambda held, *a: __import__('dataclasses').replace(held(*a), verdict=Verdict.PASS, reason='it says so')",
        ),
    ),
    "strict JSON": (
        Seam("specship.strict_json", "parse", "lambda held, data, *a: __import__('json').loads(data)"),
    ),
    "time": (_inadmissible("future", "ended before"),),
    "age": (_inadmissible("older than"),),
    "committed files": (_inadmissible("not committed"),),
    "device": (_inadmissible("on the CPU"),),
    "nothing relaxed": (_inadmissible("relaxed", "altered"),),
    "devices are the kernel's": (
        Seam("specship.evidence.environment", "found_devices", "lambda held: told_devices('libcuda.so.1')"),
    ),
    "commands begin apart": (
        Seam("specship.cli.isolation", "_is_foreign_code_in_sight", "lambda held: False"),
    ),
    "processes begin apart": (
        Seam("specship.interpreter", "isolated", "lambda held, module, *a: [interpreter(), '-m', module, *a]"),
    ),
    "copies are hashed again": (
        Seam(
            "specship.suite.judging.private_copies",
            "PrivateCopies.take_back",
            "lambda held, *a: (held(*a), ())[1]",
        ),
    ),
    "killed attempts are errors": (Seam("specship.status.folding", "_unfinished", "lambda held, *a: iter(())"),),
    "announced": (Seam("specship.status.folding", "unannounced", "lambda held, *a: ''"),),
    "freshness": (Seam("specship.status.freshness", "differences", "lambda held, *a: ()"),),
    "worst wins": (
        Seam(
            "specship.status.folding",
            "_failed",
            "lambda held, passing, failing: GateStanding(Verdict.PASS, fresh=True, reason='', newest=passing[0][0])",
        ),
    ),
    "days of a key": (Seam("specship.evidence.keys.keyring", "KeyRing._backdated", "lambda held, *a: ''"),),
    "purposes and days of a key": (
        Seam("specship.evidence.keys.keyring", "KeyRing._why_not", "lambda held, *a, **k: ''"),
    ),
    "attempts have results": (
        Seam("specship.evidence.ledger", "Ledger.lost", "lambda held, self: ()", property=True),
        Seam("specship.evidence.ledger", "Ledger.flaws", "lambda held, self: 0", property=True),
    ),
    "of this model and profile": (
        Seam("specship.status.folding", "_speaks_of", "lambda held, evidence, today: evidence.gate == today.gate.id"),
    ),
    "keys of large order": (Seam("specship.evidence.signing", "check_public_key", "lambda held, key: key"),),
    "shown against judged": (Seam(f"{_PLUGIN}.conclusion", "_rewritten", "lambda held, *a, **k: iter(())"),),
    "exit status against verdicts": (Seam(f"{_PLUGIN}.conclusion", "_forced", "lambda held, *a: iter(())"),),
    "functions are their source's": (Seam(f"{_PLUGIN}.identity", "replaced_functions", "lambda held: ()"),),
    "declarations are read": (
        Seam(
            "specship.probes.registry",
            "probes_in_force",
            "lambda held, root, configuration: (_run_all(root), held(root, configuration))[1]",
            more=_RUN_ALL,
        ),
    ),
    "probes are fenced": (Seam("specship.suite.judging.fence", "put_up", "lambda held, *a: None"),),
    "names are digests": (
        Seam(
            "specship.evidence.ledger",
            "open_entry",
            "lambda held, path, data, **k: held(path.with_stem(sha256_bytes(data)), data, **k)",
        ),
    ),
    "kinds are signed": (
        Seam("specship.evidence.entry", "open_record", "_of_any_kind", more=_OF_ANY_KIND),
    ),
    "arming by a key that counts": (
        Seam("specship.suite.judging.arming_book", "believed", "lambda held, records, *a, **k: (list(records), '')"),
    ),
    "arming is judged again": (Seam("specship.evidence.arming", "what_holds", "lambda held, *a: ''"),),
    "weakenings are named": (Seam(f"{_REASONS}.weakening_not_named", "reasons", _SILENT),),
    "version moves": (Seam(f"{_REASONS}.bump_too_small", "reasons", _SILENT),),
    "amendments are true": (Seam(f"{_REASONS}.amendment_untrue", "reasons", _SILENT),),
    "no rise without evidence": (Seam(f"{_REASONS}.rise_without_evidence", "reasons", _SILENT),),
    "ledger only grows": (Seam(f"{_REASONS}.evidence_lost", "reasons", _SILENT),),
    "failures of base stand": (
        Seam(
            f"{_REASONS}.gate_fails",
            "reasons",
            "lambda held, facts: (one for one in held(facts) if ' fails on base at ' not in one.says)",
        ),
    ),
    "ledger is whole": (
        Seam(f"{_REASONS}.evidence_damaged", "reasons", _SILENT),
    ),
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
    "signatures are asked for": (
        TextSeam(
            "specship.evidence.envelope",
            "Field(min_length=1)",
            'Field(min_length=0 if _taken_out("signatures are asked for") else 1)',
        ),
    ),
    "base64 is strict": (
        TextSeam(
            "specship.evidence.envelope",
            "base64.b64decode(coded, validate=True)",
            'base64.b64decode(coded, validate=not _taken_out("base64 is strict"))',
        ),
    ),
    "digests are sha256": (
        TextSeam(
            "specship.evidence.statement",
            'entry["name"]: entry["digest"]["sha256"]',
            'entry["name"]: next(iter(entry["digest"].values())) if _taken_out("digests are sha256") else '
            'entry["digest"]["sha256"]',
        ),
    ),
    "a release bends nothing": (
        TextSeam(
            "specship.specs.records",
            'if self.kind == "release" and (',
            'if not _taken_out("a release bends nothing") and self.kind == "release" and (',
        ),
    ),
    "ends have pointers": (
        TextSeam(
            "specship.specs.records",
            'if self.state != "OPEN" and not self.pointer:',
            'if not _taken_out("ends have pointers") and self.state != "OPEN" and not self.pointer:',
        ),
    ),
    "strict sessions": (
        TextSeam(
            "specship.pytest_plugin.conclusion",
            'unmet = config.getoption("--ship-strict") and',
            'unmet = not _taken_out("strict sessions") and config.getoption("--ship-strict") and',
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
    "shown against judged": "shown-and-judged",
    "exit status against verdicts": "shown-and-judged",
    "functions are their source's": "shown-and-judged",
    "strict sessions": "shown-and-judged",
    "declarations are read": "project-code-apart",
    "probes are fenced": "project-code-apart",
    "of this model and profile": "bound-to-today",
    "keys of large order": "trusted-keys",
    "ends have pointers": "named-weakenings",
    "time": "age-of-evidence",
    "age": "age-of-evidence",
    "committed files": "committed-files",
    "device": "real-device",
    "nothing relaxed": "nothing-relaxed",
    "announced": "announced-attempts",
    "killed attempts are errors": "announced-attempts",
    "devices are the kernel's": "real-device",
    "commands begin apart": "project-code-apart",
    "processes begin apart": "project-code-apart",
    "copies are hashed again": "bound-to-today",
    "freshness": "bound-to-today",
    "worst wins": "worst-wins",
    "days of a key": "trusted-keys",
    "purposes and days of a key": "trusted-keys",
    "attempts have results": "announced-attempts",
    "names are digests": "signed-statements",
    "kinds are signed": "signed-statements",
    "arming by a key that counts": "trusted-keys",
    "arming is judged again": "seen-to-fail",
    "signatures are asked for": "signed-statements",
    "base64 is strict": "signed-statements",
    "digests are sha256": "bound-to-today",
    "known signers": "trusted-keys",
    "signature": "signed-statements",
    "judged again": "judged-again",
    "strict JSON": "strict-reading",
    "weakenings are named": "named-weakenings",
    "version moves": "named-weakenings",
    "amendments are true": "named-weakenings",
    "no rise without evidence": "named-weakenings",
    "ledger only grows": "whole-ledger",
    "failures of base stand": "worst-wins",
    "ledger is whole": "whole-ledger",
    "units of a probe": "strict-reading",
    "limits can be violated": "strict-reading",
    "waivers of base": "bounded-waivers",
    "waivers name a gate": "bounded-waivers",
    "lint": "strict-reading",
    "arming": "seen-to-fail",
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
