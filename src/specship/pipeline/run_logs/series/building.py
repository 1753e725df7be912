"""Facts of a log that holds steps and evaluations: its records, whatever its format, as one series."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from specship.pipeline.run_logs.facts import OURS, TRAINER, Evaluation, Facts, Line, LoggedStep
from specship.pipeline.run_logs.json_values import count, number
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns
from specship.pipeline.run_logs.series.evaluation_names import evaluations_of
from specship.pipeline.training.early_stopping import EarlyStopping

Record = tuple[Line, Mapping[str, Any]]
"""What a log says of one step, under the names that it has there, and where that stands."""


def facts_of(
    kind: str, records: Sequence[Record], damage: Iterable[str], columns: Columns = NO_COLUMNS
) -> Facts:
    """Facts of a log that holds steps and evaluations, and nothing of how the run was to be."""
    if columns.every is not None:
        records = list(_counted(records, columns))
    steps = tuple(_steps(records, columns))
    if columns.lr_is == "epoch":
        steps = tuple(_at_epochs(steps))
    between = [after.step - before.step for before, after in pairwise(steps) if after.step > before.step]
    passes = [found for _, one in records if (found := columns.value(one, "epoch")) is not None]
    return Facts(
        kind=kind,
        steps=steps,
        evaluations=tuple(_evaluations(records, columns)),
        epochs=max(passes, default=None),
        log_every=statistics.median_low(between) if between else 1,
        damage=tuple(damage),
    )


def last_step(facts: Facts) -> int | None:
    """The last step that anything is said of; None where nothing is."""
    done = [one.step for one in facts.steps] + [one.step for one in facts.evaluations]
    return max(done, default=None)


def with_end(facts: Facts) -> Facts:
    """Facts of a log of another program that says nothing of its end, with it where steps reached the plan.

    A logger of every k-th step may leave the last ones out; one that counts from 0 calls the tenth step 9.
    Where they did not, and the rule of early stopping is known, it ended there if that rule says so.
    """
    planned, steps = facts.planned_steps, facts.steps
    if facts.kind != OURS and not facts.stop_reason and planned and (spent := _patience_spent(facts)):
        facts = replace(
            facts,
            finished=True,
            ended_step=facts.ended_step or last_step(facts),
            stop_reason=f"early stopping: {spent} evaluations without improvement, as patience says",
        )
    if facts.kind in {OURS, TRAINER} or facts.finished is not None or planned is None or not steps:
        return facts
    first, every = steps[0].step, facts.log_every
    from_zero = first == 0 or (every > 1 and first % every == every - 1)
    last = last_step(facts) or 0
    if last + from_zero <= planned - every:
        return facts
    return replace(facts, finished=True, ended_step=max(planned, last))


def _patience_spent(facts: Facts) -> int:
    """Patience, where it ran out with the last evaluation and not before, and the run ends there; else 0."""
    series = [one for one in facts.evaluation_sets if len(facts.evaluation_sets) == 1 or not one[0].name]
    if facts.patience is None or facts.min_improvement is None or not series or facts.finished is False:
        return 0
    rule = EarlyStopping(facts.patience, facts.min_improvement)
    spent = []
    for one in series[0]:
        rule.observe(one.step, one.loss, 0.0)
        spent.append(rule.without_improvement >= facts.patience)
    before_plan = (last_step(facts) or 0) < (facts.planned_steps or 0) - facts.log_every
    return facts.patience if before_plan and spent.count(True) == 1 and spent[-1] else 0


def _counted(records: Iterable[Record], columns: Columns) -> Iterator[Record]:
    """Records with a step each, where they hold none: a training record is so many steps behind the last."""
    step = 0
    for line, record in records:
        if (found := columns.step_of(record)) is not None:
            step = found
        elif columns.value(record, "loss") is not None:
            step += columns.every or 1
        yield line, {**record, columns.names_of("step")[0]: step}


def _steps(records: Iterable[Record], columns: Columns) -> Iterator[LoggedStep]:
    for line, record in records:
        step, loss = columns.step_of(record), columns.value(record, "loss")
        if step is not None and loss is not None:
            yield LoggedStep(
                line=line,
                step=step,
                loss=loss,
                grad_norm=columns.value(record, "grad_norm"),
                clipped_norm=columns.value(record, "clipped_norm"),
                lr=columns.value(record, "lr"),
                tokens_per_second=columns.value(record, "tokens_per_second"),
                tokens_seen=count(columns.value(record, "tokens_seen")) or None,
            )


def _at_epochs(steps: Iterable[LoggedStep]) -> Iterator[LoggedStep]:
    """A rate that is set at each epoch is that of its first record; of the others nothing is known."""
    before: float | None = None
    for step in steps:
        yield step if step.lr != before else replace(step, lr=None)
        before = step.lr


def _evaluations(records: Iterable[Record], columns: Columns) -> Iterator[Evaluation]:
    scale = columns.scale("val_loss")
    for line, record in records:
        if (step := columns.step_of(record)) is None:
            continue
        if columns.val_loss is not None:
            if (loss := number(record.get(columns.val_loss))) is not None:
                yield Evaluation(line=line, step=step, loss=loss * scale)
        else:
            for one in evaluations_of(line, step, record):
                yield replace(one, loss=one.loss * scale) if scale != 1.0 else one
