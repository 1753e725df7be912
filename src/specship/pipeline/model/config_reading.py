"""Fields of a `config.json` that somebody else wrote, taken one by one and none of them believed.

The reader remembers which fields were read and which had to be filled with the family's documented
default, so that an inventory can say both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from specship.errors import DamagedArtifact, UnusableInput
from specship.strict_json import read_json

_LARGEST_COUNT: Final = 2**31
_TYPES: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a decimal number",
    str: "a text",
    dict: "an object",
    type(None): "null",
}
_WITHOUT_EFFECT: Final = {
    "_name_or_path",
    "attention_dropout",
    "dtype",
    "initializer_range",
    "torch_dtype",
    "transformers_version",
    "use_cache",
}
"""Fields that change nothing of what a loaded model computes, or are looked at elsewhere."""


class ConfigReader:
    """The object of one `config.json`."""

    def __init__(self, path: Path, values: Mapping[str, Any] | None = None) -> None:
        """Read the file, or take its object from whoever is about to write it.

        Raises:
            DamagedArtifact: missing, unreadable, or no JSON object.
        """
        self.path: Final = path
        self._values = read_json(path) if values is None else dict(values)
        self._read: set[str] = set()
        self.assumed: Final[dict[str, Any]] = {}
        """Fields that the file does not have, with the default that was taken."""
        if not isinstance(self._values, dict):
            self.broken("not a JSON object")

    def get(self, key: str) -> Any:
        """The raw value of a field; None when it is null or absent."""
        self._read.add(key)
        return self._values.get(key)

    def values(self) -> dict[str, Any]:
        """All fields as they stand in the file; none of them counts as read."""
        return dict(self._values)

    def unread(self) -> tuple[str, ...]:
        """Fields that have a value and that nobody asked for: they have no effect here."""
        known = self._read | _WITHOUT_EFFECT
        return tuple(
            sorted(key for key, value in self._values.items() if key not in known and value is not None)
        )

    def _or_default(self, key: str, default: Any) -> Any:
        value = self.get(key)
        if value is None and default is not None:
            self.assumed[key] = default
            return default
        return value

    def count(self, key: str, default: int | None = None) -> int:
        """A whole number of at least 1."""
        value = self._or_default(key, default)
        if type(value) is not int or not 1 <= value < _LARGEST_COUNT:
            self.broken(f"{key} is {shown(value)}, not a count")
        return value

    def positive(self, key: str, default: float | None = None) -> float:
        """A finite number above 0."""
        return self.positive_value(key, self._or_default(key, default))

    def positive_value(self, key: str, value: Any) -> float:
        """The same of a value that stands inside another field."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            self.broken(f"{key} is {shown(value)}, not a number above 0")
        return float(value)

    def flag(self, key: str) -> bool:
        """A truth value; absent means false, and null is none."""
        self.kinds({key: (bool,)})
        return bool(self.get(key))

    def kinds(self, allowed: Mapping[str, tuple[type, ...]]) -> None:
        """Refuse a field that is there with a value of another type; null counts as one.

        Raises:
            DamagedArtifact: there is one.
        """
        for key, types in allowed.items():
            if key in self._values and type(self._values[key]) not in types:
                raise DamagedArtifact(
                    f"{key} is {shown(self._values[key])}, not {' or '.join(_TYPES[one] for one in types)}",
                    at=self.path,
                    why="readers check the types of these fields, and open no model whose field has another",
                    mend=f"write {key} as save_pretrained does, or leave it out where it has a default",
                )

    def mapping(self, key: str) -> dict[str, Any]:
        """An object; absent means an empty one."""
        value = self.get(key)
        if value is not None and not isinstance(value, dict):
            self.broken(f"{key} is {shown(value)}, not an object")
        return value or {}

    def token_id(self, key: str, vocabulary: int, *, none: int = 0) -> int | None:
        """An id of the vocabulary; None where there is none, or a number below 0 and not below `none`."""
        value = self.get(key)
        if value is None:
            return None
        if type(value) is not int or not none <= value < vocabulary:
            self._no_id(key, value, vocabulary)
        return value if value >= 0 else None

    def token_ids(self, key: str, vocabulary: int) -> tuple[int, ...]:
        """Ids of the vocabulary: none, one, or a list."""
        value = self.get(key)
        ids = value if isinstance(value, list) else [] if value is None else [value]
        for one in ids:
            if type(one) is not int or not 0 <= one < vocabulary:
                self._no_id(key, one, vocabulary)
        return tuple(ids)

    def _no_id(self, key: str, value: Any, vocabulary: int) -> NoReturn:
        raise DamagedArtifact(
            f"{key} is {shown(value)}, not an id below {vocabulary}",
            at=self.path,
            why=f"the embedding has {vocabulary} rows (vocab_size), and readers look the id up in it",
            mend=f"name an id below {vocabulary}, or null; where the token is meant, resize the embeddings: "
            "model.resize_token_embeddings(len(tokenizer)) and save",
        )

    def only(self, key: str, allowed: Sequence[Any], why: str, mend: str) -> None:
        """Refuse any other value than those of a list; the first of them is shown.

        Raises:
            UnusableInput: it has another one.
        """
        if self.get(key) not in allowed:
            raise UnusableInput(f"{key} is {shown(self.get(key), 80)}", at=self.path, why=why, mend=mend)

    def broken(self, message: str) -> NoReturn:
        """Refuse the file for what it says of itself."""
        raise DamagedArtifact(
            message,
            at=self.path,
            why="every architecture field must be inside the checkpoint; nothing is guessed",
            mend="write the checkpoint again with its full configuration",
        )


def shown(value: Any, most: int = 40) -> str:
    """A foreign value, short and on one line."""
    return repr(value)[: most + 2] if isinstance(value, str) else str(value)[:most].replace("\n", " ")
