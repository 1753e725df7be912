"""GGUF files that hold no whole model, and files that are none at all: what each is, and what to do with it.

Source: llama.cpp, src/llama-model-loader.cpp (split.*), tools/gguf-split, tools/export-lora, tools/imatrix;
gguf-py/gguf/constants.py (GGUFType).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from specship.errors import UnusableInput

_LANGUAGE_MODEL: Final = "give the file of the language model, which lies beside it"
_TYPES: Final = {
    "adapter": (
        "an adapter (LoRA)",
        "put it into its model first: llama-export-lora -m MODEL.gguf --lora THIS.gguf -o MERGED.gguf",
    ),
    "imatrix": (
        "an importance matrix, which quantizing wants",
        "give the file of the model it was taken from",
    ),
    "mmproj": ("the part of a model that sees or hears", _LANGUAGE_MODEL),
    "vocab": ("a vocabulary", "give the file with the weights"),
}
"""By `general.type`: what it is instead of a model, and the mend."""
_ARCHITECTURES: Final = {
    "clip": _TYPES["mmproj"],
    "controlvector": ("a control vector", _LANGUAGE_MODEL),
    "imatrix": _TYPES["imatrix"],
}
"""The same by `general.architecture`."""
_PART: Final = re.compile(r"-[0-9]{5}-of-([0-9]{5})\.gguf$", re.IGNORECASE)
_ANSWER: Final = (
    "a text, as a server gives one for an error",
    "fetch it again under its right name, logged in where the model is gated: hf auth login",
)
_OTHER_FORMATS: Final = (
    (b"tjgg", "a file of llama.cpp from before GGUF", "convert the checkpoint anew: specship export"),
    (b"lmgg", "a file of llama.cpp from before GGUF", "convert the checkpoint anew: specship export"),
    (b"fmgg", "a file of llama.cpp from before GGUF", "convert the checkpoint anew: specship export"),
    (b"PK\3\4", "an archive or a pickle of torch", "give a GGUF, or a folder with safetensors"),
    (b"\x1f\x8b", "a gzip archive", "unpack it: gunzip, or tar -xzf where it is a .tar.gz"),
    *((begin, *_ANSWER) for begin in (b"{", b"Inva", b"Entr", b"Repo", b"Acce")),
    (b"<!DO", "a web page", "fetch the file itself, not the page that shows it"),
    (b"<htm", "a web page", "fetch the file itself, not the page that shows it"),
)
"""First bytes, four at most, of what is often called `.gguf`, what that is, and the mend."""


def other_format(first: bytes) -> tuple[str, str] | None:
    """What a file is whose first four bytes are these, and the mend; None where nobody knows."""
    return next(((what, mend) for magic, what, mend in _OTHER_FORMATS if first.startswith(magic)), None)


def refuse_other_kinds(metadata: Mapping[str, Any], tensors: int, path: Path) -> None:
    """Refuse a GGUF that holds a part of a model, or something else.

    Raises:
        UnusableInput: it does; its mend says how to get a whole one.
    """
    count = metadata.get("split.count", 0)
    if isinstance(count, int) and count > 1:
        number = metadata.get("split.no")
        which = f"part {number + 1} of {count}" if isinstance(number, int) else f"one of {count} parts"
        named = _PART.search(path.name)
        first = _PART.sub(r"-00001-of-\1.gguf", path.name) if named else f"NAME-00001-of-{count:05d}.gguf"
        whole = f"{_PART.sub('', path.name) if named else path.stem}-whole.gguf"
        renamed = "" if named else "give every part the name it was made with (NAME-00001-of-...), and "
        raise UnusableInput(
            f"{which} of a model that was split",
            at=path,
            why="its tensors lie in several files; here a model is one",
            mend=f"{renamed}put the parts together: "
            f"llama-gguf-split --merge {shlex.quote(first)} {shlex.quote(whole)}",
        )
    kind, architecture = str(metadata.get("general.type")), str(metadata.get("general.architecture"))
    what, mend = _TYPES.get(kind) or _ARCHITECTURES.get(architecture) or ("", "")
    if not what and not tensors and "tokenizer.ggml.tokens" in metadata:
        what, mend = _TYPES["vocab"]
    if what:
        raise UnusableInput(
            f"{what}, and no model",
            at=path,
            why=f"it holds {tensors} tensors" + ("" if kind == "None" else f" of general.type {kind!r}"),
            mend=mend,
        )
