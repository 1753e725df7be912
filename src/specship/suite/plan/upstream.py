"""Which stages are behind an artifact, and whose settings each of them reads; what is of a model's own line.

What ships is a model's checkpoint. Evidence about an artifact counts for the model where the checkpoint was
made from it, or where it was made from the checkpoint or from what that was made from. A run that is
trained here beside a checkpoint that was received says nothing of that checkpoint. Sources (a corpus, a
set of problems, a run that was received) are made from nothing and belong to whoever names them: that a
received run made the received weights is the profile's word, and `run.made_checkpoint` measures it.
"""

from __future__ import annotations

import functools
from collections.abc import Container, Iterable, Iterator
from typing import Final, NamedTuple

from specship.digests import digest_of
from specship.errors import UnknownName
from specship.pipeline.registry import all_stages, maker_of
from specship.pipeline.stage import Stage
from specship.specs.records import Profile

CHECKPOINT: Final = "checkpoint"
TOKENIZER: Final = "tokenizer"
RUN: Final = "run"
TIES: Final = "run.made_checkpoint"
"""The probe that holds a run against the weights."""
LOGGED: Final = "logged"
"""The section that receives a run."""


def stages_behind(profile: Profile, model: str, artifacts: Iterable[str]) -> Iterator[tuple[str, Stage]]:
    """Every stage that has to run before a model has these artifacts, with the model that runs it.

    An artifact that nobody makes for it has none.
    """
    pending = [(model, artifact) for artifact in artifacts]
    seen = set(pending)
    while pending:
        asking, artifact = pending.pop()
        owner = profile.lenders_of(asking).get(artifact, asking)
        try:
            stage = maker_of(artifact, profile.settings_of(owner))
        except UnknownName:
            continue
        yield owner, stage
        needed = {(owner, name) for name in stage.needs} - seen
        seen |= needed
        pending += sorted(needed)


def profile_digest(profile: Profile, model: str, artifacts: Iterable[str]) -> str:
    """Digest of what a profile sets for the stages behind a model's artifacts; no other section counts.

    Overrides are in the gates' digests.
    """
    used = {
        f"{owner} {stage.name}": stage.counted(profile.settings_of(owner))
        for owner, stage in stages_behind(profile, model, artifacts)
    }
    return digest_of({"profile": profile.profile, "kind": profile.kind, "model": model, "pipeline": used})


def untied_run(profile: Profile, model: str, artifacts: Container[str], probes: Container[str]) -> str:
    """What is to be said of a gate about a run that is tied to the checkpoint by the profile's word alone.

    `artifacts` are those of the gate, `probes` those of the model's gates; empty where there is nothing.
    """
    if RUN not in artifacts or TIES in probes:
        return ""
    try:
        if any(stage.makes == RUN for _, stage in stages_behind(profile, model, [CHECKPOINT])):
            return ""
    except UnknownName:  # there is no checkpoint to be tied to
        return ""
    return f"no gate asks {TIES}: that this run made the weights is the profile's word"


class Apart(NamedTuple):
    """Artifacts that are not of a model's own line, and why that is so; both empty where all are."""

    artifacts: tuple[str, ...]
    why: str


def apart_from_line(profile: Profile, model: str, artifacts: Iterable[str]) -> Apart:
    """Those artifacts that have nothing to do with the checkpoint of a model."""
    lenders = functools.cache(profile.lenders_of)
    settings = functools.cache(profile.settings_of)

    @functools.cache
    def maker(asking: str, artifact: str) -> tuple[str, Stage]:
        owner = lenders(asking).get(artifact, asking)
        return owner, maker_of(artifact, settings(owner))

    @functools.cache
    def behind(asking: str, artifact: str) -> frozenset[tuple[str, str]]:
        """An artifact and all that it is made from, each with the model whose it is."""
        return frozenset((owner, stage.makes) for owner, stage in stages_behind(profile, asking, [artifact]))

    @functools.cache
    def belongs(asking: str, artifact: str) -> bool:
        """Whether it is a source, of the line, or made from the line and sources alone."""
        owner, stage = maker(asking, artifact)
        if (owner, artifact) in line or not stage.needs:
            return True
        if stage.trains:
            return False  # weights that the checkpoint was not made from
        if ours not in (from_ := behind(owner, artifact)) and any(name == CHECKPOINT for _, name in from_):
            return False  # it was made from the checkpoint of another model
        if artifact not in all_stages():  # a project's own: whatever is said of a source is said of it
            return all(belongs(owner, name) for name in stage.needs)
        needs = [(maker(owner, name), name) for name in stage.needs]
        made = [name for (lender, source), name in needs if source.needs or (lender, name) == ours]
        return bool(made) and all(belongs(owner, name) for name in made)

    try:
        line, ours = behind(model, CHECKPOINT), (maker(model, CHECKPOINT)[0], CHECKPOINT)
        found = tuple(name for name in artifacts if not belongs(model, name))
    except UnknownName as error:
        return Apart(tuple(artifacts), f"{error.message} for {model} at profile {profile.profile}: {_MAKE}")
    return Apart(found, _why_apart(profile, model, found) if found else "")


_MAKE: Final = "add a command that makes it to the model's `commands:`"


def _why_apart(profile: Profile, model: str, artifacts: Iterable[str]) -> str:
    """Why artifacts are no subjects of a model, with the way out."""
    owner = profile.lenders_of(model).get(CHECKPOINT, model)
    maker, names = maker_of(CHECKPOINT, profile.settings_of(owner)), " and ".join(artifacts)
    was = "were" if " and " in names else "was"
    if maker.name == CHECKPOINT:
        return f"{names} {was} made for another model's checkpoint: measure this model's own"
    logged = f"receive its log by a section `{LOGGED}:` (folder, source), " if "run" in artifacts else ""
    lender = f"borrow {names} from the model that it comes from, or " if maker.needs else ""
    if TOKENIZER in profile.settings_of(owner):
        lender += f"leave {TOKENIZER!r} out, so that text is encoded with the checkpoint's own, or "
    return (
        f"this checkpoint was {maker.name}; its {names} {was} not, and what is made here is another model's: "
        f"{logged}{lender}leave {maker.name!r} out, so that the model is trained here, or say in not_judged "
        "why nobody can tell"
    )
