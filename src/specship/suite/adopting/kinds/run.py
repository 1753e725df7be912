"""A run: the folder or the log that a training left behind, whoever wrote it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from specship.errors import DamagedArtifact, UnknownName, UnusableInput, did_you_mean
from specship.pipeline.run_logs.declaring import DECLARABLE, declare
from specship.pipeline.run_logs.log_format import log_in
from specship.pipeline.run_logs.opening import read_facts
from specship.pipeline.run_logs.receiving import LoggedSettings
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, columns_among
from specship.suite.adopting.adopted_kind import (
    ZERO,
    AdoptedCriterion,
    AdoptedGate,
    AdoptedKind,
    AskedLimit,
    Told,
)

_CHECKPOINT: Final = "checkpoint"


def _recognise(path: Path, told: Told) -> str:
    columns, _ = columns_among(told)
    try:
        facts, _ = read_facts(path, columns, weights=False)
    except DamagedArtifact:
        raise  # a run by its name, whose main record cannot be read
    except UnusableInput:
        if log_in(path, columns) is not None or (columns != NO_COLUMNS and _has_names_of_its_own(path)):
            raise  # a log, or what is called like one: which columns hold what has to be told, or cannot be
        return ""
    if facts.damage or not facts.steps:
        raise DamagedArtifact(
            facts.damage[0] if facts.damage else "the log holds no step of training",
            at=path,
            why="a figure of a log that was read in part says nothing of the rest",
            mend="give the whole log",
        )
    return f"a run ({facts.kind}): {len(facts.steps)} records of steps, {len(facts.evaluations)} evaluations"


def _has_names_of_its_own(path: Path) -> bool:
    try:
        read_facts(path, weights=False)
    except UnusableInput:
        return False
    return True


def _settings(path: Path, name: str, told: Told) -> Mapping[str, Mapping[str, Any]]:
    columns, others = columns_among(told)
    facts, _ = read_facts(path, columns, weights=False)
    about: dict[str, Any] = {"folder": name, "source": f"say whose run it is ({facts.kind})"}
    named = columns.model_dump(mode="json", exclude_defaults=True)
    declared = _nested({fact: _figure(text) for fact, text in others.items()})
    more = {"columns": named, "declared": declared}
    about |= {section: said for section, said in more.items() if said}
    declare(facts, _checked(about).declared)
    return {"logged": about}


def _nested(told: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of one part of a fact (`schedule.peak`) under the fact's own name."""
    found: dict[str, Any] = {}
    for name, value in told.items():
        fact, _, part = name.partition(".")
        if part and isinstance(whole := found.setdefault(fact, {}), dict):
            whole[part] = value
        else:
            found[name] = value
    return found


def _suited(path: Path, beside: Mapping[str, Path], told: Told) -> AdoptedKind:  # noqa: ARG001 - every kind is asked alike
    """Beside a checkpoint, whether the run made it is asked as well."""
    if _CHECKPOINT not in beside:
        return KIND
    first, *others = KIND.criteria
    return replace(KIND, criteria=(replace(first, gates=(*first.gates, _TIE)), *others))


def _checked(about: Mapping[str, Any]) -> LoggedSettings:
    """The section as the stage will read it.

    Raises:
        UnusableInput: a fact is unknown, or cannot be what it is said to be.
    """
    try:
        return LoggedSettings.model_validate_json(json.dumps(about))
    except ValidationError as error:
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        name = ".".join(str(part) for part in first["loc"] if part != "declared")
        if first["type"] == "extra_forbidden":
            raise UnknownName(
                f"--fact {name}: no fact is called so",
                why="what is declared of a run has a name and a kind",
                mend=did_you_mean(name, DECLARABLE)
                or f"known are {', '.join(sorted(DECLARABLE))}, columns.NAME",
            ) from error
        raise UnusableInput(
            f"--fact {name}: {first['msg']}",
            why="what is declared of a run has a name and a kind",
            mend=f"known are: {', '.join(sorted(DECLARABLE))}, and columns.NAME",
        ) from error


