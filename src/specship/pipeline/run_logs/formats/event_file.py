"""TensorBoard's event files, as PyTorch's SummaryWriter writes them: framed records of scalars and texts.

    frame    length, uint64 · masked CRC-32C of the length · data · masked CRC-32C of the data
    Event    2 step   5 summary         Summary  1 value (repeated)
    Value    1 tag   2 simple_value, float   8 tensor
    Tensor   1 dtype   5 float_val   8 string_val

Trainer writes `train/loss`, `eval/loss` and so on, and its arguments as JSON under `args/text_summary`. Other
fields are skipped. A file that was cut is read up to there.
Source: tensorflow, core/lib/io/record_writer.h, core/util/event.proto, core/framework/summary.proto;
transformers 5.23, integration_utils.py (TensorBoardCallback).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from specship import bounds
from specship.errors import DamagedArtifact, Place
from specship.pipeline.run_logs.declared_settings import declared, vocabulary
from specship.pipeline.run_logs.facts import Facts, Line
from specship.pipeline.run_logs.formats._protobuf import fields
from specship.pipeline.run_logs.json_values import count
from specship.pipeline.run_logs.log_format import MOST_DAMAGE, LogFormat
from specship.pipeline.run_logs.series.building import Record, facts_of
from specship.pipeline.run_logs.series.columns import NO_COLUMNS, Columns
from specship.strict_json import open_regular

KIND: Final = "TensorBoard log"
_ARGUMENTS: Final = "args/text_summary"
_CONFIG: Final = "model_config/text_summary"
_LAST: Final = "train/train_loss"
"""What Trainer logs when it comes to its end, and never before."""
_HEAD: Final = struct.Struct("<QI")
_TAIL: Final = struct.Struct("<I")
_STRING: Final = 7
_MASK: Final = 0xA282EAD8
_POLYNOMIAL: Final = 0x82F63B78
"""Of CRC-32C (Castagnoli), its bits reversed."""


def _table() -> tuple[int, ...]:
    values = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)  # noqa: PLW2901 - shifted out bit by bit
        values.append(value)
    return tuple(values)


_CRC: Final = _table()


def masked_crc(data: bytes) -> int:
    """The checksum that a frame carries."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF


def read_events(path: Path, columns: Columns = NO_COLUMNS) -> tuple[Facts, list[str]]:
    """Facts of an event file.

    Raises:
        DamagedArtifact: it is none, or beyond its bounds.
    """
    damage: list[str] = []
    records, texts = _records(path, damage)
    if not records and not texts:
        raise DamagedArtifact(
            "no event file of TensorBoard", at=path, why="no scalar and no text can be read"
        )
    facts = facts_of(KIND, records, damage, columns)
    ends = [count(record["step"]) for _, record in records if _LAST in record]
    return replace(
        facts,
        vocabulary=vocabulary(texts.get(_CONFIG, "")),
        finished=True if ends else None,
        ended_step=ends[-1] if ends else None,
        **declared(texts.get(_ARGUMENTS, ""), None),
    ), damage


def told_by_events(path: Path) -> str:
    """The arguments that Trainer wrote into an event file, as JSON; empty where there are none."""
    return _records(path, [])[1].get(_ARGUMENTS, "")


def _records(path: Path, damage: list[str]) -> tuple[list[Record], dict[str, str]]:
    """What the scalars say of each step, and the texts by tag."""
    found: list[tuple[Line, dict[str, Any]]] = []
    texts: dict[str, str] = {}
    for number, event in enumerate(_frames(path, damage), start=1):
        line = Line(path.name, number, entry=True)
        if len(damage) >= MOST_DAMAGE:
            damage.append(f"{line}: as much could not be read before it; what stands behind it was not")
            break
        try:
            step, values = _event(event)
        except ValueError as error:
            damage.append(f"{line} is no event: {error}")
            continue
        for tag, value in values:
            if isinstance(value, str):
                texts.setdefault(tag, value)
            elif found and found[-1][1]["step"] == step:
                found[-1][1][tag] = value
            else:
                found.append((line, {"step": step, tag: value}))
    return list(found), texts


