"""Aim's store of runs (`.aim`): recognised and not read, since nothing but Aim opens its RocksDB.

The refusal has the command that writes a run's figures as JSON Lines, which are read.
Source: aim 3.29, sdk/repo.py and sdk/run.py (Run.metrics); a run is seen once it is in the index.
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
    "import json, sys; from aim import Run; d = {}; "
    "[d.setdefault(int(s), {'step': int(s)})"
    ".update({'/'.join([*map(str, m.context.to_dict().values()), m.name]): float(v[0])}) "
    "for m in Run(sys.argv[2], repo=sys.argv[1], read_only=True).metrics() "
    "for s, v in m.data.items()]; print(*map(json.dumps, d.values()), sep=chr(10))"
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
        mend=(
            "list its runs with `aim runs ls`, put them into its index with `aim storage reindex`, then: "
            f'python -c "{EXPORT}" {path.parent} HASH > log.jsonl'
        ),
    )


FORMAT: Final = LogFormat(kind=KIND, files=(".aim", "run_metadata.sqlite"), read=read_aim, order=2)
