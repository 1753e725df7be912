"""Training: specship's step against the Trainer of Hugging Face, on the same model and data.

    python benchmarks/train.py [--size small|medium] [--rounds 7] [--threads 2] [--steps 2] [--output FILE]

Both train a Llama in float32 from the same weights on the same batches with AdamW, a clipped norm and a
cosine of the learning rate: the Trainer with its own model class, fused AdamW and no logging, specship as a
run does, with its checks and a record a step; each in the variants eager and compiled. The variants take
turns in one process, a few steps at a time, warm; compiling is left out and stated apart. A ratio is the
median over rounds of the ratio inside a round, of wall time and of the processor time of the whole process:
beside other work the second is the one to read. After the same steps from the same weights the losses must
agree, or nothing is printed. Printed as Markdown; absolute times are this machine's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TRAINER = "transformers.Trainer"
SIZES: dict[str, dict[str, Any]] = {
    "small": {"hidden_size": 128, "layers": 3, "heads": 4, "kv_heads": 2, "intermediate_size": 352},
    "medium": {"hidden_size": 512, "layers": 7, "heads": 8, "kv_heads": 4, "intermediate_size": 1408},
}
VOCABULARY = {"small": 2048, "medium": 8192}
SEQUENCES = {"small": 32, "medium": 8}
LENGTH, PLANNED = 128, 10_000


def recipe_of(size: str, *, compiled: bool, threads: int) -> Any:
    from specship.pipeline.training.settings import ModelSettings, Recipe, TrainingSettings

    training = TrainingSettings(
        device="cpu",
        threads=threads,
        steps=PLANNED,
        warmup_steps=100,
        sequence_length=LENGTH,
        micro_batch=SEQUENCES[size],
        at_end="cycle",
        compile=compiled,
    )
    return Recipe(ModelSettings(**SIZES[size]), training)


class Ours:
    """Steps as a run takes them."""

    def __init__(self, size: str, shards: Path, folder: Path, *, compiled: bool, threads: int) -> None:
        import torch

        from specship.json_log import JsonLog
        from specship.pipeline.training.trainer import Trainer

        recipe = recipe_of(size, compiled=compiled, threads=threads)
        self.trainer = Trainer(recipe, shards, torch.device("cpu"))
        if compiled and not self.trainer.execution.compiled:
            sys.exit(f"not compiled: {self.trainer.execution.why_eager}")
        self.log = JsonLog(folder / f"{compiled}.jsonl")

    def train(self, steps: int) -> float:
        """Take some steps; the loss of the last."""
        record: dict[str, Any] = {}
        for _ in range(steps):
            record = self.trainer.read(self.trainer.take_step())
            self.log.append(record)
        return float(record["train_loss"])


class Theirs:
    """A Trainer that is stepped by us: its own loop, in a thread that waits for its turn at each step."""

    def __init__(self, like: Ours, shards: Path, size: str, folder: Path, *, compiled: bool) -> None:
        import threading

        import torch
        from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback, TrainingArguments

        from specship.pipeline.shards.token_reader import TokenReader

        skipped = {"architectures", "model_type", "rope_theta", "torch_dtype"}
        declared = {key: value for key, value in like.trainer.config.items() if key not in skipped}
        model = LlamaForCausalLM(LlamaConfig(**declared))
        model.load_state_dict(dict(like.trainer.model.state_dict()))
        reader = TokenReader(shards, "train", length=LENGTH, seed=1, at_end="cycle", tokenizer=None)

        class Windows(torch.utils.data.IterableDataset[dict[str, Any]]):
            def __iter__(self) -> Any:
                while True:
                    for window in torch.from_numpy(reader.next_batch(SEQUENCES[size])):
                        yield {"input_ids": window[:-1], "labels": window[1:]}

        def loss(outputs: Any, labels: Any, **_: Any) -> Any:
            return torch.nn.functional.cross_entropy(outputs.logits.float().flatten(0, 1), labels.flatten())

        outer = self
        self.go, self.done = threading.Semaphore(0), threading.Semaphore(0)
        self.loss = 0.0

        class Held(TrainerCallback):
            def on_step_begin(self, *_: Any, **__: Any) -> None:
                outer.go.acquire()

            def on_step_end(self, *_: Any, **__: Any) -> None:
                outer.done.release()

        class Kept(Trainer):
            def training_step(self, *arguments: Any, **named: Any) -> Any:
                found = super().training_step(*arguments, **named)
                outer.loss = found
                return found

        arguments = TrainingArguments(
            output_dir=str(folder / f"trainer-{compiled}"),
            use_cpu=True,
            max_steps=PLANNED,
            per_device_train_batch_size=SEQUENCES[size],
            learning_rate=3e-4,
            warmup_steps=100,
            lr_scheduler_type="cosine",
            adam_beta2=0.95,
            weight_decay=0.1,
            max_grad_norm=1.0,
            optim="adamw_torch_fused",
            logging_strategy="no",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            dataloader_num_workers=0,
            torch_compile=compiled,
            seed=1,
        )
        trainer = Kept(
            model=model, args=arguments, train_dataset=Windows(), compute_loss_func=loss, callbacks=[Held()]
        )
        threading.Thread(target=trainer.train, daemon=True).start()

    def train(self, steps: int) -> float:
        """Let some steps go; the loss of the last."""
        for _ in range(steps):
            self.go.release()
            self.done.acquire()
        return float(self.loss)


def make_shards(size: str, folder: Path) -> Path:
    from specship.pipeline.planning.training_speed import random_tokens

    tokens = 400 * SEQUENCES[size] * LENGTH
    return random_tokens(folder / "shards", tokens, VOCABULARY[size])


def measure(size: str, folder: Path, *, rounds: int, steps: int, threads: int, peers: bool) -> dict[str, Any]:
    """Seconds of each round by wall and by processor, first calls apart, and what recording takes."""
    import torch

    torch.set_num_threads(threads)
    shards = make_shards(size, folder)
    eager = Ours(size, shards, folder, compiled=False, threads=threads)
    variants: dict[str, Callable[[int], float]] = {
        TRAINER: Theirs(eager, shards, size, folder, compiled=False).train,
        "specship, eager": eager.train,
        "specship, compiled": Ours(size, shards, folder, compiled=True, threads=threads).train,
    }
    if peers:
        variants["transformers.Trainer, compiled"] = Theirs(eager, shards, size, folder, compiled=True).train
    first: dict[str, float] = {}
    losses: dict[str, float] = {}
    for name, train in variants.items():
        began = time.perf_counter()
        losses[name] = train(1)
        first[name] = time.perf_counter() - began
        losses[name] = train(1)
    if max(losses.values()) - min(losses.values()) > 1e-3 * max(losses.values()):
        sys.exit(f"the losses after two steps differ; these are not the same trainings: {losses}")
    walls: dict[str, list[float]] = {name: [] for name in variants}
    processor: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, train in variants.items():
            wall, worked = time.perf_counter(), time.process_time()
            train(steps)
            walls[name].append(time.perf_counter() - wall)
            processor[name].append(time.process_time() - worked)
    return {
        "parameters": sum(one.numel() for one in eager.trainer.parameters),
        "tokens": steps * SEQUENCES[size] * LENGTH,
        "threads": threads,
        "first_seconds": first,
        "wall": walls,
        "processor": processor,
        "recording_share": recording(eager),
    }


def recording(ours: Ours, steps: int = 8) -> float:
    """Processor time of checks, fetching figures and logging, over that of whole steps; a median."""
    import contextlib

    shares = []
    spent = [0.0]

    @contextlib.contextmanager
    def timed(name: str) -> Any:
        began = time.thread_time()
        yield
        if name == "recording":
            spent[0] += time.thread_time() - began

    before, ours.trainer.phase = ours.trainer.phase, timed
    for _ in range(steps):
        spent[0], began = 0.0, time.thread_time()
        launched = ours.trainer.take_step()
        with timed("recording"):
            ours.log.append(ours.trainer.read(launched))
        shares.append(spent[0] / (time.thread_time() - began))
    ours.trainer.phase = before
    return statistics.median(shares)


def as_markdown(found: dict[str, Any]) -> str:
    """A table, and the machine."""
    load = os.getloadavg()[0]
    rounds = len(found["wall"][TRAINER])
    cores = f"{found['threads']} threads of {os.cpu_count()} cores ({platform.machine()})"
    machine = f"Python {platform.python_version()}, {cores}"
    run = f"{rounds} rounds in turns of {found['tokens']} tokens; load {load:.1f} at the end"
    lines = [
        f"{found['parameters'] / 1e6:.1f} million parameters, {machine}, {run}",
        "",
        f"| what | tokens/s | times {TRAINER}, wall | spread | by processor time | spread | first step, s |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, walls in found["wall"].items():
        cells = [f"{found['tokens'] / statistics.median(walls):.0f}"]
        for kind in ("wall", "processor"):
            times = found[kind]
            ratios = [base / one for one, base in zip(times[name], times[TRAINER], strict=True)]
            cells += [f"{statistics.median(ratios):.3f}", f"{min(ratios):.2f}-{max(ratios):.2f}"]
        lines.append(f"| {name} | {' | '.join(cells)} | {found['first_seconds'][name]:.1f} |")
    return "\n".join([*lines, "", f"Checks and recording: {found['recording_share']:.3%} of a step."])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=2, help="steps of a turn")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peers", action="store_true", help="the Trainer compiled, too")
    parser.add_argument("--output", type=Path, help="every sample as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(
            arguments.size,
            Path(folder),
            rounds=arguments.rounds,
            steps=arguments.steps,
            threads=arguments.threads,
            peers=arguments.peers,
        )
    if arguments.output:
        arguments.output.write_text(json.dumps(found, indent=1))
    print(as_markdown(found), flush=True)
    os._exit(0)  # the Trainer's own loop still waits for a turn


if __name__ == "__main__":
    sys.exit(main())
