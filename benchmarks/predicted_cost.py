"""Predicted beside measured: seconds of a step, and memory, on the processor of this machine.

    python benchmarks/predicted_cost.py DATA [--threads 1] [--steps 4]

DATA is what `specship tokenize` wrote. For each size the rates of the kernels are measured at the model's own
shapes, the cost of a step is predicted from them, and then steps of the real model are taken. Whatever else
the machine is doing disturbs both, so that they are taken in turns; with one thread the time is the
processor's own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

import torch

from specship.pipeline.device import prepare
from specship.pipeline.planning.cost_model import predicted
from specship.pipeline.planning.kernel_rates import measured_rates
from specship.pipeline.planning.memory_use import MemoryWatch
from specship.pipeline.training.architecture import parameter_count
from specship.pipeline.training.settings import ModelSettings, Recipe, TrainingSettings
from specship.pipeline.training.trainer import Trainer

SIZES = {
    "0.3 M": ModelSettings(hidden_size=96, layers=2, heads=6, kv_heads=2, intermediate_size=256),
    "3 M": ModelSettings(hidden_size=256, layers=4, heads=8, kv_heads=2, intermediate_size=704),
    "25 M": ModelSettings(hidden_size=512, layers=8, heads=8, kv_heads=4, intermediate_size=1408),
}
ROUNDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=4)
    arguments = parser.parse_args()
    cpu = torch.device("cpu")
    prepare(cpu, arguments.threads)
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    print(f"load {os.getloadavg()[0]:.1f}, {arguments.threads} threads, float32, eager")
    print("| model | parameters | predicted, s | measured, s | error | memory predicted, MB | measured, MB |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name, model in SIZES.items():
        training = TrainingSettings(
            device="cpu", compile=False, threads=arguments.threads, steps=2000, warmup_steps=10,
            sequence_length=128, micro_batch=8, at_end="cycle", evaluation_tokens=512,
        )  # fmt: skip
        watch = MemoryWatch(cpu)
        trainer = Trainer(Recipe(model, training), arguments.data / "shards", cpu)
        trainer.read(trainer.take_step())
        errors, guesses, times = [], [], []
        for _ in range(ROUNDS):
            rates = measured_rates(trainer.config, 8 * 128, cpu)
            parameters = parameter_count(trainer.config)
            cost = predicted(
                trainer.config, training, parameters, rates, name="here", device=None, compiled=False
            )
            began = clock()
            for _ in range(arguments.steps):
                trainer.read(trainer.take_step())
            times.append((clock() - began) / arguments.steps)
            guesses.append(cost.step_seconds)
            errors.append(cost.step_seconds / times[-1] - 1)
        used = watch.use()
        print(
            f"| {name} | {parameters} | {statistics.median(guesses):.3f} | {statistics.median(times):.3f} "
            f"| {statistics.median(errors):+.0%} ({min(errors):+.0%} to {max(errors):+.0%}) "
            f"| {cost.memory_bytes / 1e6:.0f} | {(used.most - used.before) / 1e6:.0f} |"
        )


if __name__ == "__main__":
    main()
