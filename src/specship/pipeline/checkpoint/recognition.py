"""What a path is that is no finished checkpoint, told by the names of its files, and what mends it.

    refuse_other(path)        a file, or a folder of something else: adapters, shards of a trainer, a download
    refuse_unfetched(path)    a Git LFS pointer, or a page of a website, under the name of a file
    refuse_no_model(path)     the same where a GGUF file would do

One answer for every verb that opens a checkpoint. Nothing is loaded and no pickle is opened; a folder with
`config.json` and safetensors is taken for a checkpoint, whatever else lies in it.
Sources: peft (adapter_config.json), DeepSpeed (zero_to_fp32.py), torch.distributed.checkpoint (.distcp),
Megatron-LM, diffusers (model_index.json), huggingface_hub (.incomplete), the specification of Git LFS.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from specship.download_cache import cache_of
from specship.errors import DamagedArtifact, NeverFetched, UnusableInput
from specship.pipeline.checkpoint.generation_settings import GENERATION
from specship.pipeline.checkpoint.side_files import JSON_FILES, PLAIN_FILES, TEMPLATE
from specship.pipeline.checkpoint.weight_files import (
    CONFIG,
    INDEX,
    PICKLES,
    TOKENIZER,
    WEIGHTS,
    refuse_pickle,
    shown_name,
)
from specship.strict_json import open_regular, read_json

_FETCH: Final = "hf download OWNER/MODEL --local-dir"
_GGUF: Final = ".gguf"
_GGUF_MAGIC: Final = b"GGUF"
_PAGES: Final = (b"<!doctype html", b"<html", b"<?xml")
_SHORTEST_LOOK: Final = 64
_LENGTH_BYTES: Final = 8
_KEPT_BY_TRAINERS: Final = re.compile(
    r"training_args\.bin|(optimizer|scheduler|scaler)\.(bin|pt)|rng_state.*\.pth|random_states_.*\.pkl"
)
"""Pickles that a trainer goes on from; none of them holds weights."""
_SAVED_WHOLE: Final = (
    "save the model itself: model.save_pretrained(FOLDER) and tokenizer.save_pretrained(FOLDER)"
)
_OTHER_FRAMEWORKS: Final = {
    "tf_model.h5": "TensorFlow",
    "flax_model.msgpack": "Flax",
    "rust_model.ot": "rust-bert",
    "model.onnx": "ONNX",
    "decoder_model.onnx": "ONNX",
    "openvino_model.bin": "OpenVINO",
    "weights.npz": "MLX",
}
_PROMPTS: Final = {"PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "PREFIX_TUNING", "P_TUNING", "CPT"}
"""Kinds of peft that learn what stands in front of a prompt."""
_PARTIAL: Final = (".incomplete", ".part", ".crdownload", ".aria2")
"""Endings that the downloaders of the hub and of browsers give to a file that is not whole yet."""
_MERGED: Final = (
    "from peft import AutoPeftModelForCausalLM as M; "
    "M.from_pretrained(sys.argv[1]).merge_and_unload().save_pretrained(sys.argv[2])"
)


def refuse_other(path: Path) -> None:
    """Refuse what is no folder with a configuration and safetensors, and say what it is.

    Raises:
        UnusableInput: there is nothing, or something else.
    """
    if not path.is_dir():
        raise _file(path)
    seen = _Seen(path)
    refuse_unfetched(*(path / name for name in sorted(seen.names) if _is_read(name)))
    if seen.whole:
        return
    for kind in _KINDS:
        if found := kind(seen):
            raise found
    raise _unknown(seen)


def other_kind(path: Path) -> UnusableInput | None:
    """What a path is that has to be converted before it is a checkpoint; None where nothing says so."""
    try:
        if path.is_file():
            weights = path.suffix in PICKLES and not _KEPT_BY_TRAINERS.fullmatch(path.name)
            return _file(path) if weights else None
        seen = _Seen(path)
        if seen.whole:
            return None
        found = next((found for kind in _KINDS if (found := kind(seen))), None)
        weights_alone = CONFIG not in seen.names and seen.like(r".*\.safetensors")
        return found or (_unknown(seen) if weights_alone else None)
    except UnusableInput as error:
        return error


def refuse_no_model(path: Path) -> None:
    """Refuse what is neither a checkpoint folder nor looks like a GGUF file.

    Raises:
        UnusableInput: there is nothing, or something else.
    """
    if path.is_file() and (path.suffix.lower() == _GGUF or _starts_with(path, _GGUF_MAGIC)):
        refuse_unfetched(path)
    else:
        refuse_other(path)


def refuse_unfetched(*paths: Path) -> None:
    """Refuse files that were never fetched: pointers of Git LFS, and pages that a website gave instead.

    Raises:
        UnusableInput: there are some; the first is named, and how many more.
    """
    pages = [path for path in paths if _head(path).lstrip().lower().startswith(_PAGES)]
    if pages:
        raise UnusableInput(
            f"it is a page of a website{_and_more(pages)}, and not the file",
            at=pages[0],
            why="the address was that of a page, or the website wanted to know who asks",
            mend=f"hf auth login, where the model is gated, and {_FETCH} {_quoted(pages[0].parent)}",
        )
    answers = [path for path in paths if path.suffix == ".safetensors" and _is_text(path)]
    if answers:
        raise UnusableInput(
            f"it is a text{_and_more(answers)}, and not the file",
            at=answers[0],
            why="a server that cannot give a file, or may not, answers with an error, saved in its place",
            mend=f"hf auth login, where the model is gated, and {_FETCH} {_quoted(answers[0].parent)}",
        )


def _is_text(path: Path) -> bool:
    """Whether it begins with eight letters or signs: as the length of a header that would be 2**56 bytes."""
    try:
        with open_regular(path) as (file, _):
            head = file.read(_LENGTH_BYTES)
    except DamagedArtifact:
        return False
    return len(head) == _LENGTH_BYTES and all(0x20 <= byte < 0x7F for byte in head)


def _and_more(paths: list[Path]) -> str:
    return f" (and {len(paths) - 1} more)" if len(paths) > 1 else ""


def _is_read(name: str) -> bool:
    return name in {
        CONFIG,
        TOKENIZER,
        INDEX,
        GENERATION,
        *JSON_FILES,
        *PLAIN_FILES,
        TEMPLATE,
    } or name.endswith((".safetensors", ".gguf"))


def _head(path: Path) -> bytes:
    """How a page begins; nothing where it is none, or cannot be read, which its reader will say."""
    try:
        with open_regular(path) as (file, _):
            head = file.read(_SHORTEST_LOOK)
    except NeverFetched:
        raise
    except DamagedArtifact:
        return b""
    return head if head.lstrip()[:1] == b"<" else b""


@dataclass(frozen=True)
class _Seen:
    """A folder by the names in it."""

    path: Path

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(os.listdir(self.path))  # noqa: PTH208 - names, and no paths

    @cached_property
    def folders(self) -> tuple[str, ...]:
        return tuple(sorted((name for name in self.names if (self.path / name).is_dir()), key=_natural))

    @property
    def whole(self) -> bool:
        """Whether configuration and weights are there, in whatever state."""
        there = [name for name in (CONFIG, WEIGHTS, INDEX) if (self.path / name).exists()]
        return CONFIG in there and len(there) > 1

    def like(self, pattern: str) -> list[str]:
        """Names that match a regular expression, in order."""
        return sorted((name for name in self.names if re.fullmatch(pattern, name)), key=_natural)

    def refuse(self, message: str, why: str, mend: str, at: str = "") -> UnusableInput:
        """What is said of it."""
        return UnusableInput(message, at=self.path / at, why=why, mend=mend)

    @property
    def quoted(self) -> str:
        """Its path as a shell takes it."""
        return _quoted(self.path)


def _quoted(path: Path) -> str:
    return shlex.quote(shown_name(str(path)))


def _natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """So that checkpoint-1000 comes behind checkpoint-500."""
    return [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d{1,18})", name)], name


def _file(path: Path) -> UnusableInput:
    """What a path is that is no folder."""
    wants = "a checkpoint is a folder with config.json and safetensors"
    if not path.exists():
        if path.is_symlink():
            return UnusableInput("a link that leads to nothing", at=path, why=wants, mend="give the folder")
        return UnusableInput(
            "no such file or folder",
            at=path,
            why=f"{wants}; nothing is fetched from a hub",
            mend=f"give such a folder, or fetch it: {_FETCH} FOLDER",
        )
    with_parent = f"give the folder that it lies in: {_quoted(path.parent)}"
    refuse_unfetched(path)
    if path.suffix.lower() == _GGUF or _starts_with(path, _GGUF_MAGIC):
        named = "" if path.suffix.lower() == _GGUF else ", and its name does not end in .gguf"
        return UnusableInput(
            f"it is a GGUF file{named}",
            at=path,
            why=f"{wants}; a GGUF was made from one, and holds less",
            mend="give the checkpoint folder; run, qa, compare and eval take the GGUF too, "
            "under a name that ends in .gguf",
        )
    if path.suffix == ".safetensors" or path.name in {CONFIG, INDEX, TOKENIZER}:
        return UnusableInput("it is one file of a checkpoint", at=path, why=wants, mend=with_parent)
    if _KEPT_BY_TRAINERS.fullmatch(path.name):
        return UnusableInput(
            "what a trainer keeps to go on, and no weights", at=path, why=wants, mend=_SAVED_WHOLE
        )
    if path.suffix in PICKLES:
        refuse_pickle(path)
    return UnusableInput(
        "not a checkpoint folder", at=path, why=wants, mend="give such a folder, or a file that ends in .gguf"
    )


def _starts_with(path: Path, magic: bytes) -> bool:
    try:
        with open_regular(path) as (file, _):
            return file.read(len(magic)) == magic
    except DamagedArtifact:
        return False


def _adapter(seen: _Seen) -> UnusableInput | None:
    if not seen.like(r"adapter_config\.json|adapter_model\.(safetensors|bin)"):
        return None
    said = _object(seen.path / "adapter_config.json")
    kind = str(said.get("peft_type") or "")
    named = (
        "a LoRA adapter"
        if kind == "LORA"
        else f"an adapter ({kind})"
        if re.fullmatch(r"[A-Za-z0-9_]{1,40}", kind)
        else "an adapter"
    )
    base = said.get("base_model_name_or_path")
    of = f" of {shown_name(base[:120])!r}" if isinstance(base, str) and base else ""
    if kind in _PROMPTS:
        return seen.refuse(
            f"it is {named}{of}, and no model of its own",
            "it holds vectors that go in front of every prompt: no matrix takes them in, none can be merged",
            "give its base model; its answers without these vectors are other ones. "
            "An adapter that can be merged is one of LoRA",
        )
    return seen.refuse(
        f"it is {named}{of}, and no model of its own",
        "an adapter holds only what is added to the matrices of its base model",
        "merge it into its base, and give that folder with the base's tokenizer: "
        f'python -c "import sys; {_MERGED}" {seen.quoted} OUT',
    )


def _object(path: Path) -> dict[str, Any]:
    """A JSON object of which only words are shown; an empty one where it cannot be read."""
    try:
        value = read_json(path)
    except DamagedArtifact:
        return {}
    return value if isinstance(value, dict) else {}


def _deepspeed(seen: _Seen) -> UnusableInput | None:
    states = r".*(zero_pp_rank_\d+_|mp_rank_\d+_).*states\.pt"
    steps = [name for name in seen.folders if name.startswith("global_step")]
    if not steps and not seen.like(states) and "zero_to_fp32.py" not in seen.names:
        return None
    folder = seen.path.parent if seen.like(states) and not steps else seen.path
    script = "zero_to_fp32.py" if (folder / "zero_to_fp32.py").exists() else "-m deepspeed.utils.zero_to_fp32"
    return seen.refuse(
        "it is a checkpoint of DeepSpeed: the weights are there, in the shards of its ranks",
        "a rank's file is a pickle with a part of every tensor; fetching again brings the same files",
        f"cd {_quoted(folder)} && python {script} . OUT --safe_serialization, "
        "then copy config.json and the tokenizer's files to OUT and give OUT",
    )


def _megatron(seen: _Seen) -> UnusableInput | None:
    ranks = [name for name in seen.folders if re.fullmatch(r"mp_rank_\d+(_\d+)*|iter_\d+", name)]
    marks = r"latest_checkpointed_iteration\.txt|model_optim_rng\.pt|common\.pt|.*\.nemo"
    if not ranks and not seen.like(marks):
        return None
    step = next((name for name in reversed(ranks) if name.startswith("iter_")), "")
    return seen.refuse(
        "it is a checkpoint of Megatron",
        "its matrices are cut and joined as its ranks need them, under names of their own",
        "export it with Megatron Bridge, and give OUT: AutoBridge.from_hf_pretrained(BASE)"
        f".export_ckpt({shown_name(str(seen.path / step))!r}, 'OUT')",
    )


def _distributed(seen: _Seen) -> UnusableInput | None:
    """FSDP and whatever else saves by `torch.distributed.checkpoint`."""
    here = [seen.path, *(seen.path / name for name in seen.folders if not name.startswith("optim"))]
    parts = next((folder for folder in here if any(folder.glob("*.distcp"))), None)
    if parts is None:
        return None
    return seen.refuse(
        "it is a sharded checkpoint of FSDP (torch.distributed.checkpoint), its weights in .distcp files",
        "each rank's file is a pickle that holds a part of every tensor",
        f"accelerate merge-weights {_quoted(parts)} OUT, "
        "then copy config.json and the tokenizer's files to OUT and give OUT",
    )


def _original(seen: _Seen) -> UnusableInput | None:
    """As Meta and Mistral hand their weights out."""
    if not (found := seen.like(r"consolidated.*\.(pth|safetensors)")):
        return None
    return seen.refuse(
        f"weights in their maker's own layout, under names of their own; {found[0]} is not opened",
        f"{CONFIG} and safetensors of the same model are what every reader opens",
        f"fetch the model's Hugging Face files: {_FETCH} FOLDER --exclude 'original/*' 'consolidated*'",
    )


def _diffusers(seen: _Seen) -> UnusableInput | None:
    if "model_index.json" not in seen.names:
        return None
    return seen.refuse(
        "it is a pipeline of diffusers: several models that make pictures together",
        "what is read here is one decoder that writes text",
        "give the folder of a language model",
    )


def _gguf(seen: _Seen) -> UnusableInput | None:
    if not (found := seen.like(r"(?i).*\.gguf")):
        return None
    return seen.refuse(
        f"it is a folder with {len(found)} GGUF {'file' if len(found) == 1 else 'files'}, and no safetensors",
        "a GGUF is opened by its own name; import, export and bench want the checkpoint it was made from",
        f"give the file to run, qa, compare or eval: {_quoted(seen.path / found[0])}",
    )


def _other_framework(seen: _Seen) -> UnusableInput | None:
    for name, framework in _OTHER_FRAMEWORKS.items():
        if name in seen.names or (framework == "ONNX" and (seen.path / "onnx" / name).exists()):
            return seen.refuse(
                f"it holds weights of {framework} only",
                f"weights are read from {WEIGHTS}, or from shards with an index",
                f"fetch the model's safetensors: {_FETCH} FOLDER --include '*.json' '*.safetensors'",
            )
    return None


def _too_high(seen: _Seen) -> UnusableInput | None:
    """A folder above the checkpoint: of a run, of a download's cache, of several models."""
    above = seen.path / "snapshots" if "snapshots" in seen.folders else seen.path
    inside = _Seen(above).folders
    marks = (CONFIG, "adapter_config.json")
    found = [name for name in inside if any((above / name / mark).exists() for mark in marks)]
    if not found:
        return None
    others = f", and {len(found) - 1} more beside it" if len(found) > 1 else ""
    return seen.refuse(
        f"the checkpoint lies further down{others}",
        "a checkpoint is the folder that holds config.json and the weights themselves",
        f"give {_quoted(above / (_current(seen.path, found) or found[-1]))}",
    )


