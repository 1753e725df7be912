"""One run as other programs would have logged it, a writer a format.

The lines are built after each program's source, which the reader of the format names; those of a Trainer's
console were compared with what transformers 5.23 printed.
"""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.diagnose.event_files import events, varint
from tests.diagnose.event_files import field as tagged
from tests.diagnose.written_runs import Records


@dataclass(frozen=True)
class Run:
    """What happened, under a Trainer's names, and what was meant."""

    records: Records
    planned: int
    vocabulary: int = 257
    tokens_per_step: int = 512
    parameters: int = 6464
    unique_tokens: int = 150_000
    settings: Mapping[str, Any] = field(default_factory=lambda: {"lr_scheduler_type": "cosine"})
    """What a Trainer's arguments say of the rate."""
    asked: str = "cpu"
    got: str = "cpu"
    ended: bool = True
    """Whether it came to its end, and its program said so."""


def plain_table(folder: Path, run: Run) -> Path:
    names = {
        "step": "step",
        "loss": "loss",
        "learning_rate": "lr",
        "grad_norm": "grad_norm",
        "eval_loss": "val_loss",
    }
    lines = [",".join(names.values())]
    lines += [",".join(str(one.get(key, "")) for key in names) for one in run.records]
    return _written(folder / "progress.csv", lines)


def plain_lines(folder: Path, run: Run) -> Path:
    return _written(folder / "log.jsonl", [json.dumps(one) for one in run.records])


def lightning(folder: Path, run: Run) -> Path:
    keys = {"grad_norm": "grad_norm", "learning_rate": "lr", "loss": "train_loss", "eval_loss": "val_loss"}
    lines = ["epoch," + ",".join([*keys.values(), "step"])]
    lines += [
        ",".join(["0", *(str(one.get(key, "")) for key in keys), str(one["step"] - 1)]) for one in run.records
    ]
    return _written(folder / "lightning_logs" / "version_0" / "metrics.csv", lines)


def event_file(folder: Path, run: Run) -> Path:
    arguments = {"max_steps": run.planned, "max_grad_norm": 1.0, **run.settings}
    path = folder / "events.out.tfevents.17"
    ending = [{"step": run.records[-1]["step"], "train_loss": 2.0}] if run.ended else []
    path.write_bytes(events([*run.records, *ending], arguments, vocab_size=run.vocabulary))
    return path


def nanogpt(folder: Path, run: Run) -> Path:
    lines = [
        "Overriding config with config/train.py:",
        f"max_iters = {run.planned - 1}",
        f"device = '{run.asked}'",
        "grad_clip = 1.0 # clip gradients at this value, or disable if == 0.0",
        f"tokens per iteration will be: {run.tokens_per_step:,}",
        f"found vocab_size = {run.vocabulary} (inside data/x/meta.pkl)",
        "Initializing a new model from scratch",
        "number of parameters: 0.01M",
    ]
    for one in run.records:
        if "eval_loss" in one:
            lines.append(
                f"step {one['step']}: train loss {one['eval_loss']:.4f}, val loss {one['eval_loss']:.4f}"
            )
        else:
            lines.append(f"iter {one['step']}: loss {one['loss']:.4f}, time 12.34ms, mfu 3.21%")
    return _written(folder / "train.log", lines)


def nanochat(folder: Path, run: Run) -> Path:
    peak = max(abs(one.get("learning_rate", 0.0)) for one in run.records) or 1.0
    lines = [
        f"Autodetected device type: {run.got}",
        f"Vocab size: {run.vocabulary:,}",
        f"Number of parameters: {run.parameters:,}",
        f"Calculated number of iterations from target data:param ratio: {run.planned:,}",
        f"Total batch size {run.tokens_per_step:,} => gradient accumulation steps: 1",
    ]
    for one in run.records:
        if "eval_loss" in one:
            lines.append(f"Step {one['step']:05d} | Validation bpb: {one['eval_loss'] / 3:.4f}")
            continue
        rate = one.get("learning_rate", 0.0) / peak
        lines.append(
            f"step {one['step']:05d}/{run.planned:05d} ({100 * one['step'] / run.planned:.2f}%) | "
            f"loss: {one['loss']:.6f} | lrm: {rate:.2f} | dt: 10.24ms | tok/sec: 50,000 | "
            f"bf16_mfu: 12.34 | epoch: 1 | total time: 0.12m | eta: 1.2m"
        )
    if run.ended:
        lines += ["Peak memory usage: 12.00MiB", "Total training time: 0.12m", "Minimum validation bpb: 0.5"]
    return _written(folder / "speedrun.log", lines)


