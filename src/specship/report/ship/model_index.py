"""The `model-index` of a Hugging Face model card: its first lines, with each figure that evidence rests on.

Each gate is a result whose dataset is the contract that asks for it; a figure's name has its unit, and says
where its limit does not hold.
Source: huggingface_hub 2.4, repocard_data.py (model_index_to_eval_results).
"""

from __future__ import annotations

import math
from typing import Any, Final

import yaml

from specship.report.formats import PLAIN, Display
from specship.report.judged_figures import JudgedFigure, figures
from specship.status.bypasses import bypass_lines
from specship.status.report import Report

_TASK: Final = {"type": "text-generation"}


def render(report: Report, _display: Display = PLAIN) -> str:
    """The head of a `README.md`; of each model that profile which is asked for first."""
    index = [
        {
            "name": model.model,
            "results": [_result(model.profile, one) for one in figures(model) if _sound(one)],
        }
        for model in report.models
    ]
    found = {"model-index": [one for one in index if one["results"]]}
    relaxed = "".join(f"# {line}\n" for line in bypass_lines(report))
    return f"---\n{relaxed}{yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=1000)}---\n"


def _sound(one: JudgedFigure) -> bool:
    """Whether a card can hold it: YAML's readers disagree on what is not finite."""
    return math.isfinite(one.value)


def _result(profile: str, one: JudgedFigure) -> dict[str, Any]:
    holds = all(measured.holds for measured in one.gate.measured if measured.quantity == one.quantity)
    unit = f" ({one.unit})" if one.unit else ""
    name = f"{one.quantity}{unit}{'' if holds else ', beyond its limit'}"
    return {
        "task": _TASK,
        "dataset": {"name": f"{one.gate.id} at {profile}: {one.gate.rule}", "type": one.gate.contract},
        "metrics": [{"type": one.quantity, "value": one.value, "name": name}],
    }
