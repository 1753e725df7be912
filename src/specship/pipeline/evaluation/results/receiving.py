"""Receiving an evaluation: its result copied within bounds, and bound to the checkpoint that it is about.

evaluation.json   task, metric, what the profile declares, and what the checkpoint is that it is held against
result/           the result's own files, as the harness wrote them
baseline/         those of the run that it is compared with, where one is named

A result about other weights, another chat template, another tokenizer or a part of the samples is refused.
Where no checkpoint is here, the name alone by which the harness calls the model says whose result it is.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from specship import bounds
from specship.digests import digest_of, sha256_file
from specship.errors import DamagedArtifact, RequirementMissing, StageFailed, UnusableInput
from specship.files import write_errors, write_json
from specship.pipeline.chat.template import read_template
from specship.pipeline.checkpoint.weight_files import read_weights
from specship.pipeline.evaluation.results.records import HarnessResult
from specship.pipeline.evaluation.results.result_format import (
    FoundResult,
    files_beside,
    find_result,
    results_in,
)
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


class MeantFigure(Settings):
    """Which figure of a harness is meant, and what it cannot say of it itself."""

    task: Annotated[str, Field(min_length=1)]
    """The task, as the harness calls it: `gsm8k`."""
    metric: Annotated[str, Field(min_length=1)]
    """The metric: `acc`; with its filter or scorer where several have it, `exact_match,strict-match`."""
    chat_template: Literal["", "applied", "none"] = ""
    """Whether prompts were put in the checkpoint's chat template; empty: wherever it has one."""


class LyingResult(MeantFigure):
    """A result that lies there already."""

    folder: Annotated[str, Field(min_length=1)]
    """What the harness wrote: a folder with one result of the task, or its file, relative to the project."""
    source: Annotated[str, Field(min_length=1)]
    """Who ran it, where and when, in words."""
    baseline: str = ""
    """A result of the same task, of the run that it is compared with; empty: there is none."""


class EvaluatedSettings(LyingResult):
    """Where a result lies that an evaluation harness wrote, and what it cannot say itself."""

    weights: Annotated[Mapping[str, Sha256], Field(min_length=1)]
    """sha256 of each weights file that was evaluated, by its name (`sha256sum *.safetensors`).

    No harness records it, so it is the maker's word, and reports call it that.
    """


class EvaluatedAloneSettings(LyingResult):
    """Where a result lies whose model is not here: nothing binds it to weights."""

    model: Annotated[str, Field(min_length=1)]
    """The model as the harness recorded it; a result of another name is refused."""


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
    """As declared: the maker's word; empty where nobody says which they were."""
    model: str = ""
    """What the harness must call the model; empty: that is not asked."""
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


def receive_evaluation(settings: LyingResult, checkpoint: Path | None, output: Path) -> HarnessResult:
    """Copy a result and say what it is held against; without a checkpoint, the model's name alone.

    Raises:
        RequirementMissing: the result is not there.
        UnusableInput: it is about other weights or another model, another template or tokenizer, or a part
            of the samples.
        DamagedArtifact: it cannot be read.
    """
    found = find_result(Path(settings.folder), settings.task, settings.metric)
    weights = settings.weights if isinstance(settings, EvaluatedSettings) else {}
    model = settings.model if isinstance(settings, EvaluatedAloneSettings) else ""
    received, result = _bound(found, settings, settings.source, checkpoint, weights, model)
    _copy(found, settings.task, output / RESULT)
    if settings.baseline:
        other = find_result(Path(settings.baseline), settings.task, found.metric)
        _copy(other, settings.task, output / BASELINE)
    said = received.model_copy(update={"baseline": bool(settings.baseline)})
    write_json(output / EVALUATION, said.model_dump(mode="json"))
    return result


