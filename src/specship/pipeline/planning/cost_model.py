"""What a training would cost on devices that are not here: arithmetic over their figures, and no measurement.

A step is matrix products at a rate, what is moved through memory at a bandwidth, the optimizer, and what of
the exchange of gradients does not hide behind the backward pass. Each figure that goes in is measured (at the
model's own shapes, on the device here) or a maker's, and the prediction says which.

Not in it: launches, waits, evaluations, checkpoints, reading data; a prediction is a lower bound of the time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from specship.errors import UnusableInput
from specship.pipeline.planning.device_table import KnownDevice
from specship.pipeline.training.architecture import training_flops_per_token
from specship.pipeline.training.settings import TrainingSettings

_REACHED: Final = 0.8
"""Share of a stated peak, bandwidth or link speed that is taken where nothing was measured; an assumption."""
_HOP_SECONDS: Final = 2e-5
"""Of one message between cards; an assumption."""
_EAGER_TRAFFIC: Final = 7.0
"""Bytes that an eager step moves over those of a compiled one: 176.8 GB were counted for 8 192 tokens of the
release model, for which `_moved_bytes` gives 25."""
_OPTIMIZER_BYTES: Final = 36
"""Read and written for each parameter of a step: two norms of the gradients, then AdamW in float32."""
_STATE_BYTES: Final = 16
"""Of each parameter: weight, gradient and two moments in float32."""
_CONTEXT_BYTES: Final = 0.6e9
"""Of a CUDA context with its libraries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelRates:
    """What a device does in the two things that a step is made of."""

    matmul_flops: float
    """Operations a second of matrix products at the model's shapes."""
    bytes_per_second: float
    """Read and written."""
    measured: bool


def stated_rates(device: KnownDevice) -> KernelRates:
    """A part of what the maker states; nothing was measured."""
    return KernelRates(
        matmul_flops=_REACHED * device.peak_flops,
        bytes_per_second=_REACHED * device.bytes_per_second,
        measured=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedCost:
    """A prediction for some devices of one kind; seconds, bytes, watts and kilowatt hours."""

    device: str
    devices: int
    source: str
    assumed: str
    """What of the links is no maker's statement on this card; empty for one device, which uses none."""
    rates_measured: bool
    batch_grown: float
    """Tokens of a step over those of the settings: above 1 where there are more devices than sequences."""
    step_seconds: float
    product_seconds: float
    traffic_seconds: float
    optimizer_seconds: float
    exposed_exchange_seconds: float
    """Of the exchange of gradients, what the backward pass does not hide."""
    tokens_per_second: float
    product_share: float
    """Of the step that is matrix products."""
    wall_seconds: float
    memory_bytes: float
    """On each device."""
    memory_of_device: float | None
    kilowatt_hours: float | None
    """At the limit of the device's power, which is more than it draws; None where that is not known."""


def predicted(
    config: Mapping[str, Any],
    settings: TrainingSettings,
    parameters: int,
    rates: KernelRates,
    *,
    name: str,
    device: KnownDevice | None,
    devices: int = 1,
    compiled: bool = True,
) -> PredictedCost:
    """The cost of a plan on so many devices; a global batch that cannot be split grows, and that is said.

    Raises:
        UnusableInput: several devices whose links nobody stated.
    """
    if devices > 1 and device is None:
        raise UnusableInput(
            "several devices of a kind that no table knows",
            why="the exchange of gradients depends on their links",
            mend="name a device of the table with --on",
        )
    sequences = settings.micro_batch * settings.accumulation
    share = max(1, math.ceil(sequences / devices))
    grown = share * devices / sequences
    micro = min(settings.micro_batch, share)
    tokens = share * settings.sequence_length
    half = settings.precision == "bfloat16-autocast"
    products = tokens * training_flops_per_token(config, settings.sequence_length) / rates.matmul_flops
    moved = tokens * _moved_bytes(config, 2 if half else 4) * (1.0 if compiled else _EAGER_TRAFFIC)
    traffic = moved / rates.bytes_per_second
    optimizer = _OPTIMIZER_BYTES * parameters / rates.bytes_per_second
    hidden = 2 / 3 * (products + traffic) * micro / share  # the backward pass of the last micro-batch
    exchange = _exchange_seconds(4 * parameters, device, devices) if device and devices > 1 else 0.0
    exposed = max(0.0, exchange - hidden)
    step = products + traffic + optimizer + exposed
    wall = settings.steps * step / grown
    return PredictedCost(
        device=name,
        devices=devices,
        source=device.source if device else "measured here",
        assumed=device.assumed if device and devices > 1 else "",
        rates_measured=rates.measured,
        batch_grown=grown,
        step_seconds=step,
        product_seconds=products,
        traffic_seconds=traffic,
        optimizer_seconds=optimizer,
        exposed_exchange_seconds=exposed,
        tokens_per_second=devices * tokens / step,
        product_share=products / step,
        wall_seconds=wall,
        memory_bytes=_memory_bytes(
            config, parameters, micro * settings.sequence_length, half=half, cuda=device is not None
        ),
        memory_of_device=device.memory_bytes if device else None,
        kilowatt_hours=devices * device.watts * wall / 3.6e6 if device else None,
    )


def efficiencies(found: list[PredictedCost]) -> list[float]:
    """Tokens a second for each device, over those of the first prediction."""
    single = found[0].tokens_per_second / found[0].devices
    return [one.tokens_per_second / one.devices / single for one in found]


def _sizes(config: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Width, width of keys, inner width, layers."""
    keys = int(config["num_key_value_heads"]) * int(config["head_dim"])
    return (
        int(config["hidden_size"]),
        keys,
        int(config["intermediate_size"]),
        int(config["num_hidden_layers"]),
    )


def _moved_bytes(config: Mapping[str, Any], width: int) -> float:
    """Bytes that a token's forward and backward pass move outside the products, with fused kernels.

    A block reads and writes some 10 times its width and 3 times its inner width forward (two norms,
    rotations, attention, the gate, two sums), and twice that backward; the loss goes four times over the
    vocabulary.
    """
    hidden, _, inner, layers = _sizes(config)
    return float(width * (layers * (30 * hidden + 9 * inner) + 4 * int(config["vocab_size"])))


def _memory_bytes(
    config: Mapping[str, Any], parameters: int, tokens: int, *, half: bool, cuda: bool
) -> float:
    """State, what the backward pass needs of each token, and a chunk of the loss."""
    hidden, keys, inner, layers = _sizes(config)
    width = 2 if half else 4
    kept = layers * width * (8 * hidden + 2 * keys + 3 * inner)
    copies = 2 * parameters if half else 0
    chunk = min(tokens, 1024) * int(config["vocab_size"]) * (width + 4)
    return float(_STATE_BYTES * parameters + copies + tokens * kept + chunk + (_CONTEXT_BYTES if cuda else 0))


def _exchange_seconds(size: int, device: KnownDevice, devices: int) -> float:
    """Of the sum of `size` bytes over all cards: a ring within a host, and one between hosts for each card.

    Source: Patarasuk and Yuan 2009, Bandwidth optimal all-reduce algorithms for clusters of workstations.
    """
    near = min(devices, device.near_cards)
    hosts = math.ceil(devices / near)
    seconds = 2 * (near - 1) / near * size / (_REACHED * device.near_link)
    if hosts > 1:
        seconds += 2 * (hosts - 1) / hosts * (size / near) / (_REACHED * device.far_link)
    return seconds + 2 * _HOP_SECONDS * (math.log2(near) + math.log2(hosts))
