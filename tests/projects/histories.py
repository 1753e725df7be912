"""Git repositories with a history, written in one go: each branch is a commit upon the first one."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

Files = Mapping[str, str | None]
"""Text by path; None takes the file away."""
_WHO = "A Tester <tester@example.org> 1700000000 +0000"


def _blob(text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    return b"data %d\n%s\n" % (len(data), data)


def _commit(ref: str, files: Files, parent: str = "") -> bytes:
    lines = [f"commit refs/heads/{ref}\ncommitter {_WHO}\n".encode(), _blob(ref)]
    lines += [f"from {parent}\n".encode()] if parent else []
    for path, text in files.items():
        if text is None:
            lines.append(f"D {path}\n".encode())
        elif text.startswith("link to "):
            lines.append(f"M 120000 inline {path}\n".encode() + _blob(text.removeprefix("link to ")))
        elif text.startswith("submodule "):
            lines.append(f"M 160000 {text.removeprefix('submodule ')} {path}\n".encode())
        else:
            lines.append(f"M 100644 inline {path}\n".encode() + _blob(text))
    return b"".join(lines)


def git(folder: Path, *words: str, given: bytes = b"") -> str:
    """Run git as a person would, with no settings but the repository's own."""
    whole = ["git", "-c", "user.name=A Tester", "-c", "user.email=tester@example.org", *words]
    return (
        subprocess.run(whole, cwd=folder, input=given, capture_output=True, check=True)
        .stdout.decode()
        .strip()
    )


def history(folder: Path, base: Files, branches: Mapping[str, Files]) -> Path:
    """A repository whose branch `base` holds some files, and each other one a single commit more."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "base", ".")
    stream = [
        _commit("base", base),
        *(_commit(name, files, "refs/heads/base") for name, files in branches.items()),
    ]
    git(folder, "fast-import", "--quiet", given=b"".join(stream))
    return folder
