"""Aim's store of runs (`.aim`): recognised and not read, since nothing but Aim opens its RocksDB.

The refusal has the command that writes a run's figures as JSON Lines, which are read.
Source: aim 3.29, sdk/repo.py and sdk/run.py (Run.metrics).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from specship.errors import UnusableInput
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.log_format import LogFormat
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns

KIND: Final = "Aim store"
EXPORT: Final = (
    "import json, sys; from aim import Repo; d = {}; "
    "[d.setdefault(int(s), {'step': int(s)})"
    ".update({'/'.join([*map(str, m.context.to_dict().values()), m.name]): float(v)}) "
    "for m in Repo(sys.argv[1]).get_run(sys.argv[2]).metrics() "
    "for s, v in zip(*m.values.sparse_numpy())]; print(*map(json.dumps, d.values()), sep=chr(10))"
)
"""A program that prints a record a step, each figure under its context and its name: `train/loss`."""


def read_aim(path: Path, _: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Nothing of a store.

    Raises:
        UnusableInput: always; with what writes a run of it so that it can be read.
    """
    raise UnusableInput(
        "a store of Aim, which only Aim opens",
        at=path,
        why="its figures lie in RocksDB, in a form of its own",
        mend=f'list its runs with `aim runs ls`, then: python -c "{EXPORT}" {path.parent} HASH > log.jsonl',
    )


FORMAT: Final = LogFormat(kind=KIND, files=(".aim", "run_metadata.sqlite"), read=read_aim, order=2)
