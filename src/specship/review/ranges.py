"""What is compared: `BASE..HEAD`, `BASE...HEAD`, or one revision with what lies here."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import NamedTuple

from specship.errors import UnusableInput
from specship.evidence.repository import Repository
from specship.review.trees import CommittedTree, StagedTree, Tree, WorkingTree


class Range(NamedTuple):
    """The trees of both sides."""

    base: CommittedTree
    head: Tree
    base_commit: str
    head_commit: str | None
    """None for what is not committed."""
    tip: CommittedTree
    """The revision that was named as base: `base` itself, or what grew from it since head went apart."""


def read_range(repository: Repository, words: str, *, staged: bool = False) -> Range:
    """The trees that a person asked for.

    `BASE...HEAD` begins where both went apart, as a pull request does; a missing end is `HEAD`.

    Raises:
        UnusableInput: a revision is not here, or a range and `--staged` are asked for together.
    """
    asked = _range(repository, words, staged=staged)
    asked.head.role = "head"
    if asked.tip is not asked.base:
        asked.tip.role = "tip"
    return asked


def _range(repository: Repository, words: str, *, staged: bool) -> Range:
    dots = "..." if "..." in words else ".." if ".." in words else ""
    if not dots:
        base = _committed(repository, words)
        if not staged:
            repository.insist_on_files("the working tree")
        head: Tree = StagedTree(repository) if staged else WorkingTree(repository)
        return Range(base[1], head, base[0], None, base[1])
    if staged:
        raise UnusableInput(
            "a range has two ends, and neither is the index", mend="name one revision with --staged"
        )
    left, _, right = words.partition(dots)
    base, (head_commit, head) = (
        _committed(repository, left or "HEAD"),
        _committed(repository, right or "HEAD"),
    )
    now, tip = base
    if dots == "...":
        commit, tree = repository.commit(repository.merge_base(now, head_commit))
        base = commit, CommittedTree(repository, commit[:12], tree)
    return Range(base[1], head, base[0], head_commit, base[1] if base[0] == now else tip)


def _committed(repository: Repository, revision: str) -> tuple[str, CommittedTree]:
    commit, tree = repository.commit(revision)
    return commit, CommittedTree(repository, revision, tree)


def place_of(repository: Repository, folder: Path) -> str:
    """A folder of the working tree as a path within the repository; the top of a bare one."""
    if repository.bare:
        return ""
    inside = folder.resolve().relative_to(repository.top).as_posix()
    return "" if inside == "." else posixpath.normpath(inside)
