"""Git objects, read by a git that sees nothing of the repository's own configuration.

One `git cat-file --batch` answers everything. It works in a folder of our own, in which only the objects, the
refs and HEAD are those of the repository: no configuration, hook, filter, alias or remote of it is ever read,
so that none can run anything or change what is shown. Each object is hashed again when it arrives.

Source: https://git-scm.com/docs/gitrepository-layout and https://git-scm.com/docs/git-cat-file.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

from specship import bounds
from specship.errors import RequirementMissing, UnusableInput

Mode = int
FOLDER: Final[Mode] = 0o040000
LINK: Final[Mode] = 0o120000
SUBMODULE: Final[Mode] = 0o160000
_SHARED: Final = ("objects", "refs", "packed-refs", "shallow")
_OWN: Final = ("logs",)
_COPIED: Final = ("HEAD", "ORIG_HEAD", "FETCH_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD")
"""Small files; git takes a HEAD that is a link for something else."""
_MOST_ASKED_AT_ONCE: Final = 256
"""Names sent before answers are read; more could fill both pipes, and both sides would wait."""
_MEMORY: Final = "/dev/shm"  # noqa: S108 - a folder with a name of its own is made in there
"""Where private files of a second lie, on machines that have it."""
_SYSTEM: Final = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin", "/run/current-system/sw/bin")
"""Folders that no user may write into, where a system has its git."""
_FORMAT: Final = re.compile(r"^\s*objectformat\s*=\s*\"?(sha1|sha256)\"?\s*$", re.IGNORECASE | re.MULTILINE)


class Entry(NamedTuple):
    """One name in a folder of a tree."""

    mode: Mode
    oid: str
    """Of a file's bytes or of a folder's list; git's own."""


class Found(NamedTuple):
    """An object as git stores it."""

    oid: str
    kind: str
    data: bytes


def blob_oid(data: bytes, algorithm: str) -> str:
    """The id that git gives to a file's bytes."""
    return _oid("blob", data, algorithm)


