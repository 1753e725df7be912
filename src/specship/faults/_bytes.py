"""Edits of finished files that several faults need: JSON Lines, JSON, safetensors and GGUF."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

Line = dict[str, Any]


def edit_lines(path: Path, edit: Callable[[list[Line]], Iterable[Line]]) -> None:
    """Replace the records of a JSON Lines file."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in edit(lines))
    path.write_text(text, encoding="utf-8")


def edit_json(path: Path, edit: Callable[[Any], Any]) -> None:
    """Replace the document of a JSON file; an edit that returns None has changed it in place."""
    document = json.loads(path.read_text(encoding="utf-8"))
    changed = edit(document)
    path.write_text(
        json.dumps(document if changed is None else changed, ensure_ascii=False), encoding="utf-8"
    )


def edit_tensors(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change the tensors (torch's, by name) of a safetensors file."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(path)
    edit(tensors)
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"}
    )


def of_other_weights(opening: Callable[..., Any]) -> Callable[..., Any]:
    """What opens a checkpoint folder, given a copy with the rows of each matrix in the opposite order."""

    def opened(folder: Path, *arguments: Any, **named: Any) -> Any:
        copy = Path(tempfile.mkdtemp()) / "checkpoint"
        shutil.copytree(folder, copy)
        edit_tensors(copy / "model.safetensors", _turned)
        return opening(copy, *arguments, **named)

    return opened


def _turned(tensors: dict[str, Any]) -> None:
    for name, tensor in tensors.items():
        if tensor.ndim > 1:
            tensors[name] = tensor.flip(0)


def flip_a_bit(path: Path) -> None:
    """Turn over one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def rewrite_gguf(
    path: Path,
    *,
    keys: Mapping[str, Callable[[Any], Any]] | None = None,
    tensors: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Write a GGUF file again with some keys' values or some tensors (arrays by name) replaced.

    A change that gives None leaves the key out.
    """
    import gguf
    from gguf import GGUFReader, GGUFWriter

    reader = GGUFReader(path)
    arrays = {tensor.name: tensor.data.copy() for tensor in reader.tensors}
    kinds = {tensor.name: tensor.tensor_type for tensor in reader.tensors}
    if tensors is not None:
        tensors(arrays)
    fields = [field for name, field in reader.fields.items() if not name.startswith("GGUF.")]
    architecture = str(reader.fields["general.architecture"].contents())
    written = path.with_name("rewritten.gguf")
    writer = GGUFWriter(written, (keys or {}).get("general.architecture", lambda value: value)(architecture))
    for field in fields:
        if field.name == "general.architecture":
            continue
        change = (keys or {}).get(field.name, lambda value: value)
        kind = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        value = change(field.contents())
        if value is not None:
            writer.add_key_value(field.name, value, field.types[0], sub_type=kind)
    for name, array in arrays.items():
        writer.add_tensor(name, array, raw_dtype=kinds.get(name))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    written.replace(path)


def relist(folder: Path) -> None:
    """Write a publish folder's manifest anew from the files that are there."""
    from specship.pipeline.publication.publish_manifest import (
        list_file,
        read_publish_manifest,
        write_publish_manifest,
    )

    known = read_publish_manifest(folder)
    there = [entry for entry in known if (folder / entry.name).is_file()]
    write_publish_manifest(
        folder,
        [list_file(folder, one.name, licence=one.licence, provenance=one.provenance) for one in there],
    )