def torchtitan(folder: Path, run: Run) -> Path:
    head = "[rank0]:[titan] 2025-11-25 19:44:58,838 - root - INFO - "
    lines = [
        head + "Building 1-D device mesh with ['dp_shard'], [8]",
        head + f"{run.got.upper()} capacity: a device with 95.00GiB memory",
        head
        + f"Building llama3 debugmodel with TransformerModelArgs(dim=256, vocab_size={run.vocabulary}, x=1)",
        head + f"Model llama3 debugmodel size: {run.parameters:,} total parameters",
        head
        + "Trainer is initialized with local batch size 1, global batch size 8, gradient accumulation steps 1, "
        f"sequence length {run.tokens_per_step // 8}, total steps {run.planned} (warmup 2)",
        head + "Training starts at step 1",
    ]
    for one in run.records:
        if "eval_loss" in one:
            lines.append(
                f"{head}\x1b[33mvalidate step: {one['step']:2}  \x1b[32mloss: {one['eval_loss']:7.4f}  "
                "\x1b[36mmemory:  1.00GiB(1.00%)  \x1b[34mtps: 6,250\x1b[0m"
            )
        else:
            lines.append(
                f"{head}\x1b[31mstep: {one['step']:2}  \x1b[32mloss: {one['loss']:8.5f}  "
                f"\x1b[33mgrad_norm: {one['grad_norm']:7.4f}  \x1b[36mmemory:  1.21GiB(0.86%)  "
                "\x1b[34mtps: 6,250  \x1b[36mtflops: 0.41  \x1b[35mmfu: 0.04%\x1b[39m"
            )
    if run.ended:
        lines.append(head + "Training completed")
    return _written(folder / "titan.log", lines)


def trainer_console(folder: Path, run: Run) -> Path:
    drawn = "\r {step}/{total} [00:01<00:02, 24.85it/s]"
    out = ["\r  0%|          | 0/" + f"{run.planned} [00:00<?, ?it/s]"]
    for one in run.records:
        said = {name: f"{value:.4g}" for name, value in one.items() if name != "step"}
        out += [f"\r{'':60}\r", str(said), "\n", drawn.format(step=one["step"], total=run.planned)]
        if "eval_loss" in one:
            out += ["\n\r100%|███| 4/4 [00:00<00:00, 184.13it/s]\x1b[A\n"]
    if run.ended:
        last = {
            "train_runtime": "1.427",
            "train_samples_per_second": "168.2",
            "train_loss": "2.453",
            "epoch": "1",
        }
        out += ["\r", str(last), "\n", drawn.format(step=run.records[-1]["step"], total=run.planned), "\n"]
    path = folder / "console.txt"
    path.write_text("".join(out))
    return path


PARAMETERS: Final[dict[str, Any]] = {"max_grad_norm": 1.0, "architectures": ["LlamaForCausalLM"]}
SCHEMA: Final = """
CREATE TABLE runs (run_uuid VARCHAR(32) NOT NULL, name VARCHAR(250), status VARCHAR(9),
  lifecycle_stage VARCHAR(20), experiment_id INTEGER, CONSTRAINT run_pk PRIMARY KEY (run_uuid));
CREATE TABLE "metrics" ("key" VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
  run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL,
  CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan));
CREATE TABLE "params" ("key" VARCHAR(250) NOT NULL, value VARCHAR(8000) NOT NULL,
  run_uuid VARCHAR(32) NOT NULL, CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid));
"""
"""The columns that are read, of the tables that MLflow 3.17 makes."""


def _settings(run: Run) -> dict[str, Any]:
    return {**PARAMETERS, "max_steps": run.planned, "vocab_size": run.vocabulary, **run.settings}


def _logged(run: Run) -> Iterator[tuple[int, int, str, float]]:
    """Time, step, name and value of each figure, as a Trainer's callback hands them on."""
    for time, one in enumerate(run.records):
        for name, value in one.items():
            if name != "step":
                yield time, one["step"], name, value
    if run.ended:
        yield len(run.records), run.records[-1]["step"], "train_runtime", 1.5


