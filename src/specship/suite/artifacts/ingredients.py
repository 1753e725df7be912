"""What a stage would be made of today, on this machine."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

from specship.code_digests import code_digest
from specship.evidence.artifact_record import Ingredients
from specship.pipeline.commands.reading import variable_digests
from specship.pipeline.registry import module_of
from specship.pipeline.stage import Stage


@functools.cache
def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def versions(stage: Stage) -> dict[str, str]:
    """Of Python, and of the stage's packages that are installed here."""
    found = {name: _version(name) for name in stage.packages}
    return {
        "python": platform.python_version(),
        **{name: text for name, text in found.items() if text},
        **variable_digests(stage.variables),
    }


def code_of(stage: Stage) -> str:
    """Digest of a stage's code as it is installed."""
    return stage.code or code_digest(module_of(stage))


def outdated(stage: Stage, recorded: Ingredients, *, settings: Mapping[str, Any], code: str) -> str:
    """What a stage's settings, code or packages say against a manifest; empty where they agree.

    Versions of packages belong to what was made, and may be others where it is read; a package that is
    installed here and that the manifest does not name was left out of it.
    """
    expected = Ingredients(
        settings=dict(settings),
        inputs=recorded.inputs,
        code=code,
        packages=recorded.packages,
        outside=recorded.outside,
        fault=recorded.fault,
    )
    if expected.key != recorded.key:
        return expected.difference(recorded) or "its settings changed"
    if recorded.inputs.keys() != set(stage.needs):
        return "it was made from other artifacts"
    unnamed = versions(stage).keys() - recorded.packages.keys()
    return f"it does not say which {', '.join(sorted(unnamed))} made it" if unnamed else ""
