"""Where llama.cpp's converter lies, and what its files come to; it is looked for and never fetched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from specship.digests import digest_of, sha256_file
from specship.errors import RequirementMissing

CONVERTER: Final = "convert_hf_to_gguf.py"
VARIABLE: Final = "SPECSHIP_CONVERTER"
_BESIDE: Final = ("conversion", "gguf-py")
"""Folders of llama.cpp that the converter imports."""


def find_converter(given: Path | None = None) -> Path:
    """The converter that was named, else that of the variable, else the one on the path.

    Raises:
        RequirementMissing: there is none.
    """
    named = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    found = named or (Path(path) if (path := shutil.which(CONVERTER)) else None)
    if found is not None and found.is_dir():
        found = found / CONVERTER
    if found is not None and found.is_file():
        return found.resolve()
    raise RequirementMissing(
        f"llama.cpp's converter is not {'there' if named else 'here'}",
        at=named,
        why="our writer knows llama, qwen2 and qwen3; any other family goes through llama.cpp's own",
        mend="git clone --depth 1 https://github.com/ggml-org/llama.cpp, then name it: "
        f"specship export FOLDER FILE.gguf --converter llama.cpp/{CONVERTER}, or set {VARIABLE}; "
        "in a profile, gguf: {converter: llama.cpp/" + CONVERTER + "}",
    )


def converter_digest(path: Path) -> str:
    """Digest of the names and bytes of the converter and of all Python that it imports beside it."""
    converter = path / CONVERTER if path.is_dir() else path
    if not converter.is_file():
        return ""
    files = [converter, *(one for name in _BESIDE for one in (converter.parent / name).rglob("*.py"))]
    return digest_of(
        sorted((one.relative_to(converter.parent).as_posix(), sha256_file(one)) for one in files)
    )
