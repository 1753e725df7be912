"""The pytest face: the hooks that every suite loads, and nothing else.

    hooks (this file) → falsify → ship → project → gates

Which project a contract belongs to is decided by where it lies, so that a session judges the same from
wherever it was started. Away from any `[tool.specship]` this file looks for `pyproject.toml` and does
nothing more; whatever weighs is imported where it is first needed.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from specship.pytest_plugin.ship import ShipPlugin

_OURS: Final = "specship"
_MARKS: Final = (
    "ship: a gate of a contract; it decides whether a model may ship",
    "falsify: a gate on one of its faults; it has to fail, or it proves nothing",
    "cuda: a gate whose evidence must come from a CUDA device",
    "corpus: gates about the corpus",
    "tokenizer: gates about the tokenizer and the token files",
    "train: gates about training",
    "checkpoint: gates about checkpoints",
    "inference: gates about generation and speed",
    "export: gates about exported files",
    "eval: gates about evaluation",
    "publish: gates about publication",
    "process: gates about the process itself",
)
_DEMANDS: Final = ("--ship-fail-under", "--ship-strict", "--specship-profile", "--specship-report")
_OUTCOME: Final = "specship"
"""Attribute of a test report that carries a gate's ending; xdist passes it on."""
_SESSION: Final = "specship-session"
_AWAKE: Final = pytest.StashKey[bool]()
"""Whether what judges was registered."""
_PARTS: Final = (_SESSION, "specship-asleep", "specship-falsify")
"""Plugins that this one registers, none of which may be blocked where gates are asked for."""
_GATES_ASKED_FOR: Final = re.compile(r"(?<!not )\b(ship|falsify)\b")


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """The options of the ship face."""
    _load_as_elsewhere(pluginmanager)
    group = parser.getgroup("specship", "specship: decide from evidence whether a model may ship")
    group.addoption("--specship-profile", metavar="NAME", help="profile to judge at (default: the project's)")
    group.addoption(
        "--specship-report",
        metavar="PATH",
        help="where to write the JSON report (default: .specship/report.json)",
    )
    group.addoption(
        "--ship-fail-under", metavar="PERCENT", type=float, help="fail when a judged model's ship-%% is lower"
    )
    group.addoption("--ship-strict", action="store_true", help="fail when a gate is BLOCKED or was not run")


def _load_as_elsewhere(manager: pytest.PytestPluginManager) -> None:
    """Have our modules loaded as every command loads them, and not rewritten for their assertions.

    pytest marks all modules of a distribution that brings a plugin, and reads and rewrites hundreds of ours
    for assertions that no test makes. It has no setting that takes a mark back; where it keeps its marks
    elsewhere, a session only starts later.
    """
    marked = getattr(manager.rewrite_hook, "_must_rewrite", None)
    if isinstance(marked, set) and _OURS in marked:
        marked.discard(_OURS)
        getattr(manager.rewrite_hook, "_marked_for_rewrite_cache", {}).clear()


def _is_utf_8(path: str) -> bool:
    """Whether the bytes of a path are UTF-8; Python keeps any others as lone surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def pytest_configure(config: pytest.Config) -> None:
    """Wake up where a project is near; elsewhere sleep lightly."""
    floor = config.getoption("--ship-fail-under")
    if floor is not None and not 0 <= floor <= 100:
        raise pytest.UsageError(f"--ship-fail-under {floor}: a percentage lies between 0 and 100")
    near = {
        folder
        for place in places(config)
        for one in (place, place.resolve())
        for folder in (one, *one.parents)
    }
    blocked = [name for name in _PARTS if config.pluginmanager.is_blocked(name)]
    if blocked and _asked(config):
        raise pytest.UsageError(
            f"-p no:{blocked[0]}: gates were asked for, and nothing is left that judges them; "
            "look into addopts and PYTEST_ADDOPTS, and leave it out"
        )
    if any(map(_speaks_of_us, near)):
        if config.getoption("tx", None) and not _is_utf_8(str(config.rootpath)):  # -n N, of pytest-xdist
            raise pytest.UsageError(
                "-n: pytest-xdist cannot tell its workers a path that is not UTF-8: "
                f"{str(config.rootpath)!r}; leave -n out, or rename the folder"
            )
        _wake(config)
    else:
        config.pluginmanager.register(_Asleep(config), "specship-asleep")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Refuse a session from which what judges was taken away."""
    manager = session.config.pluginmanager
    if (
        session.config.stash.get(_AWAKE, False)
        and not manager.has_plugin(_SESSION)
        and _asked(session.config)
    ):
        sys.stderr.write(f"{_SESSION} was taken away while the session ran: nothing judged its gates\n")
        session.exitstatus = pytest.ExitCode.USAGE_ERROR


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Say in one line why no gate was collected, where gates were asked for and nothing was found."""
    ship = config.pluginmanager.get_plugin(_SESSION)
    nothing = exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and _gates_asked_for(config)
    if nothing or (ship is None and demands(config)):
        from specship.pytest_plugin.nothing import why_nothing

        if line := why_nothing(config, places(config), ship):
            terminalreporter.write_line(f"specship: {line}")


class _Asleep:
    """Waits for a project further below than the session was pointed at, and imports nothing."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def _awake(self) -> ShipPlugin:
        self.config.pluginmanager.unregister(self)
        return _wake(self.config)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path) -> None:
        """Wake up before the files of such a project are collected."""
        if _speaks_of_us(path):
            self._awake()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Wake up where a worker of pytest-xdist came by one."""
        if hasattr(report, _OUTCOME):
            self._awake().pytest_runtest_logreport(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Refuse what was demanded of gates where there are none."""
        if demands(self.config) and not hasattr(self.config, "workerinput"):
            session.exitstatus = pytest.ExitCode.USAGE_ERROR


def _gates_asked_for(config: pytest.Config) -> bool:
    """Whether a session was asked for gates by their marks."""
    return bool(_GATES_ASKED_FOR.search(str(config.getoption("markexpr", "") or "")))


def _asked(config: pytest.Config) -> bool:
    """Whether a session was asked for gates, or for more than its tests."""
    return demands(config) or _gates_asked_for(config)


def demands(config: pytest.Config) -> bool:
    """Whether a session was asked for more than its tests."""
    return any(config.getoption(name) not in {None, False} for name in _DEMANDS)


def places(config: pytest.Config) -> list[Path]:
    """Where a session was pointed at: the folders of its arguments, and its root at last."""
    here = config.invocation_params.dir
    found = (here / argument.partition("::")[0] for argument in config.args)
    folders = (path if path.is_dir() else path.parent for path in found if path.exists())
    return [*dict.fromkeys(folders), config.rootpath]


def _speaks_of_us(folder: Path) -> bool:
    """Whether the settings file of a folder speaks of specship; it is read in earnest later."""
    try:
        data = (folder / "pyproject.toml").read_bytes()
    except OSError:
        return False
    return b"specship" in data.replace(b"\0", b"")  # in UTF-16 too, of which it will be said


def _wake(config: pytest.Config) -> ShipPlugin:
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)
    from specship.pytest_plugin.ship import ShipPlugin

    known = {line.split(":")[0] for line in _MARKS}
    plugin = ShipPlugin(config, places(config), marks=known, attribute=_OUTCOME, demanded=demands(config))
    config.pluginmanager.register(plugin, _SESSION)
    config.stash[_AWAKE] = True
    from specship.pytest_plugin.falsify import FalsifyPlugin, wanted

    if wanted(config):
        config.pluginmanager.register(FalsifyPlugin(config, plugin), "specship-falsify")
    return plugin