def _oid(kind: str, data: bytes, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    digest.update(f"{kind} {len(data)}\0".encode())
    digest.update(data)
    return digest.hexdigest()


class Repository:
    """The objects of one repository."""

    def __init__(self, top: Path, git: str, shadow: Path, common: Path) -> None:
        self.top = top
        """The folder of the working tree, without links; a bare repository's own, which has none."""
        self.bare = common == top
        self.algorithm = "sha256" if _format_of(common) == "sha256" else "sha1"
        self.shallow = (common / "shallow").exists()
        self._git = git
        self._environment = _environment(shadow, _incoming(common))
        self._shadow = shadow
        self._folders: dict[str, dict[str, Entry]] = {}
        self._child: subprocess.Popen[bytes] | None = None

    def private(self, name: str) -> Path:
        """A folder that only this process sees, and that goes when the repository is closed."""
        folder = self._shadow.parent / name
        folder.mkdir(parents=True)
        return folder

    def commit(self, revision: str) -> tuple[str, str]:
        """The ids of a commit and of its tree.

        Raises:
            UnusableInput: there is no such revision here.
        """
        found = None
        if revision and revision.isprintable():
            (found,) = self._ask([f"{revision}^{{commit}}"])
        if found is None or found.kind != "commit":
            raise UnusableInput(
                f"there is no revision {revision!r} here",
                why="this clone is shallow: older commits were left out" if self.shallow else "",
                mend="fetch the history first: `git fetch --unshallow`"
                if self.shallow
                else "name a commit, branch or tag that `git log` shows",
            )
        head = found.data.partition(b"\n")[0].split()
        return found.oid, head[1].decode()

    def merge_base(self, one: str, other: str) -> str:
        """The commit from which two went apart.

        Raises:
            UnusableInput: they share no history here.
        """
        done = self._run("merge-base", one, other)
        if done.returncode:
            raise UnusableInput(
                f"{one[:12]} and {other[:12]} share no history here",
                why="this clone is shallow: older commits were left out" if self.shallow else "",
                mend="fetch the history first: `git fetch --unshallow`"
                if self.shallow
                else "compare them with two dots",
            )
        return done.stdout.decode().strip()

    def staged(self) -> dict[str, Entry]:
        """The files of the index by path.

        Raises:
            UnusableInput: a merge is not finished, or the index cannot be read.
        """
        self.insist_on_files("the index")
        done = self._run("ls-files", "--stage", "-z")
        if done.returncode:
            raise UnusableInput("the index cannot be read", mend="see what `git status` says")
        found = {}
        for line in done.stdout.split(b"\0")[:-1]:
            facts, _, name = line.partition(b"\t")
            mode, oid, stage = facts.split()
            path = os.fsdecode(name)
            if stage != b"0":
                raise UnusableInput(
                    "two sides of a merge are still apart", at=path, mend="resolve it, and `git add` the file"
                )
            found[path] = Entry(int(mode, 8), oid.decode())
        return found

    def insist_on_files(self, side: str) -> None:
        """Whether there are files beside the commits.

        Raises:
            UnusableInput: the repository is bare.
        """
        if self.bare:
            raise UnusableInput(
                f"{side} is not in a bare repository", at=self.top, mend="compare two revisions: BASE..HEAD"
            )

    def untracked(self) -> tuple[str, ...]:
        """Files of the working tree by path, but for those that a `.gitignore` of it passes over.

        No index is read, so that files of HEAD are among them; and nobody's own lists of what to ignore are.
        """
        words = ("-c", "core.bare=false", "ls-files", "--others", "-z", "--exclude-per-directory=.gitignore")
        done = self._run(*words, worktree=True)
        if done.returncode:
            raise UnusableInput(
                "the working tree cannot be listed", at=self.top, mend="see what `git status` says"
            )
        return tuple(os.fsdecode(name) for name in done.stdout.split(b"\0")[:-1])

    def commits(self) -> Iterator[tuple[str, tuple[str, ...], int]]:
        """Every commit that HEAD follows, parents first: its id, its parents, and its seconds since 1970."""
        done = self._run("log", "--topo-order", "--reverse", "--format=%H %ct %P", "HEAD")
        for line in done.stdout.decode().splitlines():
            commit, seconds, *parents = line.split()
            yield commit, tuple(parents), int(seconds)

    def added(self, folder: str) -> Iterator[tuple[str, str]]:
        """Each commit that HEAD follows and that added a file to a folder, with the file's path."""
        done = self._run(
            "log", "--full-history", "-m", "--no-renames", "--diff-filter=A", "--name-only",
            "--format=%x00%H%x00", "-z", "HEAD", "--", folder,
        )  # fmt: skip
        commit = ""
        for part in done.stdout.split(b"\0"):
            text = os.fsdecode(part).strip("\n")
            if _is_oid(text):
                commit = text
            elif text and commit:
                yield commit, text

    def folder(self, tree: str) -> dict[str, Entry]:
        """What a folder holds, by name."""
        if tree not in self._folders:
            (found,) = self._ask([tree])
            if found is None:
                raise self._missing(tree)
            self._folders[tree] = dict(_entries(found.data, len(found.oid) // 2))
        return self._folders[tree]

    def blobs(self, oids: list[str]) -> dict[str, bytes]:
        """The bytes of files by their ids.

        Raises:
            UnusableInput: one is not here.
        """
        found = {}
        for oid, entry in zip(oids, self._ask(oids), strict=True):
            if entry is None:
                raise self._missing(oid)
            found[oid] = entry.data
        return found

    def _missing(self, oid: str) -> UnusableInput:
        return UnusableInput(
            f"the object {oid} is not here",
            why="the clone is partial, or damaged; nothing is fetched while a change is reviewed",
            mend="fetch it first: `git fetch --refetch`, or `git fsck`",
        )

    def _ask(self, names: list[str]) -> list[Found | None]:
        child = self._started()
        assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - both are pipes
        found: list[Found | None] = []
        for start in range(0, len(names), _MOST_ASKED_AT_ONCE):
            part = names[start : start + _MOST_ASKED_AT_ONCE]
            child.stdin.write("".join(f"{name}\n" for name in part).encode("utf-8", "surrogateescape"))
            child.stdin.flush()
            found += [self._answer(child.stdout, name) for name in part]
        return found

    def _answer(self, stream: IO[bytes], name: str) -> Found | None:
        line = stream.readline()
        if not line:
            raise UnusableInput(
                "git ended while it was read from", at=self.top, mend="see what `git fsck` says"
            )
        words = line.split()
        if len(words) != 3 or words[1] not in {b"blob", b"tree", b"commit", b"tag"}:
            return None  # missing, or ambiguous
        oid, kind, size = words[0].decode(), words[1].decode(), int(words[2])
        if size > bounds.GIT_OBJECT_BYTES:
            raise UnusableInput(
                f"the object {oid} has {size} bytes; at most {bounds.GIT_OBJECT_BYTES} are read",
                mend="take the file out of the history that is reviewed, or keep it in Git LFS",
            )
        data = stream.read(size + 1)[:-1]
        if _oid(kind, data, self.algorithm) != oid or (_is_oid(name) and name != oid):
            raise UnusableInput(
                f"the object {oid} has other bytes than its name says",
                at=self.top,
                why="an object is named by the digest of what it holds",
                mend="see what `git fsck` says",
            )
        return Found(oid, kind, data)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            self._child = subprocess.Popen(  # noqa: S603 - our own words only
                [self._git, "--no-replace-objects", "cat-file", "--batch"],
                env=self._environment,
                cwd=self._shadow,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._child

    def _run(self, *words: str, worktree: bool = False) -> subprocess.CompletedProcess[bytes]:
        more = {"GIT_WORK_TREE": str(self.top), "GIT_INDEX_FILE": str(self._shadow / "no-index")}
        return subprocess.run(  # noqa: S603 - names of objects, which begin with no dash
            [self._git, "--no-replace-objects", *words],
            env={**self._environment, **(more if worktree else {})},
            cwd=self.top if worktree else self._shadow,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.communicate()


def _is_oid(name: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", name) is not None


def _entries(data: bytes, oid_bytes: int) -> Iterator[tuple[str, Entry]]:
    """The entries of a tree object: mode, a blank, name, NUL, id."""
    at = 0
    while at < len(data):
        end = data.index(b"\0", at)
        mode, _, name = data[at:end].partition(b" ")
        at = end + 1 + oid_bytes
        yield os.fsdecode(name), Entry(int(mode, 8), data[end + 1 : at].hex())


def _incoming(common: Path) -> str:
    """Where the objects of a push lie while a hook still decides on it; empty where there is none.

    Source: "Quarantine Environment" of git-receive-pack(1). Git makes it among the objects; what lies
    elsewhere is not believed.
    """
    told = Path(os.environ.get("GIT_QUARANTINE_PATH", ""))
    return str(told.resolve()) if told.name and told.resolve().parent == common / "objects" else ""


def _environment(shadow: Path, incoming: str) -> Mapping[str, str]:
    return {
        **({"GIT_ALTERNATE_OBJECT_DIRECTORIES": incoming} if incoming else {}),
        "PATH": os.defpath,
        "LC_ALL": "C",
        "HOME": str(shadow),
        "GIT_DIR": str(shadow),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _format_of(common: Path) -> str:
    """The algorithm that names objects; read from the configuration's text, which git itself is not shown."""
    try:
        found = _FORMAT.search((common / "config").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return "sha1"
    return found[1].lower() if found else "sha1"


def _git_outside(top: Path) -> str:
    """The git program of the machine, as an absolute path that does not lie in the checkout.

    Where the system has one, PATH is not asked: a program of that name can stand anywhere on it.

    Raises:
        RequirementMissing: there is none.
    """
    for folder in (*_SYSTEM, *os.environ.get("PATH", "").split(os.pathsep)):
        program = Path(folder, "git")
        if program.is_absolute() and os.access(program, os.X_OK) and program.is_file():
            real = program.resolve()
            if not real.is_relative_to(top) and not program.is_relative_to(top):
                return str(program)
    raise RequirementMissing(
        "there is no git on PATH outside of the checkout",
        mend="install git",
        why="what changed is read from it",
    )


def _places(start: Path) -> tuple[Path, Path, Path]:
    """The top of the working tree that a folder is in, its git folder, and the one that worktrees share.

    A bare repository is all three. A folder that looks like one and lies in a working tree is part of that:
    whoever writes the tree would else choose what is read.

    Raises:
        UnusableInput: it is in none.
    """
    start = start.resolve()
    for top in (start, *start.parents):
        own = top / ".git"
        if own.is_file():
            text = own.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("gitdir:").strip()
            own = top / text
        if (own / "HEAD").is_file():
            shared = own / "commondir"
            common = own / shared.read_text(encoding="utf-8").strip() if shared.is_file() else own
            return top, own.resolve(), common.resolve()
    for top in (start, *start.parents):
        if (top / "HEAD").is_file() and all((top / name).is_dir() for name in ("objects", "refs")):
            return top, top, top
    raise UnusableInput(
        "this folder is in no git repository",
        at=start,
        why="a change is read from git",
        mend="run the command inside a clone",
    )


def _index(own: Path) -> Path:
    """The index of the next commit: a hook of `git commit --all` or `git commit PATH` is told another file.

    Source: GIT_INDEX_FILE of git(1). Git writes it beside the usual one; what lies elsewhere is not believed.
    """
    told = Path(os.environ.get("GIT_INDEX_FILE", ""))
    return told.resolve() if told.name and told.parent.resolve() == own else own / "index"


@contextmanager
def open_repository(start: Path) -> Iterator[Repository]:
    """The repository that a folder is in.

    Raises:
        UnusableInput: it is in none.
        RequirementMissing: there is no git.
    """
    top, own, common = _places(start)
    git = _git_outside(top)
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="specship-review-", dir=memory) as folder:
        shadow = Path(folder).resolve() / "git"
        shadow.mkdir()
        for home, names in ((common, _SHARED), (own, _OWN)):
            for name in names:
                if (home / name).exists():
                    (shadow / name).symlink_to(home / name)
        for place in (_index(own), *own.glob("sharedindex.*")):
            name = place.name if place.name.startswith("sharedindex.") else "index"
            if place.exists():
                (shadow / name).symlink_to(place)
        for name in _COPIED:
            if (own / name).is_file():
                (shadow / name).write_bytes((own / name).read_bytes())
        version = 1 if _format_of(common) == "sha256" else 0
        extension = "[extensions]\n\tobjectFormat = sha256\n" if version else ""
        (shadow / "config").write_text(
            f"[core]\n\trepositoryFormatVersion = {version}\n\tbare = true\n{extension}", encoding="utf-8"
        )
        repository = Repository(top, git, shadow, common)
        try:
            yield repository
        finally:
            repository.close()
