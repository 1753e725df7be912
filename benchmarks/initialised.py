"""A run that begins from a checkpoint beside runs from random weights: same data, steps and seed.

    python benchmarks/initialised.py [--steps 200] [--base-steps 600] [--output results.json]

The Python source that comes with the interpreter is parted in two. A tiny model is pretrained on the
larger part; its checkpoint then begins a run on the smaller part, whose text it has not seen. Runs from
random weights get the same tokens in the same order, each with another peak rate, and the best of them
counts. Losses are of the same held-out tokens of the smaller
part, with the standard error over sequences. Exit status 1 when the initialised run is not better by
more than three standard errors of both.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from specship.pipeline.corpus.settings import CorpusSettings
from specship.pipeline.planning.training_data import TrainingData, write_corpus, write_tokens
from specship.pipeline.shards.encoding import ShardsSettings
from specship.pipeline.tokenizer.training import TokenizerSettings
from specship.pipeline.training.run_reading import checkpoint_path, read_evaluations, read_run
from specship.pipeline.training.settings import ModelSettings, Recipe, TrainingSettings
from specship.pipeline.training.training import pretrain

TARGET = ("asyncio", "email", "http", "json", "unittest", "xml")
"""Packages of the smaller part."""
MODEL = ModelSettings(
    hidden_size=96,
    layers=2,
    heads=6,
    kv_heads=2,
    intermediate_size=256,
    max_positions=256,
    initializer_range=0.05,
)
SCRATCH_RATES = (2e-3, 4e-3, 8e-3)
TUNED_RATE = 1e-3
ENOUGH = 3.0


def quiet(*_: Any, **__: Any) -> None:
    """Report to nobody."""


def part_text(folder: Path) -> tuple[Path, Path]:
    """The standard library's source in two folders; nothing is in both."""
    root = Path(sysconfig.get_paths()["stdlib"])
    base, target = folder / "base-text", folder / "target-text"
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        if relative.parts[0] in {"site-packages", "dist-packages", "test", "lib-dynload"}:
            continue
        place = (target if relative.parts[0] in TARGET else base) / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return base, target


def tokens_of(text: Path, folder: Path, tokenizer: Path | None) -> TrainingData:
    """A corpus and its tokens."""
    settings = CorpusSettings(source="folder", path=text.name, licence="PSF-2.0")
    corpus = folder / f"{text.name}-corpus"
    write_corpus(text, corpus, settings, quiet)
    return write_tokens(
        corpus,
        folder / f"{text.name}-data",
        TokenizerSettings(vocab_size=1024),
        ShardsSettings(),
        tokenizer=tokenizer,
        report=quiet,
    )


def train(
    data: TrainingData, run: Path, steps: int, rate: float, initial: Path | None = None
) -> list[dict[str, Any]]:
    """Train and return the evaluations."""
    training = TrainingSettings(
        mode="fine-tune" if initial else "scratch",
        device="cpu",
        threads=1,
        seed=1,
        steps=steps,
        sequence_length=256,
        micro_batch=4,
        at_end="cycle",
        peak_learning_rate=rate,
        warmup_steps=steps // 10,
        beta2=0.98,
        evaluate_every=steps,
        evaluation_tokens=65_536,
    )
    pretrain(Recipe(None if initial else MODEL, training), data.tokenizer, data.shards, run, initial=initial)
    return read_evaluations(run)


def shown(evaluation: dict[str, Any]) -> str:
    """A loss with its standard error."""
    return f"{evaluation['val_loss']:.4f} ± {evaluation['standard_error']:.4f}"


def main() -> int:
    """Train all of them and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--base-steps", type=int, default=600)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="specship-initialised-") as name:
        found = compare(Path(name), arguments.steps, arguments.base_steps)
    print(found.pop("text"))
    if arguments.output:
        arguments.output.write_text(json.dumps(found, indent=2) + "\n")
    return 0 if found["margin_over_error"] > ENOUGH else 1


def compare(folder: Path, steps: int, base_steps: int) -> dict[str, Any]:
    """The losses of both beginnings at one budget, and a table of them."""
    base_text, target_text = part_text(folder)
    base = tokens_of(base_text, folder, None)
    target = tokens_of(target_text, folder, base.tokenizer)
    train(base, folder / "base", base_steps, 4e-3)
    initial = checkpoint_path(folder / "base", base_steps)
    tuned = train(target, folder / "tuned", steps, TUNED_RATE, initial)
    scratch = {rate: train(target, folder / f"scratch-{rate}", steps, rate)[-1] for rate in SCRATCH_RATES}
    best = min(scratch.values(), key=lambda evaluation: float(evaluation["val_loss"]))
    margin = best["val_loss"] - tuned[-1]["val_loss"]
    error = math.hypot(best["standard_error"], tuned[-1]["standard_error"])
    begun = read_run(folder / "tuned").initialisation
    machine = f"{platform.processor() or platform.machine()}, Python {platform.python_version()}"
    checkpoint = f"checkpoint of {base_steps} steps on other text | {TUNED_RATE:g} | {shown(tuned[0])}"
    difference = begun.difference if begun else math.nan
    rows = [
        f"{machine}; {steps} steps of 1 024 tokens, {tuned[-1]['val_tokens']} held-out tokens",
        "",
        "| beginning | peak rate | loss at step 0, nats/token | after the last step |",
        "| --- | --- | --- | --- |",
        f"| {checkpoint} | {shown(tuned[-1])} |",
        *(f"| random weights | {rate:g} | | {shown(one)} |" for rate, one in scratch.items()),
        "",
        f"margin over random weights: {margin:.4f} nats/token, {margin / error:.1f} standard errors",
        f"the checkpoint's own loss and the run's at step 0 differ by {difference:.1e}",
    ]
    return {
        "text": "\n".join(rows),
        "steps": steps,
        "base_steps": base_steps,
        "initialised": tuned,
        "scratch": {str(rate): one for rate, one in scratch.items()},
        "margin": margin,
        "margin_over_error": margin / error,
    }


if __name__ == "__main__":
    sys.exit(main())
