"""Discovery: whatever is found by scanning a folder of ours is found here, and nowhere else.

    GATES: Final = Folder("specship.pipeline.qa.gates")
    ...
    GATES.members("GATE")       # {"golden": QualityGate(...), ...}

Adding a file to such a folder edits no other file. But evidence stays fresh while the digest of the code
behind it does (`code_digests`), and a digest that follows imports sees no scan. So it follows `Folder("...")`
too: every module of the folder counts as imported by the module that names it. For that the name is written
out as a text, right there; `tests/test_discovery.py` insists, and wants no other scan anywhere.

Light on purpose: names and files are listed without importing any of them.
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any, Final

from specship.errors import UnusableInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import ModuleType

_ROOT: Final = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib is slow


class Folder:
    """A folder of this package in which each module is one of a kind: one probe, one rule, one verb.

    Modules whose names begin with an underscore hold what several others share, and are none of the kind.
    """

    def __init__(self, package: str, *, apart: tuple[str, ...] = ()) -> None:
        """Name the folder by its dotted name; `apart` are modules in it that say what the kind is."""
        self.package = package
        self._apart = apart
        self._names: tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The modules of the kind, sorted; none is imported."""
        if self._names is None:
            listed = os.listdir(self._place())  # noqa: PTH208 - as above
            stems = (name.removesuffix(".py") for name in listed if name.endswith(".py"))
            kept = (stem for stem in stems if not stem.startswith("_") and stem not in self._apart)
            self._names = tuple(sorted(kept))
        return self._names

    def _place(self, *more: str) -> str:
        return os.path.join(_ROOT, *self.package.split(".")[1:], *more)  # noqa: PTH118 - as above

    def file(self, name: str) -> Path:
        """The file of one of them."""
        from pathlib import Path

        return Path(self._place(f"{name}.py"))

    def first_line(self, name: str, start: str) -> str:
        """The first line of its file that begins so, read without importing it; empty where there is none."""
        with open(self._place(f"{name}.py"), encoding="utf-8") as file:  # noqa: PTH123 - as above
            return next((line for line in file if line.startswith(start)), "")

    def dotted(self, name: str) -> str:
        """Its dotted name."""
        return f"{self.package}.{name}"

    def load(self, name: str) -> ModuleType:
        """One of them, imported."""
        return importlib.import_module(self.dotted(name))

    def members(self, attribute: str) -> Mapping[str, Any]:
        """What each of them calls by a name, such as `GATE`; all are imported."""
        return {name: self.member(name, attribute) for name in self.names}

    def member(self, name: str, attribute: str) -> Any:
        """What one of them calls by a name.

        Raises:
            UnusableInput: it has no such name.
        """
        module = self.load(name)
        if not hasattr(module, attribute):
            raise UnusableInput(
                f"the file has no {attribute}", at=self.file(name),
                why=f"each file of {self.package} is one of a kind, and says so by that name",
                mend=f"write `{attribute} = ...` at its top level",
            )  # fmt: skip
        return getattr(module, attribute)


def one_each(kind: str, found: Mapping[str, Any], key: Callable[[Any], Any]) -> dict[Any, Any]:
    """Members by what they are known by, such as a rule's code.

    Raises:
        UnusableInput: two files give the same.
    """
    files: dict[Any, str] = {}
    for name, member in found.items():
        if (first := files.setdefault(key(member), name)) != name:
            raise UnusableInput(
                f"two {kind} are called {key(member)!r}: in {first}.py and in {name}.py", mend="rename one"
            )
    return {known: found[name] for known, name in files.items()}
