"""Exports against llama.cpp's own converter: every tensor's bytes, and every key but those the page lists."""

import functools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import gguf as library
import numpy as np
import pytest
from benchmarks.llama_cpp_sources import sources

from specship.pipeline.export.writer import export_gguf
from specship.pipeline.gguf.reader import GgufFile, read_gguf
from tests.models.export_cases import CASES, checkpoint
from tests.models.once import base
from tests.places import ROOT

PAGE: Final = ROOT / "docs" / "export.md"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sources() is None,
        reason="llama.cpp's converter is not here; fetch it: python benchmarks/llama_cpp_sources.py",
    ),
]
DTYPES: Final = ("F32", "F16", "BF16", "Q8_0")
REPEATED: Final = """
import json, runpy, sys
folder, jobs = sys.argv[1], json.load(sys.stdin)
sys.path[:0] = [folder, folder + "/gguf-py"]
from conversion import base
# It knows pre-tokenizers by the digest of their output on real vocabularies, which no tiny one has.
base.TextModel.get_vocab_base_pre = lambda self, tokenizer: "gpt-2"
for given in jobs:
    sys.argv = ["convert_hf_to_gguf.py", *given]
    runpy.run_path(folder + "/convert_hf_to_gguf.py", run_name="__main__")
"""


@functools.cache
def converted() -> Path:
    """A folder with every case in every type as the converter writes it, in one process."""
    output = base() / "converted"
    output.mkdir()
    jobs = [
        [str(checkpoint(case)), "--outtype", dtype.lower(), "--outfile", str(output / f"{case} {dtype}.gguf")]
        for case in CASES
        for dtype in DTYPES
    ]
    done = subprocess.run(
        [sys.executable, "-c", REPEATED, str(sources())],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return output


def exported(case: str, dtype: Any, folder: Path) -> GgufFile:
    """The same by us."""
    return export_gguf(checkpoint(case), folder / "model.gguf", dtype=dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_every_tensor_has_the_converters_bytes(tmp_path: Path, case: str, dtype: str) -> None:
    exported(case, dtype, tmp_path)
    ours, theirs = (
        {one.name: one for one in library.GGUFReader(path).tensors}
        for path in (tmp_path / "model.gguf", converted() / f"{case} {dtype}.gguf")
    )
    assert ours.keys() == theirs.keys()
    for name, one in ours.items():
        assert one.tensor_type == theirs[name].tensor_type
        assert np.array_equal(one.data.view(np.uint8), theirs[name].data.view(np.uint8)), name


def listed_differences() -> list[re.Pattern[str]]:
    """Keys that the table of the page lists, `ARCH` and `N` standing for any architecture and number."""
    table = PAGE.read_text().partition("| key | here |")[2].partition("\n\n")[0]
    keys = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", table, re.MULTILINE)
    names = [name for group in keys for name in re.findall(r"`([^`]+)`", group)]
    return [re.compile(re.escape(name).replace("ARCH", "[a-z0-9]+").replace("N", "[0-9]+")) for name in names]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_every_key_has_the_converters_value_or_is_listed(tmp_path: Path, case: str, dtype: str) -> None:
    ours = exported(case, dtype, tmp_path).metadata
    theirs = read_gguf(converted() / f"{case} {dtype}.gguf").metadata
    different = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
    listed = listed_differences()
    assert listed
    assert [key for key in sorted(different) if not any(one.fullmatch(key) for one in listed)] == []


def test_each_listed_difference_is_one(tmp_path: Path) -> None:
    """A row of the table that no longer differs anywhere is out of date."""
    different: set[str] = set()
    for case in CASES:
        ours = exported(case, "BF16", tmp_path).metadata
        theirs = read_gguf(converted() / f"{case} BF16.gguf").metadata
        different |= {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
    unseen = [one.pattern for one in listed_differences() if not any(map(one.fullmatch, different))]
    assert unseen == []
