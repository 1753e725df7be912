"""What a Trainer prints: `{'loss': 2.3, 'grad_norm': 1.2, 'learning_rate': 5e-05, 'epoch': 0.1}` and a bar.

These records hold no step. It stands in the bar of tqdm (`10/600 [00:04<…`), which is drawn again behind each
record that it prints, so that the first bar behind a record has its step. Without a bar
`columns` tells the distance (`every: 10`, Trainer's `logging_steps`); without either the log is refused.
axolotl and Unsloth train with this Trainer and print the same; Unsloth's banner says how many steps are to
come. The loss is the mean of the steps since the last record, nats a token, and has four digits.
Source: transformers 5.23, trainer_callback.py (ProgressCallback, PrinterCallback); tqdm, std.py (write).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.run_logs.facts import Facts, Line
from specship.pipeline.run_logs.formats._console import FIGURE, NAMES, begins, cut, figure, texts, whole
from specship.pipeline.run_logs.formats._printed import with_plan
from specship.pipeline.run_logs.log_format import LogFormat
from specship.pipeline.run_logs.series.building import Record, facts_of
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, PREFIX, Columns

KIND: Final = "Trainer console log"
_RECORD: Final = re.compile(r"\{'[^{}]{1,8000}\}")
_FIGURE: Final = re.compile(rf"'([^'{{}}]{{1,100}})': '?({FIGURE})'?(?=[,}}])", re.IGNORECASE)
_BAR: Final = re.compile(r"\b([0-9]{1,12})/([0-9]{1,12}) \[[0-9:]{4,12}<")
_BANNER: Final = re.compile(r"\bTotal steps = ([0-9][0-9,]{0,15})")
_PARAMETERS: Final = re.compile(r"Trainable parameters = [0-9,]{1,20}(?:/| of )([0-9][0-9,]{0,20})")
_LAST: Final = "train_runtime"
_KNOWN: Final = re.compile(r"\{'(?:loss|eval_loss|train_runtime)': |\{'[^{}]{0,4000}'learning_rate': ")


def read_console(path: Path, columns: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Facts of what a Trainer printed.

    Raises:
        DamagedArtifact: no record stands in it, or it is beyond its bound.
        UnusableInput: nothing says which steps its records are of.
    """
    damage: list[str] = []
    printed, bars, found = _printed(path, damage)
    if not printed:
        raise DamagedArtifact(f"no {KIND}", at=path, why="no line is a record of a Trainer")
    total = _of_training(bars)
    if total is None and columns.every is None:
        raise UnusableInput(
            "which steps its records are of is not known",
            at=path,
            why="neither do they say so, nor is a bar printed behind them",
            mend=f"say how many steps lie between two records: --fact {PREFIX}every=10 (logging_steps)",
        )
    records: list[Record] = [(line, record) for _, line, record in printed]
    if columns.every is None:
        records = list(_with_steps(printed, bars, total))
    columns = columns.model_copy(update={"loss": columns.loss or "loss", "step": "step"})
    facts = facts_of(KIND, records, damage, columns)
    ended = any(_LAST in record and "train_loss" in record for _, _, record in printed)
    return with_plan(facts, {"planned_steps": total} | found, ended=ended), damage


def _printed(
    path: Path, damage: list[str]
) -> tuple[list[tuple[int, Line, dict[str, Any]]], list[tuple[int, int, int]], dict[str, Any]]:
    """Records and bars in the order in which they were printed, each with its place in it; and the banner."""
    records: list[tuple[int, Line, dict[str, Any]]] = []
    bars: list[tuple[int, int, int]] = []
    found: dict[str, Any] = {}
    order = 0
    for line, text, is_whole in texts(path):
        bars += [(order, int(match[1]), int(match[2])) for match in _BAR.finditer(text)]
        for match in _RECORD.finditer(text):
            figures = {name: figure(value) for name, value in _FIGURE.findall(match[0])}
            if not {"loss", "eval_loss", "train_runtime"}.isdisjoint(figures) or _evaluated(figures):
                order += 1
                records.append((order, line, figures))
        if not is_whole and "{'" in text and not _RECORD.search(text):
            damage.append(cut(line))
        if banner := _BANNER.search(text):
            found["planned_steps"] = whole(banner[1])
        if size := _PARAMETERS.search(text):
            found["parameters"] = whole(size[1])
    return records, bars, found


def _evaluated(figures: Mapping[str, Any]) -> bool:
    return any(name.startswith("eval_") and name.endswith("_loss") for name in figures)


def _of_training(bars: list[tuple[int, int, int]]) -> int | None:
    """The total of the bar of training: it stands behind every record, and is there before any evaluation."""
    behind = Counter(total for _, total in {(order, total) for order, _, total in bars if order > 0})
    seen = list(dict.fromkeys(total for _, _, total in bars))
    return max(seen, key=lambda total: (behind[total], -seen.index(total)), default=None)


def _with_steps(
    printed: list[tuple[int, Line, dict[str, Any]]], bars: list[tuple[int, int, int]], total: int | None
) -> Iterator[Record]:
    """Each record with the step of the first bar of training behind it, or of the last one before it."""
    after: dict[int, int] = {}
    last: dict[int, int] = {}
    for order, step, of in bars:
        if of == total:
            after.setdefault(order, step)
            last[order] = step
    before = 0
    for order, line, record in printed:
        step = after.get(order, before)
        before = last.get(order, step)
        yield line, {**record, "step": step}


_PRINTED: Final = "what was printed"
FORMAT: Final = LogFormat(
    kind=KIND,
    files=NAMES,
    read=read_console,
    recognises=begins(_KNOWN),
    places={
        "steps": f"records and the bar in {_PRINTED}",
        "steps.loss": f"`'loss'`, a mean since the last record, in {_PRINTED}",
        "steps.grad_norm": f"`'grad_norm'` in {_PRINTED}",
        "steps.lr": f"`'learning_rate'` in {_PRINTED}",
        "steps.tokens_seen": f"`'num_input_tokens_seen'` in {_PRINTED}",
        "trained_tokens": f"`'num_input_tokens_seen'` in {_PRINTED}",
        "passes": f"`'epoch'` in {_PRINTED}",
        "evaluations": f"`'eval_loss'` or `'eval_NAME_loss'` in {_PRINTED}",
        "planned_steps": f"the total of the bar in {_PRINTED}",
        "parameters": f"Unsloth's banner in {_PRINTED}",
        "finished": f"`'train_runtime'` in {_PRINTED}",
        "ended_step": f"`'train_runtime'` in {_PRINTED}",
    },
)
