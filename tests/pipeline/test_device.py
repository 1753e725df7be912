"""What a device can do, measured on whatever machine this is."""

import pytest
import torch

from specship.errors import RequirementMissing
from specship.pipeline.device import matmul_flops_per_second, resolve_device


def test_a_machine_too_busy_for_one_product_in_time_still_has_a_speed() -> None:
    assert matmul_flops_per_second(torch.device("cpu"), seconds=0.0) > 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_hidden_devices_are_named_where_none_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty CUDA_VISIBLE_DEVICES looks like a machine without a card; the refusal says which it was."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(RequirementMissing, match="CUDA_VISIBLE_DEVICES is ''"):
        resolve_device("cuda")
