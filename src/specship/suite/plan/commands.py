"""Commands of a profile bound to what they name: artifacts that are made, once, and not from themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from specship.contracts.document import Document
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.pipeline.commands.settings import SECTION
from specship.pipeline.commands.stage import commands_of
from specship.pipeline.received.kinds import KINDS
from specship.pipeline.registry import all_stages, maker_of
from specship.specs.binding import Known, profile_faults
from specship.specs.records import Profile


def with_commands(known: Known, profiles: Iterable[Profile]) -> Known:
    """What can be named, with the artifacts that commands of these profiles make."""
    made = made_by_commands(profiles)
    return replace(known, stages=known.stages | made) if made else known


def made_by_commands(profiles: Iterable[Profile]) -> frozenset[str]:
    """The artifacts that commands of these profiles make."""
    return frozenset(
        str(command["makes"])
        for profile in profiles
        for sections in profile.pipeline.values()
        for command in commands_of(sections).values()
    )


def setting_faults(
    profile: Profile, document: Document, known: Known, gates: Mapping[str, Mapping[str, Any]]
) -> Iterable[UnusableInput]:
    """Names in a profile that bind to nothing, those of its commands too; `known` has what these make."""
    yield from profile_faults(profile, document, known, gates)
    for model, sections in profile.pipeline.items():
        yield from _command_faults(model, sections, document, known)


def _command_faults(
    model: str, sections: Mapping[str, Any], document: Document, known: Known
) -> Iterator[UnusableInput]:
    shipped = {stage.makes for stage in all_stages().values()}
    makers: dict[str, str] = {}
    for section in sections:
        if (artifact := known.ways.get(section, section)) in known.stages:
            makers.setdefault(artifact, f"the section {section!r}")
    for name, command in commands_of(sections).items():
        makes = str(command["makes"])
        at: tuple[str, ...] = ("pipeline", model, SECTION, name)
        if not document.exists(*at):  # of a stage of the project's own
            at = ("pipeline", model, name)
            if name in known.settings or name in all_stages():
                yield UnusableInput(
                    f"a stage of the project is called {name!r}, as one of specship", at=document.place(*at),
                    why="nobody could tell which of both a section is for", mend="rename its file",
                    code="SHIP310",
                )  # fmt: skip
        if makes in shipped - KINDS.keys():
            yield UnusableInput(
                f"the command {name!r} may not make {makes!r}: only a stage of specship does",
                at=document.value_place(*at, "makes"), code="SHIP316",
                why="gates rest on this artifact, so that it must come from code that is part of specship",
                mend=f"make one of {', '.join(KINDS)}, or an artifact with a name of its own",
            )  # fmt: skip
        if makes in makers:
            yield UnusableInput(
                f"the command {name!r} makes {makes!r} of {model}, and so does {makers[makes]}",
                at=document.value_place(*at, "makes"), code="SHIP316",
                why="an artifact that comes about in two ways would be either of two", mend="keep one",
            )  # fmt: skip
        makers.setdefault(makes, f"the command {name!r}")
        yield from _need_faults(command, sections, at, document, known)


def _need_faults(
    command: Mapping[str, Any],
    sections: Mapping[str, Any],
    at: tuple[str, ...],
    document: Document,
    known: Known,
) -> Iterator[UnusableInput]:
    needs = command.get("needs")
    for index, need in enumerate(needs if isinstance(needs, tuple) else ()):
        place = document.place(*at, "needs", index)
        if need not in known.stages:
            yield UnknownName(
                f"no stage makes {need!r}", at=place, code="SHIP306",
                mend=did_you_mean(str(need), known.stages) or f"there are: {', '.join(sorted(known.stages))}",
            )  # fmt: skip
        elif circle := _way_back(str(need), str(command["makes"]), sections):
            yield UnusableInput(
                f"{command['makes']} is made from itself: {' ← '.join((command['makes'], *circle))}",
                at=place, code="SHIP316", why="nothing could ever be made first",
                mend="take one of these needs away, or borrow an artifact from another model",
            )  # fmt: skip


def _way_back(start: str, goal: str, sections: Mapping[str, Any]) -> tuple[str, ...]:
    """Artifacts from one to another that it is made from, directly or around; empty where it is not."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == goal:
            return way
        try:
            needs = maker_of(way[-1], sections).needs
        except UnknownName:
            continue
        fresh = [need for need in needs if need not in seen]
        seen.update(fresh)
        ways += [(*way, need) for need in fresh]
    return ()
