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
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from specship.contracts.measurement import Measurement
from specship.digests import code_digest, code_text, digest_of, sha256_bytes
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


@dataclass(frozen=True, slots=True)
class Probe:
    """A function that measures artifacts."""

    name: str
    measure: Callable[..., Figures]
    units: Mapping[str, str]
    checked: str
    artifacts: tuple[str, ...]
    module: str
    code: str = field(repr=False)
    """Digest of the probe's code: evidence taken by other code is stale."""

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


def _probes_of(module: ModuleType, code: str) -> dict[str, Probe]:
    found = {}
    for member in vars(module).values():
        if not (
            inspect.isfunction(member) and hasattr(member, _MARK) and member.__module__ == module.__name__
        ):
            continue
        name, checked, units = getattr(member, _MARK)
        parameters = tuple(inspect.signature(member).parameters)
        found[name] = Probe(name, member, units, checked, parameters, module.__name__, code)
    return found


def _load_file(path: Path) -> ModuleType:
    name = f"specship_project_probes.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UnusableInput("not a Python file", at=path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@functools.cache
def _shipped() -> Mapping[str, Probe]:
    found: dict[str, Probe] = {}
    package = importlib.import_module("specship.probes")
    names = [f"specship.probes.{entry.name}" for entry in pkgutil.iter_modules(package.__path__)]
    names += [entry.module for entry in importlib.metadata.entry_points(group="specship.probes")]
    for name in names:
        if name != __name__:
            _add(found, _probes_of(importlib.import_module(name), code_digest(name)))
    return found


def _add(found: dict[str, Probe], more: Mapping[str, Probe]) -> None:
    for name, entry in more.items():
        if name in found:
            raise UnusableInput(
                f"two probes are called {name!r}: in {found[name].module} and in {entry.module}",
                mend="rename one of them",
            )
        found[name] = entry


def all_probes(folder: Path | None = None) -> Mapping[str, Probe]:
    """Every probe by name: shipped ones, entry points, and the files of a project's own folder.

    Raises:
        UnusableInput: two probes share a name, or a file of the folder cannot be imported.
    """
    found = dict(_shipped())
    if folder is not None:
        for path in sorted(folder.glob("[!_]*.py")):
            try:
                source = path.read_text(encoding="utf-8")
                module = _load_file(path)
                code = digest_of([sha256_bytes(code_text(source).encode())])
            except Exception as error:
                raise UnusableInput(f"cannot import the probe file: {error!r}", at=path) from error
            _add(found, _probes_of(module, code))
    return found
