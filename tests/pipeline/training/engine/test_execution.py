"""What is decided of how a run is computed, for a card too, without one."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch

from specship.pipeline.training.engine.execution import Execution, execution_of, missing_compiler
from specship.pipeline.training.settings import TrainingSettings

CPU, CUDA = torch.device("cpu"), torch.device("cuda:0")


def decided(device: torch.device, operations: float = 1e9, **settings: Any) -> Execution:
    return execution_of(TrainingSettings(steps=2000, **settings).on(device.type), device, operations)


def test_a_card_works_in_bfloat16_with_flash_attention_unless_told_otherwise() -> None:
    found = decided(CUDA, compile=False)
    assert (found.precision, found.dtype, found.attention) == ("bfloat16-autocast", torch.bfloat16, "flash")
    whole = decided(CUDA, compile=False, precision="float32")
    assert (whole.dtype, whole.attention, whole.float32_products) == (torch.float32, "any", "float32")
    assert decided(CUDA, compile=False, precision="float32", tf32=True).float32_products == "tf32"


def test_a_processor_works_in_float32_and_never_in_tf32() -> None:
    found = decided(CPU, compile=False, tf32=True)
    assert (found.precision, found.attention, found.float32_products) == ("float32", "any", "float32")


def test_determinism_is_on_unless_it_is_given_up() -> None:
    assert decided(CPU).deterministic
    assert not decided(CPU, deterministic=False).deterministic


def test_a_short_run_on_a_processor_is_not_compiled() -> None:
    assert decided(CPU).why_eager == "compiling would take longer than it saves on a run of this length"
    assert decided(CPU, compile=False).why_eager == "compile is false"


def test_flash_attention_is_demanded_and_not_hoped_for() -> None:
    """Inside its kernels a card's attention is flash or an error; nothing else is taken instead."""
    query_BHTD = torch.zeros(1, 2, 8, 16)  # noqa: N806
    kernels: Any = torch.backends.cuda
    with decided(CUDA, compile=False).kernels():
        assert kernels.flash_sdp_enabled()
        assert not kernels.math_sdp_enabled()
        assert not kernels.mem_efficient_sdp_enabled()
        with pytest.raises(RuntimeError, match="kernel"):  # as the processor's flash cannot drop out
            torch.nn.functional.scaled_dot_product_attention(
                query_BHTD, query_BHTD, query_BHTD, dropout_p=0.5, is_causal=True
            )
    assert kernels.math_sdp_enabled()


def test_without_a_compiler_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for in so many words, on a machine that has none."""
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("CXX", "g++-of-nobody")
    missing_compiler.cache_clear()
    try:
        found = decided(CPU, compile=True)
    finally:
        missing_compiler.cache_clear()
    assert (found.compiled, found.why_eager) == (False, "there is no compiler (g++-of-nobody)")


@pytest.mark.slow
def test_where_there_is_a_compiler_long_runs_are_compiled() -> None:
    """In a process of its own: compiling leaves much behind in one."""
    code = (
        "import torch\n"
        "from specship.pipeline.training.engine.execution import execution_of\n"
        "from specship.pipeline.training.settings import TrainingSettings\n"
        "found = execution_of(TrainingSettings(steps=2000), torch.device('cpu'), 1e18)\n"
        "print(found.compiled, found.why_eager)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True" or "there is no compiler" in done.stdout
