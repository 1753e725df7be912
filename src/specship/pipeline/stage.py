"""What a stage is, and how its code speaks to whoever started it.

A stage file under `stages/` defines, at its top level,

    STAGE = Stage(makes="tokenizer", lifecycle="tokenizer", needs=("corpus",),
                  settings={"tokenizer": TokenizerSettings}, packages=("tokenizers",))

    def run(work: Work) -> None: ...

and keeps heavy imports (torch, transformers) inside its functions: the graph of stages is read
by light commands too. `run` writes files under `work.output`, which is renamed into place once
it returned and its manifest was written. A stage that can continue after a kill finds in
`work.output` what it left there (see `Stage.resumes`).
"""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, cast

from pydantic import BaseModel, ConfigDict

from specship.errors import UnknownName, did_you_mean


class Settings(BaseModel):
    """Base of a section of a profile's `pipeline:` settings; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the pipeline: from artifacts and settings to one artifact."""

    makes: str
    """Name of the artifact, and of the stage."""
    lifecycle: str
    """The part of the lifecycle that a contract's `stage:` names."""
    needs: tuple[str, ...] = ()
    """Artifacts it reads."""
    settings: Mapping[str, type[Settings]] = field(default_factory=dict)
    """Sections of the profile's pipeline settings that it reads."""
    packages: tuple[str, ...] = ()
    """Distributions whose version belongs to what was made."""
    resumes: bool = False
    """Whether a partial output folder is continued instead of being started anew."""
    outside: Callable[[Mapping[str, Any], Path], str] | None = None
    """Digest of what it reads beside artifacts, from settings by section and the project's folder."""


@dataclass(frozen=True, slots=True)
class Work:
    """What `run` gets: checked settings by section, input folders by artifact name, its own folder."""

    settings: Mapping[str, Any]
    inputs: Mapping[str, Path]
    output: Path
    report: Callable[..., None]
    """`report(done, total, unit, **figures)`: progress, as often as one likes; it thins itself out."""


_SECONDS_BETWEEN_REPORTS = 0.2


class ProgressWriter:
    """Writes progress as JSON lines for the parent process, at most five a second."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = 0.0
        self._began = time.monotonic()

    def __call__(self, done: float, total: float, unit: str, **figures: float | str) -> None:
        """Say how far the stage is; `figures` are shown as they are named (loss, tokens_per_second)."""
        now = time.monotonic()
        if done < total and now - self._last < _SECONDS_BETWEEN_REPORTS:
            return
        self._last = now
        elapsed = now - self._began
        left = elapsed / done * (total - done) if done else None
        event = {
            "event": "progress",
            "done": done,
            "total": total,
            "unit": unit,
            "figures": figures,
            "seconds_left": left,
        }
        print(json.dumps(event), file=self._stream, flush=True)


@functools.cache
def all_stages() -> Mapping[str, Stage]:
    """Every stage by the artifact it makes, in an order in which needs come first."""
    package = importlib.import_module("specship.pipeline.stages")
    found: dict[str, Stage] = {}
    for entry in pkgutil.iter_modules(package.__path__):
        stage = importlib.import_module(f"specship.pipeline.stages.{entry.name}").STAGE
        found[stage.makes] = stage
    ordered: dict[str, Stage] = {}
    while len(ordered) < len(found):
        ready = [s for s in found.values() if s.makes not in ordered and all(n in ordered for n in s.needs)]
        if not ready:
            raise UnknownName(f"the stages {sorted(found.keys() - ordered.keys())} need each other or nobody")
        ordered |= {stage.makes: stage for stage in ready}
    return ordered


def stage_named(name: str) -> Stage:
    """The stage that makes an artifact.

    Raises:
        UnknownName: there is none.
    """
    stages = all_stages()
    if name not in stages:
        raise UnknownName(f"no stage makes {name!r}", mend=did_you_mean(name, stages))
    return stages[name]


def module_of(stage: Stage) -> str:
    """Dotted name of the module that runs a stage."""
    return f"specship.pipeline.stages.{stage.makes}"


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
    module = importlib.import_module(module_of(stage))
    output.mkdir(parents=True, exist_ok=True)
    # In JSON mode a strict record still takes a list for a tuple, as YAML and the request give it.
    checked = {
        name: model.model_validate_json(json.dumps(settings.get(name, {})))
        for name, model in stage.settings.items()
    }
    run = cast("Callable[[Work], None]", module.run)
    run(Work(checked, inputs, output, report or ProgressWriter(sys.stdout)))
