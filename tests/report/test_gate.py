"""The faces of a decision: weakenings first, bounded, on the right lines, and deaf to what a change writes."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from specship.pull_request.records import MergeCheck, MergeDecision, Reason, fingerprint_of
from specship.report.formats import GATE, Display, names, render
from specship.report.schema.documents import schema_of
from specship.review.records import Change, Direction, ShipPercent, Spot
from specship.status.report import WaiverReport
from tests.report.test_lint import SARIF

EVIL = "a|b `c` <img src=x> [l](http://x) **d** @all\n::error::e \x1b[2J %0A"


def reason(check: str, weight: int, says: str, line: int | None = 7) -> Reason:
    path = "contracts/a,b:c-v1.yaml" if line else None
    return Reason(
        check=check, weight=weight, id="GATE-A-001", says=says, why="It is a promise.", mend="take it back", path=path,
        line=line, fingerprint=fingerprint_of(check, "GATE-A-001", path, says),
    )  # fmt: skip


def weakening(identity: str, says: str, *, gone: bool = False) -> Change:
    spot = Spot(path="contracts/a-v1.yaml", line=12)
    return Change(
        id=identity, about="gate", kind="removed" if gone else "limit", says=says, bump="major",
        direction=Direction.REMOVED if gone else Direction.WEAKENED, before="≤ 2.2 nats/token", after=None if gone else "≤ 4.7 nats/token",
        path=spot.path, line=spot.line, base=spot, head=None if gone else spot,
    )  # fmt: skip


WAIVER = WaiverReport(
    gate="GATE-A-003", fingerprint="fails-0123456789ab", profile="release", state="in force", owner="ada@example.org",
    reason="It comes on Thursday.", issue="https://example.org/issues/7", expires="2027-01-31", days_left=30,
    path="waivers/a.yaml", line=1,
)  # fmt: skip
NUMBERS = (ShipPercent(model="MODEL-1", profile="release", before=60, after=90, on_base=60),)
REASONS = (
    reason("weakening-not-named", 100, "its limit is looser", 12),
    reason("gate-fails", 80, "GATE-A-003 fails"),
    reason("evidence-lost", 95, "a statement is gone", None),
)
CHECKS = tuple(
    MergeCheck(check=name, why="It is a promise.", reasons=count)
    for name, count in (("weakening-not-named", 1), ("evidence-lost", 1), ("gate-fails", 1), ("disarmed", 0))
)


def decision(**changes: Any) -> MergeDecision:
    """A change with a weakening of each kind, a waiver, and three reasons."""
    facts: dict[str, Any] = {
        "verdict": "fail", "base": "main", "head": "HEAD", "base_commit": "1" * 40, "head_commit": "2" * 40,
        "required_bump": "major", "declared_bump": "none", "unnamed": ("GATE-A-001",),
        "weakenings": (weakening("GATE-A-001", "its limit is looser"), weakening("GATE-A-002", "it is asked no more", gone=True)),
        "waivers": (WAIVER,), "reasons": tuple(sorted(REASONS, key=lambda entry: -entry.weight)), "checks": CHECKS,
        "ship_percent": NUMBERS, "changes": 2, "stales": 4,
    }  # fmt: skip
    return MergeDecision.model_validate(facts | changes)


PASSED = decision(verdict="pass", reasons=(), weakenings=(), unnamed=(), waivers=(), checks=())
MANY = decision(
    reasons=tuple(reason("lint-finding", 40, f"finding {number}", number) for number in range(1, 60))
)


def test_the_formats() -> None:
    assert names(GATE) == ("text", "github", "gitlab", "json", "junit", "markdown", "sarif")


@pytest.mark.parametrize("name", names(GATE))
def test_a_weakening_is_first_then_the_exceptions_on_every_face(name: str) -> None:
    """Beside a heading, nothing stands before them."""
    said = render(GATE, name, decision())
    places = [
        said.find(word) for word in ("its limit is looser", "fails-0123456789ab", "a statement is gone")
    ]

    assert -1 not in places
    assert places == sorted(places)
    if name == "json":
        assert said.index('"weakenings"') < said.index('"verdict"')


@pytest.mark.parametrize("name", names(GATE))
def test_what_passes_says_so(name: str) -> None:
    said = render(GATE, name, PASSED)

    assert {
        "json": '"verdict": "pass"', "sarif": '"results": []', "gitlab": "[]", "junit": 'failures="0"',
    }.get(name, "PASS: nothing speaks against merging HEAD into main") in said  # fmt: skip


def test_text() -> None:
    assert render(GATE, "text", decision()) == (
        "WEAKENED GATE-A-001: its limit is looser: ≤ 2.2 nats/token → ≤ 4.7 nats/token (no amendment names it, contracts/a-v1.yaml:12)\n"
        "REMOVED GATE-A-002: it is asked no more: ≤ 2.2 nats/token → nothing (named by an amendment, contracts/a-v1.yaml:12)\n"
        "waiver in force: GATE-A-003 fails at release (fails-0123456789ab); until 2027-01-31, 30 d left; ada@example.org: It comes on Thursday. https://example.org/issues/7\n"
        "FAIL: 3 reasons against merging HEAD into main (111111111111)\n"
        "  weakening-not-named It is a promise.\n"
        "    contracts/a,b:c-v1.yaml:12 its limit is looser\n"
        "      mend: take it back\n"
        "  evidence-lost It is a promise.\n"
        "    a statement is gone\n"
        "      mend: take it back\n"
        "  gate-fails It is a promise.\n"
        "    contracts/a,b:c-v1.yaml:7 GATE-A-003 fails\n"
        "      mend: take it back\n"
        "  MODEL-1 release: 60 % → 90 % (by base's demands 60 %)\n"
        "changes: 2, which demand a major step, and amendments declare no step of the version; evidence and arming made stale: 4, new: 0\n"
    )


def test_text_obeys_nothing() -> None:
    said = render(GATE, "text", decision(reasons=(reason("gate-fails", 80, EVIL),)), Display(colour=False))

    assert "\\x1b[2J" in said
    assert "\x1b" not in said
    assert "[l](http://x)" in said


def test_github_annotates_lines_that_head_has() -> None:
    lines = render(GATE, "github", decision(reasons=(*REASONS, reason("gate-fails", 80, EVIL)))).splitlines()

    assert (
        lines[0]
        == "::error file=contracts/a%2Cb%3Ac-v1.yaml,line=12,title=specship weakening-not-named::its limit is looser (take it back)"
    )
    assert lines[1].startswith(
        "::warning title=specship weakening::REMOVED GATE-A-002"
    )  # it has no line any more
    assert lines[2].startswith(
        "::warning file=waivers/a.yaml,line=1,title=specship waiver::waiver in force: GATE-A-003"
    )
    assert "::error title=specship evidence-lost::a statement is gone (take it back)" in lines
    evil = next(line for line in lines if "<img" in line)
    assert evil.startswith("::error file=")
    assert "%0A::error::e \\x1b[2J %250A" in evil
    assert sum(line.startswith("::") for line in lines) == 6


def test_github_says_how_much_is_hidden() -> None:
    assert "GitHub hides 49 of them: it shows 10 errors and 10 warnings a step" in render(
        GATE, "github", MANY
    )
    assert "hides" not in render(GATE, "github", decision())


def test_markdown_is_bounded_and_says_how_much_is_left_out() -> None:
    said = render(GATE, "markdown", MANY)

    assert "29 of 59 reasons are left out here" in said
    assert said.count("`lint-finding`") == 30
    many = decision(
        reasons=tuple(reason("lint-finding", 40, "x" * 5000) for _ in range(500)),
        weakenings=tuple(weakening(f"GATE-A-{n:03}", "y" * 5000) for n in range(500)),
        waivers=(WAIVER.model_copy(update={"reason": "z" * 5000}),) * 500,
    )
    assert len(render(GATE, "markdown", many).encode()) < 100_000


def test_markdown_is_deaf_to_markdown() -> None:
    said = render(GATE, "markdown", decision(reasons=(reason("gate-fails", 80, EVIL),)))

    (row,) = (line for line in said.splitlines() if "img" in line)
    assert r"a\|b \`c\` \<img src=x\> \[l\](http://x) \*\*d\*\* \@all ::error::e" in row
    assert "\x1b" not in said


def _sarif() -> Any:
    """The structure of the standard, with other names of rules, and with suppressions."""
    structure = json.loads(json.dumps(SARIF).replace("^SHIP[1-4][0-9]{2}$", "^[a-z-]+$"))
    result = structure["$defs"]["result"]
    kinds = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["inSource", "external"]}},
    }
    result["properties"]["suppressions"] = {"type": "array", "items": kinds}
    return structure


def test_sarif_has_the_structure_of_the_standard() -> None:
    log = json.loads(render(GATE, "sarif", decision()))
    Draft202012Validator(_sarif()).validate(log)
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    rows = run["results"]

    assert [rules[row["ruleIndex"]] for row in rows] == [row["ruleId"] for row in rows]
    assert [row["ruleId"] for row in rows] == [
        "weakening-not-named",
        "weakening-named",
        "gate-waived",
        "evidence-lost",
        "gate-fails",
    ]
    assert [row["ruleId"] for row in rows if "suppressions" in row] == ["gate-waived"]
    assert (
        rows[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "pyproject.toml"
    )  # it has no line any more
    place = rows[0]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (
        "contracts/a%2Cb%3Ac-v1.yaml",
        12,
    )
    assert len({row["partialFingerprints"]["specship/v1"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("state", "status"),
    [("in force", "accepted"), ("waiting", "underReview"), ("expired", "rejected"), ("unused", "rejected"), ("too broad", "rejected")],
)  # fmt: skip
def test_only_a_waiver_in_force_suppresses(state: str, status: str) -> None:
    """Every one is shown; one that the change itself adds is not accepted yet."""

    def told(**facts: Any) -> Any:
        waiver = WAIVER.model_copy(update={"state": state})
        log = json.loads(render(GATE, "sarif", decision(waivers=(waiver,), **facts)))
        (row,) = (row for row in log["runs"][0]["results"] if row["ruleId"] == "gate-waived")
        return row["suppressions"][0]["status"]

    own = decision().weakenings[0].model_copy(update={"about": "waiver", "path": WAIVER.path})
    assert told() == status
    assert told(weakenings=(own,)) == ("underReview" if status == "accepted" else status)


def test_fingerprints_stay_while_lines_move() -> None:
    moved = reason("gate-fails", 80, "GATE-A-003 fails", 70)

    assert moved.fingerprint == REASONS[1].fingerprint
    assert moved.fingerprint != reason("gate-fails", 80, "GATE-A-004 fails").fingerprint


def test_junit_counts_what_passes_too() -> None:
    told = decision(reasons=(*REASONS, reason("gate-fails", 80, EVIL + "\ufffe")))
    suite = ET.fromstring(render(GATE, "junit", told))[0]  # noqa: S314 - ours
    cases = {case.get("name"): case for case in suite.iter("testcase")}

    assert (suite.get("tests"), suite.get("failures")) == ("4", "3")
    assert list(cases) == ["weakening-not-named", "evidence-lost", "gate-fails", "disarmed"]
    assert cases["disarmed"].find("failure") is None
    failure = cases["gate-fails"].find("failure")
    assert failure is not None
    assert (failure.get("message") or "").startswith("2 reasons: GATE-A-003 fails")
    assert "<img src=x>" in (failure.text or "")
    assert (cases["weakening-not-named"].get("file"), cases["weakening-not-named"].get("line")) == (
        "contracts/a,b:c-v1.yaml",
        "12",
    )
    assert "waiver in force" in (suite.findtext("system-out") or "")


def test_gitlab_has_what_its_page_asks_for() -> None:
    rows = json.loads(render(GATE, "gitlab", decision()))

    for row in rows:
        assert set(row) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert row["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert row["location"]["lines"]["begin"] >= 1
    assert [row["severity"] for row in rows] == ["blocker", "minor", "info", "blocker", "critical"]
    assert len({row["fingerprint"] for row in rows}) == len(rows)


def test_json_is_the_record() -> None:
    told = json.loads(render(GATE, "json", decision()))

    Draft202012Validator(schema_of("gate")).validate(told)
    assert MergeDecision.model_validate(told) == decision()
