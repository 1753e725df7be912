"""What a file of probes declares, read from its text and never run.

Whoever reports, reviews or plans needs a probe's name, quantities and artifacts, and must not run the code
that it reports on. So `@probe(...)` is written out: as a decorator of a function at the top level, with texts
alone. The same reader serves files on the disk and blobs of git.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from specship.bounds import PYTHON_BYTES
from specship.errors import Place, UnusableInput
from specship.units import OWN_UNIT, unit_named

_HOME: Final = "specship.probes.probe"
_WHY: Final = "what a file declares is read and never run, so that it cannot alter what is reported about it"
_UNITS: Final = "UNITS"
_OWN: Final = re.compile(OWN_UNIT)
_MEND_UNITS: Final = (
    'write at the top level: UNITS = {"own.chrf": "agreement of character n-grams, 0 to 100"}'
)
_MEND: Final = 'write it out above a function at the top level: @probe("part.what", checked="...", ...)'


@dataclass(frozen=True)
class DeclaredProbe:
    """A probe as its file declares it."""

    name: str
    path: str
    """Of its file, as people are told of it."""
    line: int
    function: str
    units: Mapping[str, str]
    """Unit of each quantity."""
    checked: str
    artifacts: tuple[str, ...]
    text: str
    """What its function says of itself; empty where it says nothing."""
    own_units: Mapping[str, str]
    """Those of its units that its file declares, each with what it measures."""


class Declarations(NamedTuple):
    """What one file declares, and everything in it that cannot be read."""

    probes: tuple[DeclaredProbe, ...]
    faults: tuple[UnusableInput, ...]


def declared_in(source: bytes, path: str, *, shown: str = "") -> Declarations:
    """The probes of a file; `shown` is what it is called in faults, where that is not its path."""
    try:
        if len(source) > PYTHON_BYTES:
            raise SyntaxError(f"it has {len(source)} bytes, and {PYTHON_BYTES} are read")
        if tokenize.detect_encoding(io.BytesIO(source).readline)[0] not in {"utf-8", "utf-8-sig"}:
            raise SyntaxError("it asks for another encoding than UTF-8")
        tree = ast.parse(source)
        return _Reading(tree, path, shown or path).declarations
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        at = Place(shown or path, getattr(error, "lineno", None) or 1, getattr(error, "offset", None) or 1)
        said = f"not Python: {getattr(error, 'msg', None) or type(error).__name__}"
        return Declarations((), (UnusableInput(said, at=at, why=_WHY, mend="mend or remove the file"),))


class _Undeclared(Exception):
    """A declaration that cannot be read, at a node."""

    def __init__(self, node: ast.AST, said: str, mend: str = _MEND) -> None:
        super().__init__(said)
        self.node, self.mend = node, mend


class _Reading:
    """One file."""

    def __init__(self, tree: ast.Module, path: str, shown: str) -> None:
        self._path, self._shown = path, shown
        nodes = list(ast.walk(tree))
        self._spellings = {spelling for node in nodes for spelling in _spellings(node)}
        probes: dict[str, DeclaredProbe] = {}
        faults: list[UnusableInput] = []
        understood: set[ast.AST] = set()
        self._own_units: dict[str, str] = {}
        try:
            self._own_units = dict(_own_units(tree))
        except _Undeclared as error:
            faults.append(self._fault(error))
        for node in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and self._is_probe(call.func):
                    understood.add(call)
                    try:
                        found = self._declared(call, node)
                        if found.name in probes:
                            raise _Undeclared(
                                call, f"two probes are called {found.name!r}", "rename one of them"
                            )
                        probes[found.name] = found
                    except _Undeclared as error:
                        faults.append(self._fault(error))
        faults += [
            self._fault(_Undeclared(node, "a probe that only comes about when the file is run"))
            for node in nodes
            if node not in understood and self._makes_probe(node)
        ]
        self.declarations = Declarations(tuple(probes.values()), tuple(faults))

    def _is_probe(self, node: ast.expr) -> bool:
        return _dotted(node) in self._spellings

    def _makes_probe(self, node: ast.AST) -> bool:
        """Whether a node is a use of `probe` that nobody could read."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            return any(self._is_probe(bare) for bare in node.decorator_list)
        return isinstance(node, ast.Call) and self._is_probe(node.func)

    def _fault(self, error: _Undeclared) -> UnusableInput:
        at = Place(self._shown, getattr(error.node, "lineno", 1), getattr(error.node, "col_offset", 0) + 1)
        return UnusableInput(str(error), at=at, why=_WHY, mend=error.mend)

    def _declared(self, call: ast.Call, function: ast.FunctionDef) -> DeclaredProbe:
        """One probe.

        Raises:
            _Undeclared: something in it is no text, or means nothing.
        """
        given = dict(self._given(call))
        if "name" not in given or "checked" not in given:
            raise _Undeclared(call, "a probe has a name, and `checked` names the quantity that says how much")
        (_, name), (counted, checked) = given.pop("name"), given.pop("checked")
        for quantity, (node, unit) in given.items():
            if unit_named(unit) is None:
                mend = "use a unit of specship.units, such as `tokens`, or `own.NAME` that the file declares"
                raise _Undeclared(node, f"probe {name!r} gives {quantity} the unknown unit {unit!r}", mend)
            if _OWN.fullmatch(unit) and unit not in self._own_units:
                said = f"probe {name!r} gives {quantity} the unit {unit!r}, which its file does not declare"
                raise _Undeclared(node, said, _MEND_UNITS)
        units = {quantity: unit for quantity, (_, unit) in given.items()}
        denominator = unit_named(units.get(checked, ""))
        if denominator is None or not denominator.counts:
            mend = "every verdict says how much was checked: name a quantity whose unit counts"
            raise _Undeclared(
                counted, f"probe {name!r} counts by {checked!r}, which is no declared count", mend
            )
        artifacts = tuple(_parameters(function))
        text = ast.get_docstring(function) or ""
        own = {unit: said for unit, said in self._own_units.items() if unit in units.values()}
        return DeclaredProbe(
            name, self._path, function.lineno, function.name, units, checked, artifacts, text, own
        )

    def _given(self, call: ast.Call) -> Iterator[tuple[str, tuple[ast.expr, str]]]:
        """The texts of a declaration, each with its node."""
        if len(call.args) > 1:
            raise _Undeclared(call.args[1], 'units have names: write `quantity="unit"`')
        for argument in call.args:
            yield "name", (argument, _text(argument))
        for keyword in call.keywords:
            if keyword.arg is None:
                raise _Undeclared(keyword.value, "units that only stand there when the file is run")
            yield keyword.arg, (keyword.value, _text(keyword.value))


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise _Undeclared(node, f"{ast.unparse(node)[:80]} is no text that can be read here")


