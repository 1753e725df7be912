"""TensorBoard: an event file for each model and profile, a scalar for each figure at step 0.

Source: tensorflow, core/lib/io/record_writer.h, core/util/event.proto, core/framework/summary.proto.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Final

from specship.files import write_file
from specship.pipeline.run_logs.formats.event_file import masked_crc
from specship.report.judged_figures import run_name, scalars, seconds
from specship.report.tracking._messages import double, field, floating, varint
from specship.status.report import Report

_VERSION: Final = b"brain.Event:2"


def write(report: Report, folder: Path) -> list[Path]:
    """Write `FOLDER/MODEL-PROFILE/events.out.tfevents.SECONDS.specship`.

    Raises:
        CannotWrite: the disk is full or refuses.
    """
    made = []
    for model in report.models:
        moment = seconds(model)
        events = [double(1, moment) + field(3, _VERSION)]
        for name, value in scalars(model).items():
            summary = field(1, field(1, name.encode()) + floating(2, value))
            events.append(double(1, moment) + varint(2 << 3) + varint(0) + field(5, summary))
        path = folder / run_name(model) / f"events.out.tfevents.{int(moment)}.specship"
        write_file(path, b"".join(map(_frame, events)))
        made.append(path)
    return made


def _frame(event: bytes) -> bytes:
    length = struct.pack("<Q", len(event))
    checksums = (struct.pack("<I", masked_crc(part)) for part in (length, event))
    return length + next(checksums) + event + next(checksums)
