"""Decisions are numbered once, dated, and listed."""

import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from tests.docs.decision_pages import FOLDER, INDEX, STATUS, pages, read_decision, table


def test_each_number_stands_once() -> None:
    """Two branches may both take the next number; whoever merges second takes another."""
    numbers = Counter(path.name[:4] for path in pages())

    assert [number for number, times in numbers.items() if times > 1] == []
    assert len(numbers) >= 20


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.stem)
def test_each_page_has_its_number_a_date_and_a_status(path: Path) -> None:
    decision = read_decision(path)

    assert path.name.startswith(f"{decision.number}-")
    assert date.fromisoformat(decision.date)
    assert STATUS.fullmatch(decision.status), decision.status
    assert all((FOLDER / target).exists() for target in re.findall(r"\((.+?)\)", decision.status))


def test_the_index_lists_exactly_the_pages() -> None:
    rows = [line for line in INDEX.read_text(encoding="utf-8").splitlines() if re.match(r"\| \[\d", line)]

    assert rows == table().splitlines(), f"write these rows into docs/decisions/index.md:\n{table()}"
