"""Look at a run, a model or an evaluation that was made elsewhere, and write the project that judges it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specship.cli.told_facts import add_facts, facts_told

if TYPE_CHECKING:
    from specship.suite.adopting.adopting import Adopted

HELP = "write a spec, profiles and contracts for a run or a model that you have"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship adopt`."""
    parser.add_argument(
        "path", type=Path, nargs="+", help="a run, a checkpoint, a GGUF, an evaluation, or a folder with them"
    )
    parser.add_argument(
        "--project",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="where the project is written (default: here)",
    )
    add_facts(
        parser,
        "what no file says, such as columns.loss=nll of a table, device_asked=cuda, or evaluated.metric=acc; "
        "may be repeated",
    )
    parser.add_argument("--name", help="name of the project (default: the folder's)")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def run(arguments: argparse.Namespace) -> int:
    """0 when the project was written; what is not recognised, or in the way, is an error."""
    from specship.cli.progress import stages
    from specship.suite.adopting.adopting import adopt

    with stages() as listener:
        adopted = adopt(
            arguments.path, arguments.project, arguments.name, listener, facts_told(arguments.fact)
        )
    if arguments.format == "json":
        print(json.dumps(_as_json(adopted), indent=2, ensure_ascii=False))
    else:
        print("\n".join(_lines(adopted)))
    return 0


def _as_json(adopted: Adopted) -> dict[str, Any]:
    return {
        "project": adopted.name,
        "found": [
            {"kind": one.kind.name, "path": str(one.path), "says": one.says} for one in adopted.sight.found
        ],
        "others": [
            {"kind": one.kind.name, "path": str(one.path), "says": one.says} for one in adopted.sight.others
        ],
        "not_usable": [
            {"at": str(one.at or ""), "what": one.message, "why": one.why, "mend": one.mend}
            for one in adopted.sight.unusable
        ],
        "gates": [
            {
                "id": identity,
                "probe": gate.gate.probe if gate.limits else None,
                "limits": {name: one.limit_text for name, one in gate.limits.items()},
                "proposed": list(gate.proposed),
                "left_out": list(gate.left),
                "why_not": gate.why_not,
            }
            for identity, gate in adopted.gates
        ],
        "files": list(adopted.files),
        "notes": list(adopted.notes),
    }


def _lines(adopted: Adopted) -> list[str]:
    sight = adopted.sight
    bound = [gate for _, gate in adopted.gates if gate.limits]
    proposed = sum(len(gate.proposed) for gate in bound)
    lines = [f"found    {one.path}: {one.says}" for one in sight.found]
    lines += [f"left     {one.path}: {one.says}" for one in sight.others]
    for one in sight.unusable:
        lines += [f"not read {one.at or ''}: {one.message}"] + ([f"         {one.mend}"] if one.mend else [])
    if sight.cut:
        lines.append("note: there is more here than is looked at; name the folder you mean")
    lines += [
        "",
        *(f"wrote {file}" for file in adopted.files),
        *(f"note: {note}" for note in adopted.notes),
        "",
    ]
    lines.append(
        f"{len(bound)} of {len(adopted.gates)} gates are bound to a probe; {proposed} limits were proposed"
    )
    for identity, gate in adopted.gates:
        if gate.limits and gate.why_not:
            lines.append(f"  {identity} waits: {gate.why_not}")
        elif gate.limits and gate.left:
            lines.append(f"  {identity} leaves out {', '.join(gate.left)}, which cannot be measured here")
        if not gate.limits:
            lines.append(f"  {identity} is yours to bind: {gate.why_not or gate.gate.rule}")
    return [
        *lines,
        "",
        "next:",
        "  pytest -m ship            # judge it",
        "  specship lint             # limits that nobody has said to mean",
        "  pytest -m falsify         # see each gate fail: only then its pass counts",
        "  specship faults --arm",
        "  specship status           # what the evidence supports",
    ]
