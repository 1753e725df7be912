"""The section `commands:` of a model's settings: programs of the project, each of which makes an artifact.

commands:
  train:
    command: [python, train.py, --data, "{corpus}", --to, "{output}"]
    makes: run
    needs: [corpus]
    reads: [train.py, configs/*.yaml, requirements.lock, env:SEED]
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from specship.contracts.expectation import Complaint
from specship.pipeline.evaluation.results.receiving import MeantFigure
from specship.pipeline.run_logs.receiving import DeclaredLog
from specship.pipeline.stage import Settings

SECTION: Final = "commands"
"""Name of the section; each of its entries is a stage of its own."""
OUTPUT: Final = "output"
INTERPRETER: Final = "python"
EVALUATION: Final = "evaluation"
RUN: Final = "run"
VARIABLE: Final = "env:"
IMAGE: Final = "image:"
_PLACEHOLDER: Final = re.compile(r"\{\{([a-z][a-z0-9_-]*)\}\}|\{([a-z][a-z0-9_-]*)\}")
_VARIABLE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INTO_PROCESSES: Final = re.compile(r"LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES|SPECSHIP.*")
_IMAGE_DIGEST: Final = re.compile(r"\S+@sha256:[0-9a-f]{64}")


def _read(text: str) -> str:
    if text.startswith(VARIABLE):
        name = text.removeprefix(VARIABLE)
        if not _VARIABLE_NAME.fullmatch(name) or _INTO_PROCESSES.fullmatch(name):
            raise ValueError(f"{name!r} is no variable that a command may read")
    elif text.startswith(IMAGE):
        if not _IMAGE_DIGEST.fullmatch(text.removeprefix(IMAGE)):
            raise ValueError("an image is named with its digest, NAME@sha256:64 digits: a tag may move")
    elif ".specship" in PurePosixPath(text).parts:
        raise ValueError("what specship made is named under `needs`, and comes as a placeholder")
    return text


def _inside(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or path == PurePosixPath():
        raise ValueError(f"{text!r} is no path inside the output")
    return text


ArtifactName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
"""As a probe's parameter can be called."""
Argument = Annotated[str, Field(pattern=r"^[^\x00]+$")]
Read = Annotated[str, Field(pattern=r"^[^\x00-\x1f]+$"), AfterValidator(_read)]
Written = Annotated[str, Field(pattern=r"^[^\x00-\x1f]+$"), AfterValidator(_inside)]


class Command(Settings):
    """One program of the project, started without a shell in the project's folder."""

    command: Annotated[tuple[Argument, ...], Field(min_length=1)]
    """The program and its arguments. `{output}` is the folder that it fills, `{NAME}` the folder of an
    artifact that it needs, `{python}` the interpreter that runs specship; `{{word}}` is `{word}` itself."""
    makes: ArtifactName
    """The artifact: corpus, tokenizer, shards, run, checkpoint, gguf, evaluation, or a name of one's own,
    which a probe takes as its parameter."""
    needs: tuple[ArtifactName, ...] = ()
    """Artifacts that it reads; each stands in the command as a placeholder."""
    reads: tuple[Read, ...] = ()
    """What else counts: files, folders and patterns (`*`, `**`) relative to the project, `env:NAME`, and
    `image:NAME@sha256:…`. When one changes, the command runs again. Files that are arguments count anyway."""
    writes: tuple[Written, ...] = ()
    """Files or folders that must be in the output afterwards."""
    resumes: bool = False
    """Whether it goes on with what an interrupted run left in its output."""
    evaluated: MeantFigure | None = None
    """Of a command that makes `evaluation` and leaves a harness's own files: which figure is meant."""
    logged: DeclaredLog | None = None
    """Of a command that makes `run`: what its log cannot hold, as the section `logged` declares it."""
    device: Literal["cpu", "cuda"] | None = None
    """`cuda` blocks where there is none, `cpu` hides what there is; null says nothing."""
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Seconds after which it is ended with all its children; null waits for ever. It counts for nothing."""

    @model_validator(mode="after")
    def _placeholders_fit(self) -> Self:
        named = {match[2] for text in self.command for match in _PLACEHOLDER.finditer(text) if match[2]}
        known = (OUTPUT, INTERPRETER, *self.needs)
        for name in sorted(named - set(known)):
            mend = f"there are {', '.join(f'{{{one}}}' for one in known)}; an artifact is named under `needs`"
            raise Complaint("SHIP205", f"the placeholder {name!r} stands for nothing", mend).as_error()
        if self.evaluated is not None and self.makes != EVALUATION:
            said = f"`evaluated` says which figure is meant, and {self.makes} has none"
            raise Complaint("SHIP205", said, f"write `makes: {EVALUATION}`, or leave it out").as_error()
        if self.logged is not None and self.makes != RUN:
            said = f"`logged` says what the log of a run cannot hold, and {self.makes} has none"
            raise Complaint("SHIP205", said, f"write `makes: {RUN}`, or leave it out").as_error()
        for name in (OUTPUT, *self.needs):
            if name not in named:
                said = "where to write" if name == OUTPUT else f"where {name} is"
                mend = f"write {{{name}}} where the program expects that folder"
                raise Complaint("SHIP205", f"no argument says {said}", mend).as_error()
        return self


def filled(text: str, places: Mapping[str, str]) -> str:
    """An argument with the paths that its placeholders stand for."""
    return _PLACEHOLDER.sub(lambda match: places[match[2]] if match[2] else f"{{{match[1]}}}", text)
