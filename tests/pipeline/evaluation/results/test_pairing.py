"""McNemar's test against published figures and exact sums, and pairs of samples side by side."""

import math
import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.errors import DamagedArtifact
from specship.pipeline.evaluation.results.pairing import exact_p, paired
from specship.pipeline.evaluation.results.records import HarnessResult
from specship.pipeline.evaluation.results.result_format import find_result
from tests.pipeline.evaluation.results.formats.test_lm_eval import edit_lines
from tests.projects.evaluated_project import RESULTS, TASK, worse_run


def read(folder: Path) -> HarnessResult:
    return find_result(folder, TASK, "acc").read(TASK)


@pytest.mark.parametrize(
    ("wins", "losses", "p"),
    [
        (10, 0, 0.001953125),
        (9, 1, 0.021484375),
        (8, 2, 0.109375),
        (5, 5, 1.0),
        (59, 6, 4.0e-12),
        (1, 9, 0.021484375),
    ],
)
def test_the_exact_p_value_is_that_of_the_binomial_tables(wins: int, losses: int, p: float) -> None:
    assert exact_p(wins, losses) == pytest.approx(p, rel=0.05)


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 80), st.integers(0, 80))
def test_the_p_value_is_the_sum_over_all_splits_as_uneven(wins: int, losses: int) -> None:
    together, fewer = wins + losses, min(wins, losses)
    tail = sum(Fraction(math.comb(together, k), 2**together) for k in range(fewer + 1))
    assert exact_p(wins, losses) == pytest.approx(min(1.0, float(2 * tail)), rel=1e-9)
    assert exact_p(wins, losses) == exact_p(losses, wins)


def test_a_run_beside_a_worse_one(tmp_path: Path) -> None:
    found = paired(read(RESULTS / "lm_eval"), read(worse_run(tmp_path / "worse")))
    assert (found.wins, found.losses, found.ties, found.alone) == (14, 0, 26, 0)
    assert found.p_value == pytest.approx(2 * 0.5**14)
    assert found.difference == pytest.approx(14 / 40)
    assert found.low is not None
    assert 0 < found.low < found.difference


@pytest.mark.parametrize(("wrong", "known"), [(10, True), (9, False), (0, False)])
def test_below_ten_discordant_samples_nothing_is_shown(wrong: int, known: bool, tmp_path: Path) -> None:
    found = paired(read(RESULTS / "lm_eval"), read(worse_run(tmp_path / "worse", wrong=wrong)))
    assert found.discordant == wrong
    assert (found.p_value is not None) == known


def test_samples_that_one_run_alone_has_are_counted(tmp_path: Path) -> None:
    other = Path(shutil.copytree(RESULTS / "lm_eval", tmp_path / "other"))
    edit_lines(other, lambda lines: lines[3:])
    found = paired(read(RESULTS / "lm_eval"), read(other))
    assert (found.pairs, found.alone) == (37, 3)


def test_runs_that_were_asked_something_else_are_refused(tmp_path: Path) -> None:
    other = Path(shutil.copytree(RESULTS / "lm_eval", tmp_path / "other"))
    edit_lines(other, lambda lines: [{**line, "target_hash": "0" * 64} for line in lines])
    with pytest.raises(DamagedArtifact, match="not asked the same"):
        paired(read(RESULTS / "lm_eval"), read(other))


def test_samples_are_needed_and_each_once(tmp_path: Path) -> None:
    other = Path(shutil.copytree(RESULTS / "lm_eval", tmp_path / "other"))
    edit_lines(other, lambda lines: [*lines, lines[0]])
    with pytest.raises(DamagedArtifact, match="twice"):
        paired(read(RESULTS / "lm_eval"), read(other))
    next(other.glob("*.jsonl")).unlink()
    with pytest.raises(DamagedArtifact, match="no samples"):
        paired(read(RESULTS / "lm_eval"), read(other))
