"""Text to a corpus and to token shards: how fast, in how much memory, and how both grow.

    python -m pip install 'specship[pipeline,data]' 'datasketch>=1.6'
    python benchmarks/data.py [--megabytes 100] [--rounds 3] [--work DIR] [--source FOLDER ...]

The text is the Python source of the standard library and of what is installed, once, twice and four times;
each further copy has its letters exchanged, so that nothing in it repeats. Corpus and shards are made by the
commands themselves, each in a process of its own, whose processor time and largest resident memory are taken.
The ratios to `encode_batch` of `tokenizers` and to `datasketch` are of processor time on a part of the same
text, in one process in turns: the median over rounds of the ratio inside a round. Of each of 100 documents a
near copy is planted, and counted when it is found. Printed as Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import string
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from specship.pipeline.corpus.near_duplicates import crowded_bands, near_duplicates, shingles_of, sketch
from specship.pipeline.tokenizer.merge_ranks import MergeRanks
from specship.pipeline.tokenizer.opening import open_for_documents

VOCABULARY = 8192
SIZES = (1, 2, 4)
THRESHOLD = 0.8
PLANTED = 100


def sources(given: list[Path]) -> Iterator[bytes]:
    """Every Python file once, by its bytes."""
    paths = sysconfig.get_paths()
    seen: set[int] = set()
    for root in given or [Path(paths["stdlib"]), Path(paths["purelib"])]:
        for path in sorted(root.rglob("*.py")):
            if path.is_symlink() or not path.is_file() or path.stat().st_size > 1 << 20:
                continue
            data = path.read_bytes()
            if data.strip() and hash(data) not in seen:
                seen.add(hash(data))
                yield data


def exchanged(copy: int) -> bytes:
    """A table that gives each letter another one, of its own for each copy."""
    letters = string.ascii_lowercase
    turned = letters[5 * copy % 26 :] + letters[: 5 * copy % 26]
    return bytes.maketrans((letters + letters.upper()).encode(), (turned + turned.upper()).encode())


def write_text(folder: Path, megabytes: int, given: list[Path]) -> list[int]:
    """Folders `1`, `2` and `4` of so many times the text; their bytes."""
    texts, size = [], 0
    for data in sources(given):
        texts.append(data)
        size += len(data)
        if size >= megabytes * 1_000_000:
            break
    for times in SIZES:
        for copy in range(times):
            table = exchanged(copy)
            for number, data in enumerate(texts):
                path = folder / str(times) / f"{copy}" / f"{number // 500}" / f"{number}.py"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data.translate(table))
    return [times * size for times in SIZES]


def command(*words: str) -> tuple[float, int]:
    """Processor seconds and largest resident MiB of a whole command."""
    program = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run([sys.executable, '-m', 'specship.cli', *sys.argv[1:]], stdout=2)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)\n"
    )
    asked = [sys.executable, "-c", program, *words]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    status, seconds, peak = done.stdout.split()
    if status != "0":
        raise SystemExit(done.stderr)
    return float(seconds), int(peak)


def growth(folder: Path, sizes: list[int]) -> list[list[Any]]:
    """Corpus and shards at each size: what, MB, processor seconds, MB a processor second, peak."""
    rows = []
    for times, size in zip(SIZES, sizes, strict=True):
        corpus, tokens = folder / f"corpus-{times}", folder / f"tokens-{times}"
        seconds, peak = command(
            "corpus", str(folder / str(times)), "--output", str(corpus), "--licence", "MIT"
        )
        rows.append(["corpus", size / 1e6, seconds, size / 1e6 / seconds, peak])
        first = folder / "tokens-1" / "tokenizer"
        learned = ["--tokenizer", str(first)] if first.exists() else ["--vocab-size", str(VOCABULARY)]
        if times == 1:
            learned += ["--train-bytes", str(16 << 20)]
        seconds, peak = command("tokenize", str(corpus), "--output", str(tokens), *learned)
        rows.append(
            [f"tokenize{'' if times > 1 else ' (learned)'}", size / 1e6, seconds, size / 1e6 / seconds, peak]
        )
    return rows


def in_turns(rounds: int, size: int, ways: dict[str, Callable[[], object]], base: str) -> list[list[Any]]:
    """MB a processor second of each way, and its ratio to one of them, with the spread over rounds."""
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, work in ways.items():
            began = time.process_time()
            work()
            rates[name].append(size / 1e6 / (time.process_time() - began))
    rows = []
    for name, found in rates.items():
        ratios = [one / other for one, other in zip(found, rates[base], strict=True)]
        spread = f"{min(ratios):.2f}-{max(ratios):.2f}"
        rows.append([name, statistics.median(found), statistics.median(ratios), spread])
    return rows


def texts_of(corpus: Path, most: int) -> list[str]:
    """Training documents up to so many bytes."""
    found, size = [], 0
    with (corpus / "train.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            found.append(json.loads(line)["text"])
            size += len(found[-1])
            if size > most:
                break
    return found


def encoding(folder: Path, rounds: int, most: int) -> list[list[Any]]:
    """Encoding a part of the text, by each library."""
    tokenizer_folder = folder / "tokens-1" / "tokenizer"
    tokenizer = open_for_documents(tokenizer_folder)
    ranks = MergeRanks(tokenizer, tokenizer_folder / "tokenizer.json")
    texts = texts_of(folder / "corpus-1", most)
    for text in texts:
        ranks.learn(text)
    ours = [ranks.encode(text) for text in texts]
    theirs = tokenizer.encode_batch(texts, add_special_tokens=False)
    equal = sum(
        one is not None and one.tolist() == other.ids for one, other in zip(ours, theirs, strict=True)
    )
    print(f"\n{equal} of {len(texts)} documents have equal ids.\n", flush=True)
    ways = {
        "encode_batch": lambda: tokenizer.encode_batch(texts, add_special_tokens=False),
        "encode_batch_fast": lambda: tokenizer.encode_batch_fast(texts, add_special_tokens=False),
        "specship, tiktoken": lambda: [(ranks.learn(text), ranks.encode(text)) for text in texts],
    }
    return in_turns(rounds, sum(len(text.encode()) for text in texts), ways, "encode_batch")


def with_copies(texts: list[str]) -> list[bytes]:
    """The documents, and behind them a near copy of some: every fortieth word is another."""
    changed = []
    for text in [one for one in texts if 2000 < len(one) < 40_000][:PLANTED]:
        words = re.split(r"(\W+)", text)
        changed.append("".join("changed" if place % 160 == 0 else word for place, word in enumerate(words)))
    return [text.encode() for text in [*texts, *changed]]


def ours_duplicates(documents: list[bytes]) -> int:
    """Near-duplicates among the last ones, by ours."""
    shingles = [shingles_of(one) for one in documents]
    parts = [sketch(shingles[start : start + 256]) for start in range(0, len(shingles), 256)]
    sketches = np.concatenate(parts)
    crowded = crowded_bands(lambda: iter(parts), np.arange(len(documents)))
    found = near_duplicates(crowded, sketches.__getitem__, shingles.__getitem__, THRESHOLD)
    return sum(one >= len(documents) - PLANTED for one, _, _ in found)


def their_duplicates(documents: list[bytes]) -> int:
    """The same by `datasketch`, as its documentation has it."""
    from datasketch import MinHash, MinHashLSH

    lsh, found = MinHashLSH(threshold=THRESHOLD, num_perm=128, params=(32, 4)), 0
    for number, document in enumerate(documents):
        words = re.findall(rb"\w+", document)
        one = MinHash(num_perm=128)
        one.update_batch({b" ".join(words[at : at + 5]) for at in range(max(1, len(words) - 4))})
        found += bool(lsh.query(one)) and number >= len(documents) - PLANTED
        lsh.insert(str(number), one)
    return found


def duplicates(folder: Path, rounds: int, most: int) -> list[list[Any]]:
    """Near-duplicates end to end, by each library."""
    documents = with_copies(texts_of(folder / "corpus-1", most))
    ours, theirs = ours_duplicates(documents), their_duplicates(documents)
    print(f"\nOf {PLANTED} planted near copies ours finds {ours}, datasketch {theirs}.\n", flush=True)
    ways = {
        "datasketch": lambda: their_duplicates(documents),
        "specship": lambda: ours_duplicates(documents),
    }
    return in_turns(rounds, sum(map(len, documents)), ways, "datasketch")


def table(heads: list[str], rows: list[list[Any]]) -> None:
    print("| " + " | ".join(heads) + " |\n| " + " | ".join("---" for _ in heads) + " |")
    for row in rows:
        cells = [f"{one:.4g}" if isinstance(one, float) else str(one) for one in row]
        print("| " + " | ".join(cells) + " |", flush=True)
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", type=int, default=8, help="megabytes for the ratios to other libraries")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--source", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.work) as folder:
        place = Path(folder)
        sizes = write_text(place, arguments.megabytes, arguments.source)
        load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
        print(f"{len(os.sched_getaffinity(0))} cores, {platform.platform()}, load {load}\n")
        heads = ["what", "MB", "processor time, s", "MB a processor second", "largest memory, MiB"]
        table(heads, growth(place, sizes))
        heads = ["what", "MB a processor second", "ratio", "spread"]
        table(heads, encoding(place, arguments.rounds, arguments.part * 1_000_000))
        table(heads, duplicates(place, arguments.rounds, arguments.part * 1_000_000))


if __name__ == "__main__":
    main()
