"""Advice on names: a slip of the pen is mended, and whatever may mean something else is not."""

from __future__ import annotations

from typing import Final

import pytest

from specship.errors import did_you_mean, slip_of

NAMES: Final = {
    # given, known: the advice
    "a letter too few": ("promt", ("prompt", "test"), "write 'prompt'"),
    "a letter too many": ("trainning", ("training", "run"), "write 'training'"),
    "a wrong letter": ("rehearsel", ("rehearsal", "release"), "write 'rehearsal'"),
    "letters out of turn": ("frozen-wieghts", ("frozen-weights",), "write 'frozen-weights'"),
    "capitals and separators": ("humaneval_0", ("HumanEval/0", "HumanEval/1"), "write 'HumanEval/0'"),
    "zeros in front of a number": ("AC-SHIP2-03", ("AC-SHIP2-003", "AC-SHIP2-004"), "write 'AC-SHIP2-003'"),
    "another number": ("GATE-TRAIN-009", ("GATE-TRAIN-001",), "the nearest is 'GATE-TRAIN-001'"),
    "another quantization": ("Q4_1", ("Q4_0", "F16"), "the nearest is 'Q4_0'"),
    "the opposite": ("min_steps", ("max_steps",), "the nearest is 'max_steps'"),
    "one letter from two names": ("bit", ("bits", "bat"), "the nearest is 'bits'"),
    "a word that is like another": ("solution", ("completion",), "the nearest is 'completion'"),
    "a number alone": ("9", ("2", "5"), ""),
    "nothing alike": ("zebra", ("prompt",), ""),
    "nothing": ("", ("a1", "b"), ""),
    "digits that are none of ours": ("ab\u00b2", ("ab2",), "the nearest is 'ab2'"),
    "more digits than a number may have": ("a" + "9" * 5000, ("a1",), ""),
}


@pytest.mark.parametrize("name", NAMES)
def test_advice_on_a_name(name: str) -> None:
    given, known, advice = NAMES[name]

    assert did_you_mean(given, known) == advice
    assert slip_of(given, known) == (advice if advice.startswith("write ") else "")
