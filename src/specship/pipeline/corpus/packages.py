"""What is installed beside this interpreter: which files a package has, and under which licence.

A licence is read from what a distribution declares: its SPDX expression, or classifiers that name one licence
each. Free text (`License: BSD`) is no identifier, and leaves the licence unknown.
Source: PyPA, Core metadata 2.4 (License-Expression), trove classifiers, and RECORD.
"""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from specship.digests import sha256_bytes
from specship.pipeline.corpus.licences import is_known
from specship.pipeline.corpus.source import UNKNOWN

_CLASSIFIERS: Final = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "ISC License (ISCL)": "ISC",
    "Python Software Foundation License": "PSF-2.0",
    "Zero-Clause BSD (0BSD)": "0BSD",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""Classifiers that name one licence; "BSD License" names several, and is none of them."""
_SPELLED: Final = {
    **dict.fromkeys(("Apache 2.0", "Apache License 2.0", "Apache License, Version 2.0"), "Apache-2.0"),
    **dict.fromkeys(("MIT License", "The MIT License"), "MIT"),
    **dict.fromkeys(("3-Clause BSD License", "BSD 3-Clause License", "BSD 3-Clause"), "BSD-3-Clause"),
}
"""What is written where an identifier belongs, and names one licence all the same."""
_LICENCE_FILE: Final = re.compile(r"(licen[cs]e|copying)[^/]*", re.IGNORECASE)
_LICENCE_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Package:
    """An installed distribution."""

    name: str
    version: str
    licence: str
    """SPDX expression, or `unknown`."""
    files: tuple[str, ...]
    """Names of its files relative to the root, sorted; those of scripts and caches are left out."""


def installed_root() -> Path:
    """The folder into which packages are installed."""
    return Path(sysconfig.get_paths()["purelib"])


def declared_packages() -> Iterator[Package]:
    """Every distribution that keeps a list of its files, in the order of their names."""
    root = installed_root()
    listed = {one.metadata["Name"]: one for one in metadata.distributions(path=[str(root)])}
    for name in sorted(name for name in listed if name):
        one = listed[name]
        files = sorted(str(file) for file in one.files or () if _belongs(str(file)))
        yield Package(name, one.version, _licence(one.metadata), tuple(files))


def licence_texts() -> bytes | None:
    """The licence texts that the distributions carry, each text once, with the packages that carry it."""
    texts: dict[str, tuple[bytes, list[str]]] = {}
    for package in declared_packages():
        for name in package.files:
            path = installed_root() / name
            if _LICENCE_FILE.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    data = file.read(_LICENCE_BYTES)
                texts.setdefault(sha256_bytes(data), (data, []))[1].append(package.name)
    if not texts:
        return None
    return b"\n".join(
        f"=== {', '.join(sorted(set(names)))}\n\n".encode() + data for data, names in texts.values()
    )


def _belongs(name: str) -> bool:
    return not name.startswith(("../", "/")) and "__pycache__" not in name and ".." not in name


def _licence(told: metadata.PackageMetadata) -> str:
    for field in ("License-Expression", "License"):
        stated = str(told[field] or "").strip() if field in told else ""
        if is_known(_SPELLED.get(stated, stated)):
            return _SPELLED.get(stated, stated)
    named = {
        _CLASSIFIERS.get(one.rsplit(" :: ", 1)[-1], "")
        for one in told.get_all("Classifier") or ()
        if one.startswith("License :: ") and one != "License :: OSI Approved"
    }
    return named.pop() if len(named) == 1 and "" not in named else UNKNOWN
