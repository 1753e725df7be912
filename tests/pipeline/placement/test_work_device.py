"""The place of a process: the processor by the kernel here, a card by its driver where there is one."""

import os
import platform

import pytest
import torch

from specship.pipeline.placement.work_device import WorkDevice


def test_a_processor_by_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    found = WorkDevice(torch.device("cpu")).placement()

    assert (found.kind, found.source, found.pid, found.computed_on) == ("cpu", "kernel", os.getpid(), "")
    assert found.card is not None
    assert found.card.driver == f"{platform.system()} {platform.release()}"
    assert found.card.memory_bytes > 1 << 20
    assert found.visible_devices == ""


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_card_by_its_driver() -> None:
    """The run's own memory grows by what it allocates; the driver's uuid is the framework's."""
    pytest.importorskip("pynvml")
    place = WorkDevice(torch.device("cuda:0"))
    before = place.figures()
    held = torch.empty(256 << 20, dtype=torch.uint8, device="cuda:0")
    after = place.figures()

    found = place.placement()
    assert found.source == "nvml"
    assert found.card is not None
    assert found.card.uuid == found.computed_on == after["uuid"]
    assert found.known_to_kernel is not False
    assert after["own_memory_bytes"] - before["own_memory_bytes"] >= held.numel() - (2 << 20)
