"""Receiving an evaluation: its result copied within bounds, and bound to the checkpoint that it is about.

evaluation.json   task, metric, what the profile declares, and what the checkpoint is that it is held against
result/           the result's own files, as the harness wrote them
baseline/         those of the run that it is compared with, where one is named

A result about other weights, another chat template, another tokenizer or a part of the samples is refused.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from specship import bounds
from specship.digests import digest_of, sha256_file
from specship.errors import DamagedArtifact, RequirementMissing, UnusableInput
from specship.files import write_errors, write_json
from specship.pipeline.chat.template import read_template
from specship.pipeline.checkpoint.weight_files import read_weights
from specship.pipeline.evaluation.results.records import HarnessResult
from specship.pipeline.evaluation.results.result_format import FoundResult, find_result
from specship.pipeline.stage import Settings
from specship.pipeline.tokenizer.files import read_object
from specship.records import OpenRecord, Record, Sha256, read_record
from specship.strict_json import open_regular

EVALUATION: Final = "evaluation.json"
RESULT: Final = "result"
BASELINE: Final = "baseline"
_PROVENANCE: Final = "provenance.json"
_HEAD: Final = "lm_head.weight"
_MEND: Final = "make the artifact again; who makes one with a program of their own writes that file, too"


class EvaluatedSettings(Settings):
    """Where a result lies that an evaluation harness wrote, and what it cannot say itself."""

    folder: Annotated[str, Field(min_length=1)]
    """What the harness wrote: a folder with one result of the task, or its file, relative to the project."""
    source: Annotated[str, Field(min_length=1)]
    """Who ran it, where and when, in words."""
    task: Annotated[str, Field(min_length=1)]
    """The task, as the harness calls it: `gsm8k`."""
    metric: Annotated[str, Field(min_length=1)]
    """The metric: `acc`; with its filter or scorer where several have it, `exact_match,strict-match`."""
    weights: Annotated[Mapping[str, Sha256], Field(min_length=1)]
    """sha256 of each weights file that was evaluated, by its name (`sha256sum *.safetensors`).

    No harness records it, so it is the maker's word, and reports call it that.
    """
    chat_template: Literal["", "applied", "none"] = ""
    """Whether prompts were put in the checkpoint's chat template; empty: wherever it has one."""
    baseline: str = ""
    """A result of the same task, of the run that it is compared with; empty: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedAgainst:
    """What is known of the checkpoint that an evaluation is about."""

    weights: tuple[Mapping[str, str], ...]
    """Files of weights with their sha256: its own, and those of the source that it was taken from."""
    parameters: tuple[int, ...]
    """How many there are, with and without an output projection beside a tied embedding."""
    template_sha256: str | None
    tokens: Mapping[str, int]
    """Id of each token of its tokenizer that has the text of one that the result names."""


class ReceivedEvaluation(Record):
    """`evaluation.json`."""

    format: Literal["specship-evaluation/1"] = "specship-evaluation/1"
    source: str
    task: str
    metric: str
    weights: Mapping[str, Sha256]
    """As declared: the maker's word."""
    chat_template: Literal["applied", "none"]
    baseline: bool


class _Origin(OpenRecord):
    files: Mapping[str, Sha256] = {}


def read_evaluation(folder: Path) -> tuple[ReceivedEvaluation, HarnessResult]:
    """The evaluation of an artifact and its result.

    Raises:
        DamagedArtifact: a file is missing or cannot be read.
    """
    received = read_record(ReceivedEvaluation, folder / EVALUATION, mend=_MEND)
    return received, _read(find_result(folder / RESULT, received.task, received.metric), received.task)


def read_baseline(folder: Path, received: ReceivedEvaluation) -> HarnessResult:
    """The result that an evaluation is compared with.

    Raises:
        RequirementMissing: the profile names none.
        DamagedArtifact: it cannot be read.
    """
    if not received.baseline:
        raise RequirementMissing(
            "there is no run to compare with", at=folder,
            mend="name the result of one under `evaluated: {baseline: PATH}` in the profile",
        )  # fmt: skip
    return _read(find_result(folder / BASELINE, received.task, received.metric), received.task)


def _read(found: FoundResult, task: str) -> HarnessResult:
    return found.read(task)


def receive_evaluation(settings: EvaluatedSettings, checkpoint: Path, output: Path) -> HarnessResult:
    """Copy a result and say what it is held against.

    Raises:
        RequirementMissing: the result is not there.
        UnusableInput: it is about other weights, another template or tokenizer, or a part of the samples.
        DamagedArtifact: it cannot be read.
    """
    found = find_result(Path(settings.folder), settings.task, settings.metric)
    result = found.read(settings.task)
    against = judged_against(checkpoint, result)
    template = settings.chat_template or ("applied" if against.template_sha256 else "none")
    received = ReceivedEvaluation(
        source=settings.source,
        task=settings.task,
        metric=found.metric,
        weights=dict(settings.weights),
        chat_template=template,
        baseline=bool(settings.baseline),
    )
    for reason, mend in (*refusals(received, against, result), *_unsaid(settings, result)):
        raise UnusableInput(
            reason, at=result.place, why="a score counts for what was scored alone", mend=mend
        )
    _copy(found, settings.task, output / RESULT)
    if settings.baseline:
        other = find_result(Path(settings.baseline), settings.task, found.metric)
        _copy(other, settings.task, output / BASELINE)
    write_json(output / EVALUATION, received.model_dump(mode="json"))
    return result


