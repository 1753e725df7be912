"""What a step calls is seen by the profiler: types of products, attention kernels, and no word more."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from specship.pipeline.placement.kernels import observe
from specship.pipeline.placement.records import Kernels


def attention(dtype: torch.dtype) -> None:
    """A product of 2 * 8 * 4 * 16 operations there, as many twice back, and an attention."""
    heads_BHTD = torch.randn(1, 2, 8, 4, requires_grad=True)  # noqa: N806
    rows_RD, matrix_DE = torch.randn(8, 4, requires_grad=True), torch.randn(4, 16, requires_grad=True)  # noqa: N806
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        mixed = torch.nn.functional.scaled_dot_product_attention(heads_BHTD, heads_BHTD, heads_BHTD)
        total = (rows_RD @ matrix_DE).sum() + mixed.sum()
    total.backward()  # type: ignore[no-untyped-call]


def seen(dtype: torch.dtype) -> Kernels:
    return observe(7, lambda: attention(dtype))[1]


def test_products_are_counted_by_type(capfd: pytest.CaptureFixture[str]) -> None:
    whole, half = seen(torch.float32), seen(torch.bfloat16)

    assert whole.step == 7
    assert whole.matmul_flops == {"float32": 3 * 2 * 8 * 4 * 16}
    assert half.matmul_flops == {"bfloat16": 3 * 2 * 8 * 4 * 16}
    assert capfd.readouterr() == ("", "")


def test_the_attention_that_writes_out_its_scores_is_told_apart() -> None:
    fused = seen(torch.float32)
    with sdpa_kernel(SDPBackend.MATH):
        written_out = seen(torch.float32)

    assert set(fused.attention) == {"_scaled_dot_product_flash_attention_for_cpu"}
    assert set(written_out.attention) == {"_scaled_dot_product_attention_math"}


def test_a_failure_of_the_step_is_passed_on_and_ends_the_observation() -> None:
    with pytest.raises(ZeroDivisionError):
        observe(1, lambda: 1 / 0)
    assert seen(torch.float32).matmul_flops
