"""Under which names logs hold a held-out loss, and the text that each is of.

Trainer writes `eval_loss`, and `eval_NAME_loss` where it has several sets; in TensorBoard the same stand as
`eval/loss` and `eval/NAME_loss`. Lightning has whatever was given to `self.log`: `val_loss`, `val/loss`,
`validation_loss`, with `_epoch` behind it where it is the mean of an epoch.
Source: transformers 5.23, trainer.py (evaluate) and integration_utils.py (rewrite_logs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from specship.pipeline.run_logs.facts import Evaluation, Line
from specship.pipeline.run_logs.json_values import number

_HELD_OUT: Final = re.compile(
    r"(?:eval|evaluation|val|valid|validation|validation_metrics|dev|heldout|held_out)[_/](?:(?P<text>[^\s]{1,80}?)[_/])?loss(?:_epoch)?"
)


def held_out_text(key: str) -> str | None:
    """The text that a key's held-out loss is of, empty where it has no name; None where it is none."""
    found = _HELD_OUT.fullmatch(key)
    return None if found is None else found["text"] or ""


def evaluations_of(line: Line, step: int, record: Mapping[str, Any]) -> Iterator[Evaluation]:
    """Every held-out loss of one record that is a number, NaN included."""
    named = {key: text for key in record if (text := held_out_text(key)) is not None}
    whole = "" in named.values()
    for key, text in named.items():
        if (loss := number(record[key])) is not None:
            yield Evaluation(line=line, step=step, loss=loss, name=text, part=whole and bool(text))
