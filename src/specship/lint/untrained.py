"""What a model that was never trained measures, from a report of its own.

`[tool.specship.lint] untrained` names a report as `pytest -m ship --specship-report PATH` writes it,
made of the same gates on weights that nobody trained. A limit that such a model meets says nothing
about training.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from specship.errors import Place, UnusableInput
from specship.lint.view import Untrained
from specship.strict_json import read_json
from specship.units import Quantity


def read_untrained(path: Path, *, shown: str) -> Untrained:
    """Measured quantities by model, profile and gate.

    Raises:
        UnusableInput: there is no such file, it is not JSON, or it is no report.
    """
    try:
        plain = read_json(path)
    except UnusableInput as error:
        at = error.at or Place(shown)
        raise _unusable(error.message, Place(shown, at.line, at.column, at.offset)) from error
    found: dict[tuple[str, str, str], Mapping[str, Quantity]] = {}
    try:
        for model in plain["models"]:
            for gate in _gates(model):
                found[str(model["model"]), str(model["profile"]), str(gate["id"])] = {
                    str(entry["quantity"]): Quantity(_value(entry["value"]), str(entry["unit"]))
                    for entry in gate["measured"]
                }
    except (KeyError, TypeError) as error:
        raise _unusable("not a report of specship", Place(shown)) from error
    return {key: measured for key, measured in found.items() if measured}


def _gates(model: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for criterion in model["criteria"]:
        yield from criterion["gates"]


def _value(value: Any) -> Any:
    if value is not None and not isinstance(value, bool | int | float | str):
        raise TypeError("a quantity is one value")
    return value


def _unusable(message: str, at: Place) -> UnusableInput:
    return UnusableInput(
        message, at=at, code="SHIP101",
        why="[tool.specship.lint] untrained names the report of an untrained model",
        mend="write one: pytest -m ship --specship-report PATH, or take the key out of pyproject.toml",
    )  # fmt: skip