def _own_units(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The units that `UNITS = {...}` declares, each with what it measures.

    Raises:
        _Undeclared: they are not written out, or one is no unit of one's own.
    """
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if not any(isinstance(one, ast.Name) and one.id == _UNITS for one in targets):
            continue
        value = getattr(node, "value", None)
        if not isinstance(value, ast.Dict):
            raise _Undeclared(node, "units that only come about when the file is run", _MEND_UNITS)
        for key, said in zip(value.keys, value.values, strict=True):
            if key is None:
                raise _Undeclared(said, "units that only come about when the file is run", _MEND_UNITS)
            name, meaning = _text(key), _text(said).strip()
            if not _OWN.fullmatch(name):
                raise _Undeclared(
                    key, f"{name!r} is no unit of one's own: those begin with `own.`", _MEND_UNITS
                )
            if not meaning:
                raise _Undeclared(said, f"nobody says what {name} measures", _MEND_UNITS)
            yield name, meaning


def _parameters(function: ast.FunctionDef) -> Iterator[str]:
    """The artifacts that a function asks for."""
    given = function.args
    if unnamed := [*given.posonlyargs, given.vararg, given.kwarg]:
        for node in unnamed:
            if node is not None:
                mend = "name each artifact as a parameter"
                raise _Undeclared(node, f"{node.arg} is the name of no artifact", mend)
    yield from (argument.arg for argument in [*given.args, *given.kwonlyargs])


def _dotted(node: ast.expr) -> str:
    """`a.b.c` as a text; empty for anything else."""
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return node.id if isinstance(node, ast.Name) else ""


def _spellings(node: ast.AST) -> Iterator[str]:
    """How a file may write `probe` after an import."""
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            called = alias.asname or alias.name
            if alias.name == "probe" and node.module in {"specship", _HOME}:
                yield called
            elif alias.name == "probe" and node.module == "specship.probes":
                yield f"{called}.probe"
    elif isinstance(node, ast.Import):
        for alias in node.names:
            if alias.name == "specship" or (alias.name.startswith("specship.") and not alias.asname):
                yield from (
                    f"{alias.asname or 'specship'}.probe",
                    f"{alias.asname or 'specship'}.probes.probe.probe",
                )
            elif alias.name == _HOME:
                yield f"{alias.asname}.probe"
