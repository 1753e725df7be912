"""A GGUF written again with changes, by the `gguf` package."""

from pathlib import Path
from typing import Any

import gguf
import numpy as np


def rewritten(source: Path, target: Path, *, drop: tuple[str, ...] = (), **changes: Any) -> Path:
    """A GGUF once more, written by the `gguf` package, some keys and tensors changed or left out.

    A change is a value for a key, its dots as `__`, or an array for a tensor.
    """
    reader = gguf.GGUFReader(source)
    new = {name.replace("__", "."): value for name, value in changes.items()}
    architecture = new.pop("general.architecture", reader.fields["general.architecture"].contents())
    writer = gguf.GGUFWriter(target, architecture)
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in {"general.architecture", *drop}:
            continue
        value = new.pop(field.name, field.contents())
        kind = field.types[0]
        writer.add_key_value(field.name, value, kind, field.types[-1] if len(field.types) > 1 else None)
    arrays = {tensor.name: tensor.data for tensor in reader.tensors if tensor.name not in drop}
    for name, value in new.items():
        if isinstance(value, np.ndarray):
            arrays[name] = value
        elif isinstance(value, str):
            writer.add_string(name, value)
        else:
            writer.add_float32(name, value)
    for name, data in arrays.items():
        writer.add_tensor(name, np.ascontiguousarray(data))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target
