"""What is demanded: limits, gates, criteria, profiles, amendments, waivers and settings, moved without a run."""

from collections.abc import Callable
from typing import Final

from tests.cheats.cheat import Cheat
from tests.projects.evidenced_project import put_waiver
from tests.projects.merging import CONTRACT, SPEC, UNMEASURED, Merging, amend, commit, statements
from tests.projects.small_project import edit
from tests.projects.sound_project import REHEARSAL
from tests.projects.sound_project import SPEC as TEXT
from tests.projects.trusting import trusting

Act = Callable[[Merging], object]
RELEASED: Final = "specs/small/profiles/release.yaml"
REHEARSED: Final = "specs/small/profiles/rehearsal.yaml"
SETTINGS: Final = "pyproject.toml"
_NAMED: Final = ("weakenings are named", "version moves")
_RISE: Final = ("no rise without evidence", *_NAMED)


def edits(*changes: tuple[str, str, str]) -> Act:
    """File, what stands there, what is to stand there."""

    def act(world: Merging) -> None:
        for file, old, new in changes:
            edit(world.folder / file, old, new)

    return act


def after(first: Act, *more: Act) -> Act:
    """One act after another."""

    def act(world: Merging) -> None:
        for one in (first, *more):
            one(world)

    return act


def measured(gate: str = "GATE-SMALL-001", **values: float) -> Act:
    """The project's own machine measures again, honestly, what the demands are now."""
    return lambda world: world.measure({gate: values})


def amended(*ids: str, bump: str = "major", why: str = "Somebody wrote it down.") -> Act:
    """An amendment that says so."""

    def act(world: Merging) -> None:
        amend(world.folder, *ids, bump=bump)
        edit(world.folder / "specs/small/amendments/0002-more.yaml", "Somebody wrote it down.", why)

    return act


