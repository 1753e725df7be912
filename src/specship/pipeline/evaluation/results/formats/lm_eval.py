"""Results of EleutherAI's lm-evaluation-harness: `results_DATE.json`, and samples beside it.

    results_2026-01-31T09-30-00.000000.json          figures, versions, how many samples, the run's settings
    samples_TASK_2026-01-31T09-30-00.000000.jsonl    with --log_samples: every question, answer and outcome

Of the weights it records the path or name that it was given, the commit where that is a repository's, and how
many parameters there are; no digest. Of a chat template that was applied it records the sha256, and so of the
system instruction; of the tokenizer the special tokens with their ids.
Source: lm_eval 0.4.13, loggers/evaluation_tracker.py and evaluator.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from specship import bounds
from specship.digests import sha256_bytes
from specship.errors import DamagedArtifact, Place
from specship.pipeline.evaluation.results.records import AskedSample, HarnessResult
from specship.pipeline.evaluation.results.result_format import ResultFormat
from specship.strict_json import read_json, read_json_lines

KIND: Final = "lm-evaluation-harness"
_RESULTS: Final = re.compile(r"(?:results|.*)_(\d{4}-\d\d-\d\dT[\d.-]+)\.json")
_STDERR: Final = "_stderr"
_TASK: Final = re.compile(r"[A-Za-z0-9_.:+-]{1,200}")
_ROLES: Final = ("bos", "eos", "pad")
_DIGITS: Final = re.compile(r"[0-9]{1,10}")


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _document(path: Path) -> Mapping[str, Any]:
    document = read_json(path)
    if not isinstance(document, dict) or "lm_eval_version" not in document:
        return {}
    return document


def tasks(path: Path) -> dict[str, tuple[str, ...]]:
    """Tasks with their metrics, each with its filter: `acc,none`."""
    document = _document(path)
    return {
        str(task): tuple(name for name, value in _object(figures).items() if _is_metric(name, value))
        for task, figures in _object(document.get("results")).items()
        if task in _object(document.get("configs"))  # a group has none: it is a mean over tasks
    }


def _is_metric(name: str, value: Any) -> bool:
    return "," in name and _STDERR not in name and _number(value) is not None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def companions(path: Path, task: str) -> tuple[Path, ...]:
    """The file of a task's samples."""
    named = _RESULTS.fullmatch(path.name)
    if named is None or not _TASK.fullmatch(task):
        return ()
    return (path.with_name(f"samples_{task}_{named[1]}.jsonl"),)


def read(path: Path, task: str, metric: str) -> HarnessResult:
    """One task and metric of a file of results.

    Raises:
        DamagedArtifact: it or the samples beside it cannot be read, or a figure is none.
    """
    document = _document(path)
    figures = _object(_object(document.get("results")).get(task))
    value = _number(figures.get(metric))
    if value is None:
        raise DamagedArtifact(f"{task} has no {metric}", at=path, mend="name a metric that it has")
    config, counts = _object(document.get("config")), _object(_object(document.get("n-samples")).get(task))
    told = _object(document.get("configs")).get(task)
    name, _, filtered = metric.partition(",")
    lines = [beside for beside in companions(path, task) if beside.exists()]
    samples, order = _samples(lines[0], name, filtered) if lines else (None, "")
    wanted = _object(document.get("task_hashes")).get(task)
    limit = config.get("limit")
    return HarnessResult(
        harness=f"{KIND} {document.get('lm_eval_version')}",
        task=task,
        version=str(_object(document.get("versions")).get(task, "")),
        metric=metric,
        value=value,
        standard_error=_number(figures.get(f"{name}{_STDERR},{filtered}")),
        answered=_count(counts.get("effective")),
        dataset=_count(counts.get("original")),
        few_shot=_count(_object(told).get("num_fewshot")),
        limited="" if limit is None else f"limit {limit}",
        unfinished="",
        model=str(document.get("model_name", "")),
        parameters=_count(config.get("model_num_parameters")),
        template_told=True,
        template_sha256=_text(document.get("chat_template_sha")),
        system_sha256=_text(document.get("system_instruction_sha")),
        tokens=dict(_tokens(document)),
        reordered=isinstance(wanted, str) and samples is not None and order != wanted,
        samples=samples,
        place=Place(str(path)),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _tokens(document: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, int]]]:
    for role in _ROLES:
        match document.get(f"tokenizer_{role}_token"):
            case [str(text), str(identity)] if _DIGITS.fullmatch(identity):
                yield role, (text, int(identity))


def _samples(path: Path, metric: str, filtered: str) -> tuple[tuple[AskedSample, ...], str]:
    """The samples of one filter, and the digest of what was asked in all of them, as the results state it."""
    found: list[AskedSample] = []
    digests: list[str] = []
    for number, line in read_json_lines(path):
        place = Place(str(path), line=number)
        if number > bounds.RESULT_SAMPLES:
            raise DamagedArtifact(f"more than {bounds.RESULT_SAMPLES} samples", at=place)
        names = ("doc_hash", "prompt_hash", "target_hash")
        hashes = [line.get(name) for name in names] if isinstance(line, dict) else [None]
        if not all(isinstance(one, str) for one in hashes) or type(line.get("doc_id")) is not int:
            raise DamagedArtifact(
                "no sample of a run", at=place, why="doc_id or a digest of question or answer is missing",
                mend="evaluate again with --log_samples",
            )  # fmt: skip
        digests.append("".join(hashes))  # type: ignore[arg-type]
        if line.get("filter", "none") == filtered:
            outcome = line.get(metric)
            found.append(
                AskedSample(
                    key=str(line["doc_id"]),
                    asked=sha256_bytes(f"{hashes[0]}{hashes[2]}".encode()),
                    outcome=float(outcome) if isinstance(outcome, bool) else _number(outcome),
                    altered=_altered(line),
                    place=place,
                )
            )
    return tuple(found), sha256_bytes("".join(digests).encode())


def _altered(line: Mapping[str, Any]) -> bool:
    """Whether prompt or answer are not those of the digests beside them."""
    prompt = _object(_object(line.get("arguments")).get("gen_args_0")).get("arg_0")
    texts = {"prompt_hash": prompt, "target_hash": line.get("target")}
    return any(
        isinstance(text, str) and sha256_bytes(text.encode()) != line[name] for name, text in texts.items()
    )


FORMAT: Final = ResultFormat(
    kind=KIND,
    names=lambda name: name.endswith(".json") and _RESULTS.fullmatch(name) is not None,
    begins=lambda _name, head: b'"results"' in head,
    tasks=tasks,
    companions=companions,
    read=read,
)
