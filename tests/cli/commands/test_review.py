"""`specship review` as a person runs it: its faces, its exit status, and what really happened once."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import jsonschema
import pytest

from specship.report.schema.documents import schema_of, schema_text
from tests.places import ROOT
from tests.processes import inside
from tests.projects.histories import history
from tests.review.cases import BASE, CASES, SMALL, SPEC_FILE

LOOSER = CASES["a looser limit"].applied()
NAMED = "bump: {bump}\nafter: 1.0.0\nwhy: The target was too hard.\nchanges: [{{id: {id}, what: A looser limit.}}]\n"
SECOND_AMENDMENT = "specs/small/amendments/0002-looser.yaml"


def amended(bump: str, identity: str) -> Mapping[str, str | None]:
    return {**LOOSER, SECOND_AMENDMENT: NAMED.format(bump=bump, id=identity)}


CREDITED_TWICE = BASE[SMALL].replace(
    "binds_to: [AC-SMALL-002]", "binds_to: [AC-SMALL-001, AC-SMALL-002]"
)  # one benchmark, credited to two criteria
BRANCHES: dict[str, Mapping[str, str | None]] = {
    "looser": LOOSER,
    "named": amended("major", "GATE-SMALL-001"),
    "not-named": amended("major", "GATE-SMALL-002"),
    "too-small": amended("minor", "GATE-SMALL-001"),
    "prose": {SMALL: BASE[SMALL].replace("reaches the target", "reaches what was asked for")},
    "prose-amended": {
        SMALL: BASE[SMALL].replace("reaches the target", "reaches what was asked for"),
        SECOND_AMENDMENT: NAMED.format(bump="patch", id="GATE-SMALL-001"),
    },
    "same": {"readme": "Nothing of this is ours."},
    "credited": {SMALL: CREDITED_TWICE},
    "exchanged": CASES["two criteria exchange their ids"].applied(),
    "broken": {SMALL: "gates: ["},
    "odd": {SPEC_FILE: BASE[SPEC_FILE].replace("The loss is low.", "The | loss <b>is</b> *low*.")},
}


FACES = ((), ("--format", "markdown"), ("--format", "json"))


@pytest.fixture(scope="module", autouse=True)
def _own_answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No answer is recalled from, or left in, the folder of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("answers")))
        yield


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return history(tmp_path_factory.mktemp("review"), BASE, BRANCHES)


@pytest.mark.parametrize(
    ("branch", "status"),
    [("looser", 1), ("named", 0), ("not-named", 1), ("too-small", 1), ("prose", 1), ("prose-amended", 0), ("same", 0), ("broken", 2)],
)  # fmt: skip
def test_what_is_not_declared_ends_with_1(repository: Path, branch: str, status: int) -> None:
    done = inside(repository, "review", f"base..{branch}")

    assert done.returncode == status, done.stdout + done.stderr
    assert bool(done.stderr) == (status == 2)


def test_an_unreadable_head_says_which_file_and_where(repository: Path) -> None:
    done = inside(repository, "review", "base..broken")

    assert done.stderr.startswith(f"broken:{SMALL}:2:1 SHIP104 not YAML")
    assert done.stdout == ""


def test_json_is_of_the_published_form(repository: Path) -> None:
    found = json.loads(inside(repository, "review", "base..looser", "--format", "json").stdout)

    jsonschema.validate(found, schema_of("review"))
    assert schema_text("review") == (ROOT / "schemas" / "review.schema.json").read_text()
    (change,) = found["changes"]
    assert (found["base"], found["head"], found["required_bump"], found["declared_bump"]) == (
        "base",
        "looser",
        "major",
        "none",
    )
    assert (change["id"], change["kind"], change["direction"], change["before"], change["after"], change["path"], change["line"]) == (
        "GATE-SMALL-001", "limit", "weakened", "≤ 2.2 nats/token", "≤ 4.7 nats/token", SMALL, 15,
    )  # fmt: skip
    assert change["stales"] == [
        {"gate": "GATE-SMALL-001", "model": "*", "profile": "release", "what": what}
        for what in ("evidence", "arming")
    ]
    assert {(one["model"], one["profile"], one["before"], one["after"]) for one in found["ship_percent"]} == {
        ("MODEL-1", "rehearsal", 0, 0), ("MODEL-1", "release", 0, 0),
    }  # fmt: skip


def test_the_loosened_limit_that_really_happened(repository: Path) -> None:
    """A target of 2.2 nats became 4.7 in the change that then met it, and no word said so."""
    text = inside(repository, "review", "base..looser").stdout

    assert text.splitlines()[:5] == [
        "base → looser: 1 weakened", "", "WEAKENED",
        "  GATE-SMALL-001: val_loss ≤ 2.2 nats/token → ≤ 4.7 nats/token",
        f"      {SMALL}:15; stale: evidence and arming at release",
    ]  # fmt: skip
    assert "named by no new amendment: GATE-SMALL-001" in text


def test_the_exchanged_ids_that_really_happened(repository: Path) -> None:
    text = inside(repository, "review", "base..exchanged").stdout

    assert (
        "what was AC-SMALL-001 is called AC-SMALL-002, which meant something else before: Held-out text"
        in text
    )


def test_the_benchmark_that_was_credited_twice(repository: Path) -> None:
    text = inside(repository, "review", "base..credited").stdout

    assert "GATE-SMALL-002 speaks for AC-SMALL-001: one measurement is credited 2 times" in text


def test_markdown_holds_nothing_that_a_page_would_take_for_its_own(repository: Path) -> None:
    text = inside(repository, "review", "base..odd", "--format", "markdown").stdout

    assert "<b>" not in text
    assert all(
        len(re.findall(r"(?<!\\)\|", line)) == 4 for line in text.splitlines() if line.startswith("| AC")
    )


def test_the_page_shows_what_is_printed(repository: Path) -> None:
    """Every screen of the page is made again."""
    blocks = re.findall(
        r"```(?:text|markdown|json)\n(.*?)```", (ROOT / "docs" / "review.md").read_text(), re.DOTALL
    )
    shown = [inside(repository, "review", "base..looser", *more).stdout for more in FACES]
    whole = json.loads(shown.pop())

    assert blocks[:2] == shown
    assert json.loads(blocks[2]) == {**whole, "base_commit": "…", "head_commit": "…"}
