"""Earlier answers of lint.  Light: a recalled answer imports neither pydantic nor YAML."""

from __future__ import annotations

import json
from pathlib import Path

from specship.lint.finding import LintResult
from specship.result_cache import inputs_digest, project_files, recall, remember

_FILE = ".specship/cache/lint.json"


def key_of(start: Path, *options: tuple[str, ...]) -> str | None:
    """What an answer depends on; None where that cannot be known."""
    return inputs_digest(project_files(start), "lint", json.dumps(options))


def recalled(start: Path, key: str | None) -> LintResult | None:
    """The answer of an earlier run on the same inputs; None where none can be trusted."""
    inputs = project_files(start)
    if inputs is None or key is None:
        return None
    return LintResult.from_json(recall(inputs.root / _FILE, key))


def keep(start: Path, key: str | None, result: LintResult, *options: tuple[str, ...]) -> None:
    """Remember an answer, unless an input changed while it was computed; a failure to write is no matter."""
    inputs = project_files(start)
    if inputs is not None and key is not None and key_of(start, *options) == key:
        remember(inputs.root / _FILE, key, result.as_json())
