"""The release in ten minutes: every step of it, from text to the table of gates, on one device.

    python benchmarks/release_rehearsal.py --output FOLDER [--scale release|tiny] [--seconds N] [--text DIR]

`release` trains the model of the release profile, 370 M parameters from random weights, on one CUDA device;
`tiny` walks the same way on a processor in a minute or two. FOLDER becomes a project of its own: the
contracts of this one, and a profile made here, whose limits are the release's (at `tiny` the smallest
profile's).

1. `look`: what is here; what is lacking ends it at once.
2. `data`: corpus (of what is installed, licences recorded, or of --text), tokenizer, shards, and their gates.
3. `plan`: some real steps, one evaluation and one checkpoint are timed; the plan takes the steps that fit the
   time, so that the learning rate is down at the end of it.
4. `judge`: training, checkpoint, decoding, GGUF written and read back by llama.cpp, and all gates.
5. `figures`: all that is printed, read from the files that the steps left.

A step that fails ends it with its reason; figures of later steps are "not measured" and nothing is credited.
At the deadline the session is told to end: training saves, and the same command goes on. FOLDER gets
`rehearsal.json` and `rehearsal.md`. Exit status: 0 all steps were done, whatever the gates say; 1 a step
failed; 2 something is lacking; 143 the deadline came.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import importlib.metadata
import json
import math
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
NOT_MEASURED: Final = "not measured"
MODEL: Final = "MODEL-2"
PROFILE: Final = "ten-minutes"
LOSS_GATE: Final = "GATE-TRAIN-003"
LOSS_CRITERION: Final = "AC-SHIP2-003"
DATA_STAGES: Final = ("corpus", "tokenizer", "shards")
LEFT_OUT: Final = ("foreign", "replay", "harness", "humaneval", "qa")
"""Stages that ten minutes have no room for; their gates stay open."""
SECONDS_TO_SAVE: Final = 90.0
"""How long a session that was told to end may take to save."""
EVALUATIONS: Final = 5
DONE, FAILED, LACKING, STOPPED = 0, 1, 2, 143
UNUSABLE: Final = 2
"""Of a session in which a gate could not judge: what the stages made says whether that matters here."""
OPEN: Final = "not (HUMANEVAL or QUALITY or REPRO or IMPORT)"
"""Gates that are asked at all; those of stages that are left out stay open."""

RELEASE_DATA: Final[dict[str, Any]] = {
    "corpus": {
        "sources": [{"kind": "python-stdlib"}, {"kind": "installed-packages"}],
        "heldout_fraction": 0.02,
    },
    "tokenizer": {"vocab_size": 50257, "train_bytes": 64 << 20},
    "baseline": {"train_tokens": 20_000_000, "heldout_tokens": 131072},
}
RECIPE: Final[dict[str, Any]] = {
    "micro_batch": 16,
    "accumulation": 2,
    "deterministic": False,
    "peak_learning_rate": 0.001,
    "floor_share": 0.02,
    "at_end": "cycle",
}
"""For some hundred steps: half the release's batch, thrice its rate, a short warm-up, down to nearly zero."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a rehearsal is."""

    base: str
    """The profile whose model, limits and stages it takes."""
    device: str
    begin_seconds: float
    """Of compiling and of building the model, which no timed step has."""
    after_seconds: float
    """Kept for what comes after training."""
    warmup_share: float
    changes: dict[str, dict[str, Any]]


SCALES: Final = {
    "release": Scale(
        "release", "cuda", 60.0, 150.0, 0.05,
        {**RELEASE_DATA, "training": RECIPE,
         "generations": {"prompts": 50, "new_tokens": 64, "others": 2},
         "speed": {"samples": 5, "tokens": 128}, "parity": {"steps": 64, "prompts": 16}},
    ),
    "tiny": Scale(
        "micro", "cpu", 2.0, 40.0, 0.08,
        {"training": {"at_end": "cycle", "steps": 60, "peak_learning_rate": 0.01, "evaluation_tokens": 16384},
         "baseline": {"train_tokens": 122880, "heldout_tokens": 16384},
         "generations": {"prompts": 8, "samples": 2, "others": 1},
         "speed": {"samples": 3, "tokens": 32}, "parity": {"steps": 16, "prompts": 4}},
    ),
}  # fmt: skip