def bind_made(meant: MeantFigure, output: Path, checkpoint: Path | None, *, by: str) -> None:
    """Bind what a harness left in the output of a program, which was given the checkpoint.

    Its result moves to where that of an evaluation lies.

    Raises:
        UnusableInput: there is no result of the task, or it is about something else; as `receive_evaluation`.
        RequirementMissing: its compression needs a package that is not here.
    """
    if not any(meant.task in one.tasks for one in results_in(output)):
        raise StageFailed(
            f"{by} left no result of the task {meant.task!r}", at=output,
            mend="have the harness write below {output} (lm-eval: --output_path, --log_samples)",
        )  # fmt: skip
    found = find_result(output, meant.task, meant.metric)
    weights = weights_of(checkpoint) if checkpoint else {}
    received, _ = _bound(found, meant, by, checkpoint, weights, "")
    files = found.files(meant.task)
    with write_errors(output):
        (output / RESULT).mkdir(exist_ok=True)
        for path in files:
            path.rename(output / RESULT / path.name)
    write_json(output / EVALUATION, received.model_dump(mode="json"))


def _bound(
    found: FoundResult,
    meant: MeantFigure,
    source: str,
    checkpoint: Path | None,
    weights: Mapping[str, str],
    model: str,
) -> tuple[ReceivedEvaluation, HarnessResult]:
    """What is said of a result, once nothing speaks against it."""
    result = found.read(meant.task)
    against = judged_against(checkpoint, result) if checkpoint else None
    template = against.template_sha256 if against else result.template_sha256
    received = ReceivedEvaluation(
        source=source,
        task=meant.task,
        metric=found.metric,
        weights=dict(weights),
        model=model,
        chat_template=meant.chat_template or ("applied" if template else "none"),
        baseline=False,
    )
    bound = refusals(received, against, result) if against else _refusals_alone(received, result)
    for reason, mend in (*bound, *_unsaid(meant, result)):
        raise UnusableInput(
            reason, at=result.place, why="a score counts for what was scored alone", mend=mend
        )
    return received, result


def _unsaid(settings: MeantFigure, result: HarnessResult) -> list[tuple[str, str]]:
    if result.template_told or settings.chat_template:
        return []
    mend = "say `chat_template: applied` or `chat_template: none` in the profile"
    return [(f"{result.harness} does not record whether a chat template was applied", mend)]


def _refusals_alone(received: ReceivedEvaluation, result: HarnessResult) -> list[tuple[str, str]]:
    """Why a result is none of the model of that name."""
    found = []
    if foreign_model(received, result):
        said = f"it is of the model {result.model!r}, and {received.model!r} is declared"
        found.append((said, "name the result of that model, or the model of that result"))
    if result.template_told and (received.chat_template == "applied") != bool(result.template_sha256):
        was = "put in a chat template" if result.template_sha256 else "put in no chat template"
        found.append((f"its prompts were {was}", "leave `chat_template` out: this harness records it"))
    return found + _refusals_of_part(result)


def _refusals_of_part(result: HarnessResult) -> list[tuple[str, str]]:
    cut = result.limited or result.unfinished
    return [(f"it is no whole run ({cut})", "evaluate all samples of the task, once each")] if cut else []


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
    return found + _refusals_of_part(result)


def foreign_model(received: ReceivedEvaluation, result: HarnessResult) -> bool:
    """Whether the harness calls the model otherwise than was declared."""
    return bool(received.model) and received.model != result.model


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
    listed: list[Mapping[str, str]] = [weights_of(checkpoint)]
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


def weights_of(checkpoint: Path) -> dict[str, str]:
    """Each file of weights of a checkpoint by its name, with its sha256."""
    return {name: sha256_file(checkpoint / name) for name in read_weights(checkpoint).files}


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


def digest_outside(section: str) -> Callable[[Mapping[str, Any], Path], str]:
    """What gives the digest of the results that a section names; of none, where none are there."""
    return lambda settings, project: _outside(settings[section], project)


def _outside(section: Mapping[str, Any], project: Path) -> str:
    folders = [project / str(section[key]) for key in ("folder", "baseline") if section.get(key)]
    listed = []
    for folder in folders:
        home = folder if folder.is_dir() else folder.parent
        paths = sorted(folder.rglob("*")) if folder.is_dir() else files_beside(folder, str(section["task"]))
        files = [path for path in paths if path.is_file()][: bounds.RESULT_FILES + 1]
        listed.append([(path.relative_to(home).as_posix(), sha256_file(path)) for path in files])
    return digest_of(listed)
