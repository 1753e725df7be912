"""Why a session that asked for gates found none, in one line."""

from __future__ import annotations

import os
from itertools import chain, islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pytest

    from specship.pytest_plugin.ship import ShipPlugin

_MOST_LOOKED_AT: Final = 1_000
"""Settings files further below that are looked at for a hint."""


def why_nothing(config: pytest.Config, places: Sequence[Path], ship: ShipPlugin | None) -> str:
    """Why no gate was collected; empty where gates were, and others of pytest's options left them out."""
    if ship is not None and ship.projects():
        project = ship.projects()[0]
        folder = project.contract_folder()
        if project.error is not None:
            return f"no gate was collected: {_first_of(project.error)}"
        told_elsewhere = any(one.collected for one in ship.projects())  # deselected, as pytest says
        if folder is None or told_elsewhere or config.pluginmanager.has_plugin("dsession"):
            return ""
        shown = os.path.relpath(folder, config.invocation_params.dir)
        return (
            f"no gate was collected: the contracts of {project.root} lie in {folder}, where this session did "
            f"not look (arguments, testpaths, --ignore); run: pytest -m ship {shown}"
        )
    absent = f"no [tool.specship] in a pyproject.toml at or above {places[0]}"
    near = _nearest_below(places)
    return f"{absent}; the nearest is {near}" if near else f"{absent}: begin a project with `specship init`"


def _first_of(error: Exception) -> str:
    """The first fault on one line, and how many more there are."""
    faults = getattr(error, "faults", (error,))
    first, _, _ = str(faults[0]).partition("\n")
    return first if len(faults) == 1 else f"{first}, and {len(faults) - 1} more: specship lint"


def _nearest_below(places: Iterable[Path]) -> Path | None:
    """A settings file with our table one or two folders below."""
    from specship.errors import SpecshipError
    from specship.settings_file import table_in

    found = chain.from_iterable(
        place.glob(pattern) for place in places for pattern in ("*/pyproject.toml", "*/*/pyproject.toml")
    )
    for path in islice(found, _MOST_LOOKED_AT):
        try:
            if table_in(path.parent) is not None:
                return path
        except SpecshipError:
            return path
    return None
