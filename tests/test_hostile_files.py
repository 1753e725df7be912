"""Readers against files that nobody made by hand: mutants of sound ones, and all bad ones at once.

A mutant is a sound or hand-made file with some of its bits, bytes or lengths changed. It is read
or refused with one of our own errors; anything else is a defect of the reader.
"""

import random
import resource
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import pytest

from specship.errors import SpecshipError
from specship.json_log import whole_lines
from specship.pipeline.checkpoint.safetensors_header import read_safetensors_header
from specship.pipeline.gguf.reader import read_gguf
from specship.strict_json import read_json, read_json_lines
from tests.hostile import budgets, gguf_files, json_texts, safetensors_files

MUTANTS: Final = 2000
LENGTHS: Final = (0, 1, 2**31, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1)
WORDS: Final = (
    b'"',
    b"{",
    b"]",
    b":",
    b",",
    b"NaN",
    b"1e999",
    b"\\ud800",
    b"9" * 20,
    b"\xff",
    b"[" * 70,
    b"\n",
)


def flip(data: bytearray, dice: random.Random) -> None:
    """Another value for one bit."""
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def length(data: bytearray, dice: random.Random) -> None:
    """A length at one of the edges, where eight bytes stand now."""
    at = dice.randrange(len(data))
    data[at : at + 8] = struct.pack("<Q", dice.choice(LENGTHS))


def number(data: bytearray, dice: random.Random) -> None:
    """The same in four bytes, as GGUF has its types and counts."""
    at = dice.randrange(len(data))
    data[at : at + 4] = struct.pack("<I", dice.choice([*range(16), 2**31, 2**32 - 1]))


def cut(data: bytearray, dice: random.Random) -> None:
    """Some bytes fewer."""
    at = dice.randrange(len(data))
    del data[at : at + dice.randrange(1, 40)]


def repeat(data: bytearray, dice: random.Random) -> None:
    """A piece of the file once more, somewhere else."""
    at, to = dice.randrange(len(data)), dice.randrange(len(data))
    data[to:to] = data[at : at + dice.randrange(1, 80)]


def word(data: bytearray, dice: random.Random) -> None:
    """Something that means much to a reader of JSON."""
    at = dice.randrange(len(data))
    data[at : at + dice.randrange(3)] = dice.choice(WORDS)


CHANGES: Final = (flip, length, number, cut, repeat, word)


def mutants(seeds: Iterable[bytes], dice: random.Random) -> Iterable[bytes]:
    """Files that differ from sound or hand-made ones in one to four places."""
    usable = [seed for seed in seeds if 0 < len(seed) < 2000]
    for _ in range(MUTANTS):
        data = bytearray(dice.choice(usable))
        for _ in range(dice.randrange(1, 5)):
            if data:
                dice.choice(CHANGES)(data, dice)
        yield bytes(data)


def written(files: Iterable[bytes], folder: Path) -> Iterable[tuple[Path, bytes]]:
    """Each in a file of its own: a disk flushes whatever is written over what a file held before."""
    for number, data in enumerate(files):
        path = folder / f"mutant-{number}"
        path.write_bytes(data)
        yield path, data
        path.unlink()


def seeds(sound: dict[str, bytes], *bad: dict[str, Any]) -> list[bytes]:
    """Sound files and bad ones; most mutants of bad ones are refused for one more reason."""
    return [*sound.values()] * 5 + [row[0] for table in bad for row in table.values()]


JSON: Final = seeds(json_texts.SOUND, json_texts.DOCUMENTS, json_texts.LINES)
FORMATS: Final[dict[str, tuple[list[bytes], Callable[[Path], Any]]]] = {
    "JSON": (JSON, read_json),
    "JSON Lines": (JSON, lambda path: list(read_json_lines(path))),
    "logs": (JSON, whole_lines),
    "safetensors": (seeds(safetensors_files.SOUND, safetensors_files.FILES), read_safetensors_header),
    "GGUF": (seeds(gguf_files.SOUND, gguf_files.FILES), read_gguf),
}


