"""Every rule has files that trigger it and files that do not; code, place and words are pinned."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from specship.codes import CODES
from specship.evidence.flip_rates import write_flip_rate
from specship.evidence.signing import local_key
from specship.lint.references import malformed
from specship.lint.registry import all_rules
from tests.evidence.flip_rate_records import flip_rate
from tests.places import ROOT
from tests.projects.evidenced_project import day, put_waiver
from tests.projects.sound_project import change, found, record_untrained, sound_project

Edits = tuple[tuple[str, str, str], ...]
Measured = dict[str, tuple[float, str]]
C, S, H, R = (
    "contracts/small-v1.yaml", "specs/small/spec.yaml", "specs/small/profiles/rehearsal.yaml",
    "specs/small/profiles/release.yaml",
)  # fmt: skip
UNTRAINED: Measured = {
    "val_loss": (7.0, "nats/token"), "val_tokens": (131072, "tokens"), "bigram_margin": (-2.8, "nats/token")
}  # fmt: skip
LIMIT, TIGHT = "val_loss: {at_most: 4.05, unit: nats/token}", "val_loss: {at_most: 2.2, unit: nats/token}"
LOOSE = "val_loss: {at_most: 11.0, unit: nats/token}"
REHEARSED = """\
    expect:
      val_loss: {at_most: 4.05, unit: nats/token}
      bigram_margin: {at_least: 0.1, unit: nats/token}
"""
SPLIT_AT_REHEARSAL = "overrides:\n  GATE-SMALL-002:\n    reason: It is small.\n"


class Case(NamedTuple):
    """What is changed in a sound project, and what must be found then: place and message, or nothing."""

    rule: str
    words: str
    edits: Edits
    at: str = ""
    message: str = ""
    untrained: Measured | None = None
    healthy: tuple[float, ...] = ()
    """What val_loss was on healthy variants at rehearsal, as a record of a flip rate has it."""


SPLIT = """\
    probe: corpus.split
    expect:
      shared_digests: {equals: 0, unit: documents}
      highest_jaccard: {below: 0.85, unit: fraction}
"""
SCORED = """\
    probe: evaluation.score
    expect:
      value: {at_least: 0.3, unit: fractionSURE}
