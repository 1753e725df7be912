"""Under which licences the documents stand, read again from the documents themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from specship.digests import sha256_file
from specship.pipeline.corpus.manifest import CorpusDocument, read_documents, read_manifest
from specship.pipeline.corpus.source import UNKNOWN
from specship.probes.probe import Artifact, Figures, probe

if TYPE_CHECKING:
    from specship.pipeline.corpus.manifest import CorpusManifest

_HEAD: Final = 4096
_STATED: Final = re.compile(r"SPDX-License-Identifier:\s*([A-Za-z0-9.+() -]+?)\s*(?:\*/)?\s*$", re.MULTILINE)


@probe(
    "corpus.licence",
    checked="documents",
    documents="documents",
    unlicensed="documents",
    misstated="documents",
    licences="text",
    licence_text="bytes",
    altered_texts="files",
)
def corpus_licence(corpus: Artifact) -> Figures:
    """Licences of all documents of both splits.

    `unlicensed` documents have none that is known, `misstated` ones state another licence in
    their head than the corpus says. `licences` are the different ones in alphabetical order,
    joined by a comma. `licence_text` is the size of the source's licence as it was kept, 0 when
    there is none; `altered_texts` is 1 when its bytes are not those of the manifest.

    Raises:
        DamagedArtifact: the corpus cannot be read.
    """
    manifest = read_manifest(corpus.path)
    found: set[str] = set()
    documents, unlicensed, misstated = 0, [], []
    for split in ("train", "heldout"):
        for document in read_documents(corpus.path, split):
            documents += 1
            found.add(document.licence)
            if document.licence.strip().lower() in {"", UNKNOWN, "noassertion", "none"}:
                unlicensed.append(document.path)
            if _disagrees(document, manifest):
                misstated.append(document.path)
    path = corpus.path / "LICENCE.txt"
    there = path.is_file() and not path.is_symlink()
    return {
        "documents": documents,
        "unlicensed": len(unlicensed),
        "misstated": len(misstated),
        "licences": ",".join(sorted(found)),
        "licence_text": path.stat().st_size if there else 0,
        "altered_texts": int((sha256_file(path) if there else None) != manifest.licence.sha256),
        "notes": [
            *(f"no known licence: {name}" for name in unlicensed[:8]),
            *(f"its head states another licence: {name}" for name in misstated[:8]),
        ],
    }


def _disagrees(document: CorpusDocument, manifest: CorpusManifest) -> bool:
    """Whether the document's record differs from what it states, or from the source's licence."""
    stated = next(
        (
            match[1].strip()
            for line in document.text.encode()[:_HEAD].decode(errors="ignore").splitlines()
            if line.lstrip("#/*; ").startswith("SPDX-License-Identifier:") and (match := _STATED.search(line))
        ),
        None,
    )
    if stated:
        return document.licence != stated
    own = [one for one in manifest.sources if document.path.startswith(one.prefix)]
    declared = {name for one in own for name in one.licences} if own else {manifest.licence.spdx}
    return document.licence not in declared
