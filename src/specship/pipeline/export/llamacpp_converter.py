"""A checkpoint of a family that our writer does not know, written by llama.cpp's own converter and read back.

The converter is what llama.cpp ships, `convert_hf_to_gguf.py`; it is looked for and never fetched.
It opens tokenizers with their folder's own code: it gets a copy of the folder without code and without
`auto_map`, the weights under a second name, and no network.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from specship.bounds import JSON_LARGEST_FOREIGN_INTEGER, JSON_REPORT_BYTES
from specship.errors import DamagedArtifact, SpecshipError, StageFailed, UnusableInput
from specship.files import sync_folder, temporary_beside, write_errors, write_json
from specship.pipeline.checkpoint.other_folder import OtherFolder, open_other_folder
from specship.pipeline.checkpoint.side_files import JSON_FILES, PLAIN_FILES, TEMPLATE
from specship.pipeline.checkpoint.weight_files import CONFIG, INDEX, TOKENIZER
from specship.pipeline.child import ChildFailed, ask_child
from specship.pipeline.export.converted_tensors import compare_converted, differences
from specship.pipeline.export.converter_sources import find_converter
from specship.pipeline.export.vocabulary import read_vocabulary
from specship.pipeline.gguf.reader import GgufFile, read_gguf
from specship.pipeline.tokenizer.vocabulary import Vocabulary
from specship.strict_json import read_bytes, read_json

TYPES: Final = ("F32", "F16", "BF16", "Q8_0")
"""What it writes by itself."""
_CHILD: Final = "specship.pipeline.export.converter_child"
_SECONDS: Final = 3600.0
_ROOM: Final = 256 << 20
"""Bytes of a GGUF beside its matrices in float32: keys, vocabulary, padding."""
_TAIL: Final = 600
_CODE: Final = "auto_map"
_ABOUT: Final = "specship-metadata.json"
_OLDER: Final = {"n_ctx": "n_positions"}
"""Fields that transformers no longer writes and that stand in every older file, with what they equal."""


def export_by_converter(
    checkpoint: Path,
    output: Path,
    *,
    dtype: str = "F32",
    name: str = "model",
    converter: Path | None = None,
    licence: str = "",
    base_model: str = "",
    note: Callable[[str], None] = lambda _: None,
) -> GgufFile:
    """Convert a folder, and hold what was written against it, tensor by tensor and token by token.

    `licence` is an SPDX expression, `base_model` the checkpoint that this one was taken over from.

    Raises:
        RequirementMissing: the converter is not here.
        UnusableInput: the folder cannot be opened, or the converter refuses it.
        DamagedArtifact: what it wrote is not the checkpoint.
        StageFailed: it crashed or did not end.
        CannotWrite: the disk is full or refuses; nothing is left under `output`.
    """
    opened = open_other_folder(checkpoint)
    opened.process.close()
    program = find_converter(converter)
    if dtype not in TYPES:
        raise UnusableInput(
            f"llama.cpp's converter writes no {dtype}", at=checkpoint, mend=f"give one of {', '.join(TYPES)}"
        )
    vocabulary = _vocabulary(opened, note)
    with write_errors(output):
        output.parent.mkdir(parents=True, exist_ok=True)
    partial = temporary_beside(output)
    try:
        with _plain_folder(opened) as folder:
            _describe(folder, licence, base_model)
            _convert(program, opened, folder, partial, dtype, name, vocabulary)
        written = read_gguf(partial)
        found = list(compare_converted(opened, written))
        _refuse_differences(opened, [*differences(found), *_other_tokens(vocabulary, written)])
        for said in sorted({one.relation for one in found if one.relation != "equal"}):
            count = sum(one.relation == said for one in found)
            note(f"{count} of {len(found)} tensors of the file are {said}")
        with write_errors(output):
            partial.replace(output)
            sync_folder(output.parent)
    finally:
        partial.unlink(missing_ok=True)
    return read_gguf(output)


def _vocabulary(opened: OtherFolder, note: Callable[[str], None]) -> Vocabulary | None:
    """Ours, which the converter's is held against; None where we cannot read the tokenizer."""
    try:
        return read_vocabulary(opened.path, opened.shape.vocabulary)
    except SpecshipError as error:
        note(f"its tokens are not compared: {error.message}")
        return None


