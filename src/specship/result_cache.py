"""Answers of earlier runs, recalled while nothing that they depend on has changed.

    found = project_files(Path.cwd())
    key = inputs_digest(found, "lint", *options)
    answer = recall(answers() / "lint.json", key)

The key covers every file that a project's reading begins from (pyproject.toml, contracts, spec,
profiles, amendments, own probes and faults, the report of an untrained model), the code of specship,
the Python version and the installed distributions. Where a doubt is left there is no key, and
whoever asks computes the answer again. An answer saves time and proves nothing: it lies outside of every
checkout, where no commit can put one, and evidence is never kept there all the same.

Nothing heavy is imported: a recalled answer costs the reading of files and little else. Where a project names
distributions that bring probes, nothing is recalled: what they declare lies out of sight.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

from specship.errors import UnusableInput
from specship.settings_file import find_table

_FORMAT: Final = 1
_LARGEST_INPUT_BYTES: Final = 64 << 20
_LARGEST_ANSWER_BYTES: Final = 64 << 20

_NEAR_NS: Final = 60_000_000_000
"""Clocks of files are coarse, and another machine's may go wrong by seconds."""
_READ: Final[dict[tuple[Any, ...], bytes]] = {}
"""The digest of our own code as this process last read it, by the state of its files."""


class _Doubt(Exception):
    """Something that an answer may depend on cannot be seen, so that no key can be given."""


def answers() -> Path:
    """The user's own folder of answers. Source: XDG_CACHE_HOME of the XDG Base Directory Specification."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - as the shell
    return Path(home) / "specship"


class ProjectFiles(NamedTuple):
    """Where a project is, and the files that everything about it is computed from."""

    root: Path
    files: tuple[str, ...]
    """Paths within the project, sorted."""
    folder: str = "contracts"
    """Of contracts, as the settings write it."""

    @property
    def contracts(self) -> tuple[str, ...]:
        """The contract files: those of their folder itself, with the suffix that is read."""
        start = f"{self.folder}/"
        return tuple(
            name
            for name in self.files
            if name.startswith(start) and name.endswith(".yaml") and "/" not in name[len(start) :]
        )


def project_files(start: Path) -> ProjectFiles | None:
    """The inputs of the project at or above a folder; None without one, or where its table is in doubt."""
    try:
        found = find_table(start.resolve())
    except UnusableInput:
        return None
    return _files_of(found.root.resolve(), found.table) if found is not None else None


def _files_of(root: Path, table: dict[str, Any]) -> ProjectFiles | None:
    """None where a value of the table is of another type than the reader of settings wants."""
    lint = table.get("lint", {})
    untrained = lint.get("untrained") if isinstance(lint, dict) else None
    folder = table.get("contracts", "contracts")
    folders = (
        (folder, (".yaml", ".yml")),
        (table.get("spec", ""), (".yaml", ".yml")),
        (table.get("probes", ""), (".py",)),
        (table.get("faults", ""), (".py",)),
        (table.get("stages", ""), (".py",)),
        (table.get("waivers", "waivers"), (".yaml", ".yml")),
    )
    if table.get("probe_distributions"):  # what they declare lies out of sight
        return None
    names = (*(name for name, _ in folders), untrained or "")
    if not all(isinstance(name, str) and "\0" not in name for name in names):
        return None
    found = ["pyproject.toml", *([untrained] if untrained else [])]
    try:
        for name, endings in folders:
            found += _walk(root, name, endings) if name else ()
    except _Doubt:
        return None
    return ProjectFiles(root, tuple(sorted(set(found))), folder)


def _walk(root: Path, name: str, endings: tuple[str, ...]) -> list[str]:
    """Files of a folder and those below it.

    Raises:
        _Doubt: a link to a folder, which some readers follow and others do not, or a folder that is
            called like a file.
    """
    base = os.path.join(root, name)  # noqa: PTH118 - thousands of names, as text
    found = []
    for folder, below, files in os.walk(base):
        if any(entry.endswith(endings) or os.path.islink(f"{folder}/{entry}") for entry in below):  # noqa: PTH114
            raise _Doubt(folder)
        inside = name + folder[len(base) :]
        found += [f"{inside}/{file}" for file in files if file.lower().endswith(endings)]
    return found


def inputs_digest(inputs: ProjectFiles | None, *options: str) -> str | None:
    """The key of an answer; None where it cannot be known what the answer depends on.

    `options` is whatever the question was beside its files.
    """
    if inputs is None:
        return None
    digest = hashlib.sha256()
    try:
        _feed(digest, str(_FORMAT), sys.version, str(inputs.root), *options)
        _feed(digest, "installed", *_installed())
        _feed(digest, "code", _code())
        for name in inputs.files:
            path = str(inputs.root / name)
            _feed(digest, name, os.path.realpath(path) if os.path.islink(path) else "", _content(path))  # noqa: PTH114
    except (_Doubt, OSError):
        return None
    return digest.hexdigest()


def _code() -> bytes:
    """Digest of specship's own code, read again only when a file of it was touched.

    Nobody sets the time of a file's last change. Where that lies so near that another change could have the
    same, nothing is kept.

    Raises:
        _Doubt, OSError: a file of it cannot be read.
    """
    began = time.time_ns()
    code = Path(__file__).parent
    names = sorted(_walk(code, ".", (".py",)))
    about = [os.stat(f"{code}/{name}") for name in names]  # noqa: PTH116 - hundreds of names, as text
    state = (*names, *((one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns) for one in about))
    if state not in _READ:
        digest = hashlib.sha256()
        for name in names:
            _feed(digest, name, _content(f"{code}/{name}"))
        if began - max(one.st_ctime_ns for one in about) < _NEAR_NS:
            return digest.digest()
        _READ.clear()
        _READ[state] = digest.digest()
    return _READ[state]


def _feed(digest: Any, *parts: str | bytes) -> None:
    """Parts with their lengths, so that no two lists of parts look alike."""
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(b"%d:" % len(data))
        digest.update(data)


def content_digest(path: str) -> str:
    """Digest of a regular file's bytes; empty for what is a link, absent, very long or no such file."""
    try:
        data = None if os.path.islink(path) else _bytes_of(path, _LARGEST_INPUT_BYTES)  # noqa: PTH114
    except OSError:
        data = None
    return "" if data is None else bytes_digest(data)