def written(path: str, text: str) -> Act:
    """A file more."""

    def act(world: Merging) -> None:
        (world.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (world.folder / path).write_text(text)

    return act


def removed(pattern: str) -> Act:
    """Files less."""

    def act(world: Merging) -> None:
        for path in world.folder.glob(pattern):
            path.unlink()

    return act


def forgotten(world: Merging) -> None:
    """What was measured of a gate that passes."""
    for path in statements(world.folder, "GATE-SMALL-001"):
        path.unlink()


_SECOND: Final = """\
  - id: GATE-SMALL-002
    rule: No held-out document is known to training.
    binds_to: [AC-SMALL-002]
    ship_blocking: true
    probe: corpus.split
    expect:
      shared_digests: {equals: 0, unit: documents}
      highest_jaccard: {below: 0.85, unit: fraction}
    falsified_by: {heldout-inside-training: [shared_digests, highest_jaccard]}
"""
_SECOND_CRITERION: Final = TEXT[TEXT.index("      - id: AC-SMALL-002") :]
_FAILS: Final = {"shared_digests": 3.0}
_LIMIT: Final = "at_most: 2.2"
_BLOCKING: Final = "binds_to: [AC-SMALL-002]\n    ship_blocking: true"


def waived() -> Act:
    """A waiver of what fails in the very change that brings the failure."""

    def act(world: Merging) -> None:
        commit(world.folder, "to ask")
        (reason,) = (one for one in world.gate()["reasons"] if one["check"] == "gate-fails")
        put_waiver(world.folder, reason["says"].partition("(")[2].partition(")")[0])

    return act


_BENT: Final = """\
overrides:
  GATE-SMALL-001:
    reason: It is hard.
    expect:
      val_loss: {at_most: 4.7, unit: nats/token}
pipeline:"""
_WAIVER: Final = """\
gate: GATE-SMALL-002
fingerprint: fails-0123456789ab
owner: ada@example.org
reason: Later.
issue: https://example.org/issues/7
"""
_LAXER: Final = """\
    probe: corpus.licence
    expect:
      documents: {at_least: 1, unit: documents}
    falsified_by: {unlicensed-document: [documents]}
"""
_SPLIT: Final = _SECOND[_SECOND.index("    probe") :]

ROWS: Final = (
    # The limit of 2.2 that became 4.7 in the change which then met it.
    Cheat("loosen a limit, and meet it", after(edits((CONTRACT, _LIMIT, "at_most: 4.7")), measured(val_loss=3.9)), _NAMED, "val_loss \u2264 2.2 nats/token \u2192 \u2264 4.7 nats/token"),
    Cheat("loosen a limit by another operator", after(edits((CONTRACT, "{at_most: 2.2,", "{between: [0, 4.7],")), measured(val_loss=3.9)), _NAMED, "val_loss \u2264 2.2 nats/token \u2192 0 \u2026 4.7 nats/token"),
    Cheat("loosen a limit through its unit", edits((CONTRACT, "at_most: 2.2, unit: nats/token", "at_most: 2.2, unit: bits/byte")), ("units of a probe", *_NAMED, "arming"), "bits/byte", refused=True),
    Cheat("loosen a limit for the release alone", edits((RELEASED, "pipeline:", _BENT)), ("a release bends nothing", *_NAMED, "arming", "lint"), "a release profile overrides nothing", refused=True),
    Cheat("drop a limit", after(edits((CONTRACT, "      val_tokens: {at_least: 131072, unit: tokens}\n", ""), (CONTRACT, "[val_loss, val_tokens, bigram_margin]", "[val_loss, bigram_margin]")), measured()), _NAMED, "GATE-SMALL-001 expects nothing of val_tokens any more"),
    Cheat("demand what nothing can violate", edits((CONTRACT, "val_tokens: {at_least: 131072,", "val_tokens: {at_least: 0,")), ("limits can be violated", *_NAMED, "arming", "lint"), "no measurement in tokens could violate", refused=True),
    Cheat("delete a gate that fails", after(measured(UNMEASURED, **_FAILS), edits((CONTRACT, _SECOND, ""))), (*_NAMED, "lint"), "GATE-SMALL-002 is gone"),
    Cheat("make a gate that fails advisory", after(edits((CONTRACT, _BLOCKING, _BLOCKING.replace("true", "false"))), measured(UNMEASURED, **_FAILS)), (*_NAMED, "lint"), "GATE-SMALL-002 is advisory, and was blocking"),
    Cheat("write a gate again under another id, and laxer", after(edits((CONTRACT, "id: GATE-SMALL-001", "id: GATE-SMALL-003"), (CONTRACT, "supports: [GATE-SMALL-001]", "supports: [GATE-SMALL-003]"), (CONTRACT, _LIMIT, "at_most: 4.7"), ("specs/small/profiles/rehearsal.yaml", "GATE-SMALL-001", "GATE-SMALL-003")), measured("GATE-SMALL-003", val_loss=3.9)), _NAMED, "GATE-SMALL-003: val_loss \u2264 2.2 nats/token \u2192 \u2264 4.7 nats/token"),
    Cheat("bind a gate that passes to what is open", edits((CONTRACT, "binds_to: [AC-SMALL-002]", "binds_to: [OTHER]"), (CONTRACT, "binds_to: [AC-SMALL-001]", "binds_to: [AC-SMALL-001, AC-SMALL-002]"), (CONTRACT, "binds_to: [OTHER]\n    ship_blocking: true", "binds_to: [AC-SMALL-002]\n    ship_blocking: false")), _RISE, "rises from 60 % to 100 %"),
    Cheat("take an open criterion out", edits((CONTRACT, _SECOND, ""), (SPEC, _SECOND_CRITERION, ""), (SPEC, "weight: 60", "weight: 100")), _RISE, "AC-SMALL-002 (40 %) is gone"),
    Cheat("swap a probe for a laxer one", after(edits((CONTRACT, _SPLIT, _LAXER)), measured()), _NAMED, "GATE-SMALL-002 need not fail on heldout-inside-training any more"),
    Cheat("move weight to what is met", after(edits((SPEC, "weight: 60", "weight: 90"), (SPEC, "weight: 40", "weight: 10")), amended("AC-SMALL-001", "AC-SMALL-002")), ("no rise without evidence",), "rises from 60 % to 90 %, and new evidence explains 0 % of it"),
    Cheat("weigh nothing", edits((SPEC, "weight: 60", "weight: 100"), (SPEC, "weight: 40", "weight: 0")), ("weights count", *_RISE), "at least 1 is expected, here it is 0", refused=True),
    Cheat("judge a criterion no more", edits((RELEASED, "pipeline:", "not_judged: {AC-SMALL-002: Later.}\npipeline:")), ("a release bends nothing", *_RISE), "a release profile overrides nothing", refused=True),
    Cheat("drop a dependency", edits((SPEC, "        depends_on: [AC-SMALL-001]\n", "")), _NAMED, "AC-SMALL-002 no longer waits for AC-SMALL-001"),
    Cheat("name no fault", edits((CONTRACT, "    falsified_by: {heldout-inside-training: [shared_digests, highest_jaccard]}\n", "")), (*_NAMED, "lint", "arming"), "GATE-SMALL-002 need not fail on heldout-inside-training any more"),
    Cheat("have a fault break something else", after(edits((CONTRACT, "{heldout-inside-training: [shared_digests, highest_jaccard]}", "{heldout-inside-training: [highest_jaccard]}")), measured()), (*_NAMED, "lint"), "must fail in highest_jaccard, before in highest_jaccard, shared_digests"),
    Cheat("call a rehearsal a release", edits(("specs/small/profiles/rehearsal.yaml", "kind: rehearsal", "kind: release")), ("a release bends nothing", *_NAMED, "lint"), "a release profile overrides nothing", refused=True),
    Cheat("call the release a rehearsal", edits((RELEASED, "kind: release", "kind: rehearsal")), _NAMED, "a major step of the version"),
    Cheat("measure on fewer tokens", after(edits((RELEASED, "evaluation_tokens: 524288", "evaluation_tokens: 131072")), measured()), _NAMED, "training.evaluation_tokens 524288 \u2192 131072"),
    Cheat("train for fewer steps", after(edits((RELEASED, "steps: 57000", "steps: 570")), measured()), _NAMED, "training.steps 57000 \u2192 570"),
    Cheat("delete the release", lambda world: (world.folder / RELEASED).unlink(), _NAMED, "profile release (release) is gone"),
    Cheat("exchange two ids", edits((SPEC, "statement: The loss is low.", "statement: HELD"), (SPEC, "statement: Held-out text comes back in UTF-8, byte for byte.", "statement: The loss is low."), (SPEC, "statement: HELD", "statement: Held-out text comes back in UTF-8, byte for byte.")), _NAMED, "GATE-SMALL-001 no longer speaks for AC-SMALL-002 and speaks for AC-SMALL-001"),
    Cheat("say that nothing was weakened", after(edits((CONTRACT, _LIMIT, "at_most: 4.7")), measured(val_loss=3.9), amended("GATE-SMALL-001", why="It weakens nothing.")), ("amendments are true",), "it claims 'weakens nothing': GATE-SMALL-001 is weakened"),
    Cheat("amend something else", after(edits((CONTRACT, _LIMIT, "at_most: 4.7")), measured(val_loss=3.9), amended("GATE-SMALL-002")), ("weakenings are named", "amendments are true"), "it says that GATE-SMALL-002 changed: nothing of that id differs"),
    Cheat("call it a patch", after(edits((CONTRACT, _LIMIT, "at_most: 4.7")), measured(val_loss=3.9), amended("GATE-SMALL-001", bump="patch")), ("version moves",), "the changes demand a major step of the version, and amendments declare patch"),
    Cheat("hide the strict limit behind a second key", edits((CONTRACT, "      val_tokens:", "      val_loss: {at_most: 4.7, unit: nats/token}\n      val_tokens:")), ("keys stand once", *_NAMED, "arming"), "the key 'val_loss' stands twice, first on line 15", refused=True),
    Cheat("merge the limit in", edits((CONTRACT, "val_loss: {at_most: 2.2, unit: nats/token}", "val_loss: {<<: {at_most: 4.7}, unit: nats/token}")), ("no merge keys", *_NAMED, "arming"), "merge keys are refused", refused=True),
    Cheat("type the status", edits((SPEC, "        weight: 40\n", "        weight: 40\n        status: DISCHARGED\n")), ("unknown keys",), "unknown key 'status'", refused=True),
    Cheat("type the percentage", edits((SPEC, "title: A small spec\n", "title: A small spec\nship_percent: 100\n")), ("unknown keys",), "unknown key 'ship_percent'", refused=True),
    Cheat("type the version", edits((SPEC, "title: A small spec\n", "title: A small spec\nversion: 9.0.0\n")), ("unknown keys",), "unknown key 'version'", refused=True),
    Cheat("write the percentage into prose", after(edits((SPEC, "because: Lost text is lost.", "because: We ship 100 % already.")), amended("AC-SMALL-002", bump="patch")), ("lint",), "ship"),
    Cheat("write the percentage into an amendment", after(edits((SPEC, "because: Lost text is lost.", "because: Lost text stays lost.")), amended("AC-SMALL-002", bump="patch", why="We ship 100 % now.")), ("amendments are true",), "100 %"),
    Cheat("waive without an end", after(written("waivers/w.yaml", _WAIVER), amended(UNMEASURED, bump="patch")), ("waivers end", "lint"), "key 'expires' is missing", refused=True),
    Cheat("waive for ten years", after(lambda world: put_waiver(world.folder, "fails-0123456789ab", days=3650), amended(UNMEASURED, bump="patch")), ("lint",), "more than 90 days ahead"),
    Cheat("waive every gate", after(lambda world: put_waiver(world.folder, "fails-0123456789ab", gate="GATE-SMALL-*"), amended(UNMEASURED, bump="patch")), ("one gate a waiver", "waivers name a gate", *_NAMED, "amendments are true"), "'GATE-SMALL-*' is not written like", refused=True),
    Cheat("waive one's own failure", after(measured(UNMEASURED, **_FAILS), waived(), amended(UNMEASURED, bump="patch")), ("waivers of base",), "a waiver of it counts once it is on base"),
    Cheat("silence the rules", edits((SETTINGS, "[tool.specship]\n", '[tool.specship.lint]\nignore = ["SHIP4"]\n[tool.specship]\n')), _NAMED, "lint silences SHIP4"),
    Cheat("read other contracts", after(edits((SETTINGS, "[tool.specship]\n", '[tool.specship]\ncontracts = "other"\n'), ("specs/small/profiles/rehearsal.yaml", (REHEARSAL[REHEARSAL.index("overrides") :]), "")), written("other/README", "nothing\n")), (*_NAMED, "lint"), "GATE-SMALL-001 is gone"),
    Cheat("compare the change with itself", edits((CONTRACT, _LIMIT, "at_most: 4.7")), ("something is compared",), "is part of change already: there is nothing to hold against it", asked="change", refused=True),
    Cheat("say that no fault can break a limit", after(edits((CONTRACT, "[shared_digests, highest_jaccard]}", "[shared_digests]}\n    unfalsified: {highest_jaccard: It is hard.}")), measured()), _NAMED, "highest_jaccard"),
    Cheat("ask for CUDA no more", after(edits((CONTRACT, "    requires: {device: cuda}\n", "")), measured()), _NAMED, "GATE-SMALL-002", base="base-cuda"),
    Cheat("let evidence grow older", edits((RELEASED, "oldest_evidence_days: 30", "oldest_evidence_days: 3000")), _RISE, "evidence counts at release up to 3000 days, and did up to 30 days", base="base-aging"),
    Cheat("let evidence never age", edits((RELEASED, "oldest_evidence_days: 30\n", "")), _RISE, "evidence counts at release up to any age", base="base-aging"),
    Cheat("trust a key with more", edits((SETTINGS, 'purposes = ["arming"]', 'purposes = ["release", "arming"]')), _NAMED, "release", base="base-arming"),
    Cheat("trust a key for longer", edits((SETTINGS, "until = 2026-02-01", "until = 2036-02-01")), _NAMED, "2036-02-01", base="base-expired"),
    Cheat("take a revocation back", edits((SETTINGS, ", revoked = 2026-02-01", "")), _NAMED, "revoked", base="base-revoked"),
    Cheat("trust a key, and sign with it", after(lambda world: edit(world.folder / SETTINGS, f"[{trusting(world.key)}", f"[{trusting(world.key)}, {trusting(world.other)}"), lambda world: world.measure({}, world.other)), ("known signers", *_NAMED), "is not trusted"),
    Cheat("trust a key that verifies everything", lambda world: edit(world.folder / SETTINGS, f"[{trusting(world.key)}", f"[{trusting(world.key)}, {trusting('01' + '00' * 31)}"), ("keys of large order", *_NAMED), "is not usable as a public key", refused=True),
    Cheat("unbind a gate", after(edits((CONTRACT, "    binds_to: [AC-SMALL-002]\n", "    binds_to: [AC-SMALL-001]\n"))), (*_NAMED, "lint"), "GATE-SMALL-002 no longer speaks for AC-SMALL-002"),
    Cheat("write a laxer limit into prose", after(edits((CONTRACT, "rule: The held-out loss reaches the target.", "rule: The held-out loss is at most 4.7 nats/token.")), amended("GATE-SMALL-001", bump="patch")), ("lint",), "states the limit"),
    Cheat("write a figure into a criterion", after(edits((SPEC, "statement: The loss is low.", "statement: The loss is 4.7 or less.")), amended("AC-SMALL-001", bump="patch")), ("lint", "version moves"), "holds the figure"),
    Cheat("close advice that nobody followed", after(edits((SPEC, "because: Lost text is lost.", "because: Lost text stays lost.")), amended("AC-SMALL-002", bump="patch"), lambda world: edit(world.folder / "specs/small/amendments/0002-more.yaml", "changes:", "recommendations: [{what: Measure it., state: RESOLVED}]\nchanges:")), ("ends have pointers", "amendments are true"), "points to what made it so", refused=True),
    Cheat("take the arming away", removed("evidence/arming/GATE-SMALL-001.*"), ("arming",), "was armed on base, and its record is gone"),
    Cheat("lay junk among the evidence", written(f"evidence/{'0' * 64}.json", "{}"), ("ledger is whole",), "its bytes are not the ones its name promises"),
    Cheat("write a statement of base over", lambda world: [path.write_bytes(path.read_bytes() + b" ") for path in statements(world.folder, "GATE-SMALL-001")], ("ledger only grows", "ledger is whole"), "has other bytes than on base"),
    Cheat("delete a statement of base", forgotten, ("ledger only grows", "ledger is whole"), "is on base and not here"),
    Cheat("loosen a limit of a rehearsal", edits((REHEARSED, "at_most: 4.05", "at_most: 9.0")), (*_NAMED, "arming", "lint"), "\u2264 9 nats/token"),
    Cheat("drop a limit at a rehearsal", edits((REHEARSED, "    reason: A tiny model.\n", "    reason: A tiny model.\n    drop: [val_tokens]\n")), (*_NAMED, "arming"), "val_tokens"),
    Cheat("judge a criterion no more at a rehearsal", edits((REHEARSED, "pipeline:", "not_judged: {AC-SMALL-002: Later.}\npipeline:")), _NAMED, "AC-SMALL-002"),
    Cheat("train a rehearsal for fewer steps", edits((REHEARSED, "steps: 900", "steps: 90")), _NAMED, "training.steps 900 \u2192 90"),
)  # fmt: skip
