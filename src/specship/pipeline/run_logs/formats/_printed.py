"""A log that a program printed, read by what its lines say: records of steps, and facts of its beginning."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from specship.errors import DamagedArtifact
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.formats._console import cut, texts
from specship.pipeline.run_logs.log_format import MOST_DAMAGE
from specship.pipeline.run_logs.series.building import Record, facts_of, last_step, with_end
from specship.pipeline.run_logs.series.columns import Columns

Said = Mapping[str, Any]
Head = tuple[re.Pattern[str], Callable[[re.Match[str]], Said]]
"""What a line says that is about no step, and the facts that follow."""


def read_printed(
    path: Path,
    columns: Columns,
    *,
    kind: str,
    step: Callable[[str], Said | None],
    heads: tuple[Head, ...] = (),
    done: re.Pattern[str] | None = None,
) -> tuple[Facts, list[str]]:
    """Facts of a log: `step` gives the figures of a line about one, `done` finds what is printed at the end.

    Raises:
        DamagedArtifact: no line is about a step, or the log is beyond its bound.
    """
    records: list[Record] = []
    damage: list[str] = []
    found: dict[str, Any] = {}
    ended = False
    for line, text, whole in texts(path):
        said = step(text)
        if said is not None and not whole:
            damage.append(cut(line))
        elif said is not None:
            records += [(line, said)] if said else []  # of another rank, which says the same
        else:
            for pattern, facts in heads:
                if match := pattern.search(text):
                    found |= facts(match)
            ended = ended or (done is not None and done.search(text) is not None)
        if len(damage) > MOST_DAMAGE:
            break
    if not records:
        raise DamagedArtifact(f"no {kind}", at=path, why="none of its lines says anything of a step")
    return with_plan(facts_of(kind, records, damage, columns), found, ended=ended), damage


def with_plan(facts: Facts, found: Mapping[str, Any], *, ended: bool) -> Facts:
    """Facts with what a log says beside its steps; `ended`: that the run did."""
    facts = with_end(replace(facts, **{name: value for name, value in found.items() if value is not None}))
    if ended and not facts.finished:
        return replace(facts, finished=True, ended_step=last_step(facts))
    return facts
