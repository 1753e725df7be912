"""Compare two of: a checkpoint folder, a GGUF file, live transformers, llama.cpp.

FOLDER and FILE.gguf are decoded by specship itself; transformers:FOLDER is the live model in
transformers; llama.cpp:FILE.gguf is the real llama.cpp in a process of its own. FOLDER with FILE.gguf
is compared with llama.cpp as well.
"""

from __future__ import annotations

import argparse
import json

HELP = "compare a checkpoint, a GGUF, transformers and llama.cpp, block by block"
PROMPTS = (
    "def main():\n",
    "import os\nimport sys\n",
    "class Node:\n    def __init__(self",
    "for index in range(",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship compare`."""
    side = "FOLDER, FILE.gguf, transformers:FOLDER or llama.cpp:FILE.gguf"
    parser.add_argument("a", help=side)
    parser.add_argument("b", help=side)
    parser.add_argument("--prompt", action="append", help="text to continue; may be repeated")
    parser.add_argument("--steps", type=int, default=64, help="greedy steps a prompt (default: %(default)s)")
    parser.add_argument(
        "--device", default="cpu", help="cpu, cuda, cuda:N or auto; llama.cpp stays on the CPU"
    )
    parser.add_argument("--threads", type=int, default=1, help="of llama.cpp (default: %(default)s)")
    parser.add_argument("--without-llama-cpp", action="store_true", help="FOLDER and FILE.gguf only")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """0 when nothing diverges, 1 when something does."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    from specship.cli.progress import progress
    from specship.pipeline.comparison.comparing import compare
    from specship.pipeline.comparison.comparison import ComparisonTask
    from specship.pipeline.comparison.report import as_text

    with progress("compare") as report:
        work = ComparisonTask(
            texts=tuple(arguments.prompt or PROMPTS),
            steps=arguments.steps,
            device=arguments.device,
            threads=arguments.threads,
            report=report,
        )
        found = compare(arguments.a, arguments.b, work, with_llama_cpp=not arguments.without_llama_cpp)
    if arguments.format == "json":
        print(json.dumps(found, indent=2, allow_nan=False))
    else:
        print("\n".join(as_text(found)))
    return 1 if found["first_diverging_block"] else 0
