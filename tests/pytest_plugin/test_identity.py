"""Functions that decide are those of their source files, or are named."""

from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest
from _pytest.runner import CallInfo

from specship.pytest_plugin import identity
from specship.pytest_plugin.gates import GateItem
from specship.status import folding
from specship.suite.judging.session import Session


def test_nothing_is_replaced_where_nobody_replaced_anything() -> None:
    """Whatever of it this very process has loaded and uses, pytest's own functions among them."""
    assert identity.replaced_functions() == ()


def forged(*_words: Any, **_more: Any) -> None:
    """Take the place of another function."""


REPLACED: dict[str, tuple[object, str, object]] = {
    "a function": (folding, "standing", forged),
    "a method": (Session, "settle", forged),
    "a class method": (CallInfo, "from_call", classmethod(forged)),
    "a property": (GateItem, "check", property(forged)),
    "a constant in place of a function": (folding, "standing", 1),
}


@pytest.mark.parametrize("case", REPLACED, ids=lambda case: case.replace(" ", "-"))
def test_what_was_replaced_is_named(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, other = REPLACED[case]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, other)
        found = identity.replaced_functions()

    assert len(found) == 1
    assert f".{name} is " in found[0]
    assert __file__ in found[0] or "no function of Python" in found[0]


def test_a_function_that_says_it_is_from_the_right_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what it does that is compared."""
    real: Callable[..., object] = folding.standing
    code = forged.__code__.replace(
        co_filename=real.__code__.co_filename, co_firstlineno=real.__code__.co_firstlineno
    )
    with monkeypatch.context() as patch:
        patch.setattr(folding, "standing", FunctionType(code, {}))
        found = identity.replaced_functions()

    assert len(found) == 1
    assert "folding.standing is " in found[0]
