"""A checkpoint to GGUF: cp, specship export, llama.cpp's converter, and the gguf package on a memory map.

    python benchmarks/llama_cpp_sources.py
    python benchmarks/export.py [--rounds 7] [--dtype BF16] [--output results.json]

A Qwen2 of 168 million random weights in bfloat16 (336 MB) with the real vocabulary of Qwen2 (151 936 rows)
is written into a temporary folder. The variants take turns, one round after another, each in a process of
its own: whole commands, start-up included, page cache warm. A ratio is the median over rounds of the ratio
inside a round; peak memory is what the kernel counts for the process. The tensors of all files must be equal,
or nothing is printed. Nothing else should run on the machine. Printed as Markdown; absolute times are this
machine's.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from llama_cpp_sources import CONVERTER, sources

CP, OURS, REFERENCE, PACKAGE = "cp", "specship export", "llama.cpp's converter", "gguf on a memory map"
MAKER = Path(__file__).with_name("qwen2_checkpoint.py")
WITH_GGUF = """
import json, mmap, sys
import gguf, numpy as np
folder, output = sys.argv[1:]
config = json.load(open(folder + "/config.json"))
document = json.load(open(folder + "/tokenizer.json"))
writer = gguf.GGUFWriter(output, "qwen2")
writer.add_name("model")
writer.add_context_length(config["max_position_embeddings"])
writer.add_embedding_length(config["hidden_size"])
writer.add_block_count(config["num_hidden_layers"])
writer.add_feed_forward_length(config["intermediate_size"])
writer.add_head_count(config["num_attention_heads"])
writer.add_head_count_kv(config["num_key_value_heads"])
writer.add_rope_freq_base(config["rope_theta"])
writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
writer.add_file_type(32)
tokens = {number: token for token, number in document["model"]["vocab"].items()}
tokens |= {one["id"]: one["content"] for one in document["added_tokens"]}
rows = config["vocab_size"]
writer.add_tokenizer_model("gpt2")
writer.add_tokenizer_pre("qwen2")
writer.add_token_list([tokens.get(number, f"[PAD{number}]") for number in range(rows)])
writer.add_token_types([1] * rows)
writer.add_token_merges([" ".join(pair) for pair in document["model"]["merges"]])
with open(folder + "/model.safetensors", "rb") as file:
    whole = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
length = int.from_bytes(whole[:8], "little")
header = json.loads(whole[8 : 8 + length])
table = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, config["num_hidden_layers"])
for name, entry in header.items():
    if name == "__metadata__":
        continue
    begin, end = entry["data_offsets"]
    bits = np.frombuffer(whole, dtype="<u2", count=(end - begin) // 2, offset=8 + length + begin)
    bits = bits.reshape(entry["shape"])
    theirs = table.get_name(name, try_suffixes=(".weight", ".bias"))
    if bits.ndim == 1:
        writer.add_tensor(theirs, (bits.astype("<u4") << 16).view("<f4"))
    else:
        writer.add_tensor(theirs, bits.view(np.uint8), raw_dtype=gguf.GGMLQuantizationType.BF16)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
"""


def commands(checkpoint: Path, output: Path, converter: Path, dtype: str) -> dict[str, list[str]]:
    """What each variant runs; each writes its own file."""
    python, specship = sys.executable, str(Path(sys.executable).with_name("specship"))
    given = [python, str(converter / CONVERTER), str(checkpoint), "--outtype", dtype.lower(), "--outfile"]
    return {
        CP: ["cp", str(checkpoint / "model.safetensors"), str(output / "copy")],
        OURS: [specship, "export", str(checkpoint), str(output / "ours.gguf"), "--dtype", dtype],
        REFERENCE: [*given, str(output / "reference.gguf")],
        PACKAGE: [python, "-c", WITH_GGUF, str(checkpoint), str(output / "package.gguf")],
    }


def timed(command: list[str], log: Path) -> tuple[float, float]:
    """Wall seconds and peak MiB of one command."""
    with log.open("wb") as file:
        began = time.perf_counter()
        child = os.posix_spawnp(
            command[0],
            command,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, file.fileno(), 1), (os.POSIX_SPAWN_DUP2, file.fileno(), 2)],
        )
        _, status, usage = os.wait4(child, 0)
        seconds = time.perf_counter() - began
    if status:
        sys.exit(f"{' '.join(command[:4])} failed:\n{log.read_text()[-2000:]}")
    return seconds, usage.ru_maxrss / 1024


def refuse_differences(output: Path, dtype: str) -> None:
    """End unless every tensor of every file has the converter's bytes."""
    from gguf import GGUFReader

    reference = {one.name: one for one in GGUFReader(output / "reference.gguf").tensors}
    for name in ("ours.gguf", "package.gguf"):
        if name == "package.gguf" and dtype != "BF16":
            continue
        found = {one.name: one for one in GGUFReader(output / name).tensors}
        if found.keys() != reference.keys():
            sys.exit(f"{name} has other tensors: {sorted(found.keys() ^ reference.keys())[:4]}")
        for one in found.values():
            if one.data.tobytes() != reference[one.name].data.tobytes():
                sys.exit(f"{name}: {one.name} differs from the converter's")


def as_markdown(samples: dict[str, list[tuple[float, float]]], size: int, dtype: str) -> str:
    """A table, and the machine."""
    rounds = len(samples[CP])
    machine = f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"
    lines = [
        f"{machine}; {size / 1e6:.0f} MB to {dtype}; {rounds} rounds in turns",
        "",
        f"| what | median, s | ratio to cp | ratio to {REFERENCE} | spread | times as fast | peak, MiB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, taken in samples.items():
        against = {
            base: [one[0] / other[0] for one, other in zip(taken, samples[base], strict=True)]
            for base in (CP, REFERENCE)
        }
        ratio = statistics.median(against[REFERENCE])
        spread = f"{min(against[REFERENCE]):.3f}-{max(against[REFERENCE]):.3f}"
        seconds = statistics.median(one[0] for one in taken)
        lines.append(
            f"| {name} | {seconds:.3f} | {statistics.median(against[CP]):.1f} "
            f"| {ratio:.3f} | {spread} | {1 / ratio:.1f} | {max(one[1] for one in taken):.0f} |"
        )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dtype", choices=("BF16", "F16", "F32", "Q8_0"), default="BF16")
    parser.add_argument("--output", type=Path, help="every sample as JSON")
    arguments = parser.parse_args()
    if (converter := sources()) is None:
        sys.exit("llama.cpp's converter is not here; fetch it: python benchmarks/llama_cpp_sources.py")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        vocabulary = converter / "models" / "ggml-vocab-qwen2.gguf"
        # In a process of its own: the kernel counts the parent's peak before a child begins as the child's.
        subprocess.run([sys.executable, str(MAKER), str(folder / "checkpoint"), str(vocabulary)], check=True)
        runs = commands(folder / "checkpoint", folder, converter, arguments.dtype)
        if arguments.dtype != "BF16":
            del runs[PACKAGE]
        samples: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
        for turn in range(arguments.rounds + 1):  # the first warms the caches
            for name, command in runs.items():
                taken = timed(command, folder / "log")
                if turn:
                    samples[name].append(taken)
        refuse_differences(folder, arguments.dtype)
        size = (folder / "checkpoint" / "model.safetensors").stat().st_size
    if arguments.output:
        arguments.output.write_text(json.dumps(samples, indent=1))
    print(as_markdown(samples, size, arguments.dtype))
    return 0


if __name__ == "__main__":
    sys.exit(main())
