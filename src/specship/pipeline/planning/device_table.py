"""Devices that a cost can be predicted for, by what their makers state; nothing here was measured.

Each figure was held against public copies of the sheet that its row names (December 2026); the maker's own
pages were not to be had. What no sheet says of a card stands in `assumed`.

Peaks are dense bfloat16 products (a datasheet's figure with sparsity, halved), memory and bandwidth are the
card's, power is its limit, link speeds are bytes a second in one direction for one card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from specship.errors import UnknownName, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDevice:
    """A card as its maker states it."""

    name: str
    peak_flops: float
    """Operations a second in bfloat16, dense."""
    bytes_per_second: float
    """Of its memory."""
    memory_bytes: float
    watts: float
    """The limit that its power is held to."""
    near_link: float
    """Bytes a second in one direction to the other cards of its host."""
    near_cards: int
    """Cards of such a host."""
    far_link: float
    """Bytes a second in one direction to other hosts, for each card."""
    source: str
    assumed: str
    """Which figures are no maker's statement on this card; empty where there are none."""


HERE: Final = "here"
"""In place of a kind: the device of this machine, whose rates are measured."""
_NDR: Final = 50e9
"""400 Gb/s for each card, as in the makers' reference systems (ConnectX-7, NDR)."""
_REFERENCE: Final = "between hosts 400 Gb/s a card, as in the maker's reference system"
KNOWN_DEVICES: Final = {
    "h200": KnownDevice(
        name="NVIDIA H200 SXM",
        peak_flops=989.5e12,
        bytes_per_second=4.8e12,
        memory_bytes=141e9,
        watts=700,
        near_link=450e9,
        near_cards=8,
        far_link=_NDR,
        source="NVIDIA H200 Tensor Core GPU, datasheet",
        assumed=_REFERENCE,
    ),
    "h100": KnownDevice(
        name="NVIDIA H100 SXM",
        peak_flops=989.5e12,
        bytes_per_second=3.35e12,
        memory_bytes=80e9,
        watts=700,
        near_link=450e9,
        near_cards=8,
        far_link=_NDR,
        source="NVIDIA H100 Tensor Core GPU, datasheet",
        assumed=_REFERENCE,
    ),
    "a100": KnownDevice(
        name="NVIDIA A100 80GB SXM",
        peak_flops=312e12,
        bytes_per_second=2.039e12,
        memory_bytes=80e9,
        watts=400,
        near_link=300e9,
        near_cards=8,
        far_link=25e9,
        source="NVIDIA A100 Tensor Core GPU, datasheet",
        assumed="between hosts 200 Gb/s a card, as in the maker's reference system",
    ),
    "l40s": KnownDevice(
        name="NVIDIA L40S",
        peak_flops=362e12,
        bytes_per_second=0.864e12,
        memory_bytes=48e9,
        watts=350,
        near_link=32e9,
        near_cards=8,
        far_link=25e9,
        source="NVIDIA L40S, datasheet (PCIe 4.0 x16 as its link)",
        assumed="8 cards a host, and between hosts 200 Gb/s a card",
    ),
    "rtx4090": KnownDevice(
        name="NVIDIA GeForce RTX 4090",
        peak_flops=165.2e12,
        bytes_per_second=1.008e12,
        memory_bytes=24e9,
        watts=450,
        near_link=32e9,
        near_cards=4,
        far_link=12.5e9,
        source="NVIDIA Ada GPU architecture, appendix A (bfloat16 with float32 accumulation)",
        assumed="4 cards a host, a PCIe 4.0 x16 link, and between hosts 100 Gb/s a card",
    ),
}
"""By the name that `--on` takes."""


def known_device(name: str) -> KnownDevice:
    """The device of that name.

    Raises:
        UnknownName: the table has none.
    """
    if name not in KNOWN_DEVICES:
        raise UnknownName(
            f"no device is called {name!r}",
            mend=did_you_mean(name, KNOWN_DEVICES)
            or f"one of {', '.join(KNOWN_DEVICES)}, or 'here' for the device of this machine",
        )
    return KNOWN_DEVICES[name]
