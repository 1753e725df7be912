"""The pytest face: the hooks that every suite loads, and nothing else.

    hooks (this file) → falsify → ship

In a project without `[tool.specship]` this file reads one file and does nothing more; whatever weighs
is imported where it is first needed.
"""

from __future__ import annotations

from typing import Final

import pytest

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


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the ship face."""
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


def _is_utf_8(path: str) -> bool:
    """Whether the bytes of a path are UTF-8; Python keeps any others as lone surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def pytest_configure(config: pytest.Config) -> None:
    """Wake up in a project that uses specship, and stay away everywhere else."""
    path = config.rootpath / "pyproject.toml"
    try:
        ours = "specship" in path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        ours = False
    asked = [name for name in _DEMANDS if config.getoption(name) not in {None, False}]
    if not ours:
        if asked:
            raise pytest.UsageError(
                f"{asked[0]}: {config.rootpath} has no pyproject.toml with [tool.specship]"
            )
        return
    if config.getoption("tx", None) and not _is_utf_8(str(config.rootpath)):  # -n N, of pytest-xdist
        raise pytest.UsageError(
            f"-n: pytest-xdist cannot tell its workers a path that is not UTF-8: {str(config.rootpath)!r}; "
            "leave -n out, or rename the folder"
        )
    floor = config.getoption("--ship-fail-under")
    if floor is not None and not 0 <= floor <= 100:
        raise pytest.UsageError(f"--ship-fail-under {floor}: a percentage lies between 0 and 100")
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)
    from specship.pytest_plugin.ship import ShipPlugin

    plugin = ShipPlugin(config, marks={line.split(":")[0] for line in _MARKS}, demands=_DEMANDS)
    config.pluginmanager.register(plugin, "specship-session")
    from specship.pytest_plugin.falsify import FalsifyPlugin, wanted

    if wanted(config):
        config.pluginmanager.register(FalsifyPlugin(config, plugin), "specship-falsify")
