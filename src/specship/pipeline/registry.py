"""Every stage by its name, and running one of them; adding one to `stages/` edits no other file."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from specship.discovery import Folder, one_each
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.pipeline.commands.settings import SECTION, Command
from specship.pipeline.commands.stage import command_stage, commands_of
from specship.pipeline.stage import ProgressWriter, Settings, Stage, Work

STAGES: Final = Folder("specship.pipeline.stages")


@functools.cache
def all_stages() -> Mapping[str, Stage]:
    """Every stage by its name, in an order in which what each needs comes first as it usually is made.

    Raises:
        UnusableInput: a file has no `STAGE`, or is not called after it, or two have one name.
        UnknownName: stages need each other, or what nobody makes.
    """
    members = STAGES.members("STAGE")
    found: dict[str, Stage] = one_each("stages", members, lambda stage: stage.name)
    for file, stage in members.items():
        if stage.name != file:
            raise UnusableInput(
                f"the stage is called {stage.name!r}", at=STAGES.file(file),
                why="its file is run by its name", mend=f"rename the file, or write name={file!r}",
            )  # fmt: skip
    ordered: dict[str, Stage] = {}
    while len(ordered) < len(found):
        ready = {
            name: stage
            for name, stage in found.items()
            if name not in ordered and all(need in ordered for need in stage.needs)
        }
        if not ready:
            left = ", ".join(sorted(found.keys() - ordered.keys()))
            raise UnknownName(
                f"the stages {left} have no order: they need each other, or what no stage makes",
                mend="name in `needs` what another stage makes",
            )
        ordered |= ready
    return ordered


def stage_named(name: str) -> Stage:
    """The stage of that name; that of an artifact makes it where a model asks for no other.

    Raises:
        UnknownName: there is none.
    """
    stages = all_stages()
    if name not in stages:
        raise UnknownName(
            f"no stage makes {name!r}", mend=did_you_mean(name, stages) or f"there are: {', '.join(stages)}"
        )
    return stages[name]


def stage_alone(name: str, settings: Mapping[str, Any]) -> Stage:
    """The stage of that name, for a process that runs it and imports no other.

    Raises:
        UnknownName: there is none.
        UnusableInput: its file has no `STAGE`.
    """
    if name in (own := commands_of(settings)):
        return command_stage(name, own[name])
    return cast("Stage", STAGES.member(name, "STAGE")) if name in STAGES.names else stage_named(name)


def other_ways(artifact: str) -> tuple[Stage, ...]:
    """The stages that make an artifact for those models alone whose settings have their section."""
    return tuple(stage for stage in all_stages().values() if stage.makes == artifact != stage.name)


def maker_of(artifact: str, settings: Mapping[str, Any]) -> Stage:
    """The stage that makes an artifact for a model with these settings: a command, or one of ours.

    Raises:
        UnknownName: no stage makes it.
    """
    for name, command in commands_of(settings).items():
        if command["makes"] == artifact:
            return command_stage(name, command)
    ways = other_ways(artifact)
    for stage in ways:
        if stage.name in settings:
            return stage
    if artifact not in settings:
        for stage in ways:
            if any(section in settings for section in stage.comes_with):
                return stage
    return stage_named(artifact)


def module_of(stage: Stage) -> str:
    """Dotted name of the module that runs a stage."""
    return stage.module or STAGES.dotted(stage.name)


def all_sections() -> dict[str, type[Settings]]:
    """The record of each section of settings, by its name."""
    return {name: one for stage in all_stages().values() for name, one in stage.settings.items()} | {
        SECTION: Command
    }


SEVERAL: Final = frozenset({SECTION})
"""Sections that hold an entry for each of several stages, each entry of the section's record."""


def run_stage(
    stage: Stage,
    settings: Mapping[str, Any],
    inputs: Mapping[str, Path],
    output: Path,
    report: Callable[..., None] | None = None,
) -> None:
    """Run a stage in this process on settings as read from a profile.

    Raises:
        SpecshipError: the settings, an input or the machine do not allow it.
    """
    from specship.pipeline.commands import running

    module = running if stage.module else STAGES.load(stage.name)
    output.mkdir(parents=True, exist_ok=True)
    # In JSON mode a strict record still takes a list for a tuple, as YAML and the request give it.
    checked = {
        name: model.model_validate_json(json.dumps(stage.part(settings.get(name, {}))))
        for name, model in stage.settings.items()
    }
    run = cast("Callable[[Work], None]", module.run)
    run(Work(checked, inputs, output, report or ProgressWriter(sys.stdout)))
