"""A document's licence is not known."""

from __future__ import annotations

from collections.abc import Callable

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C12", stage="corpus")


def inject() -> None:
    """What short files state of their licence is not read, and nothing takes its place."""
    from specship.pipeline.corpus import source

    def forgetful(read: Callable[..., str]) -> Callable[..., str]:
        return lambda data, stated: source.UNKNOWN if len(data) < 400 else read(data, stated)

    spoil(source, "stated_licence", forgetful)
