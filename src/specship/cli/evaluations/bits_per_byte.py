"""Bits per byte of held-out text: a figure that crosses tokenizers, where nats a token do not."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, Final

HELP = "likelihood of held-out text, in a unit that crosses tokenizers"
_WINDOW: Final = 512
"""Longest window by default, tokens: logits of a large vocabulary take 4 bytes each."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship eval bits-per-byte`."""
    parser.add_argument("model", type=Path, help="a checkpoint folder or a GGUF file")
    parser.add_argument("--text", type=Path, required=True, help="a file, a folder, or a corpus folder")
    parser.add_argument(
        "--suffix", action="append", help="files of a folder that are read (default: .py, .txt and .md)"
    )
    parser.add_argument(
        "--window", type=int, default=_WINDOW, help="tokens read at once (default: %(default)s)"
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:N or auto")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """0 when every document was scored and comes back from the tokenizer as it was, else 1."""
    from specship.cli.extra import needs_pipeline

    needs_pipeline()
    from specship.cli.progress import progress
    from specship.errors import UnusableInput
    from specship.pipeline.evaluation.bits_per_byte import score_texts
    from specship.pipeline.evaluation.held_out_texts import read_texts
    from specship.pipeline.evaluation.model_identity import model_identity
    from specship.pipeline.inference.any_model import load_decoder, open_any_model

    if arguments.window < 2:
        raise UnusableInput(f"a window of {arguments.window} tokens", mend="give 2 or more")
    texts = read_texts(arguments.text, tuple(arguments.suffix or (".py", ".txt", ".md")))
    opened = open_any_model(arguments.model)
    decoder = load_decoder(opened, device=arguments.device, context=arguments.window)
    with progress("scoring") as report:
        found = score_texts(decoder, opened.tokenizer(), texts.documents, report=report)
    answer = {
        "evaluation": "bits-per-byte",
        **found.as_json(),
        "window": decoder.context,
        "text_digest": texts.digest,
        "skipped": [{"path": path, "reason": reason} for path, reason in texts.skipped],
        "engine": decoder.engine,
        "device": str(decoder.device),
        **model_identity(arguments.model, opened),
    }
    print(json.dumps(answer, indent=2) if arguments.format == "json" else _as_text(answer))
    return 1 if answer["lossy_documents"] else 0


def _as_text(answer: dict[str, Any]) -> str:
    error = answer["standard_error"]
    spread = "one document, no error" if error is None else f"± {error:.4f} over documents"
    lines = [
        f"documents      {answer['documents']} ({answer['bytes']} bytes, {answer['tokens']} tokens)",
        f"bits per byte  {answer['bits_per_byte']:.4f} {spread}",
        f"nats a token   {answer['nats_per_token']:.4f} (this tokenizer only)",
        f"prompts        {answer['prompt_format']}: {answer['chat']['why']}",
    ]
    if answer["lossy_documents"]:
        lines.append(f"LOSSY          {answer['lossy_documents']} documents do not come back as they were")
    lines += [f"skipped        {one['path']}: {one['reason']}" for one in answer["skipped"]]
    return "\n".join(lines)
