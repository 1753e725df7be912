"""What a session saw happen to its gates, and who was there that could have changed what it shows.

Nothing here decides what is true: evidence does. It is compared with what pytest showed.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from specship.evidence.receipt import GateEnding, Rewritten

OF_A_GATE: Final = (
    "pytest_collection_modifyitems", "pytest_itemcollected", "pytest_pyfunc_call", "pytest_runtest_protocol",
    "pytest_runtestloop", "pytest_runtest_setup", "pytest_runtest_call", "pytest_runtest_makereport",
    "pytest_runtest_logreport",
)  # fmt: skip
"""Hooks that can change how a gate ends, or is shown to end."""
OF_A_SESSION: Final = (
    "pytest_sessionfinish", "pytest_terminal_summary", "pytest_unconfigure", "pytest_report_teststatus",
    "pytest_ignore_collect", "pytest_collect_file",
)  # fmt: skip
"""Hooks that can change what is collected, or how a session ends."""
_OURS: Final = ("_pytest.", "pluggy.", "specship.pytest_plugin", "xdist.")
UNKNOWN: Final = "no foreign hook is registered any more"
"""Said where nobody is left to be named."""
_SHOWN: Final = 4
"""Gates that are named where there are many."""
_RANK: Final = {"failed": 0, "skipped": 1, "xfailed": 1, "passed": 2, "": 2}
"""How good an ending looks; one that pytest does not know fails no session."""


class GateWitness:
    """What happened to the gates of one project."""

    def __init__(self) -> None:
        self.collected: set[str] = set()
        self.selected: set[str] = set()
        self.replaced: set[str] = set()
        self._shown: dict[str, str] = {}
        self.runs: Counter[str] = Counter()

    def saw(self, gate: str, report: pytest.TestReport) -> None:
        """A report of a gate as all hooks left it; the worst of a run counts, the last run of several."""
        if report.when == "setup":
            self.runs[gate] += 1
            self._shown[gate] = ""
        shown, before = _ending(report), self._shown.get(gate, "")
        if shown and (not before or _RANK[shown] < _RANK[before]):
            self._shown[gate] = shown

    def shown(self, gate: str) -> str:
        """How pytest showed a gate; empty where it showed nothing."""
        return self._shown.get(gate, "")

    def without_verdict(self, gate: str) -> GateEnding:
        """Why there is no verdict of a gate."""
        if gate in self.selected:
            return "passed over"
        return "deselected" if gate in self.collected else "not collected"

    def flattered(self, gate: str, ending: str) -> bool:
        """Whether pytest showed a gate as something better than it is."""
        return _RANK[self.shown(gate)] > _RANK[ending]

    def as_plain(self) -> dict[str, list[str]]:
        """What a worker of pytest-xdist tells its controller."""
        return {name: sorted(getattr(self, name)) for name in ("collected", "selected", "replaced")}

    def take_in(self, told: Mapping[str, Iterable[str]]) -> None:
        """What a worker has told."""
        for name, values in told.items():
            getattr(self, name).update(values)


def _ending(report: pytest.TestReport) -> str:
    if report.outcome == "skipped" and hasattr(report, "wasxfail"):
        return "xfailed"
    # A setup or teardown that went well shows nothing, and neither does a run that is followed by another.
    shows = report.when == "call" or report.outcome != "passed"
    return report.outcome if shows and report.outcome in _RANK else ""


def foreign_hooks(
    config: pytest.Config, names: Iterable[str], *, but: frozenset[str] = frozenset()
) -> dict[str, tuple[str, ...]]:
    """Where implementations of hooks stand that are neither pytest's nor ours, nor of some other modules."""
    found = {}
    for name in names:
        functions = (one.function for one in getattr(config.hook, name).get_hookimpls())
        foreign = [
            one
            for one in functions
            if not str(one.__module__).startswith(_OURS) and str(one.__module__).partition(".")[0] not in but
        ]
        if foreign:
            found[name] = tuple(sorted({_place(one, config.rootpath) for one in foreign}))
    return found


def suspects(config: pytest.Config, names: Iterable[str]) -> tuple[str, ...]:
    """Who could have done it, as lines such as `conftest.py:3 pytest_runtest_makereport`.

    Plugins that were installed are named where nobody else is left: each of them does what its page says.
    """
    wanted, installed = tuple(names), frozenset(_installed(config))
    found = foreign_hooks(config, wanted, but=installed) or foreign_hooks(config, wanted)
    return tuple(sorted(f"{place} {name}" for name, places in found.items() for place in places))


def _installed(config: pytest.Config) -> dict[str, str]:
    """Top-level modules of the plugins that came with a distribution, and its version."""
    return {
        str(getattr(plugin, "__name__", "")).partition(".")[0]: str(distribution.version)
        for plugin, distribution in config.pluginmanager.list_plugin_distinfo()
    }


def _place(function: Any, root: Path) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return str(getattr(function, "__module__", "unknown"))
    path = os.path.relpath(code.co_filename, root)
    return f"{code.co_filename if path.startswith('..') else path}:{code.co_firstlineno}"


def plugins_of(config: pytest.Config) -> tuple[dict[str, str], dict[str, str]]:
    """Foreign plugins with the versions of their distributions, and the digest of each conftest.py."""
    from specship.digests import sha256_bytes

    versions = _installed(config)
    plugins, conftests = {}, {}
    for name, plugin in config.pluginmanager.list_name_plugin():
        module = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
        path = Path(str(getattr(plugin, "__file__", None) or ""))
        if plugin is None or module.startswith(("_pytest.", "specship.pytest_plugin")):
            continue
        if path.name == "conftest.py":
            inside = os.path.relpath(path, config.rootpath)
            conftests[str(path) if inside.startswith("..") else inside] = sha256_bytes(path.read_bytes())
        else:
            shown = module if str(name).isdigit() else str(name)  # pluggy numbers objects without a name
            plugins[shown] = versions.get(module.partition(".")[0], "")
    return dict(sorted(plugins.items())), dict(sorted(conftests.items()))


def rewritten_lines(entries: Iterable[Rewritten]) -> Iterator[str]:
    """Gates that were shown as something better than they are, for people: those alike in one line."""
    alike: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for entry in entries:
        alike.setdefault((entry.verdict, entry.shown, entry.by), []).append(entry.gate)
    for (verdict, shown, by), gates in alike.items():
        what = f"{verdict}, and shown as" if verdict else "selected, never judged, and shown as"
        who = ", ".join(by) or UNKNOWN
        yield f"{named(gates)}: {what} {shown or 'nothing'}; this could have done it: {who}"


def named(gates: Sequence[str]) -> str:
    """The first of some gates, and whether there are more."""
    return ", ".join(gates[:_SHOWN]) + (f" and {len(gates) - _SHOWN} others" if len(gates) > _SHOWN else "")


def told_variables() -> dict[str, str]:
    """Variables of the environment that pytest or Python obeys."""
    return {
        name: value for name, value in sorted(os.environ.items()) if name.startswith(("PYTEST", "PYTHON"))
    }


def set_flags() -> dict[str, int]:
    """Flags of the interpreter that are set."""
    names = (name for name in dir(sys.flags) if not name.startswith(("_", "n_")))
    values = {name: getattr(sys.flags, name) for name in names}
    return {
        name: int(value)
        for name, value in values.items()
        if isinstance(value, int) and not callable(value) and value
    }