"""
TRIGGERED = (
    Case(
        "limit-nearer-than-noise", "a limit of a profile that healthy figures come near to", (),
        f"{H}:12:7",
        "GATE-SMALL-001: 4.015 ± 0.015 over 20 healthy variants at rehearsal, 2.3 standard deviations from the limit, "
        "and val_loss ≤ 4.05 nats/token is missed 1.9 % of the time",
        healthy=(4.0, 4.03) * 10,
    ),
    Case(
        "score-without-confidence", "a score that chance reaches, too",
        (("contract", SPLIT, SCORED.replace("SURE", "")),),
        f"{C}:25:7", "GATE-SMALL-002: value ≥ 0.3 fraction is met by chance, too",
    ),
    Case(
        "limit-nobody-confirmed", "a limit that was read off a measurement",
        (("contract", "  - id: GATE-SMALL-001\n", "  - id: GATE-SMALL-001\n    proposed: [val_loss]\n"),),
        f"{C}:10:16", "GATE-SMALL-001: nobody has said that val_loss ≤ 2.2 nats/token is meant",
    ),
    Case(
        "ship-percent-in-prose", "why a criterion weighs what it does",
        (("spec", "because: Lost text is lost.", "because: We ship 80 % already."),),
        f"{S}:15:9", "'ship 80 %' is a ship-% that somebody typed",
    ),
    Case(
        "ship-percent-in-prose", "the summary of a profile",
        (("rehearsal", "summary: Minutes on a CPU.", "summary: 95.5 percent of it is done."),),
        f"{H}:3:1", "'95.5 percent of it is done' is a ship-% that somebody typed",
    ),
    Case(
        "gate-without-criterion", "an advisory gate that speaks for nothing",
        (("contract", "  - id: GATE-SMALL-002\n", "  - {id: GATE-SMALL-009, rule: It is good., ship_blocking: false}\n  - id: GATE-SMALL-002\n"),),
        f"{C}:19:6", "GATE-SMALL-009 is bound to no criterion",
    ),
    Case(
        "criterion-without-blocking-gate", "its only gate is advisory",
        (("contract", "binds_to: [AC-SMALL-002]\n    ship_blocking: true", "binds_to: [AC-SMALL-002]\n    ship_blocking: false"),),
        f"{S}:12:9", "no blocking gate is bound to AC-SMALL-002",
    ),
    Case(
        "gate-without-faults", "a blocking gate with a probe",
        (("contract", "    falsified_by: [heldout-inside-training]\n", ""),),
        f"{C}:19:5", "GATE-SMALL-002 names no fault that must make it fail",
    ),
    Case(
        "limit-in-prose", "a limit in a rule", (("contract", "loss reaches the target", "loss is at most 2.2 nats a token"),),
        f"{C}:10:5", "the rule of GATE-SMALL-001 states the limit 'at most 2.2'",
    ),
    Case(
        "limit-in-prose", "a figure with a unit in a summary", (("contract", "What a small model must show", "30 % of the files parse"),),
        f"{C}:4:1", "the summary states the limit '30 %'",
    ),
    Case(
        "limit-in-prose", "a sign and a power of ten", (("contract", "loss reaches the target", "loss moves by ≤1e-3"),),
        f"{C}:10:5", "the rule of GATE-SMALL-001 states the limit '≤ 1e-3'",
    ),
    Case(
        "limit-in-prose", "a unit that only this gate expects", (("contract", "No held-out document is", "Of 40 documents none is"),),
        f"{C}:20:5", "the rule of GATE-SMALL-002 states the limit '40 documents'",
    ),
    Case(
        "number-in-statement", "a target", (("spec", "The loss is low.", "The loss is 2.2 or less."),),
        f"{S}:8:9", "the statement of AC-SMALL-001 holds the figure '2.2'",
    ),
    Case(
        "reference-without-gates", "an empty list", (("contract", "supports: [GATE-SMALL-001]", "supports: []"),),
        f"{C}:6:30", "arXiv:2203.15556 supports no gate",
    ),
    Case(
        "malformed-reference", "month 13", (("contract", "arXiv:2203.15556", "arXiv:2213.15556"),),
        f"{C}:6:6", "'2213.15556' is no arXiv identifier",
    ),
    Case(
        "malformed-reference", "an address of a DOI", (("contract", "arXiv:2203.15556", "https://doi.org/10.1145/3442188"),),
        f"{C}:6:6", "a DOI in another spelling",
    ),
    Case(
        "duplicate-item", "a fault twice", (("contract", "[frozen-weights]", "[frozen-weights, frozen-weights]"),),
        f"{C}:18:36", "frozen-weights stands twice in `falsified_by`",
    ),
    Case(
        "duplicate-item", "a dependency twice", (("spec", "depends_on: [AC-SMALL-001]", "depends_on: [AC-SMALL-001, AC-SMALL-001]"),),
        f"{S}:16:36", "AC-SMALL-001 stands twice in `depends_on`",
    ),
    Case(
        "untrained-model-passes", "a loss limit of the contract",
        (("contract", TIGHT, LOOSE), ("rehearsal", "      val_loss: {at_most: 4.05, unit: nats/token}\n", "")),
        f"{C}:15:7", "an untrained model has val_loss = 7 nats/token at rehearsal, and the limit is ≤ 11 nats/token",
        UNTRAINED,
    ),
    Case(
        "untrained-model-passes", "every limit of a gate that must fail on frozen weights",
        (("contract", f"      {TIGHT}\n", ""), ("contract", "      bigram_margin: {at_least: 1.0, unit: nats/token}\n", ""), ("rehearsal", "overrides:\n  GATE-SMALL-001:\n    reason: A tiny model.\n" + REHEARSED, "")),
        f"{C}:14:5", "GATE-SMALL-001 must fail on frozen-weights, and an untrained model meets every limit of it at rehearsal",
        UNTRAINED,
    ),
    Case(
        "override-anything-passes", "not below the logarithm of the vocabulary", (("rehearsal", LIMIT, "val_loss: {at_most: 6.95, unit: nats/token}"),),
        f"{H}:12:7", "val_loss ≤ 6.95 nats/token: guessing gives 6.93 nats/token",
    ),
    Case(
        "override-anything-passes", "a loss that an untrained model has", (("rehearsal", LIMIT, "val_loss: {at_most: 6.9, unit: nats/token}"),),
        f"{H}:12:7", "val_loss ≤ 6.9 nats/token: an untrained model has 6.8 nats/token",
        UNTRAINED | {"val_loss": (6.8, "nats/token")},
    ),
    Case(
        "override-anything-passes", "a margin that an untrained model has", (("rehearsal", "at_least: 0.1", "at_least: -9.5"),),
        f"{H}:13:7", "bigram_margin ≥ -9.5 nats/token: an untrained model has -2.8 nats/token",
        UNTRAINED,
    ),
    Case(
        "override-anything-passes", "the end of what a unit carries",
        (("rehearsal", "overrides:\n", SPLIT_AT_REHEARSAL + "    expect: {highest_jaccard: {at_most: 0.995, unit: fraction}}\n"),),
        f"{H}:11:14", "highest_jaccard ≤ 0.995 fraction: it lies within 1 % of the end of what fraction can carry",
    ),
    Case(
        "override-anything-passes", "only a count is left",
        (("rehearsal", REHEARSED, "    drop: [val_loss, bigram_margin]\n"),),
        f"{H}:11:5", "what is left of GATE-SMALL-001 only counts how much was looked at",
    ),
    Case(
        "override-anything-passes", "the one limit is dropped that an untrained model does not meet",
        (("rehearsal", REHEARSED, "    drop: [val_loss]\n"), ("contract", "at_least: 1.0", "at_least: -9.5")),
        f"{H}:11:5", "without val_loss an untrained model meets all of GATE-SMALL-001",
        UNTRAINED,
    ),
    Case(
        "override-anything-passes", "with it an untrained model meets the whole gate",
        (("contract", f"      {TIGHT}\n", ""), ("contract", "      bigram_margin: {at_least: 1.0, unit: nats/token}\n", ""), ("rehearsal", REHEARSED, "    expect: {val_tokens: {at_least: 1000, unit: tokens}}\n")),
        f"{H}:9:3", "with it an untrained model meets every limit of GATE-SMALL-001",
        {"val_tokens": (5000, "tokens")},
    ),
    Case(
        "release-equals-rehearsal", "both inherit", (("release", "      steps: 57000\n", ""), ("rehearsal", "steps: 900, ", "")),
        f"{R}:7:5", "training.steps of MODEL-1 is 100 at release and at rehearsal: both inherit it from the default",
    ),
    Case(
        "release-equals-rehearsal", "written twice", (("release", "steps: 57000", "steps: 900"),),
        f"{R}:8:7", "training.steps of MODEL-1 is 900 at release and at rehearsal: it stands in both",
    ),
    Case(
        "release-equals-rehearsal", "the release inherits", (("release", "      steps: 57000\n", ""), ("rehearsal", "900", "100")),
        f"{R}:7:5", "training.steps of MODEL-1 is 100 at release and at rehearsal: release inherits it from the default",
    ),
    Case(
        "release-equals-rehearsal", "the rehearsal inherits", (("release", "steps: 57000", "steps: 100"), ("rehearsal", "steps: 900, ", "")),
        f"{R}:8:7", "training.steps of MODEL-1 is 100 at release and at rehearsal: rehearsal inherits it from the default",
    ),
    Case(
        "release-equals-rehearsal", "patience that nobody chose", (("release", "      patience: 5\n", ""),),
        f"{R}:7:5", "training.patience of MODEL-1 is 5 at release and at rehearsal: both inherit it from the default",
    ),
    Case(
        "gate-that-catches-nothing", "a fault that is only described", (("contract", "[frozen-weights]", "{accumulation-by-default: [val_loss, val_tokens, bigram_margin]}"),),
        f"{C}:18:5", "GATE-SMALL-001 names no fault that anybody can plant",
    ),
    Case(
        "limit-never-seen-to-fail", "one of three",
        (("contract", "[frozen-weights]", "{frozen-weights: [val_loss, bigram_margin]}"),),
        f"{C}:16:7", "GATE-SMALL-001: no fault is said to break its limit on val_tokens",
    ),
    Case(
        "limit-never-seen-to-fail", "a limit that a profile adds",
        (("contract", "[heldout-inside-training]", "{heldout-inside-training: [shared_digests, highest_jaccard]}"), ("rehearsal", "overrides:\n", SPLIT_AT_REHEARSAL + "    expect: {shared_paths: {equals: 0, unit: documents}}\n")),
        f"{H}:11:14", "GATE-SMALL-002: no fault is said to break its limit on shared_paths at rehearsal",
    ),
    Case(
        "limit-never-seen-to-fail", "a prediction about what nobody limits",
        (("contract", "[heldout-inside-training]", "{heldout-inside-training: [shared_digests, highest_jaccard, shared_paths]}"),),
        f"{C}:19:5", "GATE-SMALL-002 speaks of shared_paths, on which neither it nor a profile has a limit",
    ),
    Case(
        "limit-never-seen-to-fail", "predicted and excused",
        (("contract", "[frozen-weights]", "{frozen-weights: [val_loss, val_tokens, bigram_margin]}\n    unfalsified: {val_tokens: Nobody counts wrongly.}"),),
        f"{C}:19:19", "GATE-SMALL-001 says that no fault can break val_tokens, and names one that does",
    ),
)  # fmt: skip
UNTRIGGERED = (
    Case("limit-nearer-than-noise", "a limit far from them", (), healthy=(2.0, 2.02) * 10),
    Case("limit-nearer-than-noise", "too few to say so", (), healthy=(4.0, 4.03)),
    Case("limit-nearer-than-noise", "figures without noise, at the limit itself", (), healthy=(4.05,) * 20),
    Case("ship-percent-in-prose", "other percentages", (("spec", "because: Lost text is lost.", "because: A ship is no better for it, and 30 % of users notice."),)),
    Case("gate-that-catches-nothing", "one of two is planted", (("contract", "[frozen-weights]", "{accumulation-by-default: [val_loss], frozen-weights: [val_loss, val_tokens, bigram_margin]}"),)),
    Case("score-without-confidence", "a score whose interval has to hold", (("contract", SPLIT, SCORED.replace("SURE", ", confidence: 0.95, count: samples")),)),
    Case("limit-nobody-confirmed", "no limit was proposed", (("contract", "  - id: GATE-SMALL-001\n", "  - id: GATE-SMALL-001\n    proposed: []\n"),)),
    Case("limit-never-seen-to-fail", "the rest is excused", (("contract", "[frozen-weights]", "{frozen-weights: [val_loss, bigram_margin]}\n    unfalsified: {val_tokens: Nobody counts wrongly.}"),)),
    Case("limit-never-seen-to-fail", "an advisory gate", (("contract", "[heldout-inside-training]", "{heldout-inside-training: [shared_digests]}"), ("contract", "binds_to: [AC-SMALL-001]", "binds_to: [AC-SMALL-001, AC-SMALL-002]"), ("contract", "ship_blocking: true\n    probe: corpus.split", "ship_blocking: false\n    probe: corpus.split"))),
    Case("gate-without-criterion", "an advisory gate of a criterion", (("contract", "  - id: GATE-SMALL-002\n", "  - {id: GATE-SMALL-009, rule: It is good., ship_blocking: false, binds_to: [AC-SMALL-001]}\n  - id: GATE-SMALL-002\n"),)),
    Case("criterion-without-blocking-gate", "two criteria share a gate", (("contract", "binds_to: [AC-SMALL-001]", "binds_to: [AC-SMALL-001, AC-SMALL-002]"),)),
    Case("gate-without-faults", "an advisory gate", (("contract", "    falsified_by: [heldout-inside-training]\n", ""), ("contract", "binds_to: [AC-SMALL-001]", "binds_to: [AC-SMALL-001, AC-SMALL-002]"), ("contract", "ship_blocking: true\n    probe: corpus.split", "ship_blocking: false\n    probe: corpus.split"))),
    Case("gate-without-faults", "no probe yet", (("contract", "    probe: corpus.split\n    expect:\n      shared_digests: {equals: 0, unit: documents}\n      highest_jaccard: {below: 0.85, unit: fraction}\n    falsified_by: [heldout-inside-training]\n", ""),)),
    *(
        Case("limit-in-prose", prose, (("contract", "The held-out loss reaches the target.", prose),))
        for prose in (
            "One tensor at least moves.", "Every 20-step window falls.", "Step 0 has the loss of arXiv:2203.15556.",
            "The 2nd run repeats the 1st.", "UTF-8 in float32, as RFC 8259 has it.", "GATE-SMALL-002 holds too.",
        )
    ),
    Case("limit-in-prose", "figures in the reason of an override", (("rehearsal", "A tiny model.", "At most 4.05 nats were reached."),)),
    Case("number-in-statement", "numbers in words and in names", (("spec", "The loss is low.", "All eight gates pass in float32, SHA-256 and all."),)),
    Case("reference-without-gates", "two gates", (("contract", "supports: [GATE-SMALL-001]", "supports: [GATE-SMALL-001, GATE-SMALL-002]"),)),
    *(
        Case("malformed-reference", text, (("contract", "arXiv:2203.15556", text),))
        for text in (
            "arXiv:0704.0001", "arXiv:1412.6980v9", "arXiv:cs/0112017", "arXiv:math.GT/0309136v2", "doi:10.1145/3442188.3445922", "10.5281/zenodo.1",
            "ggml-org/llama.cpp#7476", "https://github.com/ggml-org/llama.cpp/pull/7476", "https://github.com/ggml-org/ggml/blob/master/docs/gguf.md",
            "ISBN 978-0-262-03561-3", "ISBN 0-262-03561-8", "Goodfellow and others, Deep Learning, chapter 8", "An arXiv preprint of 2022", "SPDX licence list, spdx.org/licenses", "https://unicode.org/reports/tr15/#Norm_Forms",
        )
    ),
    Case("duplicate-item", "other faults", (("contract", "[frozen-weights]", "[frozen-weights, untrained-checkpoint]"),)),
    Case("untrained-model-passes", "it fails", (), untrained=UNTRAINED),
    Case("untrained-model-passes", "a difference of losses is no loss", (("contract", "bigram_margin: {at_least: 1.0, unit", "bigram_margin: {at_most: 1.0, unit"),  ("rehearsal", "bigram_margin: {at_least: 0.1, unit", "bigram_margin: {at_least: 0.2, unit")), untrained=UNTRAINED | {"bigram_margin": (0.0, "nats/token")}),
    Case("untrained-model-passes", "no record", (("contract", TIGHT, LOOSE),)),
    Case("override-anything-passes", "just below the logarithm of the vocabulary", (("rehearsal", LIMIT, "val_loss: {at_most: 6.93, unit: nats/token}"),)),
    Case("override-anything-passes", "fewer tokens are looked at", (("rehearsal", LIMIT, f"{LIMIT}\n      val_tokens: {{at_least: 1000, unit: tokens}}"),), untrained=UNTRAINED),
    Case("override-anything-passes", "a strict end", (("rehearsal", "overrides:\n", SPLIT_AT_REHEARSAL + "    expect: {highest_jaccard: {at_most: 0.005, unit: fraction}}\n"),)),
    Case("override-anything-passes", "a limit is left", (("rehearsal", REHEARSED, "    drop: [bigram_margin]\n"),), untrained=UNTRAINED),
    Case("release-equals-rehearsal", "the same patience, chosen", (("rehearsal", "{steps", "{patience: 5, steps"),)),
    Case("release-equals-rehearsal", "a section that neither writes", ()),
)  # fmt: skip


def prepared(folder: Path, case: Case) -> Path:
    project = change(sound_project(folder), *case.edits)
    if case.untrained is not None:
        record_untrained(project, case.untrained)
    if case.healthy:
        write_flip_rate(
            project / "evidence" / "flip-rates", flip_rate(case.healthy), local_key(folder / "key")
        )
    return project


def named(case: Any) -> str:
    return f"{case.rule}: {case.words}"


@pytest.mark.parametrize("case", TRIGGERED, ids=named)
def test_triggered(case: Case, tmp_path: Path) -> None:
    code = next(rule.code for rule in all_rules().values() if rule.name == case.rule)

    assert found(prepared(tmp_path, case)) == [(code, case.at, case.message)]


@pytest.mark.parametrize("case", UNTRIGGERED, ids=named)
def test_not_triggered(case: Case, tmp_path: Path) -> None:
    assert found(prepared(tmp_path, case)) == []


WAIVERS: tuple[tuple[str, int, str, str], ...] = (
    (
        "waiver-expired",
        -1,
        "GATE-SMALL-002",
        "waivers/corpus.yaml:6:1 the waiver of GATE-SMALL-002 ended on {day}",
    ),
    (
        "waiver-too-broad",
        91,
        "GATE-SMALL-002",
        "waivers/corpus.yaml:6:1 the waiver of GATE-SMALL-002 ends on {day}, more than 90 days ahead",
    ),
    (
        "waiver-unused",
        30,
        "GATE-SMALL-009",
        "waivers/corpus.yaml:1:1 GATE-SMALL-009 blocks nothing, so that there is nothing to excuse",
    ),
    ("", 0, "GATE-SMALL-002", ""),
    ("", 90, "GATE-SMALL-002", ""),
)
"""Rule, days until the last day, the gate, and what is found. They end relative to today, as every waiver does."""


@pytest.mark.parametrize(("rule", "days", "gate", "expected"), WAIVERS, ids=lambda value: str(value)[:20])
def test_waivers(rule: str, days: int, gate: str, expected: str, tmp_path: Path) -> None:
    advisory = "  - {id: GATE-SMALL-009, rule: It is good., binds_to: [AC-SMALL-002], ship_blocking: false}\n  - id: GATE-SMALL-002\n"
    project = change(sound_project(tmp_path), ("contract", "  - id: GATE-SMALL-002\n", advisory))
    put_waiver(project, "fails-0123456789ab", days=days, gate=gate)
    names = {code: known.name for code, known in all_rules().items()}

    told = [(names[code], f"{at} {message}") for code, at, message in found(project)]
    assert told == ([(rule, expected.format(day=day(days)))] if rule else [])


def test_a_failure_is_waived_once(tmp_path: Path) -> None:
    project = sound_project(tmp_path)
    put_waiver(project, "fails-0123456789ab", name="a")
    put_waiver(project, "fails-ba9876543210", name="b")
    assert found(project) == []

    put_waiver(project, "fails-0123456789ab", name="c")
    assert found(project) == [
        ("SHIP415", "waivers/c.yaml:2:1", "the same failure of GATE-SMALL-002 is waived by waivers/a.yaml")
    ]


def test_every_rule_has_both() -> None:
    names = {rule.name for rule in all_rules().values()}

    tried = {case.rule for case in TRIGGERED}
    assert tried == {case.rule for case in UNTRIGGERED}
    assert tried | {rule for rule, *_ in WAIVERS if rule} == names


def test_every_rule_is_documented_and_has_a_code_of_its_own() -> None:
    rules = all_rules()
    folder = ROOT / "src" / "specship" / "lint" / "rules"

    assert len(rules) == len(list(folder.glob("[!_]*.py")))
    assert not rules.keys() & CODES.keys()
    for code, rule in rules.items():
        assert code.startswith("SHIP4")
        assert rule.code == code
        assert rule.summary.endswith(".")
        assert rule.explanation.startswith(rule.summary)
        assert rule.bad
        assert rule.good


def test_a_sound_project_has_no_finding(tmp_path: Path) -> None:
    assert found(sound_project(tmp_path)) == []


def test_a_criterion_is_not_missed_where_a_contract_cannot_be_read(tmp_path: Path) -> None:
    """Its gate may stand in that file."""
    project = change(sound_project(tmp_path), ("contract", "    probe: corpus.split\n", ""))

    assert [code for code, _, _ in found(project)] == ["SHIP206"]


MALFORMED = {
    "arXiv:2203.1555": "no arXiv identifier", "arXiv:1412.69801": "no arXiv identifier", "arXiv:0703.0001": "no arXiv identifier",
    "arXiv:cs/0113017": "no arXiv identifier", "arXiv:cs/0812017": "no arXiv identifier", "arXiv:": "no arXiv identifier", "Chinchilla (arXiv:2213.15556)": "no arXiv identifier",
    "2203.15556": "without its scheme", "arxiv:2203.15556": "another spelling", "https://arxiv.org/abs/2203.15556v2": "another spelling", "http://arxiv.org/pdf/2203.15556.pdf": "another spelling",
    "doi:11.1145/3442188": "no DOI", "doi:10.1145": "no DOI", "10.12/x": "no DOI", "doi: 10.1145/3442188": "another spelling",
    "#7476": "names no pull request", "PR 7476": "in which repository", "PR #7476": "in which repository", "ggml-org/llama.cpp#": "names no pull request", "ggml-org/llama.cpp#12x": "names no pull request", "a/b/c#1": "names no pull request",
    "https://github.com/ggml-org/llama.cpp/pull/": "address of no pull request", "https://github.com/ggml-org/llama.cpp/pulls/7476": "address of no pull request",
    "ISBN 978-0-262-03561-4": "check digit", "ISBN 12": "check digit",
}  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED)
def test_malformed_references(text: str) -> None:
    said = malformed(text)

    assert said is not None
    assert MALFORMED[text] in said.message


@pytest.mark.parametrize(
    "text",
    [
        "pr" + " " * 60_000 + "x",
        "arxiv:" * 300,
        "a/" * 900 + "#",
        "10." + "1." * 900 + "x",
        "isbn " + "1 " * 900,
    ],
)
def test_long_references_are_looked_at_once(text: str) -> None:
    """An expression that went back and forth over such a text would take minutes."""
    said = malformed(text)

    assert said is None or len(said.message) < len(text) + 100
