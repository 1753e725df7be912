"""Digests: of files, of folders, of meaning and of code.

A digest of meaning is taken over strings, whole numbers below 2**53 and decimal text, never
over binary floats, so that it is the same on every machine (`4.7` and `4.70` agree, `0.0` and `-0.0`
too). A whole number, a decimal one, a text and a truth value never agree.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

_CHUNK_BYTES = 1 << 20


def sha256_bytes(data: bytes) -> str:
    """Hex sha256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex sha256 of a file, streamed."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


_MARKS = ("int:", "decimal:", "text:")
"""What canonical texts of numbers begin with; a text that begins so by itself is marked too."""


def canonical(value: Any) -> Any:
    """A value as plain JSON, in which numbers that a reader could round are marked texts.

    Raises:
        ValueError: a float that is not finite, a key that is no text, or a type without canonical form.
    """
    match value:
        case None | bool():
            return value
        case str():
            return f"text:{value}" if value.startswith(_MARKS) else value
        case int():
            return value if abs(value) < 2**53 else f"int:{value}"
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value!r} has no canonical form")
            # Adding 0.0 turns -0.0, which equals it, into it.
            return f"decimal:{Decimal(repr(value + 0.0)).normalize():f}"
        case dict() if all(isinstance(key, str) for key in value):  # else 1 and "1" would be one key
            return {str(key): canonical(item) for key, item in value.items()}
        case list() | tuple():
            return [canonical(item) for item in value]
        case set() | frozenset():
            return sorted((canonical(item) for item in value), key=json.dumps)
    raise ValueError(f"{type(value).__name__} has no canonical form")


def digest_of(meaning: Any) -> str:
    """Hex sha256 of the canonical JSON of plain values; key order does not matter."""
    text = json.dumps(canonical(meaning), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256_bytes(text.encode())


def code_shape(source: str) -> str:
    """What a Python source means: its syntax tree without positions, comments and docstrings.

    Fields that are empty or absent are left out, so that Python versions whose trees have more
    fields agree. A module that reads `__doc__` anywhere keeps its docstrings: there they are data.

    Raises:
        SyntaxError: the source is no Python.
    """
    tree = ast.parse(source)
    if "__doc__" not in source:
        for node in ast.walk(tree):
            if isinstance(node, _DOCUMENTED):
                node.body = [statement for statement in node.body if not _is_prose(statement)]
    return _shape(tree)


def _is_prose(statement: ast.stmt) -> bool:
    """Whether a statement is a text by itself: a docstring, of a field too. It does nothing."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def _shape(value: Any) -> str:
    if isinstance(value, ast.AST):
        fields = ((name, item) for name, item in ast.iter_fields(value) if item is not None and item != [])
        inside = ",".join(f"{name}={_shape(item)}" for name, item in fields if name != "kind")
        return f"{type(value).__name__}({inside})"
    if isinstance(value, list):
        return f"[{','.join(_shape(item) for item in value)}]"
    return f"{type(value).__name__}:{value!r}"


def _imports_of(tree: ast.Module, module: str) -> set[str]:
    """Names of specship modules that a module imports, at any depth of its code."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # `from .x import y` in a.b.c means a.b.x; in a package's own __init__ it means a.b.c.x, and
            # both are tried: a name that is no module is skipped later.
            parents = module.split(".")
            bases = [parents[: len(parents) - node.level], parents[: len(parents) - node.level + 1]]
            for base in bases if node.level else [[]]:
                name = ".".join([*base, *((node.module or "").split("."))]).strip(".")
                found.add(name)
                found |= {f"{name}.{alias.name}" for alias in node.names}
    root = module.split(".", 1)[0]
    return {name for name in found if name.split(".", 1)[0] == root}


def imported_modules(source: str, root: str) -> set[str]:
    """Names of modules of a root package that a source imports."""
    return {name for name in _imports_of(ast.parse(source), root) if name.split(".", 1)[0] == root}


def _source_of(module: str) -> Path | None:
    """The file of a module, found without importing anything but its root package."""
    root, *parts = module.split(".")
    spec = importlib.util.find_spec(root)
    if spec is None or not spec.submodule_search_locations:
        return Path(spec.origin) if spec and spec.origin and spec.origin.endswith(".py") else None
    base = Path(spec.submodule_search_locations[0]).joinpath(*parts)
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if parts and path.is_file():
            return path
    return None


@functools.cache
def _parsed(path: Path, module: str) -> tuple[str, frozenset[str]]:
    source = path.read_text(encoding="utf-8")
    return sha256_bytes(code_shape(source).encode()), frozenset(_imports_of(ast.parse(source), module))


@functools.cache
def code_digest(module: str) -> str:
    """Digest of a module's code and of every module of the same package that it imports.

    Comments and docstrings do not count. This is what makes a measurement stale when the code
    that took it changes, without anybody having to remember to raise a version.
    """
    pending, seen = [module], {}
    while pending:
        name = pending.pop()
        if name in seen or (path := _source_of(name)) is None:
            continue
        seen[name], imports = _parsed(path, name)
        pending.extend(imports)
    return digest_of(seen)
