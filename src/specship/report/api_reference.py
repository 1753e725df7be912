"""The page of the Python face, made from the table of public names and their docstrings.

python -m specship.report.api_reference > docs/api.md
"""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import specship

_OPENING: Final = """\
# The Python face

What a project's own probes, faults and scripts may use.

    from specship import Artifact, Figures, probe

Nothing else is promised: modules move, these names stay. Each is imported from its home when it is first
asked for; `import specship` costs nothing and brings no torch. A probe's evidence becomes stale when the code
behind such a name changes, as it does with any other import.

<!-- Made by `python -m specship.report.api_reference > docs/api.md`; a test compares the two. -->
"""
_SECTION: Final = re.compile(r"^(Raises|Units|Shapes|Source|Args|Returns):", re.MULTILINE)


def reference_page() -> str:
    """Every public name under the heading of its group, with its form and its docstring."""
    parts = [_OPENING]
    for title, names in groups().items():
        parts += [f"## {title}\n", *(_entry(name) for name in names)]
    return "\n".join(parts)


def groups() -> dict[str, list[str]]:
    """The public names by the comment that stands above them in the table."""
    source = Path(inspect.getfile(specship)).read_text(encoding="utf-8")
    table = source.split("PUBLIC: Final", 1)[1].split("\n}", 1)[0]
    found: dict[str, list[str]] = {}
    for line in table.splitlines()[1:]:
        text = line.strip()
        if text.startswith("#"):
            found[text.removeprefix("# ")] = []
        else:
            found[list(found)[-1]].append(text.split('"')[1])
    return found


def docstring(name: str) -> str:
    """What a public name says of itself; of an alias, the text below it in its home."""
    value = getattr(specship, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        return inspect.cleandoc(value.__doc__ or "")
    home = Path(str(sys.modules[specship.PUBLIC[name]].__file__)).read_text(encoding="utf-8")
    body = ast.parse(home).body
    for statement, text in itertools.pairwise(body):
        assigned = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if isinstance(assigned, ast.Name) and assigned.id == name and isinstance(text, ast.Expr):
            return inspect.cleandoc(str(ast.literal_eval(text.value)))
    return ""


def _entry(name: str) -> str:
    value = getattr(specship, name)
    lines = [
        f"### {name}",
        "",
        f"`{_form(name, value)}` in `{specship.PUBLIC[name]}`",
        "",
        *_prose(docstring(name)),
    ]
    fields = list(_fields(value))
    return "\n".join([*lines, *(["", *fields] if fields else []), ""])


def _form(name: str, value: Any) -> str:
    if inspect.isfunction(value):
        made = ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]
        if isinstance(made, ast.FunctionDef) and made.returns is not None:
            return f"{name}({ast.unparse(made.args)}) -> {ast.unparse(made.returns)}"
    return f"class {name}" if inspect.isclass(value) else name


def _prose(text: str) -> Iterator[str]:
    """A docstring as Markdown: what it raises as a list, its sections in italics."""
    raising = False
    for line in text.splitlines():
        if line == "Raises:":
            raising = True
            yield from ("*Raises*", "")
        elif raising and re.match(r"^ {4}\S", line):
            error, _, why = line.strip().partition(": ")
            yield f"- `{error}`: {why}"
        elif raising and line.startswith("        "):
            yield f"  {line.strip()}"
        else:
            raising = raising and not line
            yield _SECTION.sub(r"*\1:*", line)


def _fields(value: Any) -> Iterator[str]:
    """The fields of a record with the texts below them, as its source has them."""
    if not inspect.isclass(value):
        return
    body = ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for statement, text in zip(statements, [*statements[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            field = statement.target.id
            said = text.value if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) else None
            if not field.startswith("_") and field != "model_config":
                about = " ".join(str(said.value).split()) if said is not None else ""
                yield f"- `{field}: {ast.unparse(statement.annotation)}`" + (f" {about}" if about else "")


if __name__ == "__main__":
    sys.stdout.write(reference_page())
