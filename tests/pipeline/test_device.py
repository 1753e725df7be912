"""What a device can do, measured on whatever machine this is."""

import torch

from specship.pipeline.device import matmul_flops_per_second


def test_a_machine_too_busy_for_one_product_in_time_still_has_a_speed() -> None:
    assert matmul_flops_per_second(torch.device("cpu"), seconds=0.0) > 0
