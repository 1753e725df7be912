"""Packs of a side's evidence, as if each entry's own file lay beside them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import NamedTuple

from specship.errors import DamagedArtifact
from specship.evidence.packs import ENDING, FOLDER, lines_in, unpacked
from specship.evidence.repository import blob_oid
from specship.review.trees import Tree


class PackedFile(NamedTuple):
    """A file that an entry of a pack stands for."""

    oid: str
    """The id that git would give to it."""
    data: bytes
    pack: str


class PackedEvidence(NamedTuple):
    """What the packs of one side hold."""

    files: Mapping[str, PackedFile] = {}
    """By the path that each would have."""
    damaged: Mapping[str, tuple[str, DamagedArtifact]] = {}
    """Lines that are none, by pack and number, each with an id of its bytes."""


def packed_evidence(tree: Tree, folder: str) -> PackedEvidence:
    """The packs of a folder of evidence."""
    home = posixpath.join(folder, FOLDER)
    algorithm = tree.repository.algorithm
    files: dict[str, PackedFile] = {}
    damaged: dict[str, tuple[str, DamagedArtifact]] = {}
    packs = [posixpath.join(home, name) for name in tree.names(home) if name.endswith(ENDING)]
    for pack, data in tree.read(sorted(packs)).items():
        for at, line in lines_in(data, pack):
            try:
                digest, own = unpacked(line, tree.shown(at))
            except DamagedArtifact as error:
                damaged[at] = blob_oid(line, algorithm), error
            else:
                path = posixpath.join(folder, f"{digest}.json")
                files.setdefault(path, PackedFile(blob_oid(own, algorithm), own, pack))
    return PackedEvidence(files, damaged)
