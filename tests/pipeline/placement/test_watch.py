"""Samples beside a run: from before its first step to the last, and torn lines of a killed one."""

import json
from pathlib import Path

import pytest
import torch

from specship.errors import DamagedArtifact
from specship.pipeline.placement.records import DEVICES, read_samples
from specship.pipeline.placement.watch import DeviceWatch
from specship.pipeline.placement.work_device import WorkDevice

CPU = torch.device("cpu")


def watched(folder: Path, steps: range) -> None:
    with DeviceWatch(folder, WorkDevice(CPU)) as devices:
        devices.begin(steps.start)
        for step in steps[1:]:
            devices.note(step)


def test_every_step_is_covered_however_fast_they_come(tmp_path: Path) -> None:
    watched(tmp_path, range(2000))
    samples = read_samples(tmp_path)

    covered = [step for one in samples for step in range(one.first_step, one.last_step + 1)]
    assert covered == list(range(2000))
    assert samples[0].first_step == samples[0].last_step == 0
    assert all((one.own_memory_bytes or 0) > 1 << 20 and one.memory_known_by == "process" for one in samples)


def test_a_line_that_a_kill_cut_is_mended_by_the_next_session(tmp_path: Path) -> None:
    watched(tmp_path, range(3))
    with (tmp_path / DEVICES).open("a") as file:
        file.write('{"first_step": 3')
    with pytest.raises(DamagedArtifact, match="cut"):
        read_samples(tmp_path)

    watched(tmp_path, range(2, 5))

    assert read_samples(tmp_path)[-1].last_step == 4


def test_a_line_that_is_no_sample_is_refused_with_its_key(tmp_path: Path) -> None:
    watched(tmp_path, range(2))
    lines = (tmp_path / DEVICES).read_text().splitlines()
    (tmp_path / DEVICES).write_text(json.dumps({**json.loads(lines[0]), "own_memory_bytes": -1}) + "\n")

    with pytest.raises(DamagedArtifact, match="own_memory_bytes"):
        read_samples(tmp_path)


def test_the_flag_of_determinism_is_that_of_the_moment(tmp_path: Path) -> None:
    before = torch.are_deterministic_algorithms_enabled()
    try:
        torch.use_deterministic_algorithms(True)
        with DeviceWatch(tmp_path, WorkDevice(CPU)) as devices:
            devices.begin(0)
            torch.use_deterministic_algorithms(False)
            devices.note(1)
    finally:
        torch.use_deterministic_algorithms(before)

    assert [one.deterministic for one in read_samples(tmp_path)] == [True, False]
