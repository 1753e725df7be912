"""`specship evidence audit`: each guard, in a project that has it and in one that has not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from specship.evidence.ledger import read_ledger
from specship.evidence.signing import SigningKey, local_key
from specship.suite.trust_audit.auditing import GUARDS
from tests.cheats.statements import resealed, told
from tests.processes import inside, run_pytest
from tests.projects.evidenced_project import put_waiver
from tests.projects.histories import git
from tests.projects.merging import CONTRACT, UNMEASURED, Merging, statements
from tests.projects.small_project import edit, make_project
from tests.projects.trusting import trusting

RELEASE = "specs/small/profiles/release.yaml"
Act = Callable[[Merging], object]


def audited(folder: Path) -> dict[str, dict[str, Any]]:
    done = inside(folder, "evidence", "audit", "--format", "json")
    assert done.returncode == 0, done.stderr
    return {guard["guard"]: guard for guard in json.loads(done.stdout)["guards"]}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Merging:
    return Merging(tmp_path_factory.mktemp("audited"), tmp_path_factory.mktemp("keys"))


def bounded(world: Merging) -> None:
    path = world.folder / RELEASE
    path.write_text(f"oldest_evidence_days: 30\n{path.read_text()}")


def asked(world: Merging) -> None:
    path = world.folder / ".github/workflows/ship.yml"
    path.parent.mkdir(parents=True)
    path.write_text("jobs: {ship: {steps: [{run: specship gate --base main}]}}\n")


def mentioned(world: Merging) -> None:
    path = world.folder / ".github/workflows/ship.yml"
    path.parent.mkdir(parents=True)
    path.write_text("jobs: {ship: {steps: [{run: specship status}]}}\n")


def damaged(world: Merging) -> None:
    path = statements(world.folder, "GATE-SMALL-001")[0]
    path.write_bytes(path.read_bytes() + b" ")


def disarmed(world: Merging) -> None:
    for path in (world.folder / "evidence/arming").glob("GATE-SMALL-001.*"):
        path.unlink()


def all_disarmed(world: Merging) -> None:
    for path in (world.folder / "evidence/arming").iterdir():
        path.unlink()


def unshipped(world: Merging) -> None:
    (world.folder / RELEASE).unlink()


def ended(world: Merging) -> None:
    put_waiver(world.folder, "fails-0123456789ab", days=-1)


def own_key(world: Merging) -> SigningKey:
    """What a session signs with in this checkout."""
    return local_key(world.folder / ".specship")


def self_trusting(world: Merging) -> None:
    edit(world.folder / "pyproject.toml", f"[{trusting(world.key)}]", f"[{trusting(own_key(world))}]")


def distrusting(world: Merging) -> None:
    edit(world.folder / "pyproject.toml", f"[{trusting(world.key)}]", f"[{trusting(world.key, 'rehearsal')}]")


def expired(world: Merging) -> None:
    edit(
        world.folder / "pyproject.toml",
        f"[{trusting(world.key)}]",
        f"[{trusting(world.key, until='2026-02-01')}]",
    )


def by_a_stranger(world: Merging) -> None:
    world.measure({}, world.other)


def twice(world: Merging) -> None:
    world.measure({})


def thrown_away(world: Merging) -> None:
    world.measure({})
    for path in statements(world.folder, UNMEASURED):
        path.unlink()


def relaxed(world: Merging) -> None:
    resealed(told(bypasses={"allow-cpu": "It is late."}), lambda it: it.key)(world)


def unstated(world: Merging) -> None:
    ledger = read_ledger([world.folder / "evidence"], keys=frozenset())
    for entry in ledger.artifacts:
        (world.folder / "evidence" / f"{entry.digest}.json").unlink()


def changed(world: Merging) -> None:
    edit(world.folder / CONTRACT, "# This comment stays.", "# This comment went.")


def nothing(_: Merging) -> None:
    """As it is."""


@pytest.mark.parametrize(
    ("guard", "act", "state", "says"),
    [
        ("age-of-evidence", nothing, "in part", "release: evidence counts however old it is"),
        ("age-of-evidence", bounded, "in force", "release 30 days"),
        ("age-of-evidence", unshipped, "not here", "no profile is of the kind"),
        ("announced-attempts", nothing, "in force", "1 attempts were announced"),
        ("announced-attempts", thrown_away, "in force", "1 attempts have no result: nothing counts"),
        ("bound-to-today", nothing, "in force", "stage statements say which bytes are today's"),
        ("bound-to-today", unstated, "in part", "no stage statement says which bytes are today's"),
        ("bounded-waivers", nothing, "in force", "0 waivers"),
        ("committed-files", nothing, "in force", "every file that counts is that of commit"),
        ("committed-files", changed, "in force", "1 file differs from the commit"),
        ("nothing-relaxed", nothing, "in force", "none taken with a check relaxed"),
        ("nothing-relaxed", relaxed, "in force", "1 statement was taken with a check relaxed"),
        ("project-code-apart", nothing, "in force", "probes are not ours: read as text here"),
        ("real-device", nothing, "in force", "0 of 2 gates ask for CUDA"),
        ("shown-and-judged", nothing, "in part", "no session has left a receipt here"),
        ("signed-statements", nothing, "in force", "each signed by a key known here"),
        ("signed-statements", by_a_stranger, "in part", "entries are signed by no key known here"),
        ("trusted-keys", nothing, "in force", "1 keys may sign a release today: Somebody"),
        ("trusted-keys", self_trusting, "in part", "is refused for release and arming"),
        ("trusted-keys", distrusting, "not here", "no key may sign a release"),
        ("trusted-keys", expired, "in part", "the days of every key that may sign a release are over"),
        ("worst-wins", nothing, "in force", "0 gates were measured more than once"),
        ("worst-wins", twice, "in force", "1 gates were measured more than once"),
        ("bounded-waivers", ended, "in part", "1 waivers have ended"),
        ("judged-again", nothing, "in force", "1 statement is judged anew"),
        ("named-weakenings", nothing, "in part", "no pipeline of this repository is seen to ask it"),
        ("named-weakenings", mentioned, "in part", "no pipeline of this repository is seen to ask it"),
        ("named-weakenings", asked, "in force", "asked by .github/workflows/ship.yml"),
        ("seen-to-fail", nothing, "in force", "all 2 gates were seen to fail"),
        ("seen-to-fail", disarmed, "in part", "saw 1 of 2 gates fail: they count for nothing"),
        ("seen-to-fail", all_disarmed, "not here", "saw 2 of 2 gates fail: they count for nothing"),
        ("seen-to-fail", unshipped, "not here", "no profile is of the kind"),
        ("strict-reading", nothing, "in force", "1 contract was read"),
        ("whole-ledger", nothing, "in force", "none missing and none damaged"),
        ("whole-ledger", damaged, "in force", "1 statement is missing or damaged: nothing counts"),
    ],
    ids=lambda value: value.__name__ if callable(value) else str(value).replace(" ", "-")[:30],
)
def test_a_guard_as_it_stands_in_a_project(
    world: Merging, guard: str, act: Act, state: str, says: str
) -> None:
    world.branch("audited")
    act(world)

    found = audited(world.folder)[guard]
    assert (found["state"], says in found["says"]) == (state, True), found
    assert found["against"].endswith(".")
    assert bool(found["mend"]) == (state != "in force" or act in {damaged, thrown_away, changed, relaxed})


def test_a_session_leaves_what_the_audit_looks_for(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    run_pytest(project, "-m", "ship", "-k", "GATE-SMALL-003")
    guard = audited(project)["shown-and-judged"]

    assert guard["state"] == "in force"
    assert "1 sessions left receipts; the last named 3 gates" in guard["says"]


def test_where_there_is_no_git_nothing_is_compared(world: Merging, tmp_path: Path) -> None:
    world.branch("audited")
    folder = tmp_path / "exported"
    folder.mkdir()
    git(world.folder, "archive", "-o", str(tmp_path / "a.tar"), "HEAD")
    import tarfile

    with tarfile.open(tmp_path / "a.tar") as archive:
        archive.extractall(folder, filter="data")

    assert audited(folder)["named-weakenings"]["state"] == "not here"


def test_the_text_counts_and_shows_what_is_missing_first(world: Merging) -> None:
    world.branch("audited")
    edit(world.folder / "pyproject.toml", "[tool.specship]\n", "[tool.specship]\n")
    all_disarmed(world)
    lines = inside(world.folder, "evidence", "audit").stdout.splitlines()

    assert lines[0].endswith(" 1 not here")
    assert lines[2] == "\u2717 seen-to-fail: not here"
    assert {line.split(":")[0][2:] for line in lines if line[:1] in {"\u2717", "~", "\u2713"}} == {
        name.replace("_", "-") for name in GUARDS.names
    }