def mlflow_database(folder: Path, run: Run, *, status: str | None = None) -> Path:
    path = folder / "mlflow.db"
    status = status or ("FINISHED" if run.ended else "RUNNING")
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.executescript(SCHEMA)
        database.execute("INSERT INTO runs VALUES ('r1', 'tiny', ?, 'active', 1)", (status,))
        rows = [
            (key, 0.0 if math.isnan(value) else value, time, "r1", step, int(math.isnan(value)))
            for time, step, key, value in _logged(run)
        ]
        database.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
        values = [(key, str(value), "r1") for key, value in _settings(run).items()]
        database.executemany("INSERT INTO params VALUES (?, ?, ?)", values)
    return path


def mlflow_files(folder: Path, run: Run, *, status: int | None = None) -> Path:
    place = folder / "mlruns" / "1" / "r1"
    (place / "metrics").mkdir(parents=True)
    (place / "params").mkdir()
    ended = status or (3 if run.ended else 1)
    (place / "meta.yaml").write_text(f"end_time: null\nrun_name: tiny\nrun_uuid: r1\nstatus: {ended}\n")
    for time, step, key, value in _logged(run):
        with (place / "metrics" / key).open("a") as file:
            file.write(f"{1_796_063_415_836 + time} {value} {step}\n")
    for key, value in _settings(run).items():
        (place / "params" / key).write_text(str(value))
    return place / "meta.yaml"


def chunked(records: Iterable[bytes], block: int = 32_768) -> bytes:
    """The frame of a file of Weights & Biases: chunks that no block's end goes through."""
    out = bytearray(b":W&B\xe1\xbe\x00")
    for record in records:
        rest, first = record, True
        while True:
            left = block - len(out) % block
            if left < 7:
                out += bytes(left)
                left = block
            part, rest = rest[: left - 7], rest[left - 7 :]
            kind = (1 if not rest else 2) if first else (3 if rest else 4)
            out += struct.pack("<IHB", zlib.crc32(bytes([kind]) + part), len(part), kind) + part
            first = False
            if not rest:
                break
    return bytes(out)


def item(name: str, value: Any) -> bytes:
    """An item of history or config, its name in one part."""
    text = json.dumps(value).encode()
    return tagged(1, tagged(2, name.encode()) + varint(16 << 3 | 2) + varint(len(text)) + text)


def message(number: int, content: bytes) -> bytes:
    """A record that holds one message."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def wandb_run(folder: Path, run: Run, *, code: int | None = None) -> Path:
    config = b"".join(item(name, value) for name, value in _settings(run).items())
    records = [message(17, tagged(1, b"r1") + tagged(4, config))]
    for at, one in enumerate(run.records):
        named = {
            f"eval/{name[5:]}" if name.startswith("eval_") else f"train/{name}": value
            for name, value in one.items()
            if name != "step"
        }
        figures = named | {"train/global_step": one["step"], "_step": at}
        records.append(message(2, b"".join(item(name, value) for name, value in figures.items())))
    if run.ended or code is not None:
        records.append(message(18, b"\x08" + varint(code or 0) + b"\x10\x01"))
    path = folder / "wandb" / "offline-run-20261130_182957-r1" / "run-r1.wandb"
    path.parent.mkdir(parents=True)
    path.write_bytes(chunked(records))
    return path


def _written(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines))
    return path


WRITERS: Final[Mapping[str, Callable[[Path, Run], Path]]] = {
    "CSV log": plain_table,
    "JSON Lines log": plain_lines,
    "Lightning log": lightning,
    "TensorBoard log": event_file,
    "nanoGPT log": nanogpt,
    "nanochat log": nanochat,
    "torchtitan log": torchtitan,
    "Trainer console log": trainer_console,
    "MLflow database": mlflow_database,
    "MLflow folder": mlflow_files,
    "Weights & Biases run": wandb_run,
}


def healthy(steps: int = 290, *, every: int = 1, evaluate: int = 58) -> Run:
    """A loss that falls from 5.5 to 1.7, a cosine, and evaluations that fall with it."""
    from tests.diagnose.trainer_logs import Draw, log

    records = log(
        Draw(1),
        curve=lambda part: 1.7 + 3.8 * math.exp(-9 * part),
        steps=steps,
        every=every,
        evaluate=evaluate,
    )
    return Run(records=records, planned=steps)
