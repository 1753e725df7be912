"""The walk of one gate and the glossary say what the files and the code say."""

import re

from specship.contracts.judging import Verdict
from specship.status.report import Standing
from tests.docs.reading_pages import DOCS, ROOT, fenced, text_of

WALK = text_of(DOCS / "walk.md")
GLOSSARY = text_of(DOCS / "glossary.md")
CONTRACT = text_of(ROOT / "contracts" / "tokenizer-byte-bpe-v1.yaml")
PROFILE = text_of(ROOT / "specs" / "ship-two-001" / "profiles" / "rehearsal.yaml")
PROBE = text_of(ROOT / "src" / "specship" / "probes" / "tokenizer_round_trip.py")


def test_its_excerpts_are_the_files_own_words() -> None:
    """Contract, profile and probe, line by line and without a gap."""
    shown = [text for kind, text in fenced(WALK) if kind in {"yaml", "python"}]

    assert len(shown) == 3
    assert [text in whole for text, whole in zip(shown, (CONTRACT, PROFILE, PROBE), strict=True)] == [
        True
    ] * 3


def test_its_steps_are_numbered() -> None:
    assert re.findall(r"^## (\d+)\.", WALK, re.MULTILINE) == [str(number) for number in range(1, 12)]


def _table(title: str) -> set[str]:
    """First cells of the table below a heading."""
    part = GLOSSARY.partition(f"### {title}\n")[2].partition("\n#")[0]
    return set(re.findall(r"^\| ([A-Z_]+) \|", part, re.MULTILINE))


def test_every_verdict_and_status_is_in_the_glossary() -> None:
    assert _table("Verdicts of a gate") == set(Verdict)
    assert _table("Statuses of a criterion") == set(Standing)


def test_no_word_has_two_meanings() -> None:
    """Verdicts and statuses apart: BLOCKED is one of each. Only *fault* has two, and a row that admits it."""
    rows = re.findall(r"^\| ([a-z][^|]*) \| [^|]+\|$", GLOSSARY, re.MULTILINE)
    words = [word.partition(" (")[0] for row in rows for word in row.split(", ")]
    words = [word for word in words if word not in {"word", "verdict", "status"}]

    assert len(words) >= 50
    assert sorted(words) == sorted(set(words))
    assert {"fault", "fault of a file"} <= set(words)
    assert {"stage", "gate", "quality gate", "probe", "armed", "ship-%"} <= set(words)
