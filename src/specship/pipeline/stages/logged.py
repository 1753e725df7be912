"""Logged: the run of a model that another program trained, from the log that it left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specship.digests import digest_of
from specship.errors import RequirementMissing
from specship.pipeline.received.receiving import ReceivedPart, require_received
from specship.pipeline.run_logs.receiving import LoggedSettings, receive, seen_outside
from specship.pipeline.stage import Stage, Work


class PromisedRun(LoggedSettings, ReceivedPart):
    """A run that is received, with what its maker promised of its bytes."""


def _outside(settings: Mapping[str, Any], project: Path) -> str:
    """Digest of the names and bytes of all that is received; of none, where nothing is there."""
    about = settings["logged"]
    return digest_of(seen_outside(project / str(about.get("folder")), str(about.get("weights") or "")))


STAGE = Stage(
    makes="run",
    name="logged",
    lifecycle="train",
    settings={"logged": PromisedRun},
    outside=_outside,
)


def run(work: Work) -> None:
    """Receive the run; what cannot be read at all is refused with the reason.

    Raises:
        RequirementMissing: nothing lies there.
        UnusableInput, DamagedArtifact: it is no run that can be read, or a declaration contradicts it.
    """
    settings: PromisedRun = work.settings["logged"]
    place = Path(settings.folder)
    if not place.exists():
        raise RequirementMissing(
            "the run that is to be received is not there",
            at=place,
            why="nothing is fetched while something is measured",
            mend="put its folder or its log there, then run again",
        )
    if settings.sha256 or settings.statement:
        require_received("run", settings, settings.folder)
    facts = receive(place, work.output, settings)
    work.report(1, 1, "runs", records=len(facts.steps))
