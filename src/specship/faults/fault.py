"""How a fault is written.

A file of this folder is one fault, called after it (`frozen_weights.py` is `frozen-weights`). The
first sentence of its docstring says what went wrong somewhere, and at its top level stand

    FAULT = Fault(row="R6", stage="run")

and one of three ways to plant the defect in a pipeline that is otherwise the one that ships:

    def inject() -> None: ...                 a component, wrapped in the stage's child process
    def plant(folder: Path) -> None: ...      bytes of the finished artifact, of which this is a copy
    FAULT = Fault(..., settings={...})        settings that nobody would choose on purpose

(A component may need settings as well, such as data that begin again.) Where another program made the run,
no component of ours is reached; a fault that a log can show says beside it how such a log looks:

    def alter(facts: Facts) -> Facts: ...     what is known of a run that was received

What weighs is imported inside the functions. No fault touches a measurement, a probe or a verdict.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from specship.errors import UnusableInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a fault is about; how it is planted stands beside it in its file.

    One of three ways: `def inject()` wraps a component in the stage's process, `def plant(folder)` changes
    the bytes of a finished artifact's copy, `settings=` chooses what nobody would choose on purpose. Beside
    any of them, or alone, `def alter(facts)` changes what is known of a run that another program made.

    Source: `row` names the defect that really happened (`docs/defects.md`).
    """

    row: str
    """Row of the catalogue of defects that really happened, such as `R6`."""
    stage: str = ""
    """The artifact that it spoils, where the model whose gates are to see it makes that itself."""
    also: tuple[str, ...] = ()
    """Other artifacts of the same form, for models that have those."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Pipeline settings by section that replace the profile's."""
    binds: str = ""
    """Root-cause class that a diagnosis of the run must name; empty where a run's records cannot show it."""
    described: str = ""
    """Why nothing here plants it: what a tiny model, or this machine, cannot reproduce."""


_PLANTED: Final[dict[str, int]] = {}
"""Components that were replaced in this process, and how often each was reached."""


def spoil(owner: Any, component: str, wrap: Callable[[Any], Any]) -> None:
    """Replace a function or method of the pipeline by what `wrap` makes of it, in a faulty copy alone.

    It counts how often the component was reached: a fault that nothing reaches shows nothing, and is told.
    Source: decision 0018 (what arming is bound to).

    Raises:
        UnusableInput: there is no such component; the fault is out of date.
    """
    whole = f"{getattr(owner, '__name__', owner)}.{component}"
    if not hasattr(owner, component):
        raise UnusableInput(
            f"there is no {whole} to spoil",
            why="the pipeline changed since the fault was written",
            mend="bring the fault up to date: a gate that is never seen to fail is not armed",
        )
    original = getattr(owner, component)
    spoiled = wrap(original)
    _PLANTED[whole] = 0

    @functools.wraps(original)
    def counted(*arguments: Any, **named: Any) -> Any:
        _PLANTED[whole] += 1
        return spoiled(*arguments, **named)

    setattr(owner, component, counted)


def unreached() -> tuple[str, ...]:
    """Components that were replaced and that nothing ever called: such a fault did nothing."""
    return tuple(sorted(whole for whole, times in _PLANTED.items() if not times))
