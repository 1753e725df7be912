"""Shards on a real Ray cluster of two nodes on this machine."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specship.cli import main
from specship.errors import SpecshipError, UnusableInput
from specship.pipeline.evaluation.humaneval.evaluation import Asked
from specship.pipeline.evaluation.humaneval.ray_shards import content_digest, evaluate_on_cluster, run_shard
from tests.models.learned_by_heart import EASY, learned, problem_records
from tests.processes import specship

ENVIRONMENT = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("problems") / "problems.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in problem_records()))
    return path


def given(problems: Path) -> Path:
    """Each problem's solution, then a wrong one."""
    records = problem_records()
    right = [{"task_id": r["task_id"], "completion": r["canonical_solution"]} for r in records]
    wrong = [{"task_id": task, "completion": "    return None\n"} for task in EASY]
    path = problems.with_name("given.jsonl")
    path.write_text("".join(json.dumps(one) + "\n" for one in right + wrong))
    return path


def test_a_node_refuses_other_bytes(problems: Path, tmp_path: Path) -> None:
    """A path names other bytes on another machine; the shard says so instead of scoring them."""
    asked: dict[str, Any] = {
        "problems": str(problems),
        "completions": str(given(problems)),
        "model": None,
        "shard": [1, 1],
    }
    digests = {name: content_digest(Path(asked[name])) for name in ("problems", "completions")}
    other = run_shard(asked, {**digests, "problems": "0" * 64})
    absent = run_shard({**asked, "completions": str(tmp_path / "none")}, digests)

    assert "other bytes on this node" in other["refusal"]
    assert "not on this node" in absent["refusal"]


def test_a_folder_is_known_by_its_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    before = content_digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    renamed = content_digest(tmp_path)
    (tmp_path / "b").write_text("2")

    assert len({before, renamed, content_digest(tmp_path)}) == 3


def test_a_shard_has_no_shards(problems: Path) -> None:
    pytest.importorskip("ray", reason="ray is not installed (pip install 'specship[ray]')")
    with pytest.raises(UnusableInput, match="has no shards"):
        evaluate_on_cluster(
            Asked(problems=problems, completions=given(problems), shard=(1, 2)), "127.0.0.1:1"
        )


def test_without_ray_the_extra_is_named(
    problems: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    asked = ["--problems", str(problems), "--completions", str(given(problems)), "--ray", "127.0.0.1:1"]

    assert main(["eval", "humaneval", *asked]) == SpecshipError.exit_status
    assert "pip install 'specship[ray]'" in capsys.readouterr().err


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def node(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1", "--disable-usage-stats",
               "--object-store-memory=80000000", *arguments]  # fmt: skip
    return subprocess.Popen(
        command, env=ENVIRONMENT, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def alive(address: str) -> int:
    code = "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False, configure_logging=False); print(sum(n['Alive'] for n in ray.nodes()))"
    done = subprocess.run(
        [sys.executable, "-c", code, address], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    return int(done.stdout.split()[-1]) if done.returncode == 0 else 0


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """Two nodes on loopback; ended by their own process groups."""
    pytest.importorskip("ray", reason="ray is not installed (pip install 'specship[ray]')")
    address = f"127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    nodes = [node("--head", f"--port={port}", "--node-ip-address=127.0.0.1", "--include-dashboard=false")]
    try:
        until = time.monotonic() + 180
        while alive(address) < 1 and time.monotonic() < until:
            time.sleep(1)
        nodes.append(node(f"--address={address}", "--node-ip-address=127.0.0.1"))
        while alive(address) < 2 and time.monotonic() < until:
            time.sleep(1)
        if alive(address) < 2:
            pytest.fail("the cluster of two nodes did not come up")
        yield address
    finally:
        for process in reversed(nodes):
            os.killpg(process.pid, signal.SIGTERM)
        for process in nodes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def evaluate(*arguments: str | Path) -> dict[str, Any]:
    done = specship("eval", "humaneval", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_a_cluster_counts_what_one_host_counts(cluster: str, problems: Path, tmp_path: Path) -> None:
    """Completions given and completions written by a model; the nodes share the work, each sample once."""
    for source in (("--completions", given(problems)), (learned(), "--max-tokens", "24")):
        asked = (*source, "--problems", problems)
        out = tmp_path / f"{len(source)}.jsonl"
        spread = evaluate(*asked, "--ray", cluster, "--out", out)
        alone = evaluate(*asked)

        assert [one["shard"] for one in spread["shards"]] == [[1, 2], [2, 2]]
        for name in ("problems", "samples", "passed", "failed", "pass_at", "generated"):
            assert spread[name] == alone[name]
        key = ("task_id", "index", "outcome")
        assert sorted([r[k] for k in key] for r in spread["results"]) == sorted(
            [r[k] for k in key] for r in alone["results"]
        )
        assert out.with_name(f"{out.name}.shard-2-of-2.jsonl").exists()


@pytest.mark.slow
def test_a_node_that_refuses_is_named(cluster: str, problems: Path, tmp_path: Path) -> None:
    """The level that nothing offers is refused by the node, and its reason reaches the terminal."""
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"task_id": "HumanEval/999", "completion": ""}\n')
    done = specship("eval", "humaneval", "--problems", problems, "--completions", bad, "--ray", cluster)

    assert done.returncode == 2
    assert "refused its shard" in done.stderr
    assert "no problem is called 'HumanEval/999'" in done.stderr
