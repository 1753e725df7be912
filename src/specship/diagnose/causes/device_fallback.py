"""The device that did the work is not the one that was asked for."""

from __future__ import annotations

from typing import Final

from specship.diagnose.finding import Cause, Figure, Observed, RootCause
from specship.pipeline.run_logs.facts import Facts

_DOUBT: Final = 0.05
"""Below what binds a run (`diagnosing.FLOOR`)."""


def _meets(device: str, asked: str) -> bool:
    """Whether a device is one that was asked for: `cuda` is any CUDA device, `cuda:1` that one alone."""
    kind, sign, _ = asked.partition(":")
    return device == asked if sign else device.partition(":")[0] == kind


def _left_open(facts: Facts) -> Observed:
    """`auto` that got the CPU, as most do that have nothing else: a remark, too weak to bind."""
    return Observed(
        figures=(Figure("asked", "auto", "text"), Figure("got", facts.device_got or "", "text")),
        lines=facts.recorded("device_asked", "device_got"),
        confidence=_DOUBT,
        rule=f"{_DOUBT:g}: no record says that another device was meant, or that there was one",
        says="the device was left to auto, which took the CPU; whether a GPU was meant is on record nowhere",
        refute_by="--fact device_asked=cpu or device_asked=cuda says what was meant",
    )


def _examine(facts: Facts) -> Observed | None:
    asked, got = facts.device_asked or "", facts.device_got or ""
    if asked == "auto":
        if _meets(got, "cpu"):
            return _left_open(facts)
        asked = got
    strangers = [step for step in facts.steps if step.device is not None and not _meets(step.device, asked)]
    if _meets(got, asked) and not strangers:
        return None
    return Observed(
        figures=(
            Figure("asked", facts.device_asked or "", "text"),
            Figure("got", got, "text"),
            Figure("steps_elsewhere", len(strangers), "records"),
        ),
        lines=(*facts.recorded("device_asked", "device_got"), *(step.line for step in strangers[:3])),
        confidence=1.0,
        rule="1: both devices are on record",
        says=(
            f"{facts.device_asked} was asked for, {got} did the work"
            if not _meets(got, asked)
            else f"{asked} was asked for, and {len(strangers)} steps were on {strangers[0].device}"
        ),
        refute_by="ask the driver which processes use the device while it trains: the run's would be one",
    )


CAUSE: Final = Cause(
    name="device-fallback",
    root=RootCause.INFRASTRUCTURE,
    needs=("device_asked", "device_got"),
    reference=(
        "Humbatova et al. 2019, Taxonomy of Real Faults in Deep Learning Systems (arXiv:1910.11015), "
        "on missing and wrong references to a GPU"
    ),
    mechanism="A missing device was answered with another one.",
    unseen="The fallback was silent, and a slow run looks like a large one.",
    prevention="A device that is not there is an error; the device in use is in every record.",
    examine=_examine,
)