@contextmanager
def _plain_folder(opened: OtherFolder) -> Iterator[Path]:
    """The files that a converter reads, without code and without a mention of it."""
    source = opened.path
    with tempfile.TemporaryDirectory(prefix="specship-convert-") as scratch:
        folder = Path(scratch) / source.resolve().name
        folder.mkdir()
        for name in (CONFIG, TOKENIZER, "generation_config.json", *JSON_FILES):
            if (source / name).is_file():
                write_json(
                    folder / name,
                    _without_code(read_json(source / name, largest=JSON_LARGEST_FOREIGN_INTEGER)),
                )
        for name in (*PLAIN_FILES, TEMPLATE, INDEX):
            if (source / name).is_file():
                (folder / name).write_bytes(read_bytes(source / name, JSON_REPORT_BYTES))
        for name in opened.files:
            (folder / name).symlink_to((source / name).resolve())
        yield folder


def _describe(folder: Path, licence: str, base_model: str) -> None:
    """What a converter takes from the card of a model and from a file of its own."""
    if licence:
        (folder / "README.md").write_text(f"---\nlicense: {json.dumps(licence)}\n---\n", encoding="utf-8")
    origin = [{"name": base_model}] if base_model else None
    write_json(folder / _ABOUT, {"general.base_models": origin} if origin else {})


def _without_code(document: Any) -> Any:
    """A document without a mention of code, and with the older names of sizes that converters ask for."""
    if not isinstance(document, dict):
        return document
    older = {old: document[new] for old, new in _OLDER.items() if new in document and old not in document}
    return older | {key: value for key, value in document.items() if key != _CODE}


def _convert(
    program: Path,
    opened: OtherFolder,
    folder: Path,
    output: Path,
    dtype: str,
    name: str,
    vocabulary: Vocabulary | None,
) -> None:
    options = ["--outtype", dtype.lower(), "--outfile", str(output), "--model-name", name]
    options += ["--metadata", str(folder / _ABOUT)]
    request: Mapping[str, Any] = {
        "converter": str(program),
        "folder": str(folder),
        "options": options,
        "pre": vocabulary.pre if vocabulary is not None else "",
        "most_bytes": _ROOM + 5 * sum(stored.size for stored in opened.tensors.values()),
    }
    try:
        answered = ask_child(_CHILD, request, seconds=_SECONDS)
    except ChildFailed as failure:
        raise StageFailed(
            f"llama.cpp's converter {failure}",
            at=opened.path,
            why=" ".join(failure.log.split())[-_TAIL:],
            mend="take the converter of the llama.cpp that will run the file",
        ) from failure
    if "refusal" in answered.value or not output.is_file():
        raise UnusableInput(
            f"llama.cpp's converter refuses it: {answered.value.get('refusal', 'it wrote nothing')}",
            at=opened.path,
            why=" ".join(answered.log.split())[-_TAIL:],
            mend="a newer llama.cpp may know the family: git -C llama.cpp pull; what no llama.cpp runs "
            "needs no GGUF",
        )


def _other_tokens(ours: Vocabulary | None, written: GgufFile) -> Iterator[str]:
    """Where the list of tokens, or the merges, are other ones than the checkpoint's own tokenizer has."""
    if ours is None:
        return
    for key, value in (("tokens", ours.tokens), ("merges", ours.merges)):
        theirs = written.metadata.get(f"tokenizer.ggml.{key}", [])
        if value and list(theirs) != list(value):
            first = next((at for at, (a, b) in enumerate(zip(theirs, value, strict=False)) if a != b), 0)
            yield f"tokenizer.ggml.{key}: entry {first} of {len(theirs)} is not the tokenizer's own"


def _refuse_differences(opened: OtherFolder, found: list[str]) -> None:
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise DamagedArtifact(
            f"what llama.cpp's converter wrote is not the checkpoint: {found[0]}{more}",
            at=opened.path,
            why="every tensor that the file shares with the checkpoint must hold its numbers",
            mend="take the converter of another version of llama.cpp",
        )