def _current(cache: Path, revisions: list[str]) -> str:
    """The revision that a download's cache calls main."""
    try:
        with open_regular(cache / "refs" / "main") as (file, _):
            said = file.read(_SHORTEST_LOOK).decode("ascii", errors="replace").strip()
    except DamagedArtifact:
        return ""
    return said if said in revisions else ""


def _half(seen: _Seen) -> UnusableInput | None:
    """A download that did not end."""
    places = [seen.path, seen.path / ".cache" / "huggingface" / "download"]
    if (cache := cache_of(seen.path.resolve())) is not None:
        places.append(cache / "blobs")
    partial = [path for place in places for path in _listed(place) if path.suffix in _PARTIAL]
    nowhere = [path for path in _listed(seen.path) if path.is_symlink() and not path.exists()]
    if not partial and not nowhere:
        return None
    where = " --local-dir " + seen.quoted if cache is None else ""
    return seen.refuse(
        f"a download that did not end: {shown_name((partial or nowhere)[0].name)}"
        + (" is not whole" if partial else " leads to nothing"),
        "some of its files are still missing",
        f"run the same download again; it goes on where it stopped: hf download OWNER/MODEL{where}",
    )


def _listed(folder: Path) -> Iterable[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else ()


def _pickles(seen: _Seen) -> UnusableInput | None:
    if CONFIG not in seen.names and {WEIGHTS, INDEX} & seen.names:
        return None
    pickles = sorted(name for name in seen.names if Path(name).suffix in PICKLES)
    weights = [name for name in pickles if not _KEPT_BY_TRAINERS.fullmatch(name)]
    if weights:
        refuse_pickle(seen.path / weights[0])
    if not pickles:
        return None
    return seen.refuse(
        f"what a trainer keeps to go on ({', '.join(pickles[:3])}), without the weights",
        "the optimizer's state and random numbers make no model",
        _SAVED_WHOLE,
    )


def _unknown(seen: _Seen) -> UnusableInput:
    """What is left: nothing at all, or one half of a checkpoint."""
    shards = seen.like(r".*\.safetensors")
    if CONFIG not in seen.names and shards:
        return seen.refuse(
            f"{CONFIG} is not here",
            "without it nothing says what the weights belong to, and nothing is guessed",
            f"copy {CONFIG} and the tokenizer's files from the model that these weights were trained from",
            CONFIG,
        )
    if not seen.names:
        message, why = "an empty folder", f"a checkpoint is {CONFIG} and {WEIGHTS}"
    elif CONFIG in seen.names:
        message = f"there is neither {WEIGHTS} nor {INDEX}"
        why = f"{shards[0]} alone does not say what belongs to it" if shards else "the weights are missing"
    else:
        message = f"not a checkpoint: there is neither {CONFIG} nor {WEIGHTS}"
        why = f"there are {', '.join(shown_name(name[:40]) for name in sorted(seen.names)[:3])}"
    return seen.refuse(message, why, f"fetch the checkpoint, all of its files: {_FETCH} {seen.quoted}")


_KINDS: Final[tuple[Callable[[_Seen], UnusableInput | None], ...]] = (
    _adapter,
    _deepspeed,
    _megatron,
    _distributed,
    _original,
    _diffusers,
    _gguf,
    _too_high,
    _half,
    _other_framework,
    _pickles,
)
"""In this order: the surest mark first, pickles last, since most trainers leave some."""
