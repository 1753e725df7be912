"""An evaluation: the result of one task that another harness ran, with or without the checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from specship.errors import UnusableInput
from specship.pipeline.evaluation.results.receiving import weights_of
from specship.pipeline.evaluation.results.records import HarnessResult
from specship.pipeline.evaluation.results.result_format import ResultFile, may_be_result, results_in
from specship.suite.adopting.adopted_kind import (
    AS_MEASURED,
    ZERO,
    AdoptedCriterion,
    AdoptedGate,
    AdoptedKind,
    AskedLimit,
    Told,
)

_FACTS: Final = "evaluated."
_CONFIDENCE: Final = 0.95
_CHECKPOINT: Final = "checkpoint"


def _recognise(path: Path, _told: Told) -> str:
    if not may_be_result(path) or not (found := results_in(path)):
        return ""
    tasks = list(found[0].tasks)
    return f"a result of {found[0].format.kind}: {', '.join(tasks[:3])}{' and more' if tasks[3:] else ''}"


def _one(told: Told, fact: str, choices: tuple[str, ...], path: Path) -> str:
    """What is told, or the only one that there is.

    Raises:
        UnusableInput: there are several.
    """
    if fact in told or len(choices) == 1:
        return told.get(fact) or choices[0]
    raise UnusableInput(
        f"which {fact} is meant is not known", at=path,
        why=f"there are {', '.join(choices[:10])}; the better one could be taken",
        mend=f"say it: --fact {_FACTS}{fact}={choices[0] if choices else 'NAME'}",
    )  # fmt: skip


def _read(path: Path, told: Told) -> tuple[ResultFile, HarnessResult]:
    file = results_in(path)[0]
    task = _one(told, "task", tuple(file.tasks), path)
    metrics = file.tasks.get(task, ())
    near = tuple(one for one in metrics if "metric" in told and one.split(",")[0] == told["metric"])
    metric = near[0] if len(near) == 1 else _one(told, "metric", metrics, path)
    result = file.format.read(path, task, metric)
    if not result.template_told and "chat_template" not in told:
        raise UnusableInput(
            f"{file.format.kind} does not record whether a chat template was applied", at=path,
            why="a score counts for the prompts that were scored",
            mend=f"say it: --fact {_FACTS}chat_template=applied, or none",
        )  # fmt: skip
    return file, result


def _settings(path: Path, name: str, told: Told, checkpoint: Path | None = None) -> Mapping[str, Any]:
    _, result = _read(path, told)
    if unknown := told.keys() - {"task", "metric", "chat_template", "source", "baseline"}:
        raise UnusableInput(
            f"--fact {_FACTS}{min(unknown)} is unknown",
            mend="known are task, metric, chat_template, source and baseline",
        )
    said = {fact: told[fact] for fact in ("chat_template", "baseline") if fact in told}
    figure = {"task": result.task, "metric": result.metric, **said}
    if checkpoint is None:
        source = told.get("source", "say who evaluated it, where and when")
        return {"evaluated_alone": {"folder": name, "source": source, **figure, "model": result.model}}
    source = told.get("source", "say who evaluated these weights, where and when")
    return {"evaluated": {"folder": name, "source": source, **figure, "weights": weights_of(checkpoint)}}


def _counted(*, inspect: bool) -> AdoptedGate:
    """What the samples have to come to; lm-eval records no errors, and Inspect no digest of all samples."""
    more = {"errors": AskedLimit("at_most"), "scored_errors": ZERO} if inspect else {"reordered": ZERO}
    errors = {"evaluation-errors-counted-wrong": ("errors", "scored_errors")} if inspect else {}
    return AdoptedGate(
        rule="The score is the one of its samples, each once and all of them, of a run without a limit.",
        stage="eval",
        probe="evaluation.samples",
        expect={
            "samples": AskedLimit("at_least"),
            "missing_samples": ZERO,
            "repeated_samples": ZERO,
            "value_difference": AskedLimit("at_most", 1e-9),
            "partial_runs": ZERO,
            **more,
        },
        faults={
            "evaluation-typed-by-hand": ("value_difference",),
            "evaluation-samples-left-out": ("missing_samples", *(() if inspect else ("reordered",))),
            "evaluation-samples-twice": ("repeated_samples",),
            "evaluation-limited": ("partial_runs", "samples"),
            **errors,
        },
    )


def _bound(*, inspect: bool) -> AdoptedGate:
    """The same about a checkpoint: what the harness records of it is this one's."""
    counted = _counted(inspect=inspect)
    expect, faults = dict(counted.expect), dict(counted.faults)
    faults["evaluation-of-other-weights"] = ("foreign_weights",)
    if not inspect:
        expect |= {"foreign_template": ZERO, "foreign_tokens": ZERO}
        faults["evaluation-in-another-template"] = ("foreign_template", "foreign_tokens")
    return replace(
        counted,
        rule=counted.rule.replace("of a run", "of these weights, in a run"),
        probe="evaluation.integrity",
        expect=expect | {"foreign_weights": ZERO},
        faults=faults,
    )


