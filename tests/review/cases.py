"""Changes of a small project, one a class, each with what a review of it must say.

A case is a few edits of the project below: file, what stands there, what is to stand there. `says` is everything
that the review must find, and nothing else: direction, id and what about it; `back` is the same for the way back,
from the edited project to the one below. To add a class, add a case.
"""

from dataclasses import dataclass

from tests.projects.contract_edits import OWN_GATE, PROBE, contract
from tests.projects.sound_project import AMENDMENT, CONTRACT, PYPROJECT, REHEARSAL, RELEASE, SPEC
from tests.projects.trusting import trusting

KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
SMALL, SECOND = "contracts/small-v1.yaml", "contracts/second-v1.yaml"
SPEC_FILE = "specs/small/spec.yaml"
REHEARSED, RELEASED = "specs/small/profiles/rehearsal.yaml", "specs/small/profiles/release.yaml"
SETTINGS = "pyproject.toml"
FAULT = '''\
"""A fault of its own."""

from specship import Fault

FAULT = Fault(row="", stage="corpus")


def plant(folder):
    """Take the text away."""
    (folder / "train.jsonl").write_text("")
'''
HELPER = '"""Counting."""\n\n\ndef count(lines):\n    """How many."""\n    return len(lines)\n'
BASE = {
    SETTINGS: f'{PYPROJECT}probes = "probes"\nfaults = "faults"\nhealthy = "healthy.yaml"\ntrusted_keys = []\n'
    '\n[tool.specship.lint]\nignore = []\n\n[tool.pytest.ini_options]\naddopts = "--ship-fail-under=70"\n',
    SMALL: CONTRACT.replace(
        "falsified_by: [heldout-inside-training]", "falsified_by:\n      heldout-inside-training: [shared_digests, highest_jaccard]"
    ).replace("    probe: corpus.split", "    requires: {device: cuda}\n    probe: corpus.split"),
    SECOND: contract("second").replace("[AC-SMALL-002]", "[AC-SMALL-001, AC-SMALL-002]") + OWN_GATE,
    SPEC_FILE: SPEC,
    REHEARSED: REHEARSAL + "not_judged:\n  AC-SMALL-002: No CUDA here.\noldest_evidence_days: 30\n",
    RELEASED: RELEASE,
    "specs/small/amendments/0001-begin.yaml": AMENDMENT,
    "healthy.yaml": "variants: []\n",
    "probes/own.py": PROBE.replace("import Artifact, probe\n", "import Artifact, probe\n\nfrom counting.lines import count\n")
    .replace('{"documents": 1}', '{"documents": count([])}'),
    "counting/lines.py": HELPER,
    "faults/own_fault.py": FAULT,
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """Edits, and what a review must say of them and of the way back."""

    edits: tuple[tuple[str, str, str], ...]
    says: set[str]
    back: set[str]
    bump: str = "major"
    stales: bool = True
    """Whether evidence or arming goes stale by it, on the way there."""
    moved: tuple[tuple[str, str], ...] = ()
    """Files that get another name, before the edits."""
    files: tuple[tuple[str, str | None], ...] = ()
    """Whole files that are written, or taken away."""

    def applied(self) -> dict[str, str | None]:
        """The files that differ from those of the project."""
        now: dict[str, str | None] = dict(BASE)
        for old, new in self.moved:
            now[new], now[old] = now[old], None
        for file, old, new in self.edits:
            text = now[file]
            assert text is not None
            assert old in text, (file, old)
            now[file] = text.replace(old, new)
        now |= dict(self.files)
        return {path: text for path, text in now.items() if BASE.get(path) != text}


def _weaker(*edits: tuple[str, str, str], what: str, stales: bool = True) -> Case:
    return Case(edits, {f"weakened {what}"}, {f"strengthened {what}"}, stales=stales)


FIRST = "      val_loss: {at_most: 2.2, unit: nats/token}\n      val_tokens"
"""Of the first gate of a contract, alone."""
LIMIT = "GATE-SMALL-001 limit"
CASES: dict[str, Case] = {
    # limits in force
    "a looser limit": _weaker((SMALL, "at_most: 2.2", "at_most: 4.7"), what=LIMIT),
    "looser in an override": _weaker((REHEARSED, "at_most: 4.05", "at_most: 9.0"), what=LIMIT),
    "a limit dropped in an override": _weaker(
        (REHEARSED, "    reason: A tiny", "    drop: [val_tokens]\n    reason: A tiny"), what=LIMIT
    ),
    "a limit dropped": _weaker((SMALL, "      val_tokens: {at_least: 131072, unit: tokens}\n", ""), what=LIMIT),
    "the same limit in another form": Case(
        ((SMALL, "{equals: 0, unit: documents}", "{one_of: [0], unit: documents}"),),
        {"neutral GATE-SMALL-002 limit"}, {"neutral GATE-SMALL-002 limit"}, "patch",
    ),
    "an interval instead of a limit": Case(
        ((SMALL, "{at_most: 2.2, unit", "{between: [0, 4.7], unit"),), {f"weakened {LIMIT}"}, {f"weakened {LIMIT}"}
    ),
    "an open end becomes a closed one": _weaker((SMALL, "{below: 0.85", "{at_most: 0.85"), what="GATE-SMALL-002 limit"),
    "one value becomes several": _weaker((SMALL, "{equals: 0, unit: documents}", "{one_of: [0, 1], unit: documents}"), what="GATE-SMALL-002 limit"),
    "a confidence is asked for": Case(
        ((SMALL, "{at_most: 2.2, unit: nats/token}", "{at_most: 2.2, unit: nats/token, confidence: 0.95, error: standard_error}"),),
        {f"strengthened {LIMIT}"}, {f"weakened {LIMIT}"}, "minor",
    ),
    "a confidence for a looser limit": Case(
        ((SMALL, "{at_most: 2.2, unit: nats/token}", "{at_most: 4.7, unit: nats/token, confidence: 0.95, error: standard_error}"),),
        {f"weakened {LIMIT}"}, {f"weakened {LIMIT}"},
    ),
    "another unit": Case(
        ((SMALL, "{at_most: 2.2, unit: nats/token}", "{at_most: 2.2, unit: bits/byte}"),),
        {"incomparable GATE-SMALL-001 unit"}, {"incomparable GATE-SMALL-001 unit"},
    ),
    "a looser limit under a new id": Case(
        ((SMALL, "GATE-SMALL-001", "GATE-SMALL-009"), (SMALL, "at_most: 2.2", "at_most: 4.7"),
         (REHEARSED, "GATE-SMALL-001", "GATE-SMALL-009")),
        {"neutral GATE-SMALL-009 renamed", "weakened GATE-SMALL-009 limit"},
        {"neutral GATE-SMALL-001 renamed", f"strengthened {LIMIT}"},
    ),
    "a looser limit under a new id and in other words": Case(
        ((SMALL, "GATE-SMALL-001", "GATE-SMALL-009"), (SMALL, "at_most: 2.2", "at_most: 4.7"),
         (SMALL, "rule: The held-out loss reaches the target.", "rule: Unseen text is foreseen well."), (REHEARSED, "GATE-SMALL-001", "GATE-SMALL-009")),
        {"neutral GATE-SMALL-009 renamed", "neutral GATE-SMALL-009 reworded", "weakened GATE-SMALL-009 limit"},
        {"neutral GATE-SMALL-001 renamed", "neutral GATE-SMALL-001 reworded", f"strengthened {LIMIT}"},
    ),
    "a looser limit in a profile of another kind": Case(
        ((RELEASED, "kind: release", ("kind: rehearsal\noverrides:\n  GATE-SMALL-001:\n    reason: r\n    expect:\n"
          "      val_loss: {at_most: 4.7, unit: nats/token}")),),
        {f"weakened {LIMIT}", "incomparable release profile kind"}, {f"strengthened {LIMIT}", "incomparable release profile kind"},
    ),
    "a quantity dropped under a new id and in other words": Case(
        ((SMALL, "GATE-SMALL-001", "GATE-SMALL-009"), (REHEARSED, "GATE-SMALL-001", "GATE-SMALL-009"),
         (SMALL, "rule: The held-out loss reaches the target.", "rule: Nobody was harmed by it."), (SMALL, "      val_tokens: {at_least: 131072, unit: tokens}\n", "")),
        {"neutral GATE-SMALL-009 renamed", "neutral GATE-SMALL-009 reworded", "weakened GATE-SMALL-009 limit"},
        {"neutral GATE-SMALL-001 renamed", "neutral GATE-SMALL-001 reworded", f"strengthened {LIMIT}"},
    ),
    "a looser limit in another unit of the same kind": _weaker(
        (SMALL, "{at_most: 2.2, unit: nats/token}", "{at_most: 4.7, unit: bits/token}"), what="GATE-SMALL-001 unit"
    ),
    # gates
    "a gate is gone": Case(
        ((SECOND, OWN_GATE, ""),), {"removed GATE-THIRD-009 removed"}, {"added GATE-THIRD-009 added"},
    ),
    "advisory from now on": _weaker(
        (SECOND, "ship_blocking: true\n    probe: own", "ship_blocking: false\n    probe: own"), what="GATE-THIRD-009 blocking", stales=False
    ),
    "unbound from a criterion": _weaker(
        (SECOND, "binds_to: [AC-SMALL-001, AC-SMALL-002]", "binds_to: [AC-SMALL-001]"), what="GATE-SECOND-002 binding", stales=False
    ),
    "nobody measures it": Case(
        ((SECOND, "    probe: own.documents\n    expect:\n      documents: {at_least: 10, unit: documents}\n", ""),),
        {"weakened GATE-THIRD-009 probe", "weakened GATE-THIRD-009 limit"}, {"strengthened GATE-THIRD-009 probe", "strengthened GATE-THIRD-009 limit"},
    ),
    "another probe": Case(
        ((SECOND, "probe: own.documents", "probe: corpus.documents"),), {"measures otherwise GATE-THIRD-009 probe"}, {"measures otherwise GATE-THIRD-009 probe"},
    ),
    "CUDA is not required any more": _weaker((SMALL, "    requires: {device: cuda}\n", ""), what="GATE-SMALL-002 requirement"),
    "an override lifts CUDA": _weaker(
        (REHEARSED, "not_judged:", "  GATE-SMALL-002:\n    reason: No GPU.\n    requires: {}\nnot_judged:"), what="GATE-SMALL-002 requirement"
    ),
    "a limit is excused": _weaker((SECOND, "falsified_by: [own-fault]\n", "falsified_by: [own-fault]\n    unfalsified: {documents: Nobody takes any away.}\n"), what="GATE-THIRD-009 excuse"),
    "a fault is dropped": _weaker((SECOND, "    falsified_by: [own-fault]\n", ""), what="GATE-THIRD-009 fault"),
    "a predicted quantity is dropped": _weaker((SMALL, "[shared_digests, highest_jaccard]", "[shared_digests]"), what="GATE-SMALL-002 prediction"),
    "two gates exchange their ids": Case(
        ((SMALL, "- id: GATE-SMALL-001", "- id: GATE-SMALL-XXX"), (SMALL, "- id: GATE-SMALL-002", "- id: GATE-SMALL-001"),
         (SMALL, "- id: GATE-SMALL-XXX", "- id: GATE-SMALL-002"), (REHEARSED, "GATE-SMALL-001", "GATE-SMALL-002")),
        {"incomparable GATE-SMALL-001 exchanged", "incomparable GATE-SMALL-002 exchanged", "neutral small reference"}, set(),
    ),
    "a limit was taken from a measurement": Case(
        ((SECOND, "falsified_by: [own-fault]\n", "falsified_by: [own-fault]\n    proposed: [documents]\n"),),
        {"neutral GATE-THIRD-009 reworded"}, {"neutral GATE-THIRD-009 reworded"}, "patch", stales=False,
    ),
    "a gate moves into another contract": Case(
        ((SECOND, OWN_GATE, ""),),
        {"neutral GATE-THIRD-009 moved"}, {"neutral GATE-THIRD-009 moved"}, "patch", stales=False,
        files=((SMALL, BASE[SMALL] + OWN_GATE),),
    ),
    # prose
    "a criterion for another reason": Case(
        ((SPEC_FILE, "because: It is what training is for.", "because: It is what training is for indeed."),),
        {"neutral AC-SMALL-001 reworded"}, {"neutral AC-SMALL-001 reworded"}, "patch", stales=False,
    ),
    "a section of the pipeline goes": Case(
        ((RELEASED, "    tokenizer: {vocab_size: 50257}\n", ""),),
        {"measures otherwise release setting"}, {"measures otherwise release setting"},
    ),
    "a rule in other words": Case(((SECOND, "There are documents.", "There are some documents."),), {"neutral GATE-THIRD-009 reworded"}, {"neutral GATE-THIRD-009 reworded"}, "patch", stales=False),
    "a summary in other words": Case(((SECOND, "What a small model must show.", "What it must show."),), {"neutral second reworded"}, {"neutral second reworded"}, "patch", stales=False),
    "a reference more": Case(
        ((SECOND, "references:\n", 'references:\n  - {id: "arXiv:1", supports: [GATE-SECOND-002]}\n'),), {"neutral second reference"}, {"neutral second reference"}, "patch", stales=False
    ),
    "layout, order of keys and a comment": Case(
        ((SECOND, "version: 1.0.0\nstage: train\n", "# a remark\nstage: train\n\nversion: 1.0.0\n"), (SMALL, "at_most: 2.2,", "at_most: 2.20,")),
        set(), set(), "none", stales=False,
    ),
    # the spec
    "a criterion is gone": Case(
        ((SPEC_FILE, SPEC[SPEC.index("      - id: AC-SMALL-002"):], ""), (SPEC_FILE, "weight: 60", "weight: 100"),
         (REHEARSED, "not_judged:\n  AC-SMALL-002: No CUDA here.\n", "")),
        {"removed AC-SMALL-002 removed", "strengthened AC-SMALL-001 weight", "strengthened AC-SMALL-002 not judged"},
        {"added AC-SMALL-002 added", "weakened AC-SMALL-001 weight", "weakened AC-SMALL-002 not judged"}, stales=False,
    ),
    "weight moves to another criterion": Case(
        ((SPEC_FILE, "weight: 60", "weight: 30"), (SPEC_FILE, "weight: 40", "weight: 70")),
        {"weakened AC-SMALL-001 weight", "strengthened AC-SMALL-002 weight"},
        {"strengthened AC-SMALL-001 weight", "weakened AC-SMALL-002 weight"}, stales=False,
    ),
    "a criterion waits for nobody": _weaker((SPEC_FILE, "        depends_on: [AC-SMALL-001]\n", ""), what="AC-SMALL-002 dependency", stales=False),
    "a statement in other words": Case(((SPEC_FILE, "The loss is low.", "The loss is very low."),), {"neutral AC-SMALL-001 reworded"}, {"neutral AC-SMALL-001 reworded"}, "patch", stales=False),
    "a statement that says something else": Case(
        ((SPEC_FILE, "The loss is low.", "Nobody was harmed by it."),), {"incomparable AC-SMALL-001 reworded"}, {"incomparable AC-SMALL-001 reworded"}, stales=False,
    ),
    "another effort": Case(((SPEC_FILE, "gpu_hours: 1,", "gpu_hours: 9,"),), {"neutral AC-SMALL-001 effort"}, {"neutral AC-SMALL-001 effort"}, "patch", stales=False),
    "two criteria exchange their ids": Case(
        ((SPEC_FILE, "id: AC-SMALL-001", "id: AC-SMALL-XXX"), (SPEC_FILE, "id: AC-SMALL-002", "id: AC-SMALL-001"),
         (SPEC_FILE, "id: AC-SMALL-XXX", "id: AC-SMALL-002"), (SPEC_FILE, "[AC-SMALL-001]", "[AC-SMALL-002]")),
        {"incomparable AC-SMALL-001 exchanged", "incomparable AC-SMALL-002 exchanged", "weakened GATE-SMALL-001 binding", "weakened GATE-SMALL-002 binding",
         "weakened GATE-SECOND-001 binding", "weakened GATE-THIRD-009 binding", "weakened AC-SMALL-002 not judged", "strengthened AC-SMALL-001 not judged"},
        set(), stales=False,
    ),
    "a model is renamed": Case(
        ((SPEC_FILE, "id: MODEL-1", "id: MODEL-9"), (REHEARSED, "MODEL-1", "MODEL-9"), (RELEASED, "MODEL-1", "MODEL-9")),
        {"neutral MODEL-9 renamed"}, {"neutral MODEL-1 renamed"}, "patch", stales=False,
    ),
    # profiles
    "a criterion is no longer judged": _weaker((REHEARSED, "  AC-SMALL-002: No CUDA here.\n", "  AC-SMALL-002: No CUDA here.\n  AC-SMALL-001: Too dear.\n"), what="AC-SMALL-001 not judged", stales=False),
    "older evidence counts": _weaker((REHEARSED, "oldest_evidence_days: 30", "oldest_evidence_days: 900"), what="rehearsal evidence age", stales=False),
    "evidence of any age counts": _weaker((REHEARSED, "oldest_evidence_days: 30\n", ""), what="rehearsal evidence age", stales=False),
    "fewer held-out tokens": _weaker((RELEASED, "evaluation_tokens: 524288", "evaluation_tokens: 1024"), what="release setting"),
    "the default, which is fewer": _weaker((RELEASED, "      evaluation_tokens: 524288\n", ""), what="release setting"),
    "a setting without a direction": Case(
        ((RELEASED, "patience: 5", "patience: 9"),), {"measures otherwise release setting"}, {"measures otherwise release setting"}
    ),
    "a profile is gone": Case((), {"removed rehearsal removed"}, {"added rehearsal added"}, files=((REHEARSED, None),)),
    "a profile is renamed": Case(
        (("specs/small/profiles/practice.yaml", "profile: rehearsal", "profile: practice"), (SETTINGS, 'spec = "', 'profile = "practice"\nspec = "')),
        {"neutral practice renamed", "measures otherwise profile setting"}, {"neutral rehearsal renamed", "measures otherwise profile setting"},
        moved=((REHEARSED, "specs/small/profiles/practice.yaml"),),
    ),
    # the project
    "a key is trusted": _weaker((SETTINGS, "trusted_keys = []", f"trusted_keys = [{trusting(KEY)}]"), what="trusted_keys key", stales=False),
    "a lint rule is silenced": _weaker((SETTINGS, "ignore = []", 'ignore = ["SHIP401"]'), what="lint.ignore setting", stales=False),
    "the session demands less": _weaker((SETTINGS, "--ship-fail-under=70", "--ship-fail-under=20"), what="addopts setting", stales=False),
    "healthy variants are forgotten": _weaker((SETTINGS, 'healthy = "healthy.yaml"\n', ""), what="healthy setting", stales=False),
    "healthy variants are others": Case(
        (("healthy.yaml", "[]", "[{name: x}]"),), {"measures otherwise healthy.yaml setting"}, {"measures otherwise healthy.yaml setting"}, stales=False
    ),
    "contracts lie elsewhere": Case(
        ((SETTINGS, 'spec = "', 'contracts = "gates"\nspec = "'),), {"neutral contracts moved"}, {"neutral contracts moved"}, "patch", stales=False,
        moved=((SMALL, "gates/small-v1.yaml"), (SECOND, "gates/second-v1.yaml")),
    ),
    "the whole project moves": Case(
        (), set(), set(), "none", stales=False, moved=tuple((path, f"inner/{path}") for path in BASE),
    ),
    # code
    "a probe measures otherwise": Case(
        (("probes/own.py", "count([])", "count([1])"),), {"measures otherwise own.documents code"}, {"measures otherwise own.documents code"}
    ),
    "what a probe imports measures otherwise": Case(
        (("counting/lines.py", "len(lines)", "10 ** 6"),), {"measures otherwise own.documents code"}, {"measures otherwise own.documents code"}
    ),
    "a comment in a probe, which can read it": Case(
        (("probes/own.py", "@probe", "# a remark\n@probe"),), {"measures otherwise own.documents code"}, {"measures otherwise own.documents code"}
    ),
    "a comment in what a probe imports": Case((("counting/lines.py", "def count", "# a remark\ndef count"),), set(), set(), "none", stales=False),
    "a table beside the probes": Case(
        (), {"measures otherwise probes/table.json code"}, {"measures otherwise probes/table.json code"}, files=(("probes/table.json", "[]"),)
    ),
    "code beside the probes that none imports": Case(
        (), {"measures otherwise probes/spare.py code"}, {"measures otherwise probes/spare.py code"}, stales=False, files=(("probes/spare.py", HELPER),)
    ),
    "a probe is gone": Case((), {"removed own.documents removed"}, {"added own.documents added"}, files=(("probes/own.py", None),)),
    "a probe is called otherwise": Case(
        (("probes/own.py", '@probe("own.documents"', '@probe("own.texts"'), ("probes/own.py", "def documents", "def texts"), (SECOND, "probe: own.documents", "probe: own.texts")),
        {"neutral own.texts renamed", "neutral GATE-THIRD-009 probe"}, {"neutral own.documents renamed", "neutral GATE-THIRD-009 probe"}, "patch",
    ),
    "a probe is called otherwise and measures otherwise": Case(
        (("probes/own.py", '@probe("own.documents"', '@probe("own.texts"'), ("counting/lines.py", "len(lines)", "10 ** 6"), (SECOND, "probe: own.documents", "probe: own.texts")),
        {"removed own.documents removed", "added own.texts added", "measures otherwise GATE-THIRD-009 probe"},
        {"removed own.texts removed", "added own.documents added", "measures otherwise GATE-THIRD-009 probe"},
    ),
    "a probe counts in another unit": Case(
        (("probes/own.py", 'documents="documents"', 'documents="tokens"'),),
        {"incomparable own.documents unit", "measures otherwise own.documents code"}, {"incomparable own.documents unit", "measures otherwise own.documents code"},
    ),
    "a fault is planted otherwise": Case(
        (("faults/own_fault.py", 'write_text("")', 'write_text("{}")'),), {"measures otherwise own-fault code"}, {"measures otherwise own-fault code"}
    ),
    "a fault is gone": Case((), {"removed own-fault removed"}, {"added own-fault added"}, files=(("faults/own_fault.py", None),)),
    # amendments
    "an amendment is gone": Case(
        (), {"removed 0001-begin.yaml removed"}, {"neutral 0001-begin.yaml added"}, stales=False, files=(("specs/small/amendments/0001-begin.yaml", None),)
    ),
    "advice is put into an amendment, or taken out": Case(
        (("specs/small/amendments/0001-begin.yaml", "what: A model.}]\n", "what: A model.}]\nrecommendations: [{id: REC-ONE, what: Look., state: OPEN}]\n"),),
        {"incomparable 0001-begin.yaml reworded"}, {"incomparable 0001-begin.yaml reworded"}, stales=False,
    ),
    "the lessons of an amendment": Case(
        (("specs/small/amendments/0001-begin.yaml", "why: It begins.\n", "why: It begins.\nlessons: [Look twice.]\n"),),
        {"neutral 0001-begin.yaml reworded"}, {"neutral 0001-begin.yaml reworded"}, "patch", stales=False,
    ),
    "an amendment is rewritten": Case(
        (("specs/small/amendments/0001-begin.yaml", "bump: major", "bump: minor"),), {"incomparable 0001-begin.yaml reworded"}, {"incomparable 0001-begin.yaml reworded"}, stales=False,
    ),
}  # fmt: skip
