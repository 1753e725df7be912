"""A command of the settings as the stage that it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from specship.digests import sha256_bytes
from specship.pipeline.commands.reading import outside, variables
from specship.pipeline.commands.settings import SECTION, Command
from specship.pipeline.received.kinds import KINDS
from specship.pipeline.stage import Stage

_RUNS_IT: Final = "specship.pipeline.commands.running"
_CODE: Final = sha256_bytes(b"a command of the project")
"""What makes the artifact is the command: no code of ours is in its bytes, and none makes it stale."""


def commands_of(settings: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The commands among a model's settings, by name; those alone that can be told apart as such."""
    section = settings.get(SECTION)
    named = section.items() if isinstance(section, Mapping) else ()
    return {
        name: one for name, one in named if isinstance(one, Mapping) and isinstance(one.get("makes"), str)
    }


def command_stage(name: str, command: Mapping[str, Any]) -> Stage:
    """The stage that a command is; its settings were checked, or will be before it runs."""
    makes = str(command["makes"])
    return Stage(
        makes=makes,
        name=name,
        lifecycle=KINDS[makes].lifecycle if makes in KINDS else "process",
        needs=tuple(str(one) for one in command.get("needs") or ()),
        settings={SECTION: Command},
        trains=makes == "run",
        resumes=command.get("resumes") is True,
        outside=lambda settings, root: outside(settings[SECTION][name], root),
        variables=variables(command),
        entry=name,
        uncounted=("timeout",),
        module=_RUNS_IT,
        code=_CODE,
    )
