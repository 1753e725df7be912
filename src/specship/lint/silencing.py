"""Which rules are asked, and which findings are not shown, though counted.

Codes are given whole (`SHIP404`) or by their beginning (`SHIP4`). What keeps a file from being read
(SHIP1xx to SHIP3xx) cannot be left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from specship.codes import CODES
from specship.errors import UnknownName, UnusableInput, did_you_mean
from specship.lint.registry import all_rules
from specship.lint.rule import Rule
from specship.specs.project import LintSettings


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """What is asked, and what is silenced."""

    settings: LintSettings
    select: tuple[str, ...] = ()
    """Codes of the command line; they replace those of the settings."""
    ignore: tuple[str, ...] = ()
    """Codes of the command line; they add to those of the settings."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that are asked."""
        chosen = self.select or self.settings.select
        return tuple(rule for code, rule in all_rules().items() if not chosen or _matches(code, chosen))

    def ignores(self, code: str) -> bool:
        """Whether the command line keeps a rule's findings from being shown."""
        return _matches(code, self.ignore)

    def silences(self, code: str, path: str) -> bool:
        """Whether the settings keep a rule's findings in a file from being shown."""
        return _matches(code, self.settings.ignore) or any(
            _matches(code, codes) and fnmatchcase(path, pattern)
            for pattern, codes in self.settings.per_file_ignores.items()
        )


def _matches(code: str, beginnings: Iterable[str]) -> bool:
    return any(code.startswith(beginning) for beginning in beginnings)


def check_codes(choice: RuleChoice) -> None:
    """Refuse codes that nothing has, and silencing what cannot be silenced.

    Raises:
        UnusableInput: the first such code, with the place it was given in.
    """
    settings, table = choice.settings, "pyproject.toml"
    _check(choice.select, "--select")
    _check(choice.ignore, "--ignore", silencing=True)
    _check(settings.select, f"{table} [tool.specship.lint] select")
    _check(settings.ignore, f"{table} [tool.specship.lint] ignore", silencing=True)
    for pattern, codes in settings.per_file_ignores.items():
        _check(codes, f"{table} [tool.specship.lint.per-file-ignores] {pattern!r}", silencing=True)


def _check(codes: Iterable[str], at: str, *, silencing: bool = False) -> None:
    rules = all_rules()
    for given in codes:
        if given and any(code.startswith(given) for code in rules):
            if silencing and any(code.startswith(given) for code in CODES):
                raise _not_silenced(given, at)
            continue
        if given and any(code.startswith(given) for code in CODES):
            if silencing:
                raise _not_silenced(given, at)
            continue
        raise UnknownName(
            f"no rule has the code {given!r}", at=at,
            mend=_nearest(given, rules) or f"there are: {', '.join(rules)}",
        )  # fmt: skip


def _nearest(given: str, rules: Mapping[str, Rule]) -> str:
    names = {rule.name: code for code, rule in rules.items()}
    return f"write {names[given]!r}" if given in names else did_you_mean(given, [*rules, *CODES])


def _not_silenced(given: str, at: str) -> UnusableInput:
    return UnusableInput(
        f"{given} cannot be ignored", at=at, why="a file with such a fault cannot be used",
        mend="name rules only: SHIP4...",
    )  # fmt: skip
