"""Digests: of files, of folders, of meaning and of code.

A digest of meaning is taken over strings, whole numbers below 2**53 and decimal text, never
over binary floats, so that it is the same on every machine (`4.7` and `4.70` agree).
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import io
import json
import tokenize
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


def canonical(value: Any) -> Any:
    """A value with every float as decimal text and every mapping with text keys.

    Raises:
        ValueError: a float that is not finite, or a type that has no canonical form.
    """
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) < 2**53 else f"int:{value}"
        case float():
            decimal = Decimal(repr(value))
            if not decimal.is_finite():
                raise ValueError(f"{value!r} has no canonical form")
            return f"decimal:{decimal.normalize():f}"
        case dict():
            return {str(key): canonical(item) for key, item in value.items()}
        case list() | tuple():
            return [canonical(item) for item in value]
        case set() | frozenset():
            return sorted(canonical(item) for item in value)
    raise ValueError(f"{type(value).__name__} has no canonical form")


def digest_of(meaning: Any) -> str:
    """Hex sha256 of the canonical JSON of plain values; key order does not matter."""
    text = json.dumps(canonical(meaning), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256_bytes(text.encode())


def code_text(source: str) -> str:
    """Python source without comments, docstrings and blank lines: what can change behaviour."""
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None):
            continue
        text = node.body[0]
        # A one-line body holding only a docstring shares its line with the `def`; leave that alone.
        if text.lineno == getattr(node, "lineno", 0):
            continue
        for row in range(text.lineno, (text.end_lineno or text.lineno) + 1):
            lines[row - 1] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _imports_of(tree: ast.Module, module: str) -> set[str]:
    """Names of specship modules that a module imports, at any depth of its code."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    root = module.split(".", 1)[0]
    return {name for name in found if name.split(".", 1)[0] == root}


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
    return sha256_bytes(code_text(source).encode()), frozenset(_imports_of(ast.parse(source), module))


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
