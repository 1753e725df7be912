"""Hash every file of a publish folder again and compare with its manifest."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "check a publish folder against its manifest"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship verify`."""
    parser.add_argument("folder", type=Path)


def run(arguments: argparse.Namespace) -> int:
    """0 when every file is the listed one and none is surplus, else 1."""
    from specship.pipeline.publication.publish_manifest import verify

    found = verify(arguments.folder)
    for what in ("mismatched", "missing", "unlisted"):
        for name in getattr(found, what):
            print(f"{arguments.folder / name}: {what}")
    print(f"{len(found.files)} files listed, {'all as listed' if found.sound else 'not as listed'}")
    return 0 if found.sound else 1
