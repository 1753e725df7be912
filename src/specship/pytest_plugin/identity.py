"""Whether what decides here is what its source files say.

A conftest can put a function of its own in the place of one of pytest's or ours. Each function that outcomes
pass through is compared with a fresh compilation of the file that it says to come from. What is compared is
what it does: instructions, names and constants, not lines.
"""

from __future__ import annotations

import dis
import functools
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any, Final

DECIDING: Final = {
    "_pytest.runner": (
        "CallInfo.from_call", "call_and_report", "pytest_runtest_call", "pytest_runtest_makereport",
        "pytest_runtest_protocol", "runtestprotocol",
    ),
    "_pytest.reports": ("TestReport.from_item_and_call",),
    "_pytest.python": ("Function.runtest",),
    "_pytest.main": ("_main", "pytest_runtestloop", "wrap_session"),
    "specship.contracts.judging": (),
    "specship.evidence.signing": (),
    "specship.pytest_plugin.conclusion": (),
    "specship.pytest_plugin.gates": (),
    "specship.pytest_plugin.project": (),
    "specship.pytest_plugin.ship": (),
    "specship.pytest_plugin.witness": (),
    "specship.report.pytest_outcome": (),
    "specship.status.assess": (),
    "specship.status.folding": (),
    "specship.status.freshness": (),
    "specship.suite.artifacts.runner": (),
    "specship.suite.judging.judge_process": (),
    "specship.suite.judging.report_building": (),
    "specship.suite.judging.session": (),
    "specship.suite.judging.trust": (),
}  # fmt: skip
"""Modules, and the functions of each that are compared: all of them where none is named."""


def replaced_functions() -> tuple[str, ...]:
    """Functions that are not those of their source files, each with the file and line that it comes from."""
    return tuple(sorted(line for module, names in DECIDING.items() for line in _replaced(module, names)))


def _replaced(name: str, wanted: tuple[str, ...]) -> Iterator[str]:
    module = sys.modules.get(name)
    if module is None:  # nothing passed through it
        return
    for qualname, code in _functions(name):
        if wanted and qualname not in wanted:
            continue
        own = _code_of(functools.reduce(_member, qualname.split("."), module))
        if own is None or (_meaning(own) != _meaning(code) and not _has_asserts(code)):
            yield f"{name}.{qualname} is {_place(own)}"


def _functions(name: str) -> Iterable[tuple[str, CodeType]]:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return ()
    source = Path(spec.origin).read_bytes()
    return list(_nested(compile(source, spec.origin, "exec", dont_inherit=True)))


def _nested(code: CodeType) -> Iterator[tuple[str, CodeType]]:
    """The functions of a module and the methods of its classes; of several of one name the last one."""
    found: dict[str, CodeType] = {}
    for constant in code.co_consts:
        if not isinstance(constant, CodeType) or constant.co_name.startswith("<"):
            continue
        if constant.co_flags & inspect.CO_NEWLOCALS:
            found[constant.co_qualname] = constant
        else:  # the body of a class
            found.update(_nested(constant))
    yield from found.items()


def _member(owner: Any, name: str) -> Any:
    """An attribute as it lies there, private names and descriptors included."""
    return inspect.getattr_static(owner, name, None)


def _code_of(value: Any) -> CodeType | None:
    """The code behind a function, however it is wrapped."""
    if isinstance(value, property):
        value = value.fget
    value = getattr(value, "func", value) if isinstance(value, functools.cached_property) else value
    value = getattr(value, "__func__", value)  # static and class methods
    code = getattr(inspect.unwrap(value), "__code__", None) if callable(value) else None
    return code if isinstance(code, CodeType) else None


def _meaning(code: CodeType) -> tuple[Any, ...]:
    constants = tuple(map(_constant, code.co_consts))
    return code.co_code, code.co_names, code.co_varnames, code.co_freevars, constants


def _constant(value: Any) -> Any:
    """A constant with its type; the members of a set in an order that does not hang on how it was made."""
    if isinstance(value, CodeType):
        return _meaning(value)
    if isinstance(value, tuple):
        return "tuple", tuple(map(_constant, value))
    if isinstance(value, frozenset):
        return "frozenset", tuple(sorted(repr(_constant(one)) for one in value))
    return type(value).__name__, repr(value)


def _has_asserts(code: CodeType) -> bool:
    """Whether pytest writes such a function anew, to show more where it fails."""
    return any(one.opname == "LOAD_ASSERTION_ERROR" for one in dis.get_instructions(code))


def _place(code: CodeType | None) -> str:
    return f"{code.co_filename}:{code.co_firstlineno}" if code else "no function of Python any more"
