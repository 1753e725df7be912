"""How a probe is written.

    @probe("gguf.tensors", checked="tensors", tensors="tensors", misplaced="tensors")
    def gguf_tensors(checkpoint: Artifact, gguf: Artifact) -> Figures:
        ...
        return {"tensors": 39, "misplaced": 0}

The keyword arguments give the unit of each quantity and `checked` names the denominator. Each
parameter of the function is the name of the artifact it measures. What is declared is read from the
text of the file (`declared`): names, units and `checked` are written out. The function is loaded where it
measures, in a process that does nothing else (`specship.suite.judging.measuring`).

A probe of specship's own is one file of this folder; a project's own ones, and those of other distributions,
are found as `registry` says. Adding one edits no other file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from specship.contracts.measurement import Measurement
from specship.errors import NotRecorded, UnusableInput
from specship.units import Quantity, Value, unit_named

Figures = dict[str, Any]
"""What a probe function returns: a value for each quantity that it declares, and `notes` when it has any.

Units: as declared in `@probe`. Shapes: scalars (numbers, texts, truth values), and under `notes` a list of
texts that say where to look first. A quantity that is missing, None, NaN or infinite never meets a limit; one
that is a `NotRecorded` leaves a gate with a limit on it UNBOUND.
Source: decision 0003 (a probe's version is the digest of its code)."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """One artifact as a probe sees it: its name, its folder, and the digest of its bytes.

    Read what is under `path` with distrust, and write nothing there: the bytes are hashed before and after
    the measurement, and a change in between is an ERROR.

    Units: `digest` is hexadecimal sha256 over the names and bytes of its files and the digests of what it was
    made from.
    Source: decision 0004 (an artifact's digest covers its line of descent).
    """

    name: str
    path: Path
    digest: str


@dataclass(frozen=True)
class Probe:
    """A function that measures artifacts, as its file declares it."""

    name: str
    units: Mapping[str, str]
    checked: str
    artifacts: tuple[str, ...]
    function: str
    module: str
    path: Path
    """Its file."""
    text: str
    """What its function says of itself."""
    home: Path | None
    """Folder or file of all the code that comes with it; None for one of specship's own."""
    coded: Callable[[], str] = field(repr=False, compare=False)
    """Computes `code`, which takes a while and is not needed to read what the probe measures."""
    own_units: Mapping[str, str] = field(default_factory=dict, compare=False)
    """Those of its units that its file declares, each with what it measures."""

    @cached_property
    def code(self) -> str:
        """Digest of the probe's code: evidence taken by other code is stale."""
        return self.coded()

    def measurement(self, figures: Mapping[str, Any]) -> Measurement:
        """What the function's answer amounts to, quantity by quantity in its declared unit.

        Raises:
            UnusableInput: there are quantities that it did not declare, or a value that is no scalar.
        """
        given = dict(figures)
        notes = tuple(given.pop("notes", ()))
        if unknown := given.keys() - self.units.keys():
            raise UnusableInput(
                f"probe {self.name!r} measured {sorted(unknown)} without declaring a unit",
                at=self.module,
                mend="name each quantity with its unit in @probe(...)",
            )
        lacking = {name: str(value) for name, value in given.items() if isinstance(value, NotRecorded)}
        quantities = {
            name: Quantity(None if name in lacking else plain_value(value), self.units[name])
            for name, value in given.items()
        }
        return Measurement(quantities, self.checked, notes, lacking)

    def unrecorded(self, why: NotRecorded) -> Measurement:
        """What it comes to where the records hold nothing of what it measures."""
        return self.measurement(dict.fromkeys(self.units, why))


def plain_value(value: Any) -> Value:
    """A Python scalar; figures from NumPy and torch become one."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    plain = value.item() if hasattr(value, "item") else value
    if isinstance(plain, bool | int | float | str):
        return plain
    raise UnusableInput(
        f"a quantity is a number, a text or a truth value, not {type(value).__name__}",
        mend="return plain Python values",
    )


MARK: Final = "__specship_probe__"
"""What `probe` leaves on a function: name, checked quantity and units."""


def probe(
    name: str, *, checked: str, **units: str
) -> Callable[[Callable[..., Figures]], Callable[..., Figures]]:
    """Declare a function as the probe of that name.

    The keyword arguments give the unit of each quantity, and `checked` names the one that says how much was
    looked at; a verdict without it would not say of what. Each parameter of the function is the name of an
    artifact, such as `corpus` or `checkpoint`. It measures and never judges: limits stand in contracts.

    Units: those of `specship.units`, such as `tokens`, `nats/token`, `bytes`, `ratio`; beside them
    `own.NAME`, where `UNITS = {"own.NAME": "what it measures"}` stands at the top level of the file.
    Shapes: every quantity is a scalar; a figure of NumPy or torch becomes a Python one.
    Source: what it returns is kept as an in-toto test result (https://in-toto.io/attestation/test-result/v0.1).

    Raises:
        UnusableInput: a unit is unknown, or the denominator is not a declared count.
    """

    def declare(measure: Callable[..., Figures]) -> Callable[..., Figures]:
        for quantity, unit in units.items():
            if unit_named(unit) is None:
                raise UnusableInput(
                    f"probe {name!r} gives {quantity} the unknown unit {unit!r}",
                    mend="take one of `specship explain units`, or declare it in UNITS of its file",
                )
        denominator = unit_named(units.get(checked, ""))
        if denominator is None or not denominator.counts:
            raise UnusableInput(
                f"probe {name!r} counts by {checked!r}, which is not a declared count",
                why="every verdict says how much was checked",
            )
        setattr(measure, MARK, (name, checked, dict(units)))
        return measure

    return declare
