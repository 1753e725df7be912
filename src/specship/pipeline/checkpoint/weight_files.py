"""The weights of a foreign folder: one safetensors file, or several with an index, and nothing else.

    model.safetensors.index.json   {"metadata": {"total_size": BYTES}, "weight_map": {TENSOR: FILE}}

Only headers are read here. What stops a reader (a damaged header, a name that leads out of the folder)
is an error; what merely does not fit together is a misfit, so that one inventory can name all of it.
Pickled weights run code when they are opened, and are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from specship.bounds import SAFETENSORS_NAME_BYTES, SAFETENSORS_TENSORS
from specship.download_cache import LINK_MEND, leads_out
from specship.errors import DamagedArtifact, UnusableInput
from specship.pipeline.checkpoint.safetensors_header import StoredTensor, read_safetensors_header
from specship.strict_json import read_json

CONFIG: Final = "config.json"
TOKENIZER: Final = "tokenizer.json"
WEIGHTS: Final = "model.safetensors"
INDEX: Final = "model.safetensors.index.json"
OPTIMIZER: Final = "optimizer.safetensors"
"""Moments that our own training keeps beside the weights of a checkpoint; no weights themselves."""
PICKLES: Final = {".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"}
_INSIDE: Final = "in the training's own code, on a machine that you can lose: "
_PICKLED_BY: Final = {
    ".ckpt": (
        "a checkpoint of Lightning",
        (
            f"{_INSIDE}Module.load_from_checkpoint(FILE).model.save_pretrained(FOLDER), where .model is the "
            "model of transformers inside, and tokenizer.save_pretrained(FOLDER)"
        ),
    ),
    "ckpt.pt": (
        "a checkpoint of nanoGPT",
        (
            f"{_INSIDE}put its weights into a GPT2LMHeadModel (c_attn, c_proj and c_fc are transposed there) "
            "and save_pretrained(FOLDER), with the tokenizer beside it"
        ),
    ),
}
"""Pickles that one program writes, by name or ending: what each is, and how its weights come out."""
_SHARDS: Final = 4096
"""Most files of a checkpoint; each has a header of its own."""
_NAME_BYTES: Final = 255
"""Longest name of a file on the usual file systems."""
_FETCH: Final = "fetch the checkpoint again, all of its files"


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something of a checkpoint that does not fit: of what kind, which tensor or file, and the mend."""

    kind: str
    name: str
    message: str
    mend: str
    tensors: int = 1
    """How many tensors it is about, where it is about tensors."""


def counted(misfits: Sequence[Misfit]) -> str:
    """How many there are, in words."""
    return "1 thing does not fit" if len(misfits) == 1 else f"{len(misfits)} things do not fit"


@dataclass(frozen=True, slots=True)
class HeldTensor:
    """A stored tensor, and the file of the folder that holds it."""

    stored: StoredTensor
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWeights:
    """All tensors of a folder by name, and what is wrong with how they are stored."""

    files: tuple[str, ...]
    tensors: dict[str, HeldTensor]
    misfits: tuple[Misfit, ...]
    absent: frozenset[str]
    """Tensors that only a missing file holds; that misfit names them together."""


@dataclass(frozen=True, slots=True)
class _Index:
    files: dict[str, list[str]]
    """Names of the tensors of each file."""
    total_bytes: int | None


def read_weights(folder: Path) -> StoredWeights:
    """Read the headers of all weight files of a folder.

    Raises:
        UnusableInput: both kinds of safetensors, a link, or a hostile index.
        DamagedArtifact: there are no weights, or a header or the index cannot be believed.
    """
    indexed, single = _is_there(folder / INDEX), _is_there(folder / WEIGHTS)
    if indexed:
        index = _read_index(folder / INDEX)
        if single and WEIGHTS not in index.files:
            _refuse_both(folder)
        return _sharded(folder, index)
    header = read_safetensors_header(folder / WEIGHTS)
    tensors = {name: HeldTensor(stored, WEIGHTS) for name, stored in header.items()}
    misfits = _unlisted(folder, {WEIGHTS}, "is not part of a checkpoint in one file")
    return StoredWeights(files=(WEIGHTS,), tensors=tensors, misfits=tuple(misfits), absent=frozenset())


def pickles_in(folder: Path) -> list[str]:
    """Names of files that look like pickles; none of them is opened."""
    return sorted(path.name for path in folder.iterdir() if path.suffix in PICKLES)


def refuse_link(path: Path) -> None:
    """Refuse a link that is not of a download's cache, or that leads out of it.

    Raises:
        UnusableInput: it is one.
    """
    if leads_out(path):
        raise UnusableInput(
            "it is a link",
            at=path,
            why="a link can lead anywhere, and its file can change behind its name",
            mend=LINK_MEND,
        )


def _is_there(path: Path) -> bool:
    refuse_link(path)
    return path.exists()


def _refuse_both(folder: Path) -> NoReturn:
    raise UnusableInput(
        f"both {WEIGHTS} and {INDEX} are here",
        at=folder,
        why=f"some readers take the one file and others the shards; transformers would take {WEIGHTS}",
        mend="keep the one that you mean and remove the other",
    )


def refuse_pickle(path: Path) -> NoReturn:
    """Refuse pickled weights.

    Raises:
        UnusableInput: always.
    """
    what, mend = _PICKLED_BY.get(path.name) or _PICKLED_BY.get(path.suffix) or ("", "")
    raise UnusableInput(
        f"pickled weights are not opened{what and f': it is {what}'}",
        at=path,
        why="a pickle runs code of whoever wrote it while it is being read",
        mend=mend
        or "convert it on a machine that you can lose: safetensors' own convert.py, or "
        f"model.save_pretrained(folder) in transformers; both write {WEIGHTS}",
    )


