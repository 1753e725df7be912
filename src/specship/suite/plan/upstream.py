"""Which stages are behind an artifact, and whose settings each of them reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from specship.pipeline.registry import maker_of
from specship.pipeline.stage import Stage
from specship.specs.records import Profile


def stages_behind(profile: Profile, model: str, artifacts: Iterable[str]) -> Iterator[tuple[str, Stage]]:
    """Every stage that has to run before a model has these artifacts, with the model that runs it."""
    pending = [(model, artifact) for artifact in artifacts]
    seen = set(pending)
    while pending:
        asking, artifact = pending.pop()
        owner = profile.lenders_of(asking).get(artifact, asking)
        stage = maker_of(artifact, profile.settings_of(owner))
        yield owner, stage
        needed = {(owner, name) for name in stage.needs} - seen
        seen |= needed
        pending += sorted(needed)