@pytest.mark.parametrize("format_", FORMATS)
def test_a_mutant_is_read_or_refused_and_nothing_else(tmp_path: Path, format_: str) -> None:
    files, read = FORMATS[format_]
    dice = random.Random(20)  # noqa: S311 - no secret
    outcomes = set()
    for path, data in written(mutants(files, dice), tmp_path):
        try:
            read(path)
            outcomes.add("read")
        except SpecshipError as error:
            outcomes.add("refused" if error.at else f"no place: {data!r}")
        except Exception as error:
            raise AssertionError(data) from error
    assert outcomes == {"read", "refused"}


@pytest.mark.parametrize("read", [read_gguf, read_safetensors_header])
def test_what_is_read_of_a_mutant_lies_inside_the_file(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    sound = gguf_files.SOUND if read is read_gguf else safetensors_files.SOUND
    dice = random.Random(21)  # noqa: S311 - no secret
    for path, data in written(mutants(sound.values(), dice), tmp_path):
        try:
            found = read(path)
        except SpecshipError:
            continue
        tensors = found.tensors if read is read_gguf else found
        end = 0
        for tensor in tensors.values():
            assert end <= tensor.offset <= tensor.offset + tensor.size <= len(data)
            end = tensor.offset + tensor.size


CHILD: Final = """
import json, sys
from pathlib import Path
from specship.errors import UnusableInput
from specship.pipeline.gguf.reader import read_gguf
from specship.pipeline.checkpoint.safetensors_header import read_safetensors_header
from specship.strict_json import read_json
readers = {"gguf": read_gguf, "safetensors": read_safetensors_header, "json": read_json}
refused = 0
for path in Path(sys.argv[1]).iterdir():
    try:
        readers[path.suffix[1:]](path)
    except UnusableInput:
        refused += 1
# VmHWM is this program's own; ru_maxrss also knows the process that started it.
peak = next(row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM"))
print(json.dumps([refused, int(peak.split()[1]) << 10]))
"""


def in_a_child(folder: Path, *, cpu_seconds: int = budgets.CPU_SECONDS) -> tuple[int, int]:
    """How many files of a folder a child within the bounds refused, and its largest memory in bytes."""

    def within_bounds() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
        resource.setrlimit(resource.RLIMIT_AS, (budgets.ADDRESS_BYTES, budgets.ADDRESS_BYTES))

    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=within_bounds,
    )
    assert done.returncode == 0, done.stderr
    refused, resident = (int(part) for part in done.stdout.strip("[]\n").split(","))
    return refused, resident


def test_all_hostile_files_together_are_refused_within_the_bounds_of_a_process(tmp_path: Path) -> None:
    tables: dict[str, dict[str, Any]] = {
        "gguf": gguf_files.FILES,
        "safetensors": safetensors_files.FILES,
        "json": json_texts.DOCUMENTS,
    }
    count = 0
    for ending, table in tables.items():
        for data, *_ in table.values():
            (tmp_path / f"{count}.{ending}").write_bytes(data)
            count += 1
    refused, resident = in_a_child(tmp_path)
    assert refused == count
    assert resident <= budgets.RESIDENT_BYTES


def test_a_text_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    """Three bytes of it become a list of 56: what the bound on bytes alone does not catch."""
    (tmp_path / "lists.json").write_bytes(b"[" + b"[]," * (12 << 20) + b"[]]")
    assert in_a_child(tmp_path, cpu_seconds=60)[0] == 1


@pytest.mark.parametrize("format_", ["GGUF", "safetensors", "JSON"])
def test_there_are_enough_hand_made_files(format_: str) -> None:
    tables: dict[str, dict[str, Any]] = {
        "GGUF": gguf_files.FILES,
        "safetensors": safetensors_files.FILES,
        "JSON": json_texts.DOCUMENTS | json_texts.LINES,
    }
    assert len({row[0] for row in tables[format_].values()}) == len(tables[format_]) >= 40