class StepFailed(Exception):
    """A step did not do its work; says why, and with which exit status the rehearsal ends."""

    def __init__(self, reason: str, status: int = FAILED) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class Rehearsal:
    """What is known so far; written down after each step."""

    scale: str
    folder: Path
    seconds: float
    text: Path | None
    began: float = field(default_factory=time.monotonic)
    found: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""
    """The first error of the last session, where a gate of it could not judge."""

    @property
    def project(self) -> Path:
        """The project that is rehearsed in."""
        return self.folder / "project"

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self.seconds - (time.monotonic() - self.began)

    def artifact(self, stage: str) -> Path:
        """Folder of what a stage made.

        Raises:
            StepFailed: it made nothing.
        """
        place = self.project / ".specship/artifacts" / MODEL / PROFILE / stage
        current = place / "current.json"
        if not current.is_file():
            raise StepFailed(f"stage {stage} made nothing: {self.trouble or self.why_nothing(stage)}")
        return place / str(json.loads(current.read_text())["key"])

    def report(self) -> dict[str, Any]:
        """The session's report; empty before the first session."""
        path = self.project / ".specship/report.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
        return found

    def why_nothing(self, stage: str) -> str:
        """What the gates say that ask for a stage's work."""
        reasons = [
            gate["reason"]
            for criterion in criteria_of(self.report())
            for gate in criterion["gates"]
            if gate["verdict"] not in ("PASS", "FAIL")
        ]
        return next((reason for reason in reasons if stage in reason), (reasons or ["no gate says why"])[0])


