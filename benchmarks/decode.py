"""Greedy decoding of one sequence: specship's decoder, transformers.generate and llama.cpp.

    python benchmarks/decode.py [--sizes 0.8M 40M 170M] [--types float32 bfloat16] [--tokens 128] [--rounds 9]
                                [--threads 2] [--output results.json]

Llamas of random weights are written into a temporary folder and exported, in the type that is measured. All
three hold their weights in it: transformers sums in it too, llama.cpp rounds the other factor of a product
to it, and specship sums in float32. The variants take turns, one round after another, warm; a sample begins
when the first new token is known and ends when the last one is. llama.cpp runs in a process of its own each
round and reports its own decode time: two thread pools in one process slow both to a fraction. A ratio is
the median over rounds of the ratio inside a round. In float32 the token ids must be equal, or nothing is
printed. Beside it stands what memory allows: bytes of all matrices a token over the rate of a copy; the
smallest model lies in the cache. Nothing else should run on the machine. Printed as Markdown; absolute times
are this machine's.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

OURS, REFERENCE, LLAMA_CPP = "specship", "transformers.generate", "llama.cpp"
PROMPT = tuple(range(2, 18))
TOKENS = 2048
TYPES = ("float32", "bfloat16")
SIZES: dict[str, dict[str, Any]] = {
    "0.8M": {
        "vocab_size": 2048,
        "hidden_size": 128,
        "intermediate_size": 352,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "tie_word_embeddings": False,
    },
    "40M": {
        "vocab_size": 151_936,
        "hidden_size": 256,
        "intermediate_size": 704,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    },
    "170M": {
        "vocab_size": 32_768,
        "hidden_size": 768,
        "intermediate_size": 2816,
        "num_hidden_layers": 18,
        "num_attention_heads": 12,
        "num_key_value_heads": 4,
        "tie_word_embeddings": True,
    },
}
IN_LLAMA_CPP = """
import http.client, json, sys, os, urllib.parse
import xllamacpp
path, prompt, tokens, threads = json.load(sys.stdin)
out = os.fdopen(os.dup(1), "w"); os.dup2(2, 1)
p = xllamacpp.CommonParams()
p.model.path, p.hostnames, p.port, p.ui = path, ["127.0.0.1"], 0, False
p.n_ctx, p.n_parallel, p.n_gpu_layers = len(prompt) + tokens + 8, 1, 0
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = threads
p.cache_type_k = p.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
p.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
p.fit_params = p.cache_prompt = False
server = xllamacpp.Server(p)
port = urllib.parse.urlparse(server.listening_address).port
body = {"prompt": prompt, "n_predict": tokens, "temperature": 0.0, "samplers": ["temperature"],
        "ignore_eos": True, "return_tokens": True, "cache_prompt": False}
