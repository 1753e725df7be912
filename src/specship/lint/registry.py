"""Every lint rule by its code; adding one to `rules/` edits no other file."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Final

from specship.discovery import Folder
from specship.lint.rule import MARK, Rule

RULES: Final = Folder("specship.lint.rules")


@functools.cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by its code, in the order of codes."""
    found = [_rule_of(RULES.load(name)) for name in RULES.names]
    return {entry.code: entry for entry in sorted(found, key=lambda entry: entry.code)}


def _rule_of(module: ModuleType) -> Rule:
    check = next(member for member in vars(module).values() if hasattr(member, MARK))
    code, bad, good, fixable = getattr(check, MARK)
    text = inspect.cleandoc(check.__doc__ or "")
    name = module.__name__.rsplit(".", 1)[1].replace("_", "-")
    return Rule(code, name, text.splitlines()[0], text, bad, good, fixable, check)
