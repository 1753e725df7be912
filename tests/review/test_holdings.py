"""The ship-% of both sides, from evidence that was signed, committed and read from git objects."""

from collections.abc import Callable
from pathlib import Path

import pytest

from specship.evidence.signing import SigningKey, local_key
from specship.review.records import ShipPercent
from specship.review.reviewing import review
from tests.projects.evidenced import hold_evidence
from tests.projects.histories import git
from tests.projects.small_project import edit
from tests.projects.sound_project import small_corpus
from tests.projects.trusting import trusting
from tests.review.cases import BASE, RELEASED, SECOND, SETTINGS, SMALL, SPEC_FILE

Act = Callable[[Path, SigningKey], None]


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SigningKey]:
    """A project whose release is measured whole: three criteria's gates pass, armed, with evidence in git."""
    folder = tmp_path_factory.mktemp("measured")
    key = local_key(tmp_path_factory.mktemp("key"))
    for path, text in BASE.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    edit(folder / SETTINGS, "trusted_keys = []", f"trusted_keys = [{trusting(key)}]")
    for path, old, new in (
        ("probes/own.py", "from counting.lines import count\n", "count = len\n"),
        (RELEASED, "      evaluation_tokens", "      evaluation_tokens"),
        (
            SMALL,
            "falsified_by: [frozen-weights]",
            "falsified_by: {frozen-weights: [val_loss, val_tokens, bigram_margin]}",
        ),
        (
            SECOND,
            "falsified_by: [heldout-inside-training]",
            "falsified_by: {heldout-inside-training: [shared_digests, highest_jaccard]}",
        ),
        (SECOND, "falsified_by: [own-fault]", "falsified_by: {own-fault: [documents]}"),
        (
            SECOND,
            "falsified_by: [frozen-weights]",
            "falsified_by: {frozen-weights: [val_loss, val_tokens, bigram_margin]}",
        ),
    ):
        edit(folder / path, old, new)
    small_corpus(folder)
    git(folder, "init", "-q", "-b", "base", ".")
    hold_evidence(folder, key, "release", {})
    commit(folder, "measured")
    return folder, key


def loosened(folder: Path, _: SigningKey) -> None:
    edit(folder / SMALL, "at_most: 2.2", "at_most: 4.7")


def loosened_and_measured(folder: Path, key: SigningKey) -> None:
    loosened(folder, key)
    hold_evidence(folder, key, "release", {"GATE-SMALL-001": {"val_loss": 3.9}})


def weight_moved(folder: Path, _: SigningKey) -> None:
    edit(folder / SMALL, "at_most: 2.2", "at_most: 4.7")
    edit(folder / SPEC_FILE, "weight: 60", "weight: 1")
    edit(folder / SPEC_FILE, "weight: 40", "weight: 99")
    edit(folder / SPEC_FILE, "        depends_on: [AC-SMALL-001]\n", "")


def gate_unbound(folder: Path, _: SigningKey) -> None:
    edit(folder / SMALL, "at_most: 2.2", "at_most: 4.7")
    edit(folder / SMALL, "binds_to: [AC-SMALL-001]\n", "binds_to: []\n")


def gate_rewritten(folder: Path, _: SigningKey) -> None:
    edit(folder / "probes/own.py", '{"documents"', '{"documents" if True else ""')


def prose(folder: Path, _: SigningKey) -> None:
    edit(folder / SMALL, "reaches the target", "reaches what was asked for")


@pytest.mark.parametrize(
    ("act", "after", "on_base"),
    [(loosened, 0, 100), (loosened_and_measured, 100, 0), (weight_moved, 99, 100), (gate_unbound, 100, 100), (gate_rewritten, 60, 100), (prose, 100, 100)],
    ids=lambda value: value.__name__ if callable(value) else str(value),
)  # fmt: skip
def test_the_percentage_of_heads_evidence_under_bases_criteria(
    measured: tuple[Path, SigningKey], act: Act, after: float, on_base: float
) -> None:
    folder, key = measured
    git(folder, "checkout", "-q", "-B", act.__name__, "base")
    act(folder, key)
    commit(folder, act.__name__)

    lines = review(folder, f"base..{act.__name__}").ship_percent

    assert lines == (
        ShipPercent(model="MODEL-1", profile="rehearsal", before=0, after=0, on_base=0),
        ShipPercent(model="MODEL-1", profile="release", before=100, after=after, on_base=on_base),
    )