def bytes_digest(data: bytes) -> str:
    """The digest that a file with these bytes has."""
    return hashlib.sha256(data).hexdigest()


def _content(path: str) -> bytes:
    """Digest of a regular file's bytes, or a word of its absence.

    Raises:
        _Doubt: it is there and is no regular file, or a very long one.
        OSError: it is there and cannot be read.
    """
    try:
        data = _bytes_of(path, _LARGEST_INPUT_BYTES)
    except FileNotFoundError:
        return b"absent"
    if data is None:
        raise _Doubt(path)
    return hashlib.sha256(data).digest()


def _bytes_of(path: str, most: int) -> bytes | None:
    """The bytes of a regular file that is not too long; anything else is None, and never waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > most:
            return None
        data = b""
        while more := os.read(descriptor, about.st_size + 1):
            data += more
        return data
    finally:
        os.close(descriptor)


def _installed() -> list[str]:
    """Names and versions of the installed distributions, as their folders are called."""
    found = []
    for place in sys.path:
        with contextlib.suppress(OSError), os.scandir(place or ".") as entries:
            found += [entry.name for entry in entries if entry.name.endswith((".dist-info", ".egg-info"))]
    return sorted(found)


def recall(path: Path, key: str | None) -> Any:
    """The answer that was remembered under a key; None where there is none that can be trusted."""
    if key is None:
        return None
    try:
        data = _bytes_of(str(path), _LARGEST_ANSWER_BYTES)
        kept = json.loads(data) if data is not None else None
        if not isinstance(kept, dict) or kept.keys() != {"format", "key", "sha256", "answer"}:
            return None
        text = kept["answer"]
        if (kept["format"], kept["key"]) != (_FORMAT, key) or not isinstance(text, str):
            return None
        return json.loads(text) if hashlib.sha256(text.encode()).hexdigest() == kept["sha256"] else None
    except (OSError, ValueError, RecursionError):
        return None


def remember(path: Path, key: str | None, answer: Any) -> bool:
    """Keep an answer of plain JSON values in place of the one before; False where it could not be kept.

    Take the key again after computing the answer and hand it over only when it is the same: a file
    that changed in between would else speak for what it no longer says.
    """
    if key is None:
        return False
    from specship.errors import CannotWrite
    from specship.files import write_file

    text = json.dumps(answer)
    kept = {
        "format": _FORMAT, "key": key, "sha256": hashlib.sha256(text.encode()).hexdigest(), "answer": text
    }  # fmt: skip
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(path, json.dumps(kept) + "\n")
    except (CannotWrite, OSError):
        return False
    return True
