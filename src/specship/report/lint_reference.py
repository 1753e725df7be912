"""The reference page of lint, made from the rules themselves."""

from __future__ import annotations

from specship.codes import CODES, Code
from specship.lint.registry import all_rules
from specship.lint.rule import Rule

_OPENING = """\
# specship lint

<!-- Made by `specship lint --list > docs/lint.md`; a test compares the two. -->

    specship lint [PATH...] [--format text|json|github|sarif] [--select CODES] [--ignore CODES]
                  [--fix] [--no-cache]

Everything is read whatever PATH says, because rules look across files; PATH chooses whose findings are
shown. Exit status: 0 without findings, 1 with findings of rules, 2 when a file cannot be used.

`--select` and `--ignore` take codes or beginnings of codes, several with commas. `--fix` makes the edits
that change no meaning, keeps everything else in the file, and reports what is left. The answer is kept in
`~/.cache/specship`, where no commit reaches, and printed again while no input has changed.

```toml
[tool.specship.lint]
select = ["SHIP4"]                 # default: every rule
ignore = ["SHIP406"]               # findings are counted and not shown
untrained = "untrained.json"       # report of a model that was never trained, for SHIP409 and SHIP410

[tool.specship.lint.per-file-ignores]
"contracts/draft-*.yaml" = ["SHIP403"]
```
"""


def reference_page() -> str:
    """Every rule with its reason and examples, then the codes of what keeps a file from being read."""
    rules = all_rules()
    table = ["", "| code | rule | why | `--fix` |", "| --- | --- | --- | --- |"]
    table += [
        f"| [{rule.code}](#{_anchor(rule)}) | {rule.name} | {rule.summary} | {_yes(rule.fixable)} |"
        for rule in rules.values()
    ]
    faults = ["## What keeps a file from being used", "", "These cannot be silenced.", ""]
    faults += ["| code | name | why | bad | good |", "| --- | --- | --- | --- | --- |"]
    faults += [_row(code) for code in CODES.values()]
    parts = [
        _OPENING,
        "\n".join(table),
        "",
        *map(_section, rules.values()),
        "\n".join(faults),
        "",
    ]
    return "\n".join(parts)


def _yes(truth: bool) -> str:
    return "yes" if truth else ""


def _anchor(rule: Rule) -> str:
    return f"{rule.code.lower()}-{rule.name}"


def _section(rule: Rule) -> str:
    fix = ["", "Mended by `--fix`."] if rule.fixable else []
    return "\n".join([
        f"## {rule.code} {rule.name}", "", rule.explanation, *fix, "",
        "Bad:", "", "```yaml", rule.bad, "```", "", "Good:", "", "```yaml", rule.good, "```", "",
    ])  # fmt: skip


def _row(code: Code) -> str:
    cells = (code.code, code.name, code.why, f"`{code.bad}`", f"`{code.good}`")
    return "| " + " | ".join(cell.replace("\n", " ⏎ ").replace("|", "\\|") for cell in cells) + " |"
