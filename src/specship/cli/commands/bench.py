"""Measure a checkpoint's decode speed beside a reference decoder, in turns, warm, without the prompt.

`specship bench train` measures the speed of training instead.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from specship.cli import training_bench

HELP = "decode speed of a checkpoint beside transformers, or the speed of training"
_CACHED = ", unless the weights fit a cache"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship bench`."""
    parser.add_argument("checkpoint", type=Path, help=f"a folder; or the word {training_bench.NAME}")
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--samples", type=int, default=7)
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or auto")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0 is torch's own choice")
    parser.add_argument(
        "--weights",
        choices=("stored", "float32", "bfloat16"),
        default="stored",
        help="what matrices are held in; sums are float32 in any case (default: stored)",
    )
    parser.add_argument("--eager", action="store_true", help="without a C compiler, and without CUDA graphs")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    training_bench.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the figures; always 0."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    if arguments.checkpoint == Path(training_bench.NAME):
        return training_bench.run(arguments)
    from specship.cli.progress import progress
    from specship.pipeline.inference.decode_bench import OURS, REFERENCE, bench

    with progress("bench") as report:
        found = bench(
            arguments.checkpoint,
            tokens=arguments.tokens,
            samples=arguments.samples,
            device=arguments.device,
            threads=arguments.threads,
            weights=arguments.weights,
            compiled=not arguments.eager,
            report=report,
        )
    if arguments.format == "json":
        print(json.dumps(found, indent=2))
    else:
        if found["engine"] == "specship":
            print(f"specship      {found['tokens_per_second']:.1f} tokens/s{_between(found, OURS)}")
        reference = f"{found['reference_tokens_per_second']:.1f} tokens/s{_between(found, REFERENCE)}"
        print(f"transformers  {reference}")
        if found["engine"] == "specship":
            print(f"ratio         {found['ratio']:.2f}, median of {arguments.samples} rounds")
        else:
            print(f"ratio         none: it is computed by {found['engine']} alone")
        if found["bandwidth"]:
            print(f"memory allows {found['bandwidth']['bound_tokens_per_second']:.1f} tokens/s{_CACHED}")
        print(f"with          {found['weights']} weights, {found['how']}")
        print(f"on            {found['device_name']}, {found['threads']} threads")
    return 0


def _between(found: dict[str, Any], decoder: str) -> str:
    """The lowest and the highest sample of a decoder, as words behind the median."""
    from specship.pipeline.inference.decode_bench import WARM_UP

    rates = [
        (len(one["token_ids"]) - 1) / one["seconds"]
        for one in found["samples"]
        if one["decoder"] == decoder and one["round"] != WARM_UP
    ]
    return f", median of {len(rates)}, {min(rates):.1f} to {max(rates):.1f}"
