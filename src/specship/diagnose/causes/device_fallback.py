"""The device that did the work is not the one that was asked for."""

from __future__ import annotations

from typing import Final

from specship.diagnose.facts import Facts
from specship.diagnose.finding import Cause, Figure, Observed, RootCause


def _kind(device: str) -> str:
    return device.partition(":")[0]


def _examine(facts: Facts) -> Observed | None:
    asked, got = _kind(facts.device_asked or ""), _kind(facts.device_got or "")
    strangers = [step for step in facts.steps if step.device is not None and _kind(step.device) != asked]
    if asked == "auto" or (asked == got and not strangers):
        return None
    return Observed(
        figures=(
            Figure("asked", facts.device_asked or "", "text"),
            Figure("got", facts.device_got or "", "text"),
            Figure("steps_elsewhere", len(strangers), "steps"),
        ),
        lines=tuple(step.line for step in strangers[:3]),
        confidence=1.0,
        rule="1: both devices are on record",
        says=f"{facts.device_asked} was asked for, {facts.device_got} did the work",
        refute_by="ask the driver which processes use the device while it trains: the run's would be one",
    )


CAUSE: Final = Cause(
    name="device-fallback",
    root=RootCause.INFRASTRUCTURE,
    needs=("device_asked", "device_got"),
    reference="PyTorch documentation, CUDA semantics",
    mechanism="A missing device was answered with another one.",
    unseen="The fallback was silent, and a slow run looks like a large one.",
    prevention="A device that is not there is an error; the device in use is in every record.",
    examine=_examine,
)
