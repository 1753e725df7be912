"""Predictions: what grows with what, what does not fit, and what was measured beside what is stated."""

from dataclasses import replace
from typing import Any, Final

import pytest
import torch

from specship.errors import UnknownName, UnusableInput
from specship.pipeline.planning.cost_model import KernelRates, PredictedCost, predicted, stated_rates
from specship.pipeline.planning.device_table import KNOWN_DEVICES, known_device
from specship.pipeline.planning.kernel_rates import measured_rates
from specship.pipeline.training.architecture import config_fields, parameter_count
from specship.pipeline.training.settings import ModelSettings, TrainingSettings

RELEASE: Final = config_fields(
    ModelSettings(
        hidden_size=1024, layers=24, heads=16, kv_heads=4, intermediate_size=2816, tied_embeddings=False
    ),
    vocabulary=50257,
    separator_id=0,
)
SETTINGS: Final = TrainingSettings(
    steps=57000, sequence_length=2048, micro_batch=4, accumulation=16, precision="bfloat16-autocast",
    warmup_steps=1000, evaluation_tokens=524288,
)  # fmt: skip
H200: Final = known_device("h200")


def cost(devices: int = 1, **settings: Any) -> PredictedCost:
    return predicted(
        RELEASE,
        SETTINGS.model_copy(update=settings),
        parameter_count(RELEASE),
        stated_rates(H200),
        name=H200.name,
        device=H200,
        devices=devices,
    )


def test_one_card_is_bound_by_its_products() -> None:
    """The release run takes more than its products need at the stated peak, and less than twice that."""
    one = cost()
    least = 57000 * 131072 * 2.536e9 / H200.peak_flops

    assert least < one.wall_seconds < 2 * least
    assert one.kilowatt_hours == pytest.approx(0.7 * one.wall_seconds / 3600)
    assert one.memory_bytes < H200.memory_bytes
    assert not one.rates_measured


def test_memory_of_the_release_run_is_near_what_was_counted() -> None:
    """Saved for the backward pass, with weights and their bfloat16 copies, were 12.2 GiB at 4 sequences.

    The chunked loss no longer holds the 8 192 by 50 257 logits, which were 4.1 GB of it.
    """
    kept = cost().memory_bytes - 16 * parameter_count(RELEASE) - 0.6e9
    counted = 12.2 * 2**30 - 4.1e9 - 4 * parameter_count(RELEASE)
    assert kept == pytest.approx(counted, rel=0.25)


def test_more_cards_are_faster_and_each_of_them_slower() -> None:
    found = [cost(devices) for devices in (1, 8, 64, 1024)]
    each = [one.tokens_per_second / one.devices for one in found]

    assert [one.wall_seconds for one in found] == sorted((one.wall_seconds for one in found), reverse=True)
    assert each == sorted(each, reverse=True)
    assert each[1] > 0.9 * each[0]


def test_a_batch_that_cannot_be_split_grows_and_says_so() -> None:
    assert [cost(devices).batch_grown for devices in (1, 64, 128)] == [1, 1, 2]


def test_slower_links_expose_the_exchange() -> None:
    slow = replace(H200, near_link=H200.near_link / 1000)
    arguments: dict[str, Any] = {"rates": stated_rates(H200), "name": "", "devices": 8}
    parameters = parameter_count(RELEASE)

    fast = predicted(RELEASE, SETTINGS, parameters, device=H200, **arguments)
    late = predicted(RELEASE, SETTINGS, parameters, device=slow, **arguments)
    assert fast.exposed_exchange_seconds == 0 < late.exposed_exchange_seconds


def test_a_model_beyond_the_card_is_seen_by_its_memory() -> None:
    assert cost(micro_batch=64, accumulation=1).memory_bytes > known_device("rtx4090").memory_bytes


def test_the_device_here_is_measured_at_the_models_shapes() -> None:
    small = config_fields(ModelSettings(), vocabulary=512, separator_id=0)
    rates = measured_rates(small, 256, torch.device("cpu"))

    assert rates.measured
    assert 1e7 < rates.matmul_flops < 1e15
    assert 1e7 < rates.bytes_per_second < 1e13
    with pytest.raises(UnusableInput, match="several"):
        predicted(small, TrainingSettings(warmup_steps=1), 1, rates, name="", device=None, devices=2)


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="h200"):
        known_device("h20")


@pytest.mark.parametrize("name", KNOWN_DEVICES)
def test_every_device_of_the_table_has_a_source_and_figures_in_order(name: str) -> None:
    device = KNOWN_DEVICES[name]
    assert device.source
    assert device.far_link <= device.near_link < device.bytes_per_second < device.peak_flops
    assert isinstance(stated_rates(device), KernelRates)