def _named(*, inspect: bool) -> AdoptedGate:
    """The same without a checkpoint: the name that the harness recorded is the declared one."""
    counted = _counted(inspect=inspect)
    return replace(
        counted,
        expect={**counted.expect, "foreign_model": ZERO},
        faults={**counted.faults, "evaluation-of-another-model": ("foreign_model",)},
    )


def _score(*, inspect: bool) -> AdoptedGate:
    few_shot = {} if inspect else {"few_shot": AS_MEASURED}
    return AdoptedGate(
        rule="The score is reached beyond chance, on the task and the prompts that were meant.",
        stage="eval",
        probe="evaluation.score",
        expect={
            "value": AskedLimit("at_least", confidence=_CONFIDENCE, count="samples", error="standard_error"),
            "version": AS_MEASURED,
            **few_shot,
        },
        faults={
            "evaluation-answers-senseless": ("value",),
            "evaluation-set-up-otherwise": ("version", *few_shot),
        },
    )


_PAIRED: Final = AdoptedGate(
    rule="It is better than the run before, sample by sample.",
    stage="eval",
    probe="evaluation.paired",
    expect={
        "discordant": AskedLimit("at_least", 10),
        "p_value": AskedLimit("at_most", 0.05),
        "difference": AskedLimit("at_least", 0.0),
        "unpaired": ZERO,
    },
    faults={
        "evaluation-of-itself": ("discordant",),
        "evaluation-no-better": ("p_value",),
        "evaluation-limited": ("unpaired",),
    },
)
"""A difference of 0 never has so small a p-value."""
_WEIGHTS: Final = AdoptedGate(
    rule="The weights that were evaluated are those that ship.",
    stage="eval",
    hint=(
        "Nothing here says which weights were evaluated: a harness records a name. Adopt both:",
        "the section is `evaluated:` then, declares the sha256 of the weights, and this gate has:",
        "  probe: evaluation.integrity",
        "  expect:",
        "    foreign_weights: {equals: 0, unit: results}",
    ),
)


def _suited(path: Path, beside: Mapping[str, Path], told: Told) -> AdoptedKind:
    inspect = results_in(path)[0].format.kind == "Inspect"
    checkpoint = beside.get(_CHECKPOINT)
    whole = _bound(inspect=inspect) if checkpoint else _named(inspect=inspect)
    criteria = [
        AdoptedCriterion(
            statement="The score is real: every sample was asked, once, and counts as it was answered.",
            because="A score that was typed, or that of a part of the samples, ships what nobody measured.",
            weight=30,
            gates=(whole,),
        ),
        AdoptedCriterion(
            statement="It does what the task asks, and not by chance.",
            because="A score is one draw; another one of the same model may lie below the limit.",
            weight=40,
            gates=(_score(inspect=inspect),),
        ),
    ]
    if checkpoint is None:
        criteria.append(
            AdoptedCriterion(
                statement="It is this model that was evaluated.",
                because="No harness records a digest: a score is easily that of another checkpoint.",
                weight=30,
                gates=(_WEIGHTS,),
            )
        )
    if "baseline" in told and not inspect:  # the faults of a comparison are planted in files of lm-eval alone
        criteria.append(
            AdoptedCriterion(
                statement="It is better than the run before.",
                because="Two scores of the same samples differ by less than their intervals show.",
                weight=30,
                gates=(_PAIRED,),
            )
        )
    return replace(KIND, settings=partial(_settings, checkpoint=checkpoint), criteria=tuple(criteria))


def _files(path: Path) -> tuple[Path, ...]:
    return tuple(
        beside
        for one in results_in(path)
        for task in one.tasks
        for beside in one.format.companions(path, task)
    )


KIND: Final = AdoptedKind(
    name="evaluation",
    recognise=_recognise,
    settings=_settings,
    criteria=(),
    facts=_FACTS,
    files=_files,
    rivals=lambda _taken, _other: True,
    besides="compare it with another one by --fact evaluated.baseline=PATH",
    suited=_suited,
)
