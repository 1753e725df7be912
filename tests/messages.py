"""Every message of the product in one list, read from its source: errors, findings, notes and what mends them.

`python -m tests.messages FILE.md` writes them as a page. `{name}` stands for what is filled in, `A / B` for one of
two texts.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.places import ROOT, SOURCE

ROOT_OF_ERRORS: Final = "SpecshipError"
FINDINGS: Final[dict[str, dict[Any, str]]] = {
    # what tells of something found: its texts by position, or by keyword
    "AmendmentFinding": {"what": "what", "why": "why", "mend": "mend"},
    "GuardReport": {"says": "what", "mend": "mend"},
    "Observed": {"says": "what", "rule": "why", "refute_by": "mend"},
    "Unusual": {"what": "what", "why": "why", "mend": "mend"},
    "Violation": {2: "what", 3: "mend", "message": "what", "mend": "mend"},
}
NOTES: Final = {"note", "notes.append", "warn"}
"""Calls whose first argument is told by the way."""


@dataclass(frozen=True)
class Message:
    """One text that a person may see."""

    kind: str
    """The error's class, the kind of finding, or `note`."""
    file: str
    line: int
    what: str
    where: str = ""
    why: str = ""
    mend: str = ""
    given: frozenset[str] = field(default_factory=frozenset)
    """Keywords of the call: what is worked out elsewhere has no text here."""

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(filter(None, (self.what, self.why, self.mend)))


@cache
def trees() -> dict[Path, ast.Module]:
    """Every module of the product."""
    return {path: ast.parse(path.read_text()) for path in sorted(SOURCE.rglob("*.py"))}


@cache
def classes() -> dict[str, tuple[str, ...]]:
    """Names of all classes with those of their bases."""
    return {
        node.name: tuple(name_of(base) for base in node.bases)
        for tree in trees().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


@cache
def errors() -> frozenset[str]:
    """Names of all classes of the tree of errors."""
    found = {ROOT_OF_ERRORS}
    while more := {name for name, bases in classes().items() if found & set(bases)} - found:
        found |= more
    return frozenset(found)


def name_of(node: ast.expr) -> str:
    """`a.b` of a name or an attribute; empty of anything else."""
    if isinstance(node, ast.Attribute):
        before = name_of(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return node.id if isinstance(node, ast.Name) else ""


def text_of(node: ast.expr | None, known: dict[str, ast.expr]) -> str:  # noqa: PLR0911 - a case an expression
    """What an expression says, as far as its source tells."""
    match node:
        case None:
            return ""
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(text_of(part, known) for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return text_of(left, known) + text_of(right, known)
        case ast.IfExp(body=one, orelse=other):
            return " / ".join(filter(None, (text_of(one, known), text_of(other, known))))
        case ast.BoolOp(op=ast.Or(), values=values):
            return " / ".join(filter(None, (text_of(value, known) for value in values)))
        case ast.Name(id=name) if name in known:
            return text_of(known[name], {other: value for other, value in known.items() if other != name})
        case ast.FormattedValue(value=ast.Constant(value=str(text))):
            return text
        case ast.FormattedValue(value=value):
            return f"{{{ast.unparse(value)}}}"
    return f"{{{ast.unparse(node)}}}"


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    found: dict[str, ast.expr] = {}
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, ast.Constant | ast.JoinedStr | ast.BinOp)
    }


def messages() -> Iterator[Message]:
    """All of them, by file and line."""
    kinds = errors()
    for path, tree in trees().items():
        known, file = _constants(tree), str(path.relative_to(ROOT))
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
            name = name_of(call.func)
            if name not in kinds and name not in FINDINGS and name not in NOTES:
                continue
            named = {word.arg: text_of(word.value, known) for word in call.keywords if word.arg}
            given = frozenset(named)
            first = text_of(call.args[0], known) if call.args else ""
            if name in kinds and (call.args or "at" in named):
                yield Message(
                    name, file, call.lineno, first, named.get("at", ""), named.get("why", ""),
                    named.get("mend", ""), given,
                )  # fmt: skip
            elif name in FINDINGS:
                told: dict[Any, str] = {
                    **{place: text_of(argument, known) for place, argument in enumerate(call.args)},
                    **named,
                }
                texts = {use: told[place] for place, use in FINDINGS[name].items() if place in told}
                if "what" in texts:
                    yield Message(name, file, call.lineno, **texts, given=given)
            elif name in NOTES and first:
                yield Message("note", file, call.lineno, first)


def page(found: list[Message]) -> str:
    """The list as a page, by kind."""
    lines = ["# Messages", "", f"{len(found)} texts that a person may see, from the source."]
    for kind in sorted({one.kind for one in found}):
        own = [one for one in found if one.kind == kind]
        lines += ["", f"## {kind} ({len(own)})"]
        for one in own:
            lines += ["", f"- `{one.file}:{one.line}`", f"  - {one.what}"]
            lines += [
                f"  - {name}: {text}"
                for name, text in (("where", one.where), ("why", one.why), ("mend", one.mend))
                if text
            ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(list(messages())))
