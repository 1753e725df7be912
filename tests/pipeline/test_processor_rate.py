"""The rate of the processors, in their own time."""

from __future__ import annotations

import os

import torch

from specship.pipeline.device import matmul_flops_per_second
from specship.pipeline.processor_rate import processor_flops_per_second


def test_cores_are_counted_and_the_process_is_left_as_it_was() -> None:
    """Waiting makes a rate by the clock lower, and never this one."""
    before = torch.get_num_threads()
    found = processor_flops_per_second()
    assert torch.get_num_threads() == before
    torch.set_num_threads(1)
    try:
        by_the_clock = matmul_flops_per_second(torch.device("cpu"), seconds=0.05)
    finally:
        torch.set_num_threads(before)
    assert found / len(os.sched_getaffinity(0)) > by_the_clock / 2
