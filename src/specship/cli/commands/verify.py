"""Hash every file of a publish folder again and compare with its manifest, and with its signature."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "check a publish folder against its manifest and its signature"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship verify`."""
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--public-key", type=Path, metavar="PEM",
        help="the key that must have signed model.sig, by specship or by `model_signing`",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """0 when every file is the listed one and the signed one, and none is surplus, else 1."""
    from specship.cli.progress import progress
    from specship.pipeline.publication.model_signature import check_signature, signed_by
    from specship.pipeline.publication.publish_manifest import MANIFEST, verify

    folder, sound = arguments.folder, True
    if arguments.public_key is None or (folder / MANIFEST).exists():
        with progress("verify") as report:
            found = verify(folder, report)
        for what in ("mismatched", "missing", "unlisted"):
            for name in getattr(found, what):
                print(f"{folder / name}: {what}")
        print(f"{len(found.files)} files listed, {'all as listed' if found.sound else 'not as listed'}")
        sound = found.sound
    if arguments.public_key is None:
        if hint := signed_by(folder):
            print(f"signed by {hint}, which was not checked: name the key with --public-key")
        return 0 if sound else 1
    problems = check_signature(folder, arguments.public_key)
    for problem in problems:
        print(folder / problem)
    print("the signature holds for every file" if not problems else "the signature does not hold")
    return 0 if sound and not problems else 1