def criteria_of(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The criteria of the rehearsed model in a report."""
    for model in report.get("models", []):
        if (model["model"], model["profile"]) == (MODEL, PROFILE):
            return list(model["criteria"])
    return []


def lacking(device: str) -> list[str]:
    """What has to be installed or attached before anything is tried."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        import tomllib

        project = tomllib.load(file)["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["pipeline"]]
    if device == "cuda":
        wanted += project["optional-dependencies"]["cuda"]
    names = [re.split(r"[<>=!~ ;\[]", one)[0] for one in wanted]
    absent = [name for name in [*names, "specship"] if version_of(name) is None]
    told = []
    if absent:
        others = [name for name in absent if name != "specship"]
        wheels = f"`pip download -d wheels {' '.join(others)}` elsewhere, then " if others else ""
        here = f"`pip install --no-index --find-links wheels {' '.join(others)}` and " if others else ""
        told.append(
            f"not installed: {', '.join(absent)} (without a network: {wheels}here {here}"
            "`pip install --no-deps --no-build-isolation -e .`)"
        )
    if device == "cuda" and version_of("torch") is not None:
        import torch

        if not torch.cuda.is_available():
            told.append("no CUDA device that torch can use; `--scale tiny` needs none")
    if device == "cuda" and shutil.which("cc") is None and shutil.which("gcc") is None:
        told.append("no C compiler, which compiling the step needs")
    return told


def version_of(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def look(rehearsal: Rehearsal) -> dict[str, Any]:
    """What machine this is.

    Raises:
        StepFailed: something is lacking.
    """
    scale = SCALES[rehearsal.scale]
    if told := lacking(scale.device):
        raise StepFailed("; ".join(told), LACKING)
    import torch

    from specship.evidence.environment import driver_version

    name = platform.processor() or platform.machine()
    if scale.device == "cuda":
        name = torch.cuda.get_device_name(0)
    packages = ("specship", "torch", "transformers", "tokenizers", "numpy", "xllamacpp", "gguf")
    make_project(rehearsal)
    return {
        "device": f"{scale.device} ({name})",
        "driver": driver_version() or "none",
        "processors": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 1),
        "versions": {"python": platform.python_version(), **{one: version_of(one) for one in packages}},
    }


def make_project(rehearsal: Rehearsal) -> None:
    """A project of its own: nothing of this checkout is written to."""
    project = rehearsal.project
    if project.exists():
        return  # a rehearsal that was stopped goes on
    project.mkdir(parents=True)
    for name in ("contracts", "specs", "evidence"):
        shutil.copytree(ROOT / name, project / name)
    shutil.copytree(ROOT / "tests/data/humaneval", project / "tests/data/humaneval")
    shutil.copy(ROOT / "pyproject.toml", project)
    if rehearsal.text is not None:  # sources are named relative to the project
        (project / "text").symlink_to(rehearsal.text.resolve(), target_is_directory=True)
    write_profile(rehearsal, steps=None)


def profile_path(rehearsal: Rehearsal) -> Path:
    return rehearsal.project / "specs/ship-two-001/profiles" / f"{PROFILE}.yaml"


def write_profile(rehearsal: Rehearsal, steps: int | None) -> None:
    """The base's profile with the rehearsal's settings, and steps once they are planned."""
    import yaml

    scale = SCALES[rehearsal.scale]
    base = yaml.safe_load((ROOT / f"specs/ship-two-001/profiles/{scale.base}.yaml").read_text())
    pipeline = {name: dict(part) for name, part in base["pipeline"][MODEL].items() if name not in LEFT_OUT}
    for name, change in scale.changes.items():
        pipeline[name] = dict(change) if name == "corpus" else pipeline[name] | change
    if rehearsal.text is not None:
        licence = {"source": "folder", "path": "text", "licence": "LicenseRef-Unknown"}
        kept = ("file_bytes_limit", "heldout_fraction")
        pipeline["corpus"] = licence | {k: v for k, v in pipeline["corpus"].items() if k in kept}
    if steps is not None:
        pipeline["training"] |= {
            "steps": steps,
            "warmup_steps": max(1, int(steps * scale.warmup_share)),
            "evaluate_every": max(1, math.ceil(steps / EVALUATIONS)),
        }
    base |= {"profile": PROFILE, "kind": "rehearsal", "pipeline": {MODEL: pipeline}}
    base["summary"] = "The release's steps in ten minutes; written by benchmarks/release_rehearsal.py."
    profile_path(rehearsal).write_text(yaml.safe_dump(base, sort_keys=False))


def session(rehearsal: Rehearsal, name: str, *chosen: str) -> None:
    """Run gates as anybody does, until the deadline.

    Raises:
        StepFailed: the session could not judge, or the deadline came.
    """
    log = rehearsal.folder / f"{name}.log"
    command = [sys.executable, "-m", "pytest", "-m", "ship", "contracts", f"--specship-profile={PROFILE}"]
    with log.open("w") as out:
        child = subprocess.Popen(
            [*command, "-p", "no:cacheprovider", *chosen], cwd=rehearsal.project, stdout=out,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            status = child.wait(timeout=max(rehearsal.left, 1.0))
        except subprocess.TimeoutExpired:
            stop(child)
            raise StepFailed(
                f"the deadline of {rehearsal.seconds:g} s came; the session was told to end, and what "
                "it had done is kept: the same command goes on",
                STOPPED,
            ) from None
    rehearsal.trouble = first_error(log) if status == UNUSABLE else ""
    if status not in (0, 1, UNUSABLE):  # gates that fail or cannot judge are verdicts
        raise StepFailed(f"the session ended with {status}: {first_error(log)}")


def stop(child: subprocess.Popen[bytes]) -> None:
    """Ask for an end, as a scheduler does; by force only who does not come to one."""
    child.send_signal(signal.SIGINT)
    try:
        child.wait(timeout=SECONDS_TO_SAVE)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def first_error(log: Path) -> str:
    """The first error of a log with why and how to mend; its last lines where it has none."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    at = next((place for place, line in enumerate(lines) if line.startswith(("why:", "mend:"))), None)
    return " / ".join(lines[-3:] if at is None else lines[max(at - 1, 0) : at + 2])


def data(rehearsal: Rehearsal) -> dict[str, Any]:
    """Corpus, tokenizer and shards, with their gates.

    Raises:
        StepFailed: one of them was not made.
    """
    session(rehearsal, "data", "-k", "CORPUS or TOKENIZER or SHARDS")
    for stage in DATA_STAGES:
        rehearsal.artifact(stage)
    from specship.pipeline.shards.manifest import read_manifest

    manifest = read_manifest(rehearsal.artifact("shards"))
    return {
        "vocabulary": manifest.vocab_size,
        "train_tokens": manifest.tokens("train"),
        "heldout_tokens": manifest.tokens("heldout"),
        "text_bytes": sum(entry.text_bytes for entry in manifest.of("train")),
    }


def plan(rehearsal: Rehearsal) -> dict[str, Any]:
    """How many steps fit the time that is left, by real ones.

    Raises:
        StepFailed: the plan could not be measured, or the time is too short for it.
    """
    import yaml

    scale = SCALES[rehearsal.scale]
    profile = yaml.safe_load(profile_path(rehearsal).read_text())["pipeline"][MODEL]
    earlier = rehearsal.folder / "plan.json"
    if earlier.is_file():  # a rehearsal that goes on keeps its plan, or it would be another run
        kept: dict[str, Any] = json.loads(earlier.read_text())
        return kept
    config = rehearsal.folder / "plan.yaml"
    config.write_text(yaml.safe_dump({name: profile[name] for name in ("model", "training")}))
    done = subprocess.run(
        [sys.executable, "-m", "specship.cli", "pretrain", "--dry-run", "--format", "json",
         "--data", str(rehearsal.artifact("shards")), "--tokenizer", str(rehearsal.artifact("tokenizer")),
         "--output", str(rehearsal.folder / "planned"), "--config", str(config),
         "--accept-starvation", "a rehearsal of ten minutes"],
        capture_output=True, text=True, check=False, timeout=max(rehearsal.left, 1.0),
    )  # fmt: skip
    try:
        cost = json.loads(done.stdout)["forecast"]
    except (ValueError, KeyError):
        cost = None
    if not cost:
        raise StepFailed(
            f"no step could be timed (exit status {done.returncode}): {done.stderr.strip()[-500:]}"
        )
    room = rehearsal.left - scale.begin_seconds - scale.after_seconds
    between = (EVALUATIONS + 1) * (cost["evaluation_seconds"] + cost["checkpoint_seconds"])
    steps = int((room - between) / cost["step_seconds"])
    if rehearsal.scale == "tiny":
        steps = min(steps, profile["training"]["steps"])
    if steps < 2 * EVALUATIONS:
        raise StepFailed(
            f"{rehearsal.left:.0f} s are left, and {EVALUATIONS + 1} evaluations and checkpoints with "
            f"{2 * EVALUATIONS} steps take {between + 2 * EVALUATIONS * cost['step_seconds']:.0f} s: "
            "give it more --seconds"
        )
    write_profile(rehearsal, steps)
    found = {"steps": steps, "room_seconds": room, "forecast": cost}
    earlier.write_text(json.dumps(found, indent=2))
    return found


def judge(rehearsal: Rehearsal) -> dict[str, Any]:
    """Everything else, and every gate.

    Raises:
        StepFailed: training, checkpoint, decoding or export made nothing.
    """
    session(rehearsal, "judge", "-k", OPEN)
    run = json.loads((rehearsal.artifact("run") / "run.json").read_text())
    if run["status"] not in ("completed", "stopped_early"):
        raise StepFailed(f"training {run['status']}: {run['reason']}")
    for stage in ("checkpoint", "speed", "gguf", "parity"):
        rehearsal.artifact(stage)
    return {"status": run["status"], "reason": run["reason"], "steps_done": run["steps_done"]}


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def bits_per_byte(loss: float, text_bytes: int, tokens: int) -> float:
    """Bits a byte of text, of a loss in nats a token over as many tokens."""
    return loss / math.log(2) * tokens / text_bytes


def figures(rehearsal: Rehearsal) -> dict[str, Any]:
    """What the files say.

    Raises:
        StepFailed: a file is missing or says nothing.
    """
    run = rehearsal.artifact("run")
    record = json.loads((run / "run.json").read_text())
    training = record["config"]["training"]
    from specship.pipeline.shards.token_reader import TokenReader

    length = training["sequence_length"]
    reader = TokenReader(
        rehearsal.artifact("shards"), "heldout", length=length, seed=0, at_end="halt", tokenizer=None
    )
    targets = reader.heldout_windows(length, training["evaluation_tokens"])[:, 1:]
    text_bytes = reader.text_bytes(targets)
    curve = [
        {
            "step": line["step"],
            "tokens": line["step"] * record["tokens_per_step"],
            "val_loss": line["val_loss"],
            "standard_error": line["standard_error"],
            "bits_per_byte": bits_per_byte(line["val_loss"], text_bytes, targets.size),
        }
        for line in lines_of(run / "evaluations.jsonl")
    ]
    if len(curve) < 2:
        raise StepFailed("the run was evaluated once, which is no curve")
    target = target_loss(rehearsal)
    speeds = sorted(line["tokens_per_second"] for line in lines_of(run / "train.jsonl")[2:])
    gguf = next(iter(rehearsal.artifact("gguf").glob("*.gguf")))
    gates = {gate["id"]: gate for one in criteria_of(rehearsal.report()) for gate in one["gates"]}
    return {
        "parameters": record["parameters"],
        "device_got": f"{record['device_got']} ({record['device_name']})",
        "wall_seconds": record["wall_seconds"],
        "tokens_per_second": speeds[len(speeds) // 2],
        "share_of_measured_peak": speeds[len(speeds) // 2]
        * record["flops_per_token"]
        / record["matmul_flops_per_second"],
        "curve": curve,
        "target": target,
        "needed": needed(curve, training["warmup_steps"], target),
        "decode_tokens_per_second": measured(gates, "GATE-SPEED-001", "tokens_per_second"),
        "gguf": {"file": gguf.name, "bytes": gguf.stat().st_size, "sha256": sha256_of(gguf)},
        "gguf_read_back": {
            name: gates[name]["verdict"] for name in gates if name.startswith("GATE-GGUF")
        },
        "criteria": [
            {
                "id": one["id"],
                "statement": one["statement"],
                "status": one["status"],
                "gates": {
                    gate["id"]: {name: gate[name] for name in ("verdict", "reason")} for gate in one["gates"]
                },
            }
            for one in criteria_of(rehearsal.report())
        ],
    }  # fmt: skip


def sha256_of(path: Path) -> str:
    from specship.digests import sha256_file

    return sha256_file(path)


def measured(gates: dict[str, Any], gate: str, quantity: str) -> float | str:
    """A quantity of a gate's report; "not measured" where it has none."""
    for entry in gates.get(gate, {}).get("measured", []):
        if entry["quantity"] == quantity:
            return float(entry["value"])
    return NOT_MEASURED


def target_loss(rehearsal: Rehearsal) -> float:
    """The held-out loss that the contract asks for in a release; profiles do not matter."""
    import yaml

    contract = yaml.safe_load((rehearsal.project / "contracts/training-loop-pretrain-v1.yaml").read_text())
    gate = next(one for one in contract["gates"] if one["id"] == LOSS_GATE)
    return float(gate["expect"]["val_loss"]["at_most"])


def needed(curve: list[dict[str, Any]], warmup: int, target: float) -> dict[str, Any]:
    """Tokens at which the measured curve would reach a loss: L = E + A D^-b, with a bootstrap of its noise.

    Points of the warm-up are left out. Each resampling adds noise of the larger of the evaluation's standard
    error and the fit's own residual. It cannot be told where fewer than five points are left, where a
    fortieth of the fits or more never reach the target, or where the interval ends beyond a thousand times
    what was read. All points are of one run, whose learning rate comes down towards the end: a curve of
    whole runs would be another.

    Source of the form: Hoffmann et al. 2022 (arXiv:2203.15556), with one model's size held fixed.
    """
    import numpy as np

    points = [one for one in curve if one["step"] > max(warmup, 0)]
    cannot: dict[str, Any] = {"tokens": None, "low": None, "high": None}
    if len(points) < 5:
        return cannot | {"why": f"{len(points)} evaluations after the warm-up, and 5 are needed"}
    tokens_P = np.array([float(one["tokens"]) for one in points])  # noqa: N806 - P points
    loss_P = np.array([one["val_loss"] for one in points])  # noqa: N806
    if target >= loss_P[-1]:
        return {"tokens": points[-1]["tokens"], "low": None, "high": None, "why": "reached in this run"}
    first = fitted(tokens_P, loss_P)
    rest_P = loss_P - first[0] - first[1] * (tokens_P / tokens_P[0]) ** -first[2]  # noqa: N806
    noise = max(float(np.sqrt(np.mean(rest_P**2))), *(one["standard_error"] for one in points))
    random = np.random.default_rng(1)
    found = sorted(
        reached(fitted(tokens_P, loss_P + random.normal(0, noise, len(points))), tokens_P[0], target)
        for _ in range(400)
    )
    low, middle, high = found[10], reached(first, tokens_P[0], target), found[389]
    shape = {"floor": first[0], "power": first[2], "noise": noise}
    seen = float(tokens_P[-1])
    if not math.isfinite(high) or not math.isfinite(middle):
        never = sum(not math.isfinite(one) for one in found) / len(found)
        return cannot | shape | {"why": f"{never:.0%} of the curves that fit level off above {target:g}"}
    if high > 1000 * seen:
        return cannot | shape | {"why": f"the interval ends beyond 1000 times the {seen:.3g} tokens read"}
    return {"tokens": middle, "low": low, "high": high, "why": "95 % of 400 resamplings", **shape}


def fitted(tokens_P: Any, loss_P: Any) -> tuple[float, float, float]:  # noqa: N803 - P points
    """Floor, amplitude at the first point, and power of the curve with the least squares; none negative."""
    import numpy as np

    best = (math.inf, (0.0, 0.0, 0.0))
    for power in np.linspace(0.05, 1.5, 59):
        base_P = (tokens_P / tokens_P[0]) ** -power  # noqa: N806
        spread = base_P - base_P.mean()
        amplitude = max(0.0, float(spread @ loss_P / (spread @ spread)))
        floor = float(loss_P.mean() - amplitude * base_P.mean())
        if floor < 0:
            floor, amplitude = 0.0, float(base_P @ loss_P / (base_P @ base_P))
        error = float(((floor + amplitude * base_P - loss_P) ** 2).sum())
        if error < best[0]:
            best = (error, (floor, amplitude, float(power)))
    return best[1]


def reached(fit: tuple[float, float, float], first_tokens: float, target: float) -> float:
    """Tokens at which a fitted curve is at the target; infinite where it never is."""
    floor, amplitude, power = fit
    if target <= floor or amplitude <= 0:
        return math.inf
    return float(first_tokens) * (amplitude / (target - floor)) ** (1 / power)


STEPS: Final[dict[str, Callable[[Rehearsal], dict[str, Any]]]] = {
    "look": look, "data": data, "plan": plan, "judge": judge, "figures": figures,
}  # fmt: skip


def rehearse(rehearsal: Rehearsal) -> int:
    """Take the steps, each written down, until one fails."""
    found = rehearsal.found
    found |= {
        "format": "specship-release-rehearsal/1",
        "scale": rehearsal.scale,
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "script": "benchmarks/release_rehearsal.py",
        "seconds_allowed": rehearsal.seconds,
        "steps": [],
    }
    status = DONE
    for name, step in STEPS.items():
        if status != DONE:
            found["steps"].append({"step": name, "status": "not done", "seconds": 0.0, "reason": ""})
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        before, reason = time.monotonic(), ""
        try:
            found[name] = step(rehearsal)
        except subprocess.TimeoutExpired:
            reason, status = f"the deadline of {rehearsal.seconds:g} s came", STOPPED
        except StepFailed as failed:
            reason, status = str(failed), failed.status
        except Exception as error:  # noqa: BLE001 - a reason in the record, whatever it was
            reason, status = f"{type(error).__name__}: {error}", FAILED
        found["steps"].append(
            {
                "step": name,
                "status": "failed" if reason else "done",
                "seconds": round(time.monotonic() - before, 1),
                "reason": reason,
            }
        )
    found["exit_status"] = status
    found["total_seconds"] = round(time.monotonic() - rehearsal.began, 1)
    rehearsal.folder.mkdir(parents=True, exist_ok=True)
    write(rehearsal.folder / "rehearsal.json", json.dumps(found, indent=2, allow_nan=False) + "\n")
    write(rehearsal.folder / "rehearsal.md", markdown(found))
    return status


def write(path: Path, text: str) -> None:
    """Whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text)
    partial.replace(path)


def markdown(found: dict[str, Any]) -> str:
    """Tables of all that was found; what was not is "not measured"."""
    seen, machine = found.get("figures"), found.get("look", {})
    device = machine.get("device", NOT_MEASURED)
    first = (
        f"Scale `{found['scale']}`, {found['date']}, {device}, driver {machine.get('driver', NOT_MEASURED)}, "
    )
    rows = [
        f"{first}`{found['script']}`, {found['total_seconds']:g} s.",
        "",
        "| step | ended | seconds | reason |",
        "| --- | --- | --- | --- |",
        *(f"| {s['step']} | {s['status']} | {s['seconds']:g} | {s['reason']} |" for s in found["steps"]),
        "",
        "| figure | measured |",
        "| --- | --- |",
    ]
    if seen is None:
        names = (
            "parameters",
            "training",
            "held-out loss",
            "decoding",
            "GGUF",
            f"tokens for {LOSS_CRITERION}",
        )
        rows += [f"| {name} | {NOT_MEASURED} |" for name in names]
        return "\n".join([*rows, "", "No gate is credited.", ""])
    read_back = ", ".join(f"{name} {verdict}" for name, verdict in seen["gguf_read_back"].items())
    last, decode = seen["curve"][-1], seen["decode_tokens_per_second"]
    rows += [
        f"| parameters | {seen['parameters']} |",
        f"| training, tokens/s, median | {seen['tokens_per_second']:.4g} |",
        f"| share of the products' measured rate | {seen['share_of_measured_peak']:.1%} |",
        f"| held-out loss, nats/token | {last['val_loss']:.4f} ± {last['standard_error']:.4f} |",
        f"| bits per byte | {last['bits_per_byte']:.4f} |",
        f"| decoding, tokens/s | {decode if isinstance(decode, str) else f'{decode:.4g}'} |",
        f"| GGUF | {seen['gguf']['bytes']} bytes, {read_back} |",
        f"| tokens for {LOSS_CRITERION} ({seen['target']:g} nats/token) | {said(seen['needed'])} |",
    ]
    if not device.startswith("cuda"):
        rows.append(f"| anything on a GPU | {NOT_MEASURED} |")
    rows += ["", "| step | tokens | held-out loss | bits per byte |", "| --- | --- | --- | --- |"]
    rows += [
        f"| {at['step']} | {at['tokens']} | {at['val_loss']:.4f} ± {at['standard_error']:.4f} "
        f"| {at['bits_per_byte']:.4f} |"
        for at in seen["curve"]
    ]
    rows += ["", "| criterion | status | gates |", "| --- | --- | --- |"]
    for one in seen["criteria"]:
        gates = ", ".join(f"{name} {gate['verdict']}" for name, gate in one["gates"].items())
        rows.append(f"| {one['id']} | {one['status']} | {gates} |")
    return "\n".join([*rows, ""])


def said(found: dict[str, Any]) -> str:
    """The extrapolation in words."""
    if found["tokens"] is None:
        return f"cannot be told: {found['why']}"
    if found["low"] is None:
        return f"{found['tokens']:.3g}: {found['why']}"
    return f"{found['tokens']:.3g}, between {found['low']:.3g} and {found['high']:.3g} ({found['why']})"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--output", type=Path, required=True, help="a new folder, or one of a rehearsal that was stopped"
    )
    parser.add_argument("--scale", choices=tuple(SCALES), default="release")
    parser.add_argument("--seconds", type=float, default=570.0, help="until the deadline")
    parser.add_argument("--text", type=Path, help="train on this folder's text instead of what is installed")
    asked = parser.parse_args()
    if not (math.isfinite(asked.seconds) and asked.seconds > 0):
        parser.error("--seconds is a number above 0")
    status = rehearse(Rehearsal(asked.scale, asked.output.resolve(), asked.seconds, asked.text))
    print((asked.output / "rehearsal.md").read_text())
    return status


if __name__ == "__main__":
    sys.exit(main())