def _unsaid(settings: EvaluatedSettings, result: HarnessResult) -> list[tuple[str, str]]:
    if result.template_told or settings.chat_template:
        return []
    mend = "say `chat_template: applied` or `chat_template: none` in the profile"
    return [(f"{result.harness} does not record whether a chat template was applied", mend)]


def refusals(
    received: ReceivedEvaluation, against: JudgedAgainst, result: HarnessResult
) -> list[tuple[str, str]]:
    """Why a result says nothing of the checkpoint, each with its mend; empty where it does."""
    found = []
    if foreign_weights(received, against, result):
        mend = "evaluate the checkpoint that ships, and declare under `weights` what was evaluated"
        found.append(("it is about other weights than this checkpoint's", mend))
    if foreign_template(received, against, result):
        applied = "put in another chat template" if result.template_sha256 else "put in no chat template"
        mend = "evaluate with --apply_chat_template"
        if received.chat_template == "none":
            applied, mend = "put in a chat template", "evaluate without one, or say `chat_template: applied`"
        elif not result.template_sha256:
            mend += ", or say `chat_template: none` in the profile where that is meant"
        found.append((f"its prompts were {applied}", mend))
    if names := foreign_tokens(against, result):
        found.append(
            (f"its tokenizer has another {', '.join(names)} token", "evaluate with the tokenizer that ships")
        )
    if result.limited or result.unfinished:
        cut = result.limited or result.unfinished
        found.append((f"it is no whole run ({cut})", "evaluate all samples of the task, once each"))
    return found


def foreign_weights(received: ReceivedEvaluation, against: JudgedAgainst, result: HarnessResult) -> bool:
    """Whether declared digests or the recorded number of parameters are not the checkpoint's."""
    other = result.parameters is not None and result.parameters not in against.parameters
    return other or dict(received.weights) not in [dict(files) for files in against.weights]


def foreign_template(received: ReceivedEvaluation, against: JudgedAgainst, result: HarnessResult) -> bool:
    """Whether prompts were put otherwise than the checkpoint's own template, or none, would put them."""
    if not result.template_told:
        return False
    wanted = against.template_sha256 if received.chat_template == "applied" else None
    return result.template_sha256 != wanted or (received.chat_template == "applied" and wanted is None)


def foreign_tokens(against: JudgedAgainst, result: HarnessResult) -> list[str]:
    """Roles of special tokens that the checkpoint's tokenizer gives another id, or does not have."""
    return [role for role, (text, identity) in result.tokens.items() if against.tokens.get(text) != identity]


def judged_against(checkpoint: Path, result: HarnessResult) -> JudgedAgainst:
    """What is known of a checkpoint.

    Raises:
        DamagedArtifact, UnusableInput: it cannot be read.
    """
    weights = read_weights(checkpoint)
    own = {name: sha256_file(checkpoint / name) for name in weights.files}
    listed = [own]
    if (checkpoint / _PROVENANCE).exists():
        files = read_record(_Origin, checkpoint / _PROVENANCE).files
        if source := {name: sha for name, sha in files.items() if name.endswith(".safetensors")}:
            listed.append(source)
    sizes = {name: math.prod(held.stored.shape) for name, held in weights.tensors.items()}
    template = read_template(checkpoint)
    return JudgedAgainst(
        weights=tuple(listed),
        parameters=tuple(sorted({sum(sizes.values()), sum(sizes.values()) - sizes.get(_HEAD, 0)})),
        template_sha256=template.sha256 if template else None,
        tokens=_token_ids(checkpoint, {text for text, _ in result.tokens.values()}),
    )


def _token_ids(checkpoint: Path, texts: set[str]) -> dict[str, int]:
    document = read_object(checkpoint / "tokenizer.json")
    model = document.get("model")
    vocabulary: Any = model.get("vocab") if isinstance(model, dict) else None
    known = dict(vocabulary) if isinstance(vocabulary, dict) else {}
    for entry in document.get("added_tokens") or ():
        if isinstance(entry, dict):
            known[entry.get("content")] = entry.get("id")
    return {text: known[text] for text in sorted(texts) if type(known.get(text)) is int}


def _copy(found: FoundResult, task: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in found.files(task):
        with open_regular(path) as (file, size), write_errors(folder):
            if size > bounds.ARCHIVE_BYTES:
                raise DamagedArtifact(f"longer than {bounds.ARCHIVE_BYTES} bytes", at=path)
            with (folder / path.name).open("wb") as copy:
                shutil.copyfileobj(file, copy)


def outside(settings: Mapping[str, Any], project: Path) -> str:
    """Digest of the names and bytes of the files that a result has; of none, where it cannot be found."""
    section = settings["evaluated"]
    folders = [project / str(section[key]) for key in ("folder", "baseline") if section.get(key)]
    listed = []
    for folder in folders:
        paths = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
        files = [path for path in paths if path.is_file()][: bounds.RESULT_FILES + 1]
        listed.append([(path.relative_to(folder).as_posix(), sha256_file(path)) for path in files])
    return digest_of(listed)
