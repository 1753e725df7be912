"""How a probe is written and found.

    @probe("gguf.tensors", checked="tensors", tensors="tensors", misplaced="tensors")
    def gguf_tensors(checkpoint: Artifact, gguf: Artifact) -> Figures:
        ...
        return {"tensors": 39, "misplaced": 0}

The keyword arguments give the unit of each quantity and `checked` names the denominator. Each
parameter of the function is the name of the artifact it measures. Finding probes imports only
the probe files, which keep torch and its kin inside their functions.

Found in this folder, under the entry-point group `specship.probes`, and in the folder that
`[tool.specship] probes` names: adding a probe edits no other file.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from specship.contracts.measurement import Measurement
from specship.digests import code_digest, code_shape, digest_of, imported_modules
from specship.errors import UnusableInput
from specship.units import Quantity, Value, unit_named

Figures = dict[str, Any]
"""What a probe function returns: a value for each quantity it measures, and `notes` when it has any."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact as a probe sees it: its name, its folder, and the digest of its bytes."""

    name: str
    path: Path
    digest: str


@dataclass(frozen=True)
class Probe:
    """A function that measures artifacts."""

    name: str
    measure: Callable[..., Figures]
    units: Mapping[str, str]
    checked: str
    artifacts: tuple[str, ...]
    module: str
    coded: Callable[[], str] = field(repr=False, compare=False)
    """Computes `code`, which takes a while and is not needed to read what the probe measures."""

    @cached_property
    def code(self) -> str:
        """Digest of the probe's code: evidence taken by other code is stale."""
        return self.coded()

    def __call__(self, artifacts: Mapping[str, Artifact]) -> Measurement:
        """Measure.

        Raises:
            UnusableInput: the function answered with quantities it did not declare.
        """
        figures = self.measure(**{name: artifacts[name] for name in self.artifacts})
        notes = tuple(figures.pop("notes", ()))
        if unknown := figures.keys() - self.units.keys():
            raise UnusableInput(
                f"probe {self.name!r} measured {sorted(unknown)} without declaring a unit",
                at=self.module,
                mend="name each quantity with its unit in @probe(...)",
            )
        quantities = {name: Quantity(plain_value(value), self.units[name]) for name, value in figures.items()}
        return Measurement(quantities, self.checked, notes)


def plain_value(value: Any) -> Value:
    """A Python scalar; figures from NumPy and torch become one."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, bool | int | float | str):
        return plain
    raise UnusableInput(f"a quantity is a number, a text or a truth value, not {type(value).__name__}")


_MARK: Final = "__specship_probe__"


def probe(
    name: str, *, checked: str, **units: str
) -> Callable[[Callable[..., Figures]], Callable[..., Figures]]:
    """Declare a function as the probe of that name; see the module's text.

    Raises:
        UnusableInput: a unit is unknown, or the denominator is not a declared count.
    """

    def declare(measure: Callable[..., Figures]) -> Callable[..., Figures]:
        for quantity, unit in units.items():
            if unit_named(unit) is None:
                raise UnusableInput(f"probe {name!r} gives {quantity} the unknown unit {unit!r}")
        denominator = unit_named(units.get(checked, ""))
        if denominator is None or not denominator.counts:
            raise UnusableInput(
                f"probe {name!r} counts by {checked!r}, which is not a declared count",
                why="every verdict says how much was checked",
            )
        setattr(measure, _MARK, (name, checked, dict(units)))
        return measure

    return declare


def _probes_of(module: ModuleType, coded: Callable[[], str]) -> dict[str, Probe]:
    found = {}
    for member in vars(module).values():
        if not (
            inspect.isfunction(member) and hasattr(member, _MARK) and member.__module__ == module.__name__
        ):
            continue
        name, checked, units = getattr(member, _MARK)
        parameters = tuple(inspect.signature(member).parameters)
        found[name] = Probe(name, member, units, checked, parameters, module.__name__, coded)
    return found


class _SourceOnly(SourceFileLoader):
    """Compiles the source that lies there; a compiled file beside it, old or forged, is never asked."""

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the loader protocol
        """The code of the file's own characters."""
        return self.source_to_code(self.get_data(self.path), self.path)


def load_source(path: Path, package: str) -> ModuleType:
    """The module of a project's own file, made from the characters that lie there."""
    loader = _SourceOnly(f"{package}.{path.stem}", str(path))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    if spec is None:
        raise UnusableInput("not a Python file", at=path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module
    loader.exec_module(module)
    return module


@functools.cache
def _shipped() -> Mapping[str, Probe]:
    found: dict[str, Probe] = {}
    package = importlib.import_module("specship.probes")
    names = [f"specship.probes.{entry.name}" for entry in pkgutil.iter_modules(package.__path__)]
    names += [entry.module for entry in importlib.metadata.entry_points(group="specship.probes")]
    for name in names:
        if name != __name__:
            _add(found, _probes_of(importlib.import_module(name), partial(code_digest, name)))
    return found


def _add(found: dict[str, Probe], more: Mapping[str, Probe]) -> None:
    for name, entry in more.items():
        if name in found:
            raise UnusableInput(
                f"two probes are called {name!r}: in {found[name].module} and in {entry.module}",
                mend="rename one of them",
            )
        found[name] = entry


def folder_code(folder: Path) -> str:
    """Digest of the code of every Python file below a folder, and of the modules of ours they import.

    Any file of the folder can change what another one measures, so all of them count for each.

    Raises:
        UnusableInput: a file is not Python.
    """
    shapes = {}
    for path in sorted(folder.rglob("*.py")):
        try:
            source = path.read_text(encoding="utf-8")
            ours = {name: code_digest(name) for name in imported_modules(source, "specship")}
            shapes[path.relative_to(folder).as_posix()] = [code_shape(source), ours]
        except (SyntaxError, ValueError, OSError) as error:
            raise UnusableInput(f"not a Python file: {error}", at=path, mend="mend or remove it") from error
    return digest_of(shapes)


def _together(entry: Probe, folder: Callable[[], str]) -> str:
    return digest_of([entry.code, folder()])


def all_probes(folder: Path | None = None) -> Mapping[str, Probe]:
    """Every probe by name: shipped ones, entry points, and the files of a project's own folder.

    Raises:
        UnusableInput: two probes share a name, or a file of the folder cannot be imported.
    """
    found = dict(_shipped())
    if folder is not None:
        code = functools.cache(partial(folder_code, folder))
        for path in sorted(folder.glob("[!_]*.py")):
            try:
                module = load_source(path, "specship_project_probes")
            except (Exception, SystemExit) as error:
                mend = "a probe file must be importable on its own; import what weighs inside the probe"
                raise UnusableInput(f"cannot import the probe file: {error!r}", at=path, mend=mend) from error
            _add(found, _probes_of(module, code))
        # A project's own files run in the process that measures with shipped probes too.
        found = {name: replace(entry, coded=partial(_together, entry, code)) for name, entry in found.items()}
    return found
