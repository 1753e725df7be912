"""Take over what was written or made elsewhere: contracts in other people's YAML, and checkpoints."""  # noqa: N999 - the verb

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from specship.cli.streams import document

if TYPE_CHECKING:
    from specship.contracts.foreign.conversion import Conversion

HELP = "take over a contract or a checkpoint that others made"

_STAGES = ("corpus", "tokenizer", "train", "checkpoint", "inference", "export", "eval", "publish", "process")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship import`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    contract = actions.add_parser("contract", help="rules in other people's YAML become gates of ours")
    contract.add_argument("file", type=Path, help="the foreign contract")
    contract.add_argument("--output", type=Path, metavar="DIR", help="write DIR/NAME-vN.yaml; else print it")
    contract.add_argument("--force", action="store_true", help="replace a file that is there already")
    contract.add_argument("--binds-to", nargs="+", default=[], metavar="AC-ID", help="criteria of every gate")
    contract.add_argument("--stage", choices=_STAGES, help="part of the lifecycle; else as it says itself")
    contract.add_argument("--format", choices=("text", "json"), default="text")
    checkpoint = actions.add_parser(
        "checkpoint", help="every tensor of a foreign checkpoint is accounted for"
    )
    checkpoint.add_argument("folder", type=Path, metavar="PATH", help="a Hugging Face folder")
    checkpoint.add_argument(
        "--output", type=Path, metavar="FOLDER", help="write it as one file, if all of it fits"
    )
    checkpoint.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """A contract: 0 when it was converted.  A checkpoint: 0 when every tensor fits, else 1."""
    return {"contract": _contract, "checkpoint": _checkpoint}[arguments.action](arguments)


def _checkpoint(arguments: argparse.Namespace) -> int:
    from specship.cli.progress import progress
    from specship.pipeline.checkpoint.importing import import_checkpoint
    from specship.pipeline.checkpoint.inventory import account
    from specship.pipeline.checkpoint.inventory_report import as_json, lines
    from specship.pipeline.checkpoint.weight_files import shown_name

    found = account(arguments.folder, any_family=True)
    wanted = arguments.output is not None
    with progress("import") as report:
        sound = wanted and not found.misfits
        written = import_checkpoint(found, arguments.output, report) if sound else None
    if arguments.format == "json":
        path = shown_name(str(written)) if written else None
        print(json.dumps(as_json(found) | {"written": path}, indent=2, ensure_ascii=False))
    else:
        print("\n".join(lines(found)))
        if wanted:
            print(f"written to {shown_name(str(written))}" if written else "nothing was written")
    return 1 if found.misfits else 0


def _contract(arguments: argparse.Namespace) -> int:
    from specship.contracts.foreign.conversion import convert
    from specship.probes.registry import all_probes

    units = {name: probe.units for name, probe in all_probes().items()}
    done = convert(arguments.file, units, stage=arguments.stage, binds_to=arguments.binds_to)
    path = _written(done, arguments.output, force=arguments.force) if arguments.output else None
    if arguments.format == "json":
        print(json.dumps(_as_json(done, arguments.file, path), indent=2, ensure_ascii=False))
        return 0
    if path is None:
        document(done.text)
        sys.stdout.flush()
    # On its own stream where the contract is printed, so that it can be sent into a file.
    _summarize(done, path, to_errors=path is None)
    return 0


def _written(done: Conversion, folder: Path, *, force: bool) -> Path:
    from specship.errors import UnusableInput
    from specship.files import write_file, write_new_file

    path = folder / done.contract.file_name
    if force:
        write_file(path, done.text)
    elif path.is_symlink() or path.exists():
        raise UnusableInput("there is such a file already", at=path, mend="give --force to replace it")
    else:
        write_new_file(path, done.text.encode())
    return path


def _summarize(done: Conversion, path: Path | None, *, to_errors: bool) -> None:
    from specship.contracts.foreign.words import one_line

    stream = sys.stderr if to_errors else sys.stdout
    if path is not None:
        print(f"{one_line(str(path))}: stage {done.contract.stage}", file=stream)
    for one in done.rules:
        said = f"UNBOUND: {one.why}" if one.why else f"bound to {one.gate.probe}"
        print(f"{one.gate.source} {one.gate.id} {said}", file=stream)
    print(done.sentence, file=stream)


def _as_json(done: Conversion, file: Path, path: Path | None) -> dict[str, object]:
    from specship.contracts.foreign.words import one_line

    gates = [
        {"id": one.gate.id, "original": one.rule.original or None, "source": one.gate.source,
         "probe": one.gate.probe, "why": one.why or None}
        for one in done.rules
    ]  # fmt: skip
    return {
        "file": one_line(str(file)), "contract": one_line(str(path or done.contract.file_name)),
        "stage": done.contract.stage, "rules": len(done.rules), "bound": done.bound,
        "unbound": len(done.rules) - done.bound, "gates": gates, "text": None if path else done.text,
    }  # fmt: skip
