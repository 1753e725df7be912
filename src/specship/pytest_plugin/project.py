"""One project of a test session: its gates, the running session, and how each gate ended.

A session may judge several, each under its own settings: a project is found from where a contract lies.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from specship.pytest_plugin.witness import GateWitness

if TYPE_CHECKING:
    from collections.abc import Callable

    from specship.suite.plan.gate_facts import Collection


class ShipProject:
    """A project as its collectors and items need it."""

    def __init__(
        self,
        root: Path,
        config: pytest.Config,
        *,
        mark: Callable[[pytest.Collector | pytest.Item, str], None],
        listener: Callable[[], tuple[Any, Callable[[], None]]],
    ) -> None:
        self.root = root.resolve()
        self.config = config
        self.mark = mark
        self.clear: Callable[[], None] = lambda: None
        self.error: Exception | None = None
        self.error_shown = False
        self.collected = False
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.witness = GateWitness()
        self._listener = listener
        self._session: Any = None
        self._loaded = False
        self._folder: Path | None = None
        self._collection: Collection | None = None
        self._parents: dict[str, str] = {}

    @property
    def name(self) -> str:
        """The project as a person who started the session would call it."""
        here = self.config.invocation_params.dir.resolve()
        return str(self.root.relative_to(here) if self.root.is_relative_to(here) else self.root)

    def collection(self) -> Collection | None:
        """Every gate as an item needs it; None after a reading error, which `error` then holds."""
        if self._collection is None and not self._loaded:
            from specship.suite.plan.collection import collect, gather_gates

            profile = self.config.getoption("--specship-profile")
            self._collection = gather_gates(self.root, profile, self._kept())
            if self._collection is None and self.session() is not None:
                self._collection = collect(self._session.plan)
        return self._collection

    def _kept(self) -> Path | None:
        """Where a session leaves for the next what it found, a file for each project."""
        cache = getattr(self.config, "cache", None)  # none under `-p no:cacheprovider`
        if not cache:
            return None
        root = self.config.rootpath.resolve()
        if self.root == root:
            return Path(cache.mkdir("specship")) / "collection.json"
        from specship.digests import sha256_bytes

        return Path(cache.mkdir("specship")) / f"collection-{sha256_bytes(str(self.root).encode())[:16]}.json"

    def contract_folder(self) -> Path | None:
        """Where contracts are, also when they cannot be read (which their collection then reports)."""
        known = self.collection()
        return known.folder if known is not None else self._folder

    @property
    def unreadable(self) -> bool:
        """Whether its very settings cannot be read, so that nobody knows where its contracts are."""
        return self.contract_folder() is None and self.error is not None

    def within(self, path: Path) -> str:
        """A contract's path within the project; the whole path of one that lies outside."""
        folder, name = os.path.split(path)
        if folder not in self._parents:  # asked of the system once
            real = Path(folder).resolve()
            inside = real.is_relative_to(self.root)
            self._parents[folder] = str(real.relative_to(self.root) if inside else real)
        return f"{self._parents[folder]}/{name}"

    def session(self) -> Any:
        """The session, made once; None after a reading error, which `error` then holds."""
        if not self._loaded:
            self._loaded = True
            from specship.errors import SpecshipError, UnusableInput
            from specship.specs.project import find_configuration
            from specship.suite.judging.session import Session
            from specship.suite.plan.plan import open_plan

            try:
                found = find_configuration(self.root)
                if found is None:
                    return None
                self._folder = (found[0] / found[1].contracts).resolve()
                plan = open_plan(self.root, self.config.getoption("--specship-profile"))
                listener, self.clear = self._listener()
                self._session = Session(plan, listener)
            except SpecshipError as error:
                self.error = error
            except OSError as error:
                self.error = UnusableInput(f"cannot read: {error.strerror}", at=error.filename)
        return self._session

    @property
    def begun(self) -> bool:
        """Whether a session was made."""
        return self._session is not None

    def close(self) -> None:
        """End what the session started."""
        if self._session is not None:
            self._session.close()