def _refuse_index(path: Path, message: str, why: str) -> NoReturn:
    raise UnusableInput(message, at=path, why=why, mend=_FETCH)


def _read_index(path: Path) -> _Index:
    document = read_json(path)
    where = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(where, dict) or not where or len(where) > SAFETENSORS_TENSORS:
        _refuse_index(path, "no weight_map", "an index says which file holds each tensor")
    files: dict[str, list[str]] = {}
    for tensor, file in where.items():
        if not tensor.isprintable() or not 1 <= len(tensor.encode()) <= SAFETENSORS_NAME_BYTES:
            _refuse_index(path, f"{tensor[:80]!r} is no tensor name", "a shard could not hold it")
        if why := _no_shard(file):
            _refuse_index(path, f"{str(file)[:80]!r} is no name of a shard", why)
        files.setdefault(file, []).append(tensor)
    if len(files) > _SHARDS:
        _refuse_index(path, f"{len(files)} files", f"a checkpoint has at most {_SHARDS}")
    return _Index(files, _total_bytes(path, document.get("metadata")))


def _no_shard(name: Any) -> str:
    """Why this cannot be the name of a shard; empty where it can."""
    if not isinstance(name, str) or not name.isprintable() or len(name.encode()) > _NAME_BYTES:
        return f"it is a text of at most {_NAME_BYTES} bytes without control characters"
    if "/" in name or "\\" in name or name.startswith("."):
        return "a shard lies in the same folder; a name with a slash or dots in front leads elsewhere"
    if Path(name).suffix in PICKLES:
        return "a shard is a safetensors file; a pickle runs code of whoever wrote it while it is being read"
    return "" if name.endswith(".safetensors") else "a shard is a safetensors file, and its name ends so"


def _total_bytes(path: Path, metadata: Any) -> int | None:
    total = metadata.get("total_size") if isinstance(metadata, dict) else None
    if isinstance(total, float) and total.is_integer():  # some writers add up in doubles
        total = int(total)
    if total is not None and (type(total) is not int or total < 0):
        _refuse_index(path, f"total_size is {str(total)[:40]}", "it is a number of bytes")
    return total


def _sharded(folder: Path, index: _Index) -> StoredWeights:
    collected = _Collected()
    for file, names in sorted(index.files.items()):
        if _is_there(folder / file):
            collected.add(file, read_safetensors_header(folder / file), set(names))
        else:
            collected.lose(file, names)
    collected.misfits += _unlisted(folder, set(index.files), f"is not in {INDEX}")
    collected.compare_total(index.total_bytes)
    return StoredWeights(
        files=tuple(sorted(index.files)),
        tensors=collected.tensors,
        misfits=tuple(collected.misfits),
        absent=frozenset(collected.absent),
    )


class _Collected:
    """Tensors of one shard after another, and what does not fit between them."""

    def __init__(self) -> None:
        self.tensors: dict[str, HeldTensor] = {}
        self.misfits: list[Misfit] = []
        self.absent: set[str] = set()
        self._bytes = 0

    def add(self, file: str, header: dict[str, StoredTensor], listed: set[str]) -> None:
        """Take the tensors of a shard; the index says which belong to it."""
        self._bytes += sum(stored.size for stored in header.values())
        if len(self.tensors) + len(header) > SAFETENSORS_TENSORS:
            raise DamagedArtifact(f"more than {SAFETENSORS_TENSORS} tensors", at=file, mend=_FETCH)
        for name, stored in header.items():
            if name in self.tensors:
                other = self.tensors[name].file
                self._misfit("duplicate", name, f"is stored in {other} and in {file}")
            elif name not in listed:
                self._misfit("index", name, f"is stored in {file}, and the index does not say so")
            if name in listed or name not in self.tensors:
                self.tensors[name] = HeldTensor(stored, file)
        for name in sorted(listed - header.keys()):
            self._misfit("index", name, f"is not in {file}, where the index says it is")

    def lose(self, file: str, names: list[str]) -> None:
        """Note a shard that is not there."""
        self.absent |= set(names)
        said = f"is not here; {len(names)} tensors are in it, first {min(names)}"
        self.misfits.append(Misfit("shard", file, said, _FETCH, len(names)))

    def compare_total(self, wanted: int | None) -> None:
        """Hold the bytes of all tensors against the sum in the index, when every shard is here."""
        if wanted is not None and wanted != self._bytes and not self.absent:
            self._misfit("size", INDEX, f"says total_size {wanted}; the tensors have {self._bytes} bytes")

    def _misfit(self, kind: str, name: str, message: str) -> None:
        self.misfits.append(Misfit(kind, name, message, _FETCH))


def _unlisted(folder: Path, listed: set[str], message: str) -> list[Misfit]:
    """Weights that lie beside those of the checkpoint: an adapter, a shard of another version."""
    known = listed | {OPTIMIZER}
    found = sorted(path.name for path in folder.glob("*.safetensors") if path.name not in known)
    mend = "move it out of the folder, or take the index it belongs to"
    return [Misfit("file", shown_name(name), message, mend) for name in found]


def shown_name(name: str) -> str:
    """A file's name as it may be printed."""
    return name if name.isprintable() else ascii(name)
