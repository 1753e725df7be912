"""The page: everything stands on it as text, nothing of a project becomes markup, nothing comes from outside."""

import itertools
import re
from collections import Counter

import pytest

from specship.report.formats import SHIP, Display, render
from specship.status.exhibits import Exhibits
from specship.status.report import Report
from tests.report.page_reading import ReadPage, read_page
from tests.report.shown_reports import exhibits, hostile, run, shown


def page_of(report: Report) -> ReadPage:
    return read_page(render(SHIP, "html", report))


PAGE = page_of(shown())


@pytest.mark.parametrize(
    "said",
    [
        "25 %", "profile release", "of what a release demands is shown",
        "2 of 6 criteria discharged; at most 80 % can be judged",
        "AC-A-002 (20 %): GATE-A-002: 3.5",
        "Not judged at this profile: AC-A-005 (weight 20)",
        "MODEL-1 release 20 % → 25 %", "GATE-A-001 weakened: 2.2 was 2.0", "1 verdict changed, 0 gates",
        "val_loss 2.3 nats/token → 2.1 nats/token",
        "ledger: a file is damaged", "waiver in force: GATE-A-002 fails at release", "accepted (1 gate, such as",
        "1 entry that no known key signed", "evidence that no known key signed GATE-A-007",
        "Ada (release)",
        "0.1 nats/token inside (4.55 %)", "does not hold", "1.3 nats/token outside (59.1 %)", "2.05 … 2.15 at 95 %",
        "3 measurements in the ledger", "another limit or probe",
        "frozen-weights breaks val_loss", "not armed never seen", "shown above",
        "wrap at step 9, resume at step 20", "training loss\t1\t7", "held-out loss\t30\t2.1\t± 0.05",
        "they diverge first in block 1", "1\t0.02", "block 1\t0.3\t1e-06\tdiverges", "not finite",
        "HumanEval/1: failed:assertion 1, passed 1", "3 problems; samples: passed 3, failed:assertion 1, failed:timeout 1",
        "release: 6 s of stages", "unsigned", "specship next --profile release", "specship explain GATE-A-002",
        "44 entries of the ledger", "with files that are not committed",
    ],
)  # fmt: skip
def test_it_says(said: str) -> None:
    assert " ".join(said.split()) in PAGE.text


def test_it_is_sound() -> None:
    ids = Counter(PAGE.all("id"))

    assert not PAGE.wrong
    assert max(ids.values()) == 1
    assert {href[1:] for href in PAGE.all("href") if href.startswith("#")} <= ids.keys()
    assert set(PAGE.all("aria-labelledby")) <= ids.keys()
    assert ("html", {"lang": "en"}) in PAGE.elements
    tags = Counter(tag for tag, _ in PAGE.elements)
    assert all(tags[tag] == 1 for tag in ("h1", "header", "main", "footer", "nav"))
    levels = [int(tag[1]) for tag, _ in PAGE.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 or after <= 4 for before, after in itertools.pairwise(levels))


def test_every_drawing_says_what_it_shows() -> None:
    drawings = [attributes for tag, attributes in PAGE.elements if tag == "svg"]

    assert len(drawings) >= 8
    assert all(one.get("role") == "img" and one.get("aria-label") for one in drawings)


def test_nothing_comes_from_outside_and_nothing_runs() -> None:
    text = render(SHIP, "html", shown())
    tags = {tag for tag, _ in PAGE.elements}

    assert not tags & {"script", "iframe", "object", "embed", "img", "form", "base"}
    assert not any(re.match("on", name) for _, attributes in PAGE.elements for name in attributes)
    assert not any(re.match(r"(?i)[a-z]+:", href) for href in PAGE.all("href") if href != "data:,")
    assert not PAGE.all("src")
    assert not re.search(r"@import|url\(", text)
    assert "default-src 'none'" in text


def test_evidence_is_linked_from_wherever_the_page_lies() -> None:
    far = read_page(render(SHIP, "html", shown(), Display(up="../../there/")))

    assert "../.specship/ledger/eee.json" in PAGE.all("href")
    assert "../../there/.specship/ledger/eee.json" in far.all("href")
    assert f"sha256:{'e' * 64}" in PAGE.all("title")


def test_hostile_text_stays_text() -> None:
    page = page_of(hostile())
    text = render(SHIP, "html", hostile())

    assert not page.wrong
    assert "script" not in {tag for tag, _ in page.elements}
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "<script>alert(1)</script>" in page.text
    assert "⟨U+202E⟩gnp.exe⟨U+2066⟩" in page.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert max(Counter(page.all("id")).values()) == 1
    assert {href[1:] for href in page.all("href") if href.startswith("#")} <= set(page.all("id"))
    text.encode("utf-8")


def test_a_name_of_a_hundred_thousand_letters_is_cut_and_says_so() -> None:
    text = render(SHIP, "html", hostile("x" * 100_000))

    assert "more characters" in text
    assert "x" * 4_001 not in text


def test_nothing_irregular_is_said_too() -> None:
    bare = shown(waivers=(), problems=(), exhibits=exhibits(foreign=()))
    clean = bare.model_copy(update={"models": (bare.models[0].model_copy(update={"criteria": ()}),)})
    page = page_of(clean)

    assert (
        "No problem with ledger or artifacts, no waiver, no bypass, no unsigned or foreign evidence."
        in page.text
    )


def test_a_report_without_exhibits_is_a_page() -> None:
    page = page_of(shown(exhibits=None))

    assert not page.wrong
    assert "Nobody looked" in page.text


def test_a_failed_criterion_is_open() -> None:
    opened = [
        attributes["id"] for tag, attributes in PAGE.elements if tag == "details" and "open" in attributes
    ]

    assert opened == ["criterion.MODEL-1.release.AC-A-002"]


def test_many_runs_and_points_stay_small() -> None:
    many = exhibits(runs=tuple(run(240, path=f"run-{number}") for number in range(8)))
    report = shown(exhibits=many)

    assert len(render(SHIP, "html", report).encode()) < 1_000_000


def test_no_exhibit_changes_a_verdict() -> None:
    report = shown(exhibits=Exhibits(made=""))

    assert page_of(report).text.count("25 %") >= 2
