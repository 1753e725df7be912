"""A GGUF taken apart, so that any key and any tensor can be wrong, and written again byte by byte."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np

TEXT, ARRAY = gguf.GGUFValueType.STRING, gguf.GGUFValueType.ARRAY
_FORMS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


@dataclass
class Stored:
    """A tensor: its sizes as the file has them, the number of its type, its bytes."""

    sizes: list[int]
    type: int
    data: bytes


@dataclass
class Parts:
    """Keys with their types and values, tensors by name; `order` is the order of bytes, as `struct` writes it."""

    keys: dict[str, tuple[Any, ...]]
    tensors: dict[str, Stored]
    order: str = "<"
    version: int = 3
    alignment: int = 32

    @classmethod
    def of(cls, path: Path) -> Parts:
        """Take a sound file apart, with the `gguf` package's reader."""
        reader = gguf.GGUFReader(path)
        keys = {
            field.name: (*map(int, field.types), field.contents())
            for field in reader.fields.values()
            if not field.name.startswith("GGUF.")
        }
        tensors = {
            one.name: Stored([int(size) for size in one.shape], int(one.tensor_type), one.data.tobytes())
            for one in reader.tensors
        }
        return cls(keys, tensors)

    def number(self, name: str, value: int, kind: int = 4) -> None:
        """Set a key to a number of a kind, 32 bits without a sign by default."""
        self.keys[name] = (kind, value)

    def text(self, name: str, value: str | bytes) -> None:
        """Set a key to a text, which may be any bytes."""
        self.keys[name] = (int(TEXT), value)

    def write(self, path: Path) -> Path:
        """Write the file; offsets and padding follow from the tensors."""
        head = b"GGUF" + self._pack("IQQ", self.version, len(self.tensors), len(self.keys))
        head += b"".join(
            self._text(name) + self._pack("I", one[0]) + self._value(*one) for name, one in self.keys.items()
        )
        data = b""
        for name, one in self.tensors.items():
            head += self._text(name) + self._pack(f"I{len(one.sizes)}Q", len(one.sizes), *one.sizes)
            head += self._pack("IQ", one.type, len(data))
            data += self._turned(one.data) + bytes(-len(one.data) % self.alignment)
        path.write_bytes(head + bytes(-len(head) % self.alignment) * bool(self.tensors) + data)
        return path

    def _pack(self, form: str, *values: Any) -> bytes:
        return struct.pack(self.order + form, *values)

    def _text(self, value: str | bytes) -> bytes:
        data = value.encode() if isinstance(value, str) else value
        return self._pack("Q", len(data)) + data

    def _value(self, kind: int, *rest: Any) -> bytes:
        if kind == ARRAY:
            element, values = rest
            return self._pack("IQ", element, len(values)) + b"".join(
                self._value(element, one) for one in values
            )
        return self._text(rest[0]) if kind == TEXT else self._pack(_FORMS[kind], rest[0])

    def _turned(self, data: bytes) -> bytes:
        return data if self.order == "<" else np.frombuffer(data, "<f4").astype(">f4").tobytes()