def _frames(path: Path, damage: list[str]) -> Iterator[bytes]:
    """The data of each frame whose checksums hold, up to the first that breaks."""
    with open_regular(path) as (file, size):
        if size > bounds.EVENT_FILE_BYTES:
            raise DamagedArtifact(
                f"longer than {bounds.EVENT_FILE_BYTES} bytes", at=path, why=f"it has {size}"
            )
        while head := file.read(_HEAD.size):
            at = file.tell() - len(head)
            length, checksum = _HEAD.unpack(head) if len(head) == _HEAD.size else (0, 0)
            if len(head) < _HEAD.size or masked_crc(head[:8]) != checksum:
                damage.append(f"{path.name} breaks at byte {at}; what stands behind it was not read")
                return
            if length > bounds.EVENT_RECORD_BYTES:
                raise DamagedArtifact(
                    f"a record longer than {bounds.EVENT_RECORD_BYTES} bytes", at=Place(str(path), offset=at)
                )
            body = file.read(length + _TAIL.size)
            if len(body) < length + _TAIL.size or masked_crc(body[:-4]) != _TAIL.unpack(body[-4:])[0]:
                damage.append(
                    f"{path.name} was cut or changed at byte {at}; what stands behind it was not read"
                )
                return
            yield body[:-4]


def _event(data: bytes) -> tuple[int, list[tuple[str, float | str]]]:
    step, values = 0, list[tuple[str, float | str]]()
    for number, value in fields(data):
        if number == 2 and isinstance(value, int):
            step = value
        elif number == 5 and isinstance(value, bytes):
            values += [
                read
                for at, one in fields(value)
                if at == 1 and isinstance(one, bytes) and (read := _value(one))
            ]
    return step, values


def _value(data: bytes) -> tuple[str, float | str] | None:
    tag = ""
    found: float | str | None = None
    for number, value in fields(data):
        if number == 1 and isinstance(value, bytes):
            tag = value.decode("utf-8", errors="replace")
        elif number == 2 and isinstance(value, bytes) and len(value) == 4:
            found = _float(value)
        elif number == 8 and isinstance(value, bytes):
            found = _tensor(value)
    return None if found is None else (tag, found)


def _tensor(data: bytes) -> float | str | None:
    """One number, or one text: what `add_scalar` in its new style and `add_text` write."""
    kind, found = 0, None
    for number, value in fields(data):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number == 5 and isinstance(value, bytes) and len(value) == 4:
            found = _float(value)
        elif number == 8 and isinstance(value, bytes) and kind == _STRING:
            return value.decode("utf-8", errors="replace")
    return found


def _float(data: bytes) -> float:
    value: float = struct.unpack("<f", data)[0]
    return value


_TAGS: Final = "an event file"
FORMAT: Final = LogFormat(
    kind=KIND,
    files=("*tfevents*", "runs/*/*tfevents*", "tb/*/*tfevents*"),
    read=read_events,
    places={
        "steps": f"`train/loss` in {_TAGS}",
        "steps.loss": f"`train/loss` in {_TAGS}",
        "steps.grad_norm": f"`train/grad_norm` in {_TAGS}",
        "steps.lr": f"`train/learning_rate` in {_TAGS}",
        "steps.tokens_seen": f"`train/num_input_tokens_seen` in {_TAGS}",
        "passes": f"`train/epoch` in {_TAGS}",
        "vocabulary": f"`{_CONFIG}` in {_TAGS}",
        "ln_vocabulary": f"`{_CONFIG}` in {_TAGS}",
        "finished": f"`{_LAST}` in {_TAGS}",
        "ended_step": f"`{_LAST}` in {_TAGS}",
        "evaluations": f"`eval/loss` or `eval/NAME_loss` in {_TAGS}",
        "planned_steps": f"`max_steps` of `{_ARGUMENTS}` in {_TAGS}",
        "schedule": f"`{_ARGUMENTS}` in {_TAGS}",
        "clip_norm": f"`max_grad_norm` of `{_ARGUMENTS}` in {_TAGS}",
    },
)
