"""Each reason against a merge, in a change that has it and in one that nearly does; real repositories throughout."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

from specship.pull_request.deciding import REASONS, MergeQuestion, decide
from specship.report.schema.documents import schema_of
from tests.places import ROOT
from tests.processes import inside
from tests.projects.evidenced_project import day, put_waiver
from tests.projects.histories import history
from tests.projects.merging import CONTRACT, SPEC, UNMEASURED, Merging, amend, commit, statements
from tests.projects.small_project import edit
from tests.projects.sound_project import FILES, REHEARSAL, RELEASE
from tests.projects.trusting import trusting

SCHEMA = schema_of("gate")
RELEASED = "specs/small/profiles/release.yaml"
FAILS = {UNMEASURED: {"shared_digests": 3}}


@pytest.fixture(scope="module")
def merging(tmp_path_factory: pytest.TempPathFactory) -> Merging:
    return Merging(tmp_path_factory.mktemp("merging"), tmp_path_factory.mktemp("keys"))


def nothing(_: Merging) -> None:
    """Not even a commit."""


def readme(merging: Merging) -> None:
    (merging.folder / "README.md").write_text("Read me.\n")


def loosen(merging: Merging) -> None:
    edit(merging.folder / CONTRACT, "at_most: 2.2", "at_most: 4.7")


def loosen_and_measure(merging: Merging) -> None:
    loosen(merging)
    merging.measure({"GATE-SMALL-001": {"val_loss": 3.9}})


def loosen_and_say_so(merging: Merging) -> None:
    loosen_and_measure(merging)
    amend(merging.folder, "GATE-SMALL-001")


def loosen_and_name_another(merging: Merging) -> None:
    loosen_and_measure(merging)
    amend(merging.folder, "GATE-SMALL-002")


def tighten(merging: Merging) -> None:
    edit(merging.folder / CONTRACT, "at_most: 2.2", "at_most: 2.1")
    amend(merging.folder, "GATE-SMALL-001", bump="minor")


def tighten_and_arm(merging: Merging) -> None:
    tighten(merging)
    merging.measure({"GATE-SMALL-001": {"val_loss": 2.0}})


def reword(merging: Merging) -> None:
    edit(
        merging.folder / CONTRACT,
        "The held-out loss reaches the target.",
        "The held-out loss reaches its target.",
    )


def reword_and_say_so(merging: Merging) -> None:
    reword(merging)
    amend(merging.folder, "GATE-SMALL-001", bump="patch")


def figure_in_prose(merging: Merging) -> None:
    edit(merging.folder / SPEC, "The loss is low.", "The loss is 2.2 or less.")
    amend(merging.folder, "AC-SMALL-001")


def forget(merging: Merging) -> None:
    for path in statements(merging.folder, "GATE-SMALL-001"):
        path.unlink()


def forget_the_arming(merging: Merging) -> None:
    for path in (merging.folder / "evidence/arming").glob("GATE-SMALL-001.*"):
        path.unlink()


def touch_evidence(merging: Merging) -> None:
    for path in statements(merging.folder, "GATE-SMALL-001"):
        path.write_bytes(path.read_bytes() + b" ")


def junk(merging: Merging) -> None:
    (merging.folder / "evidence" / f"{'0' * 64}.json").write_text("{}")


def copy_under_another_name(merging: Merging) -> None:
    """Bytes that are sound, under a name that promises others."""
    (path,) = statements(merging.folder, "GATE-SMALL-001")
    (merging.folder / "evidence" / f"{'0' * 64}.json").write_bytes(path.read_bytes())


def measure_more(merging: Merging) -> None:
    merging.measure({})


def measured_by_a_stranger(merging: Merging) -> None:
    arming = {path: path.read_bytes() for path in (merging.folder / "evidence/arming").iterdir()}
    merging.measure({}, merging.other)
    for path in (merging.folder / "evidence/arming").iterdir():
        path.unlink()
    for path, data in arming.items():
        path.write_bytes(data)


def stranger_with_a_key(merging: Merging) -> None:
    measured_by_a_stranger(merging)
    edit(
        merging.folder / "pyproject.toml",
        "trusted_keys = [",
        f"trusted_keys = [{trusting(merging.other)}, ",
    )


def move_weight(merging: Merging) -> None:
    edit(merging.folder / SPEC, "weight: 60", "weight: 90")
    edit(merging.folder / SPEC, "weight: 40", "weight: 10")
    amend(merging.folder, "AC-SMALL-001", "AC-SMALL-002")


def fail(merging: Merging) -> None:
    merging.measure(FAILS)


def fail_and_waive(merging: Merging) -> None:
    fail(merging)
    put_waiver(merging.folder, failure(merging))


def fail_and_waive_and_say_so(merging: Merging) -> None:
    fail_and_waive(merging)
    amend(merging.folder, UNMEASURED, bump="patch")


def another_statement(merging: Merging) -> None:
    """Nobody can say whether it includes the one before."""
    edit(merging.folder / SPEC, "The loss is low.", "Nobody was harmed by it.")


def another_setting(merging: Merging) -> None:
    """One that nobody can order: it is measured otherwise."""
    edit(merging.folder / "specs/small/profiles/release.yaml", "patience: 5", "patience: 9")
    merging.measure({})


def another_setting_and_say_so(merging: Merging) -> None:
    another_setting(merging)
    amend(merging.folder, "release")


def swap_kinds(merging: Merging) -> None:
    """What was rehearsed is called the release, and the other way round; nothing else."""
    for name, text in (("rehearsal", RELEASE), ("release", REHEARSAL)):
        was = "release" if text is RELEASE else "rehearsal"
        path = merging.folder / f"specs/small/profiles/{name}.yaml"
        path.write_text(text.replace(f"profile: {was}", f"profile: {name}"))


def swap_kinds_and_say_so(merging: Merging) -> None:
    swap_kinds(merging)
    amend(merging.folder, "rehearsal", "release")


def drop_the_release(merging: Merging) -> None:
    (merging.folder / "specs/small/profiles/release.yaml").unlink()
    amend(merging.folder, "release")


def credit_twice(merging: Merging) -> None:
    """One measurement, which speaks for both criteria from now on, and the other gate waits for nobody."""
    edit(merging.folder / CONTRACT, "binds_to: [AC-SMALL-001]", "binds_to: [AC-SMALL-001, AC-SMALL-002]")
    text = (merging.folder / CONTRACT).read_text()
    first, _, second = text.rpartition("ship_blocking: true")
    (merging.folder / CONTRACT).write_text(f"{first}ship_blocking: false{second}")
    amend(merging.folder, "GATE-SMALL-001", UNMEASURED)


def list_the_trusted_key(merging: Merging) -> None:
    (merging.folder / "evidence/arming/keys.txt").write_text(f"{merging.key.public.hex()}\n")


class Case(NamedTuple):
    """A change, and what speaks against it; nothing where it passes."""

    act: Callable[[Merging], None]
    against: set[str] = set()
    options: tuple[str, ...] = ()


CASES = (
    Case(nothing),
    Case(readme),
    Case(loosen, {"weakening-not-named", "bump-too-small", "disarmed"}),
    Case(loosen_and_measure, {"weakening-not-named", "bump-too-small"}),
    Case(loosen_and_name_another, {"weakening-not-named", "amendment-untrue"}),
    Case(loosen_and_say_so),
    Case(tighten, {"disarmed"}),
    Case(tighten_and_arm),
    Case(tighten, {"disarmed", "below-floor"}, ("--fail-under", "base")),
    Case(tighten_and_arm, set(), ("--fail-under", "base")),
    Case(readme, {"below-floor"}, ("--fail-under", "60.5")),
    Case(readme, set(), ("--fail-under", "60")),
    Case(another_statement, {"weakening-not-named", "bump-too-small"}),
    Case(another_setting, {"weakening-not-named", "bump-too-small"}),
    Case(another_setting_and_say_so),
    Case(swap_kinds, {"weakening-not-named", "bump-too-small"}),
    Case(swap_kinds_and_say_so),
    Case(swap_kinds_and_say_so, {"below-floor"}, ("--fail-under", "60")),
    Case(drop_the_release),
    Case(drop_the_release, {"below-floor"}, ("--fail-under", "1")),
    Case(credit_twice, {"rise-without-evidence"}),
    Case(reword, {"bump-too-small"}),
    Case(reword_and_say_so),
    Case(figure_in_prose, {"lint-finding"}),
    Case(forget, {"evidence-lost", "evidence-damaged"}),
    Case(forget_the_arming, {"disarmed"}),
    Case(touch_evidence, {"evidence-lost", "evidence-damaged"}),
    Case(junk, {"evidence-damaged"}),
    Case(list_the_trusted_key, {"refused-key", "bump-too-small"}),
    Case(copy_under_another_name, {"evidence-damaged"}),
    Case(measure_more),
    Case(measured_by_a_stranger, {"unknown-signer"}),
    Case(stranger_with_a_key, {"unknown-signer", "weakening-not-named", "bump-too-small"}),
    Case(move_weight, {"rise-without-evidence"}),
    Case(fail, {"gate-fails"}),
    Case(fail_and_waive, {"gate-fails", "weakening-not-named"}),
    Case(fail_and_waive_and_say_so, {"gate-fails"}),
)


def failure(merging: Merging) -> str:
    """The fingerprint of what fails in what is checked out now."""
    commit(merging.folder, "to ask")
    (reason,) = (entry for entry in merging.gate()["reasons"] if entry["check"] == "gate-fails")
    return str(reason["says"].partition("(")[2].partition(")")[0])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.act.__name__}{' '.join(case.options)}")
def test_a_change_is_refused_for_its_reasons_and_no_others(case: Case, merging: Merging) -> None:
    merging.branch("change")
    case.act(merging)
    commit(merging.folder, "a change")

    answer = merging.gate(*case.options)
    status = answer.pop("status")

    jsonschema.validate(answer, SCHEMA)
    found = [(reason["weight"], reason["check"]) for reason in answer["reasons"]]
    assert {check for _, check in found} == case.against
    assert [weight for weight, _ in found] == sorted((weight for weight, _ in found), reverse=True)
    assert (status, answer["verdict"]) == ((1, "fail") if case.against else (0, "pass"))
    assert {entry["check"] for entry in answer["checks"] if entry["reasons"]} == case.against


def test_every_reason_has_a_change_that_fails_by_it() -> None:
    tried = {check for case in CASES for check in case.against} | {"waiver-unused"}

    assert tried == {name.replace("_", "-") for name in REASONS.names}


def test_the_page_lists_every_reason_heaviest_first() -> None:
    page = (ROOT / "docs/pull-requests.md").read_text().partition("## What fails")[2].partition("\n## ")[0]
    weights = {name.replace("_", "-"): REASONS.load(name).WEIGHT for name in REASONS.names}

    listed = re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE)
    assert listed == sorted(weights, key=lambda name: -weights[name])


def test_a_waiver_on_base_excuses_one_failure_and_raises_no_number(merging: Merging) -> None:
    merging.branch("to-ask")
    fail(merging)
    known = failure(merging)
    merging.branch("base-with-waiver")
    put_waiver(merging.folder, known)
    commit(merging.folder, "a waiver")

    merging.branch("change", "base-with-waiver")
    fail(merging)
    commit(merging.folder, "it fails")
    answer = merging.gate(base="base-with-waiver")
    assert (answer["status"], answer["reasons"], answer["weakenings"]) == (0, [], [])
    assert [(waiver["gate"], waiver["state"]) for waiver in answer["waivers"]] == [(UNMEASURED, "in force")]
    assert answer["ship_percent"][-1] == {
        "model": "MODEL-1",
        "profile": "release",
        "before": 60.0,
        "after": 60.0,
        "on_base": 60.0,
    }

    merging.measure({UNMEASURED: {"shared_digests": 3, "highest_jaccard": 0.99}})
    commit(merging.folder, "it fails in something else too")
    answer = merging.gate(base="base-with-waiver")
    assert [reason["check"] for reason in answer["reasons"]] == ["gate-fails", "waiver-unused"]

    merging.branch("change", "base-with-waiver")
    put_waiver(merging.folder, known, days=60)
    fail(merging)
    commit(merging.folder, "for longer")
    answer = merging.gate(base="base-with-waiver")
    assert [reason["check"] for reason in answer["reasons"]] == ["weakening-not-named", "gate-fails"]
    assert answer["weakenings"][0]["after"] == f"{known} until {day(60)}"


def test_a_failure_on_base_is_not_mended_by_a_byte_beside_it(merging: Merging) -> None:
    """What was measured is no longer what would be: the failure stands until somebody measures again."""
    merging.branch("base-failing")
    fail(merging)
    commit(merging.folder, "it fails")
    merging.branch("change", "base-failing")
    smaller_corpus(merging)
    amend(merging.folder, "release", bump="major")
    commit(merging.folder, "another corpus")

    answer = merging.gate(base="base-failing")
    assert [reason["check"] for reason in answer["reasons"]].count("gate-fails") == 1
    (reason,) = (reason for reason in answer["reasons"] if reason["check"] == "gate-fails")
    assert "fails on base at release" in reason["says"]
    assert "and is not measured here" in reason["says"]


def test_a_waiver_that_ended_on_base_excuses_nothing(merging: Merging) -> None:
    merging.branch("to-ask")
    fail(merging)
    known = failure(merging)
    merging.branch("base-with-old-waiver")
    put_waiver(merging.folder, known, days=-1)
    commit(merging.folder, "it was good for a while")

    merging.branch("change", "base-with-old-waiver")
    fail(merging)
    commit(merging.folder, "it fails")
    found = merging.gate(base="base-with-old-waiver")["reasons"]
    assert [(reason["check"], reason["id"]) for reason in found] == [
        ("gate-fails", UNMEASURED),
        ("lint-finding", "SHIP413"),
    ]
    assert (found[1]["path"], found[1]["line"]) == ("waivers/corpus.yaml", 6)


def test_a_waiver_that_nobody_needs_is_taken_away(merging: Merging) -> None:
    merging.branch("base-with-idle-waiver")
    path = put_waiver(merging.folder, "fails-0123456789ab", gate="GATE-SMALL-001")
    commit(merging.folder, "a waiver")

    merging.branch("change", "base-with-idle-waiver")
    commit(merging.folder, "anything")
    (reason,) = merging.gate(base="base-with-idle-waiver")["reasons"]
    assert (reason["check"], reason["path"], reason["line"]) == ("waiver-unused", "waivers/corpus.yaml", 1)

    path.unlink()
    commit(merging.folder, "take it away")
    assert merging.gate(base="base-with-idle-waiver")["status"] == 0


def test_a_floor_holds_where_nothing_was_ever_measured(tmp_path: Path) -> None:
    """And at a release of any name, which is shown."""
    named = {
        "specs/small/profiles/release.yaml": None,
        "specs/small/profiles/final.yaml": RELEASE.replace("profile: release", "profile: final"),
    }
    folder = history(tmp_path, {**FILES, **named}, {"head": {"README": "More words."}})  # fmt: skip

    found = decide(folder, MergeQuestion("base", "head", floor=0.5))
    assert [reason.check for reason in found.reasons] == ["below-floor"]
    assert [(entry.profile, entry.after) for entry in found.ship_percent] == [("final", 0.0)]
    assert decide(folder, MergeQuestion("base", "head", floor=0)).verdict == "pass"


def test_places_are_those_of_head(merging: Merging) -> None:
    merging.branch("change")
    edit(merging.folder / CONTRACT, "  # This comment stays.\n", "  # This comment\n  # grew.\n")
    loosen(merging)
    commit(merging.folder, "a change")

    found = {reason["check"]: (reason["path"], reason["line"]) for reason in merging.gate()["reasons"]}
    lines = (merging.folder / CONTRACT).read_text().splitlines()
    path, line = found["weakening-not-named"]
    assert path == CONTRACT
    assert "at_most: 4.7" in lines[line - 1]
    path, line = found["disarmed"]
    assert lines[line - 1] == "  - id: GATE-SMALL-001"


def smaller_corpus(merging: Merging) -> None:
    edit(merging.folder / RELEASED, "Apache-2.0}", "Apache-2.0, suffixes: [.txt]}")


@pytest.mark.parametrize(("act", "named"), [(forget, 0), (loosen, 2), (smaller_corpus, 1), (readme, 0)])
def test_evidence_that_counts_no_more_is_counted_once(
    merging: Merging, act: Callable[[Merging], None], named: int
) -> None:
    """Beside what a change of a demand makes stale stands what went stale without one, as by a lost file."""
    merging.branch("change")
    act(merging)
    commit(merging.folder, "a change")

    found = decide(merging.folder, MergeQuestion("base"))
    said = {stale for change in found.weakenings for stale in change.stales}
    assert (len(said), found.stales) == (named, named + (act is forget))


def test_a_new_name_hides_no_rise(merging: Merging) -> None:
    merging.branch("change")
    move_weight(merging)
    for name in (SPEC, CONTRACT):
        path = merging.folder / name
        path.write_text(path.read_text().replace("AC-SMALL-001", "AC-SMALL-009"))
    amend(merging.folder, "AC-SMALL-009", "AC-SMALL-002")
    commit(merging.folder, "renamed")

    (reason,) = merging.gate()["reasons"]
    assert reason["says"] == (
        "MODEL-1 at release rises from 60 % to 90 %, and new evidence explains 0 % of it"
    )


def test_base_moves_on_and_is_not_held_against_the_change(merging: Merging) -> None:
    """What was merged meanwhile is no part of the change."""
    merging.branch("moved-base")
    loosen_and_say_so(merging)
    commit(merging.folder, "somebody else's")
    merging.branch("change", "base")
    readme(merging)
    commit(merging.folder, "a change")

    answer = merging.gate(base="moved-base")
    assert (answer["status"], answer["changes"]) == (0, 0)


def revoke(merging: Merging) -> None:
    edit(merging.folder / "pyproject.toml", trusting(merging.key), trusting(merging.key, revoked=day(-1)))


def distrust(merging: Merging) -> None:
    edit(merging.folder / "pyproject.toml", trusting(merging.key), "")


def test_a_key_that_base_lost_meanwhile_signs_nothing(merging: Merging) -> None:
    """Whoever has a key that was revoked could begin a branch where it still counted."""
    merging.branch("change")
    merging.measure({})
    commit(merging.folder, "a change")
    assert merging.gate()["status"] == 0

    for act, why in ((revoke, "its date may be any"), (distrust, "is not trusted")):
        merging.branch("moved-base")
        act(merging)
        commit(merging.folder, "the key was stolen")
        merging.branch("change", "change")
        found = merging.gate(base="moved-base")["reasons"]
        assert {reason["check"] for reason in found} == {"unknown-signer"}
        assert all(why in reason["says"] for reason in found)


def test_what_base_had_before_a_key_was_revoked_still_counts(merging: Merging) -> None:
    merging.branch("moved-base")
    revoke(merging)
    commit(merging.folder, "the key was lost")
    merging.branch("change", "base")
    readme(merging)
    commit(merging.folder, "a change")

    answer = merging.gate("--fail-under", "60", base="moved-base")
    assert (answer["status"], answer["reasons"]) == (0, [])


def test_a_key_that_base_got_meanwhile_counts(merging: Merging) -> None:
    merging.branch("moved-base")
    known, other = trusting(merging.key), trusting(merging.other)
    edit(merging.folder / "pyproject.toml", known, f"{known}, {other}")
    commit(merging.folder, "one more")
    merging.branch("change", "base")
    merging.measure({}, merging.other)
    commit(merging.folder, "a change")

    assert {reason["check"] for reason in merging.gate(base="base")["reasons"]} == {"unknown-signer"}
    assert merging.gate(base="moved-base")["reasons"] == []


def test_a_waiver_that_base_took_back_meanwhile_excuses_nothing(merging: Merging) -> None:
    merging.branch("to-ask")
    fail(merging)
    known = failure(merging)
    merging.branch("waiving-base")
    path = put_waiver(merging.folder, known)
    commit(merging.folder, "a waiver")
    merging.branch("change", "waiving-base")
    fail(merging)
    commit(merging.folder, "it fails")
    merging.branch("moved-base", "waiving-base")
    path.unlink()
    commit(merging.folder, "nobody may fail any more")
    merging.branch("change", "change")

    assert merging.gate(base="waiving-base")["status"] == 0
    assert [reason["check"] for reason in merging.gate(base="moved-base")["reasons"]] == ["gate-fails"]


def test_a_base_that_cannot_be_read_now_decides_nothing(merging: Merging) -> None:
    merging.branch("moved-base")
    edit(merging.folder / "pyproject.toml", "trusted_keys = [", "trusted_keys = [7, ")
    commit(merging.folder, "broken")
    merging.branch("change", "base")
    readme(merging)
    commit(merging.folder, "a change")

    done = inside(merging.folder, "gate", "--base", "moved-base")
    assert done.returncode == 2
    assert "moved-base:pyproject.toml" in done.stderr


def test_what_is_staged_is_held_against_head(merging: Merging) -> None:
    merging.branch("change")
    loosen(merging)
    assert merging.gate("--staged", base="HEAD")["status"] == 0

    merging_add(merging.folder)
    answer = merging.gate("--staged", base="HEAD")
    assert (answer["status"], answer["head"], answer["head_commit"]) == (1, "the index", None)


def merging_add(folder: Path) -> None:
    from tests.projects.histories import git

    git(folder, "add", "-A")
