"""Samples of a run's device beside the run: one before its first step, then one for all steps since the last.

The loop only notes that a step was recorded; asking the driver takes milliseconds and happens in a thread of
its own, which never waits for the device. Steps that come faster than samples share one.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from specship.errors import SpecshipError
from specship.json_log import JsonLog, repair
from specship.pipeline.placement.records import DEVICES, DeviceSample
from specship.pipeline.placement.work_device import WorkDevice

_PAUSE: Final = 0.5
"""Seconds between two samples at least, so that recording takes nothing from the steps."""


class DeviceWatch:
    """Writes `devices.jsonl` while it is entered; `lost` says why the driver gave no more answers."""

    def __init__(self, folder: Path, place: WorkDevice) -> None:
        path = folder / DEVICES
        repair(path, lambda _line: True)
        self.lost = ""
        self._place = place
        self._log = JsonLog(path)
        self._lock = threading.Lock()
        self._steps: tuple[int, int, float] | None = None
        """First and last step that no sample covers, and when the first of them was recorded."""
        self._woken = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="devices", daemon=True)
        self._began = time.monotonic()
        self._failure: SpecshipError | None = None

    def __enter__(self) -> Self:
        return self

    def begin(self, step: int) -> None:
        """Sample now, with the model on its device and before the first step, and go on from there."""
        self._began = time.monotonic()
        self._steps = (step, step, self._began)
        self._sample()
        self._thread.start()

    def note(self, step: int) -> None:
        """A step was recorded; returns at once.

        Raises:
            CannotWrite: an earlier sample could not be written.
        """
        if self._failure is not None:
            raise self._failure
        with self._lock:
            first, _, since = self._steps or (step, step, time.monotonic())
            self._steps = (first, step, since)
        self._woken.set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        self._log.close()

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                self._woken.wait()
                self._woken.clear()
                self._sample()
                self._ended.wait(_PAUSE)
            self._sample()
        except SpecshipError as failure:
            self._failure = failure

    def _sample(self) -> None:
        with self._lock:
            covered, self._steps = self._steps, None
        if covered is None:
            return
        first, last, since = covered
        figures = self._place.figures()
        now = time.monotonic()
        sample = DeviceSample(
            first_step=first,
            last_step=last,
            seconds=now - self._began,
            delay_seconds=now - since,
            **figures,
        )
        self.lost = sample.lost if self._place.answers else ""
        self._log.append(sample.model_dump(exclude_none=False))
