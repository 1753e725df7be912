"""What a stage is, and how its code speaks to whoever started it.

A stage file under `stages/` defines, at its top level,

    STAGE = Stage(makes="tokenizer", lifecycle="tokenizer", needs=("corpus",),
                  settings={"tokenizer": TokenizerSettings}, packages=("tokenizers",))

    def run(work: Work) -> None: ...

and keeps heavy imports (torch, transformers) inside its functions: the graph of stages is read
by light commands too. Where an artifact can come about in several ways, each way is a stage with a
name and a section of its own (`Stage(makes="checkpoint", name="imported", ...)`), and a model has it
made by the one whose section stands in its settings. `run` writes files under `work.output`, which
is renamed into place once it returned and its manifest was written. A stage that can continue after a
kill finds in `work.output` what it left there (see `Stage.resumes`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """Base of a section of a profile's `pipeline:` settings: frozen, strict, unknown keys refused.

    Give each field its unit and what a special value means in a text below it.
    Source: pydantic's models in strict mode.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Sections = Mapping[str, Mapping[str, Any]]
"""Settings of a model by section, as a profile has them."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the pipeline: from artifacts and settings to one artifact.

    Its file defines `STAGE` and `def run(work: Work) -> None`, and keeps what weighs inside its functions.
    A project adds its own as `commands:` in a model's settings (docs/stages-of-your-own.md).

    Source: decisions 0004 and 0013 (what an artifact's digest covers; several ways to one artifact).
    """

    makes: str
    """Name of the artifact, and of the stage that makes it where no other is asked for."""
    lifecycle: str
    """The part of the lifecycle that a contract's `stage:` names."""
    needs: tuple[str, ...] = ()
    """Artifacts it reads."""
    settings: Mapping[str, type[Settings]] = field(default_factory=dict)
    """Sections of the profile's pipeline settings that it reads."""
    entry: str = ""
    """The one entry that it reads of its section, where that holds one for each of several stages."""
    uncounted: tuple[str, ...] = ()
    """Keys of its settings that say nothing of what it makes, and make nothing stale."""
    packages: tuple[str, ...] = ()
    """Distributions whose version belongs to what was made."""
    resumes: bool = False
    """Whether a partial output folder is continued instead of being started anew."""
    outside: Callable[[Mapping[str, Any], Path], str] | None = None
    """Digest of what it reads beside artifacts, from settings by section and the project's folder."""
    variables: tuple[str, ...] = ()
    """Variables of the environment that it reads, and that count."""
    trains: bool = False
    """Whether weights come about here: it speaks of the model that is made from it, and of no other."""
    comes_with: tuple[str, ...] = ()
    """Sections of other stages that choose this one, unless a section is named after the artifact."""
    name: str = ""
    """Name of its file, where another stage is called after the artifact."""
    module: str = ""
    """Dotted name of the module that runs it, where that is no file of `stages/`."""
    code: str = ""
    """Digest of what makes its artifact, where that is not the code of its module."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.makes)

    def asked(self, settings: Sections) -> dict[str, dict[str, Any]]:
        """What it reads of a model's settings; its process is told that."""
        return {
            section: {
                name: _as_json(one)
                for name, one in settings.get(section, {}).items()
                if not self.entry or name == self.entry
            }
            for section in self.settings
        }

    def counted(self, settings: Sections) -> dict[str, dict[str, Any]]:
        """The same without what says nothing of what it makes."""
        return {
            section: {
                name: _without(one, self.uncounted) if name == self.entry else one
                for name, one in own.items()
            }
            for section, own in self.asked(settings).items()
        }

    def part(self, section: Mapping[str, Any]) -> Any:
        """What is held against the record of a section: the section, or the one entry."""
        return section.get(self.entry, {}) if self.entry else section

    def device(self, settings: Sections) -> str:
        """The device that it asks for; empty where it asks for none."""
        parts = (self.part(own) for own in self.asked(settings).values())
        asked = (str(part["device"]) for part in parts if isinstance(part, Mapping) and part.get("device"))
        return next(asked, "")


def _as_json(value: Any) -> Any:
    """A value as a manifest gives it back: a list where YAML gave a tuple."""
    if isinstance(value, Mapping):
        return {key: _as_json(one) for key, one in value.items()}
    return [_as_json(one) for one in value] if isinstance(value, list | tuple) else value


def _without(entry: Any, keys: tuple[str, ...]) -> Any:
    """An entry without some keys; one that is no mapping is left as it is."""
    return (
        {key: one for key, one in entry.items() if key not in keys} if isinstance(entry, Mapping) else entry
    )


@dataclass(frozen=True, slots=True)
class Work:
    """What `run` gets: checked settings by section, input folders by artifact name, its own folder.

    Units: `report(done, total, unit, **figures)` counts in the unit it names, such as `bytes` or `steps`.
    Source: the protocol of `specship.pipeline`, a request and JSON lines.
    """

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