for _ in range(2):  # the first is a warm-up
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("POST", "/completion", json.dumps(body), {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
timings = answer["timings"]
json.dump({"tokens": answer["tokens"], "seconds": timings["predicted_ms"] / 1000,
           "predicted": timings["predicted_n"]}, out)
out.close()
os._exit(0)
"""


def write_model(folder: Path, size: str, dtype: str) -> tuple[Path, Path]:
    """A checkpoint with a tokenizer, and its GGUF."""
    import torch
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers.models import BPE
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging

    from specship.pipeline.export.writer import export_gguf

    torch.manual_seed(1)
    declared = LlamaConfig(
        **SIZES[size],
        max_position_embeddings=1024,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.2 if size == "0.8M" else 0.05,  # wide weights, so that greedy text varies
    )
    checkpoint = folder / "checkpoint"
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    LlamaForCausalLM(declared).to(getattr(torch, dtype)).save_pretrained(checkpoint)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pairs = list(itertools.product(letters, letters))[: TOKENS - 1 - len(letters)]
    names = ["<|end|>", *letters, *map("".join, pairs)]
    tokenizer = Tokenizer(BPE(vocab={name: number for number, name in enumerate(names)}, merges=pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.add_special_tokens(["<|end|>"])
    tokenizer.save(str(checkpoint / "tokenizer.json"))
    exported = folder / "model.gguf"
    export_gguf(checkpoint, exported, dtype="BF16" if dtype == "bfloat16" else "F32")
    return checkpoint, exported


def in_llama_cpp(gguf: Path, tokens: int, threads: int) -> dict[str, Any]:
    """One warm decode in a fresh process: tokens, and the seconds llama.cpp itself counts for them."""
    ended = subprocess.run(
        [sys.executable, "-c", IN_LLAMA_CPP],
        input=json.dumps([str(gguf), list(PROMPT), tokens, threads]),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        sys.exit(f"llama.cpp ended with status {ended.returncode}:\n{ended.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def measure(folder: Path, size: str, dtype: str, *, tokens: int, rounds: int, threads: int) -> dict[str, Any]:
    """Tokens a second of each decoder, round by round, and what memory allows."""
    import torch

    from specship.pipeline.checkpoint.folder import open_any_checkpoint
    from specship.pipeline.device import copy_bytes_per_second
    from specship.pipeline.inference.decode_bench import take_samples
    from specship.pipeline.inference.decoder import Decoder

    torch.set_num_threads(threads)
    checkpoint, gguf = write_model(folder, size, dtype)
    opened = open_any_checkpoint(checkpoint)
    decoder = Decoder(opened, context=len(PROMPT) + tokens, weights="stored", compiled=True)
    on = torch.device("cpu")
    rates: dict[str, list[float]] = {OURS: [], REFERENCE: [], LLAMA_CPP: []}
    bound, alike = [], set()
    for _ in range(rounds):
        *_, ours, reference = take_samples(opened, decoder, PROMPT, tokens=tokens, samples=1, device=on)
        theirs = in_llama_cpp(gguf, tokens, threads)
        bound.append(copy_bytes_per_second(on) / decoder.bytes_per_token)
        alike.add(ours.token_ids == reference.token_ids == tuple(theirs["tokens"]))
        if dtype == "float32" and alike != {True}:
            sys.exit("the decoders wrote different tokens; their speed is not comparable")
        rates[OURS].append((tokens - 1) / ours.seconds)
        rates[REFERENCE].append((tokens - 1) / reference.seconds)
        rates[LLAMA_CPP].append(theirs["predicted"] / theirs["seconds"])
    return {
        "size": size,
        "type": dtype,
        "how": decoder.how,
        "rates": rates,
        "bound": bound,
        "alike": alike == {True},
    }


def as_markdown(results: list[dict[str, Any]], *, tokens: int, rounds: int, threads: int) -> str:
    """A table, and the machine."""
    machine = f"{threads} threads of {os.cpu_count()} cores ({platform.machine()})"
    run = f"Python {platform.python_version()}; {tokens} tokens, batch 1; {rounds} rounds in turns"
    lines = [
        f"{machine}, {run}",
        "",
        f"| size | type | what | tokens/s | times {REFERENCE} | spread | times {LLAMA_CPP} | of the bound |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for found in results:
        rates = found["rates"]
        for name, values in rates.items():
            ratios, peers, shares = (
                [value / base for value, base in zip(values, bases, strict=True)]
                for bases in (rates[REFERENCE], rates[LLAMA_CPP], found["bound"])
            )
            what = f"{name}, {found['how']}" if name == OURS else name
            lines.append(
                f"| {found['size']} | {found['type']} | {what} | {statistics.median(values):.0f}"
                f" | {statistics.median(ratios):.2f} | {min(ratios):.2f}-{max(ratios):.2f}"
                f" | {statistics.median(peers):.2f} | {statistics.median(shares):.2f} |"
            )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--types", nargs="+", choices=TYPES, default=list(TYPES))
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path, help="every sample as JSON")
    arguments = parser.parse_args()
    counts = {"tokens": arguments.tokens, "rounds": arguments.rounds, "threads": arguments.threads}
    results = []
    for size, dtype in itertools.product(arguments.sizes, arguments.types):
        with tempfile.TemporaryDirectory() as folder:
            results.append(measure(Path(folder), size, dtype, **counts))
    if arguments.output:
        arguments.output.write_text(json.dumps(results, indent=1))
    print(as_markdown(results, **counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
