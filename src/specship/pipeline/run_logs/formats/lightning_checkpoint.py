"""Lightning's checkpoint (`epoch=0-step=60.ckpt`): recognised, and no log of a run.

It is a zip with a pickle and the bytes of tensors. The pickle is never loaded: its instructions are listed,
which runs nothing, up to the step and the epoch that Lightning puts at the top. So a person is told what the
file is, how far the run had come, and where the log would lie.
Source: lightning 2.6, checkpoint_connector.py (dump_checkpoint); Python, pickletools; APPNOTE.TXT, 4.3.7.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from specship.errors import DamagedArtifact, SpecshipError, UnusableInput
from specship.pipeline.run_logs.facts import Facts
from specship.pipeline.run_logs.log_format import LogFormat
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns
from specship.strict_json import open_regular

KIND: Final = "Lightning checkpoint"
_ENTRY: Final = struct.Struct("<4s4xH16xHH")
"""What stands before a file in a zip: its mark, how it is packed, lengths of its name and of what follows."""
_MARK: Final = b"PK\x03\x04"
_PICKLE: Final = b"/data.pkl"
_MOST: Final = 1 << 20
"""Bytes that are looked through; what is asked for stands before the first weight."""
_INSTRUCTIONS: Final = 200_000
_MEMO: Final = {"MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT"}
_ASKED: Final = ("global_step", "epoch", "pytorch-lightning_version")


def read_checkpoint(path: Path, _: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Nothing of a run: a checkpoint has no log.

    Raises:
        DamagedArtifact: it does not begin as `torch.save` does.
        UnusableInput: it is one; with the step that it says it is of.
    """
    found = top_of(path)
    of = ", ".join(f"{name} {found[name]}" for name in _ASKED if name in found)
    raise UnusableInput(
        f"a checkpoint{' of Lightning' if 'pytorch-lightning_version' in found else ''}, and no log of a run",
        at=path,
        why=f"it holds weights and a pickle, which is not loaded{f'; it says of itself: {of}' if of else ''}",
        mend="name the log: lightning_logs/version_N/metrics.csv, an event file, or what your logger wrote",
    )


def top_of(path: Path) -> dict[str, Any]:
    """Step, epoch and version that a checkpoint says of itself, as far as its instructions show them.

    Raises:
        DamagedArtifact: it does not begin as `torch.save` does, with the pickle.
    """
    with open_regular(path) as (file, _):
        data = file.read(_MOST)
    if len(data) >= _ENTRY.size:
        mark, method, name, extra = _ENTRY.unpack_from(data)
        at = _ENTRY.size + name
        if mark == _MARK and method == 0 and data[_ENTRY.size : at].endswith(_PICKLE):
            return dict(_said(data[at + extra :]))
    raise DamagedArtifact(
        "no checkpoint of torch.save", at=path, why="it does not begin as a zip whose first file is data.pkl"
    )


def _said(data: bytes) -> Iterator[tuple[str, Any]]:
    """Names that are asked for, each with the plain value right behind it."""
    asked: str | None = None
    try:
        for number, (opcode, value, _) in enumerate(pickletools.genops(data)):
            if number >= _INSTRUCTIONS:
                return
            if opcode.name in _MEMO:
                continue
            if asked is not None and isinstance(value, int | str) and not isinstance(value, bool):
                yield asked, f"{value!s:.40}"
            asked = value if isinstance(value, str) and value in _ASKED else None
    except Exception:  # noqa: BLE001 - whatever the bytes are, what was found before them stands
        return


def _is_one(path: Path) -> bool:
    try:
        top_of(path)
    except SpecshipError:
        return False
    return True


FORMAT: Final = LogFormat(
    kind=KIND,
    files=("*.ckpt", "checkpoints/*.ckpt", "lightning_logs/version_*/checkpoints/*.ckpt"),
    read=read_checkpoint,
    recognises=_is_one,
    order=2,
)
