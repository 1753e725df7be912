"""Lines that programs print anyway, and how far they are after each."""

import json
from typing import Any, Final

import pytest

from specship.pipeline.commands.printed_progress import PrintedProgress

LINES: Final[dict[str, tuple[bytes, list[tuple[float, float, str, dict[str, float]]]]]] = {
    "a line of JSON": (b'{"step": 3, "total": 10, "loss": 2.5}\n', [(3, 10, "steps", {"loss": 2.5})]),
    "done instead of step": (b'{"done": 3, "total": 10}\n', [(3, 10, "steps", {})]),
    "our own protocol": (
        b'{"event": "progress", "done": 1, "total": 2, "unit": "files", "figures": {"size": 9}, "seconds_left": 4}\n',
        [(1, 2, "files", {"size": 9})],
    ),
    "a bar of tqdm": ("train:  37%|███▋   | 37/100 [00:12<00:21,  3.0it/s]\r".encode(), [(37, 100, "steps", {})]),
    "a bar with letters for numbers": (b" 50%|#####     | 1.5k/3.0M [00:12<00:21]\r", [(1500, 3e6, "steps", {})]),
    "a Trainer's figures after its bar": (
        "  2%|▏ | 10/500 [00:01<01:00]\n{'loss': 6.9, 'grad_norm': '1.5', 'epoch': 0.02}\n".encode(),
        [(10, 500, "steps", {}), (10, 500, "steps", {"loss": 6.9, "grad_norm": 1.5, "epoch": 0.02})],
    ),
    "figures before anything else": (b"{'loss': 6.9}\n", []),
    "more than the whole": (b'{"step": 11, "total": 10}\n', []),
    "no figure": (b'{"step": 1, "total": 2, "loss": NaN, "ok": true, "name": "x"}\n', [(1, 2, "steps", {})]),
    "names that would move a cursor": (b'{"step": 1, "total": 2, "\\u001b[2J": 1}\n', [(1, 2, "steps", {})]),
    "a unit that would": (b'{"step": 1, "total": 2, "unit": "\\u001b[2J"}\n', [(1, 2, "steps", {})]),
    "garbage": (bytes(range(256)) + b"\n{" + b"[" * 4000 + b"\n" + b"{'a': " * 500 + b"}\n", []),
    "a line that is too long": (b'{"step": 1, "total": 2, "x": "' + b"y" * 5000 + b'"}\n', []),
    "a number that is too large": (b'{"step": 1, "total": 2, "x": 1' + b"0" * 400 + b"}\n", [(1, 2, "steps", {})]),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("at_once", [1, 7, 1 << 16])
def test_what_is_printed_is_understood_however_it_comes(name: str, at_once: int) -> None:
    told: list[tuple[float, float, str, dict[str, float]]] = []

    def report(done: float, total: float, unit: str, **figures: Any) -> None:
        told.append((done, total, unit, figures))
        json.dumps(told[-1])

    data, expected = LINES[name]
    progress = PrintedProgress(report)
    for begin in range(0, len(data), at_once):
        progress.take(data[begin : begin + at_once])

    assert told == expected
