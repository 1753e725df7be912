"""What a gate about a run needs of its records: there, or not recorded; recorded, or somebody's word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from specship.contracts.measurement import ON_WORD
from specship.errors import DamagedArtifact, NotRecorded
from specship.pipeline.run_logs.declaring import DECLARABLE, read_declared
from specship.pipeline.run_logs.facts import OURS, Evaluation, Facts, LoggedStep
from specship.pipeline.run_logs.opening import read_facts
from specship.pipeline.run_logs.records import meaning, place


def judged_facts(folder: Path) -> Facts:
    """The facts of a run whose records can all be read, for a measurement.

    Raises:
        UnusableInput: it is no run, or what is declared of it contradicts its records.
        DamagedArtifact: a record is cut or none, or there is no step at all.
    """
    facts, _ = read_facts(folder, weights=False)
    if facts.damage:
        raise DamagedArtifact(
            facts.damage[0],
            at=folder,
            why="a figure of a log that was read in part says nothing of the rest",
            mend="receive the whole log, or make the run again",
        )
    if not facts.steps:
        raise DamagedArtifact("the log holds no step", at=folder)
    return facts


def unrecorded(facts: Facts, *needs: str) -> NotRecorded:
    """That records do not hold what a gate measures, where it would stand, and how to give it."""
    held = [place(need, facts.kind) for need in needs if place(need, facts.kind)]
    named = [need for need in needs if need in DECLARABLE]
    stays = "have the run record it; what was not written down while it ran stays unknown"
    if any(where.startswith("column") for where in held):
        stays = f"say under `columns:` which column it is, where it has another name; or {stays}"
    return NotRecorded(
        f"not recorded: {', '.join(meaning(need) for need in needs)}",
        why=f"a {facts.kind} holds it as {', '.join(held)}"
        if held
        else f"a {facts.kind} has no place for it",
        mend=f"say {' and '.join(named)} under `logged: declared:`, and reports name it the maker's word"
        if named
        else stays,
    )


def with_weights(folder: Path) -> None:
    """Nothing, where a run keeps checkpoints of its own beside its log.

    Raises:
        NotRecorded: it is the log of another program, which was received without weights.
    """
    facts, _ = read_facts(folder, weights=False)
    if facts.kind != OURS or read_declared(folder):
        raise NotRecorded(
            "not recorded: the weights that the run began with, and those on its way",
            why=f"a {facts.kind} is received without weights; what ships is received as the checkpoint",
            mend="ask run.made_checkpoint which weights it made, and other gates what these are worth",
        )


def wanted(facts: Facts, need: str) -> Any:
    """A fact that a gate cannot do without.

    Raises:
        NotRecorded: the records do not hold it, and nobody declared it.
    """
    value = getattr(facts, need)
    if value is None:
        raise unrecorded(facts, need)
    return value


def steps_with(facts: Facts, *figures: str) -> list[LoggedStep]:
    """The records of steps that hold these figures: every record of ours must, of other logs those that do.

    Raises:
        DamagedArtifact: a record of ours lacks one.
        NotRecorded: no record has them all.
    """
    return _all_with(facts, "steps", facts.steps, figures)


def evaluations_with(facts: Facts, *figures: str) -> list[Evaluation]:
    """The evaluations that hold these figures, parts of others left out; as `steps_with`.

    Raises:
        DamagedArtifact: a record of ours lacks one.
        NotRecorded: no record has them all.
    """
    return _all_with(facts, "evaluations", [one for one in facts.evaluations if not one.part], figures)


def on_word(facts: Facts, *needs: str) -> list[str]:
    """A note with those of the facts behind a measurement that somebody declared; none without such."""
    told = sorted(facts.told.intersection(needs))
    return [ON_WORD + ", ".join(told)] if told else []


def _all_with(facts: Facts, series: str, records: Sequence[Any], figures: tuple[str, ...]) -> list[Any]:
    found, lacking = list[Any](), ""
    for one in records:
        absent = [name for name in figures if getattr(one, name) is None]
        if absent:
            lacking = lacking or f"{one.line} has no usable {' and '.join(absent)}"
        else:
            found.append(one)
    if not records:
        raise unrecorded(facts, series)
    if not found:
        never = [name for name in figures if all(getattr(one, name) is None for one in records)]
        raise unrecorded(facts, *([f"{series}.{name}" for name in never or figures] or [series]))
    if lacking and facts.kind == OURS:
        raise DamagedArtifact(lacking, why="every record of a run of ours holds every figure")
    return found
