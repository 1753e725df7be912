"""Every lint rule by its code; adding one to `rules/` edits no other file."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Final

from specship.discovery import Folder, one_each
from specship.errors import UnusableInput
from specship.lint.rule import MARK, Rule

RULES: Final = Folder("specship.lint.rules")


@functools.cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by its code, in the order of codes."""
    found = one_each("rules", {name: _rule_of(name) for name in RULES.names}, lambda rule: rule.code)
    return dict(sorted(found.items()))


def _rule_of(file: str) -> Rule:
    module = RULES.load(file)
    check = next((member for member in vars(module).values() if hasattr(member, MARK)), None)
    if check is None:
        raise UnusableInput(
            "the file declares no rule", at=RULES.file(file), mend="put `@rule(...)` before its function"
        )
    code, bad, good, fixable = getattr(check, MARK)
    text = inspect.cleandoc(check.__doc__ or "")
    return Rule(code, file.replace("_", "-"), text.splitlines()[0], text, bad, good, fixable, check)
