"""Licences of a corpus, read from its documents one by one, never from a summary.

A licence is known when it stands in the table below, and allowed when a model trained on such
text, and the list of its sources, may be redistributed under it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from specship.pipeline.corpus.manifest import read_documents

ALLOWED: Final[Mapping[str, bool]] = {
    "0BSD": True,
    "Apache-2.0": True,
    "BSD-2-Clause": True,
    "BSD-3-Clause": True,
    "BSL-1.0": True,
    "CC-BY-4.0": True,
    "CC0-1.0": True,
    "ISC": True,
    "MIT": True,
    "MIT-0": True,
    "PSF-2.0": True,
    "Python-2.0": True,
    "Unlicense": True,
    "Zlib": True,
    "AGPL-3.0-only": False,
    "AGPL-3.0-or-later": False,
    "CC-BY-NC-4.0": False,
    "CC-BY-ND-4.0": False,
    "GPL-2.0-only": False,
    "GPL-2.0-or-later": False,
    "GPL-3.0-only": False,
    "GPL-3.0-or-later": False,
}
"""SPDX identifiers that are known, and whether they are allowed; what is not here is unknown."""


def licences_of(corpus: Path) -> Counter[str]:
    """Documents of both splits by their licence.

    Raises:
        DamagedArtifact: the corpus cannot be read.
    """
    return Counter(
        document.licence for split in ("train", "heldout") for document in read_documents(corpus, split)
    )


def licence_expression(licences: Iterable[str]) -> str:
    """One SPDX expression for all of them: `MIT AND PSF-2.0`."""
    return " AND ".join(sorted(set(licences)))


def is_known(licence: str) -> bool:
    """Whether every part of an expression stands in the table."""
    return bool(licence) and all(part in ALLOWED for part in _parts(licence))


def is_allowed(licence: str) -> bool:
    """Whether an expression is known and may be used: with AND every part, with OR one of them."""
    return is_known(licence) and any(
        all(ALLOWED[part] for part in _parts(choice)) for choice in licence.split(" OR ")
    )


def _parts(licence: str) -> list[str]:
    return [part for choice in licence.split(" OR ") for part in choice.split(" AND ")]
