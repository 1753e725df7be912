"""A run's folder or log, whoever wrote it, to facts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from specship.bounds import JSON_REPORT_BYTES
from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.run_logs.declared_settings import declared
from specship.pipeline.run_logs.declaring import declare, read_declared
from specship.pipeline.run_logs.facts import OURS, TRAINER, Facts
from specship.pipeline.run_logs.facts_file import FACTS, read_written_facts
from specship.pipeline.run_logs.formats.event_file import KIND as EVENTS
from specship.pipeline.run_logs.formats.event_file import told_by_events
from specship.pipeline.run_logs.log_format import all_formats, files_of, log_in
from specship.pipeline.run_logs.reading_run import RUN, read_run_facts
from specship.pipeline.run_logs.reading_trainer import STATE, read_trainer_facts, state_file
from specship.pipeline.run_logs.series.building import with_end
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns
from specship.strict_json import read_bytes

_ARGUMENTS: Final = "training_args.json"


def read_facts(
    folder: Path, columns: Columns = NO_COLUMNS, *, weights: bool = True
) -> tuple[Facts, list[str]]:
    """What the records of a run hold with what is declared of it, and notes on what could not be read.

    `columns` says which of a log's own names hold what, where its format leaves them to its author and the
    folder declares none. `weights` has checkpoints of ours compared, which reads all of their bytes.

    Units: losses in nats a token, times in seconds; a figure that is not on record is None.
    Source: the writers of each format, named in its reader (`run_logs/formats`).

    Raises:
        UnusableInput: it is no run of a kind that is known, or a declaration contradicts its records.
        DamagedArtifact: its main record cannot be read.
    """
    if (folder / FACTS).is_file():
        return read_written_facts(folder / FACTS), []
    said = read_declared(folder)
    if said is not None and said.columns != NO_COLUMNS:
        columns = said.columns
    facts, notes = _recorded(folder, columns, weights=weights)
    return (with_end(declare(facts, said.declared)) if said else facts), notes


def _recorded(folder: Path, columns: Columns, *, weights: bool) -> tuple[Facts, list[str]]:
    if not folder.exists():
        raise UnusableInput("there is no such folder", at=folder, mend="name a run's folder")
    if folder.is_file() and folder.name in {RUN, STATE}:
        folder = folder.parent
    if (folder / RUN).is_file():
        facts, notes = read_run_facts(folder, weights=weights)
    elif (state := state_file(folder)) is not None:
        facts, notes = read_trainer_facts(state)
        facts = _with_arguments(facts, folder, notes)
    elif (log := log_in(folder, columns)) is not None:
        facts, notes = log[0].read(log[1], columns)
    else:
        raise UnusableInput(
            "not a run",
            at=folder,
            why="a run of ours holds run.json, a Trainer's output trainer_state.json; known besides are: "
            + ", ".join(all_formats()),
            mend="name the folder that `specship pretrain --output` or a Trainer's output_dir made, or a log",
        )
    if columns != NO_COLUMNS and facts.kind in {OURS, TRAINER}:
        named = ", ".join(sorted(columns.model_dump(exclude_defaults=True)))
        raise UnusableInput(
            f"columns are told ({named}), and are of no use",
            at=folder,
            why=f"a {facts.kind} has names of its own, so that nothing would be read by them",
            mend="leave them out; or name the file that has these columns",
        )
    if facts.kind != OURS:
        facts = replace(facts, lost=(*facts.lost, *_gaps(facts)))
    return facts, notes


def _gaps(facts: Facts) -> Iterator[str]:
    """Places where a log of every k-th step leaves more than that out."""
    for before, after in pairwise(facts.steps):
        if after.step > before.step + facts.log_every:
            yield f"{after.line}: the log goes from step {before.step} to step {after.step}"


def _with_arguments(facts: Facts, folder: Path, notes: list[str]) -> Facts:
    """A Trainer's facts with what is written beside its state of how the run was to be.

    That is its newest event file, and `training_args.json` where a script saved its arguments so. Those of
    `training_args.bin` are a pickle, which stays closed.
    """
    told = dict.fromkeys(files_of(all_formats()[EVENTS], folder)[-1:], told_by_events)
    for path, read in ({folder / _ARGUMENTS: _text} | told).items():
        try:
            found = declared(read(path), facts.planned_steps) if path.is_file() else {}
        except DamagedArtifact as error:
            notes.append(f"{path.name}: {error.message}; its arguments were not read")
            continue
        facts = replace(facts, **{name: one for name, one in found.items() if getattr(facts, name) is None})
    return facts


def _text(path: Path) -> str:
    return read_bytes(path, JSON_REPORT_BYTES).decode("utf-8", errors="replace")
