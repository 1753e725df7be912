"""Edits of pyproject.toml that change what they are meant to change, and nothing else.

The text is edited as text, so that comments stay; then both texts are read as TOML, and the edit is
refused unless the new one says exactly what the old one said and the addition.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from specship.errors import UnusableInput
from specship.settings_file import FILE, parse_toml, read_toml_text
from specship.suite.scaffold.placing import Draft

_HEADER: Final = re.compile(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*specship[ \t]*\][^\n]*$", re.MULTILINE)
_PATHS: Final = re.compile(r"^[ \t]*testpaths[ \t]*=[ \t]*\[", re.MULTILINE)


def with_project(root: Path, name: str, *, own: bool = True) -> tuple[Draft, tuple[str, ...]]:
    """pyproject.toml with the table of a new project, and what is left for a person to do.

    `own` names folders for the project's own probes and faults.

    Raises:
        UnusableInput: the file has the table already, or cannot be extended safely.
    """
    path = root / FILE
    old = _text(path) if path.is_symlink() or path.exists() else None
    given = parse_toml(old or "", path)
    tools = given.get("tool", {})
    if isinstance(tools, dict) and "specship" in tools:
        raise UnusableInput(
            "there is a project here already: [tool.specship]", at=path,
            mend="add to it: specship new contract NAME",
        )  # fmt: skip
    settings = {"spec": f"specs/{name}", "contracts": "contracts", "profile": "rehearsal"}
    settings |= {"probes": "probes", "faults": "faults"} if own else {}
    wanted = copy.deepcopy(given)
    wanted.setdefault("tool", {})["specship"] = settings
    text = _joined(old, _table(name, own=own))
    text, notes = _with_tests(text, wanted, root)
    _insist(text, wanted, path, "append the table [tool.specship] by hand")
    return Draft(FILE, text, instead_of=old), notes


def with_folder(root: Path, key: str, folder: str) -> Draft:
    """pyproject.toml with a folder of the project's own files (`probes`, `faults`) named in it.

    Raises:
        UnusableInput: there is a folder of that name with Python files in it, or no safe edit.
    """
    path = root / FILE
    line = f'{key} = "{folder}"'
    if any((root / folder).glob("*.py")):
        raise UnusableInput(
            f"the folder {folder}/ holds Python files, and the project does not say that they are {key}",
            at=path, why="every file of it would be imported", mend=f"add `{line}` to [tool.specship]",
        )  # fmt: skip
    old = _text(path)
    wanted = parse_toml(old, path)
    wanted["tool"]["specship"][key] = folder
    header = _HEADER.search(old)
    end = header.end() if header else 0
    text = f"{old[:end]}\n{line}{old[end:]}" if header else old
    _insist(text, wanted, path, f"add `{line}` to [tool.specship]")
    return Draft(FILE, text, instead_of=old)


def _text(path: Path) -> str:
    try:
        return read_toml_text(path.read_bytes(), path)
    except OSError as error:
        raise UnusableInput(f"cannot read: {error.strerror}", at=path) from error


def _insist(text: str, wanted: dict[str, Any], path: Path, mend: str) -> None:
    """Refuse an edit that says anything but what is wanted."""
    try:
        same = tomllib.loads(text) == wanted
    except (tomllib.TOMLDecodeError, RecursionError):
        same = False
    if not same:
        raise UnusableInput("the file cannot be extended safely", at=path, mend=mend)


def _joined(old: str | None, table: str) -> str:
    if not old:
        return table
    return old + ("" if old.endswith("\n") else "\n") + "\n" + table


def _table(name: str, *, own: bool) -> str:
    table = f"""\
[tool.specship]
spec = "specs/{name}"    # folder with spec.yaml, profiles/ and amendments/
contracts = "contracts"  # every *.yaml in it is a contract
profile = "rehearsal"    # the profile when none is asked for
"""
    return table + _OWN if own else table


_OWN: Final = """\
probes = "probes"        # your own probes, found by scanning this folder
faults = "faults"        # your own faults, one file each
"""


def _with_tests(text: str, wanted: dict[str, Any], root: Path) -> tuple[str, tuple[str, ...]]:
    """The text with `contracts` among pytest's paths, which `wanted` is brought to agree with."""
    note = 'pytest looks elsewhere for tests: add "contracts" to its `testpaths`'
    if (root / "pytest.ini").exists() or (root / ".pytest.ini").exists():
        return text, (note,)
    tools = wanted["tool"]
    if "pytest" not in tools:
        tools["pytest"] = {"ini_options": {"testpaths": ["contracts"]}}
        return text + '\n[tool.pytest.ini_options]\ntestpaths = ["contracts"]\n', ()
    pytest_table = tools["pytest"] if isinstance(tools["pytest"], dict) else {}
    options = pytest_table.get("ini_options", pytest_table)
    paths = options.get("testpaths") if isinstance(options, dict) else None
    if not paths:
        return text, ()  # pytest then looks through the whole folder
    found = _PATHS.findall(text)
    if not isinstance(paths, list) or len(found) != 1:
        return text, (note,)
    changed = _PATHS.sub(lambda match: f"{match[0]}{json.dumps('contracts')}, ", text)
    paths.insert(0, "contracts")
    return changed, ()
