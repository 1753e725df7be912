"""An answer is recalled while nothing changed, from a place that no checkout holds."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from specship.review.recall import place
from tests.processes import inside
from tests.projects.histories import git, history
from tests.review.cases import BASE, CASES


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """A repository whose review can be asked for: it gives what is printed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "answers"))
    folder = history(
        tmp_path / "project",
        BASE,
        {"head": CASES["a looser limit"].applied(), "other": CASES["a rule in other words"].applied()},
    )

    def ask(*words: str) -> str:
        return inside(folder, "review", *words).stdout

    return ask


def forge() -> None:
    """Put another text in the place of the answer, with the digest that belongs to it."""
    import hashlib

    kept = json.loads(place().read_text())
    kept["answer"] = json.dumps(["forged\n", 0])
    kept["sha256"] = hashlib.sha256(kept["answer"].encode()).hexdigest()
    place().write_text(json.dumps(kept))


def test_the_same_question_is_answered_without_computing(asked: Callable[..., str], tmp_path: Path) -> None:
    first = asked("base..head")
    assert place().is_relative_to(tmp_path / "answers")
    forge()

    assert asked("base..head") == "forged\n", "it was recalled"
    assert asked("base..head", "--no-cache") == first
    assert asked("base..head", "--format", "json") != "forged\n"


def test_another_question_or_another_commit_is_computed(asked: Callable[..., str], tmp_path: Path) -> None:
    first = asked("base..head")
    forge()
    git(tmp_path / "project", "branch", "-f", "head", "other")

    assert asked("base..head") not in {first, "forged\n"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}'])
def test_a_damaged_answer_is_none(asked: Callable[..., str], text: str) -> None:
    first = asked("base..head")
    place().write_text(text)

    assert asked("base..head") == first


def test_nothing_is_written_into_the_checkout(asked: Callable[..., str], tmp_path: Path) -> None:
    before = sorted((tmp_path / "project").rglob("*"))
    asked("base..head")
    asked("base")

    assert sorted((tmp_path / "project").rglob("*")) == before
