"""The shards of one evaluation on an existing Ray cluster, then merged by counts.

Each shard is a task of the cluster; a node looks at the digests of the files before it uses them, because a
path names other bytes on another machine. What comes back is the shard's file of outcomes (and samples),
which is kept beside `out`: an evaluation that was killed asks again only for the shards that are missing.
Telemetry of Ray is off. Ray itself moves the work with pickle: give only the address of a cluster of yours.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from specship.digests import digest_of, sha256_file
from specship.errors import RequirementMissing, SpecshipError, StageFailed, UnusableInput
from specship.files import write_file
from specship.pipeline.evaluation.humaneval.evaluation import Asked, evaluate, samples_path
from specship.pipeline.evaluation.humaneval.merging import merge
from specship.pipeline.evaluation.humaneval.problems import read_completions, read_problems

_PATHS: Final = ("model", "problems", "completions")


def content_digest(path: Path) -> str:
    """Digest of a file's bytes, or of all names and bytes of a folder.

    Raises:
        OSError: it cannot be read.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return digest_of([[str(file.relative_to(path)), sha256_file(file)] for file in files])
    return sha256_file(path)


def shard_path(out: Path, part: int, parts: int) -> Path:
    """Where the outcomes of one shard are kept beside those of the whole."""
    return out.with_name(f"{out.name}.shard-{part}-of-{parts}.jsonl")


def run_shard(asked: Mapping[str, Any], digests: Mapping[str, str]) -> dict[str, Any]:
    """On a node: one shard from plain values to plain values; a refusal is an answer too."""
    try:
        paths = {name: Path(asked[name]) for name in _PATHS if asked[name]}
        for name, path in paths.items():
            _check_file(path, digests[name])
        with tempfile.TemporaryDirectory(prefix="specship-shard-") as folder:
            out = Path(folder) / "outcomes.jsonl"
            evaluate(Asked(**{**asked, **paths, "out": out, "shard": tuple(asked["shard"])}))
            samples = samples_path(out)
            return {
                "node": os.uname().nodename,
                "outcomes": out.read_bytes(),
                "samples": samples.read_bytes() if samples.exists() else None,
            }
    except SpecshipError as error:
        return {"node": os.uname().nodename, "refusal": str(error)}


def _check_file(path: Path, digest: str) -> None:
    try:
        found = content_digest(path)
    except OSError as error:
        raise UnusableInput(
            "not on this node", at=path, mend="put it at the same path on every node"
        ) from error
    if found != digest:
        raise UnusableInput(
            "other bytes on this node than on the machine that asks",
            at=path,
            why=f"its digest is {found[:16]}, not {digest[:16]}",
            mend="put the same file at the same path on every node",
        )


def evaluate_on_cluster(
    asked: Asked, address: str, *, shards: int | None = None, report: Callable[..., None] | None = None
) -> dict[str, Any]:
    """The report of an evaluation whose shards ran on a cluster, one a node unless `shards` says how many.

    Raises:
        RequirementMissing: Ray is not installed, or there is no cluster at the address.
        UnusableInput: a file cannot be read here.
        StageFailed: a node refused its shard or died; with its reason.
    """
    if importlib.util.find_spec("ray") is None:
        raise RequirementMissing("the package ray is not installed", mend="pip install 'specship[ray]'")
    if asked.shard != (1, 1):
        raise UnusableInput("a shard of an evaluation has no shards", mend="give --ray or --shard")
    paths = {name: getattr(asked, name).resolve() for name in _PATHS if getattr(asked, name)}
    try:
        digests = {name: content_digest(path) for name, path in paths.items()}
    except OSError as error:
        raise UnusableInput(f"cannot be read: {error.strerror}", at=error.filename) from error
    with tempfile.TemporaryDirectory(prefix="specship-shards-") as folder:
        whole = replace(asked, out=asked.out or Path(folder) / "outcomes.jsonl", **paths)
        found = _on_cluster(whole, digests, address, shards=shards, report=report)
        return merge(found, out=asked.out) | {"notes": _notes(whole)}


def _notes(asked: Asked) -> list[str]:
    """What of the files is not read, as one machine would say."""
    problems = read_problems(asked.problems)
    given = asked.completions
    return [*problems.notes, *(read_completions(given, problems).notes if given else ())]


def _on_cluster(
    asked: Asked,
    digests: Mapping[str, str],
    address: str,
    *,
    shards: int | None,
    report: Callable[..., None] | None,
) -> list[Path]:
    """Run what is missing and give the files of all shards."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
        raise RequirementMissing(
            f"there is no Ray cluster at {address!r}: {str(error).strip().splitlines()[-1][:200]}",
            mend="start one (ray start --head), and give its address",
        ) from error
    try:
        parts = shards or max(1, sum(bool(node["Alive"]) for node in ray.nodes()))
        return _gathered(asked, digests, parts, report)
    finally:
        ray.shutdown()


def _gathered(
    asked: Asked, digests: Mapping[str, str], parts: int, report: Callable[..., None] | None
) -> list[Path]:
    import ray

    assert asked.out is not None  # noqa: S101 - set by the caller
    files = {part: shard_path(asked.out, part, parts) for part in range(1, parts + 1)}
    remote = ray.remote(run_shard).options(scheduling_strategy="SPREAD", num_cpus=1, max_retries=2)
    plain = {**asdict(asked), "out": None} | {
        name: str(value) for name in _PATHS if (value := getattr(asked, name))
    }
    waiting = {
        remote.remote({**plain, "shard": [part, parts]}, dict(digests)): part
        for part, path in files.items()
        if not path.exists()
    }
    while waiting:
        (ready, *_), _ = ray.wait(list(waiting))
        _keep(_answer(ready), files[waiting.pop(ready)])
        if report:
            report(parts - len(waiting), parts, "shards")
    return list(files.values())


def _answer(reference: Any) -> dict[str, Any]:
    import ray

    try:
        answer: dict[str, Any] = ray.get(reference)
    except ray.exceptions.RayError as error:
        last = str(error).strip().splitlines()[-1][:300]
        raise StageFailed(
            f"a node of the cluster did not finish its shard: {last}",
            mend="run the same command again; shards that are through are kept",
        ) from error
    if "refusal" in answer:
        raise StageFailed(
            f"node {answer['node']} refused its shard: {answer['refusal']}",
            mend="mend it there and run the same command again; shards that are through are kept",
        )
    return answer


def _keep(answer: Mapping[str, Any], path: Path) -> None:
    if answer["samples"] is not None:
        write_file(samples_path(path), answer["samples"])
    write_file(path, answer["outcomes"])
