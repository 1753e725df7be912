"""What a code means: faults of documents, and findings of lint rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specship.codes import CODES
from specship.errors import UnknownName, did_you_mean
from specship.lint.registry import all_rules
from specship.suite.explain.records import CodeFound


def known_codes() -> Mapping[str, Any]:
    """Every code, of faults and of lint rules; each has a `name`."""
    return {**CODES, **all_rules()}


def explain_code(code: str) -> CodeFound:
    """What a code means, and how to silence it.

    Raises:
        UnknownName: there is no such code.
    """
    if code in CODES:
        entry = CODES[code]
        silence = "nothing silences it: a document with this fault cannot be used"
        return CodeFound(
            code=code, name=entry.name, why=entry.why, bad=entry.bad, good=entry.good, silence=silence
        )
    rules = all_rules()
    if code in rules:
        rule = rules[code]
        silence = (
            f'ignore = ["{code}"] in [tool.specship.lint], or per-file-ignores for some files; '
            "it is shown that it was silenced"
        )
        return CodeFound(
            code=code,
            name=str(rule.name),
            why=str(rule.explanation or rule.summary),
            bad=str(rule.bad),
            good=str(rule.good),
            silence=silence,
        )
    codes = known_codes()
    raise UnknownName(
        f"there is no code {code}", mend=did_you_mean(code, codes) or "list them: specship explain codes"
    )