def _figure(text: str) -> int | float | str:
    """A number where the text is one; what it may be is asked when the run is received."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text


_LOG: Final = AdoptedGate(
    rule="The log has every step that it promises once, its figures are finite, and none is a placeholder.",
    stage="train",
    probe="run.log",
    expect={
        "non_finite_values": ZERO,
        "missing_steps": ZERO,
        "repeated_steps": ZERO,
        "placeholder_steps": ZERO,
        "longest_constant_loss": AskedLimit("at_most", 2),
        "straight_share": AskedLimit("at_most", 0.01),
    },
    faults={
        "corpus-exhaustion-placeholder": ("longest_constant_loss",),  # a loss of 1 counts beside a norm of 1
        "swallowed-step-error": ("placeholder_steps",),
        "scripted-loss": ("straight_share",),
        "repeated-steps": ("repeated_steps",),
        "log-lines-lost": ("missing_steps",),
        "nan-in-training": ("non_finite_values",),
    },
)
_TIE: Final = AdoptedGate(
    rule="The weights that ship are those that this run made.",
    stage="train",
    probe="run.made_checkpoint",
    expect={"other_weights": ZERO},
    faults={"weights-of-another-run": ("other_weights",)},
)
_COMPLETION: Final = AdoptedGate(
    rule="Every planned step was done, and nothing ended the run before.",
    stage="train",
    probe="run.completion",
    expect={"unexplained_steps": ZERO, "steps_beyond_plan": ZERO},
    faults={"iterator-ends-early": ("unexplained_steps",), "planned-steps-ignored": ("steps_beyond_plan",)},
)
_DIVERGENCE: Final = AdoptedGate(
    rule="The losses fall, never jump, and held-out text is neither trained on nor left far behind.",
    stage="train",
    probe="run.divergence",
    expect={
        "evaluations": AskedLimit("at_least"),
        "largest_growth": AskedLimit("at_most", 2),
        "last_over_first": AskedLimit("at_most", 0.95),
        "largest_train_over_ln_vocabulary": AskedLimit("at_most", 2),
    },
    faults={
        "divergence-continues": ("largest_train_over_ln_vocabulary", "last_over_first", "largest_growth"),
        "evaluations-lost": ("evaluations",),
    },
)
_SCHEDULE: Final = AdoptedGate(
    rule="The learning rate of every step is the one that was meant, and it moves.",
    stage="train",
    probe="run.schedule",
    expect={
        "largest_deviation": AskedLimit("at_most", 0.001),
        "distinct_rates": AskedLimit("at_least", room=0.9),
    },
    faults={"schedule-not-applied": ("largest_deviation", "distinct_rates")},
)
_DEVICE: Final = AdoptedGate(
    rule="Every step ran on the device that was asked for.",
    stage="train",
    probe="run.device",
    expect={"steps_elsewhere": ZERO},
    faults={"silent-cpu-fallback": ("steps_elsewhere",)},
)
_CLIPPING: Final = AdoptedGate(
    rule="Gradient norms stay within reason before clipping.",
    stage="train",
    probe="run.clipping",
    expect={"largest_before_over_limit": AskedLimit("at_most", 1000)},
    faults={"gradient-blow-up": ("largest_before_over_limit",)},
)
_DATA: Final = AdoptedGate(
    rule="The data suffice for the parameters, and are passed over a few times at most.",
    stage="train",
    hint=(
        "How many tokens the data hold is in few logs. Name them by `corpus:` in the profiles, then:",
        "  probe: run.data_budget",
        "  expect:",
        "    trained_tokens_per_parameter: {at_least: 20, unit: tokens/parameter}",
        "    passes: {at_most: 4, unit: ratio}",
    ),
)

KIND: Final = AdoptedKind(
    name="run",
    takes_facts=True,
    template="external",
    example={"logged": {"folder": "runs/theirs", "source": "say whose run it is"}},
    recognise=_recognise,
    settings=_settings,
    suited=_suited,
    criteria=(
        AdoptedCriterion(
            statement="The log of the training is whole and real.",
            because="Figures that were never measured trained models for months.",
            weight=30,
            gates=(_LOG, _COMPLETION),
        ),
        AdoptedCriterion(
            statement="The training did what was planned, and learned.",
            because="A rate that was never applied looks like training in the log's last line.",
            weight=40,
            gates=(_DIVERGENCE, _SCHEDULE, _DEVICE, _CLIPPING),
        ),
        AdoptedCriterion(
            statement="It read enough data, and none too often.",
            because="A model that is fed a fraction of what it needs ends its training green.",
            weight=30,
            gates=(_DATA,),
        ),
    ),
)
