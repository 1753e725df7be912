"""Write one new file of a project, sound from the first line: a contract, a probe, a stage and more."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "write a new contract, probe, criterion, fault or stage"

_STAGES = ("corpus", "tokenizer", "train", "checkpoint", "inference", "export", "eval", "publish", "process")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship new`."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    contract = kinds.add_parser("contract", help="a contract with one gate that waits for a probe")
    contract.add_argument("name", help="such as tokenizer-limits")
    contract.add_argument("--stage", choices=_STAGES, help="part of the lifecycle (default: from the name)")
    contract.add_argument(
        "--criterion", metavar="AC-ID", help="whom its gate speaks for (default: who waits)"
    )
    contract.add_argument("--rule", help="what must be true")
    probe = kinds.add_parser("probe", help="a function that measures an artifact")
    probe.add_argument("name", help="such as corpus.line_length")
    probe.add_argument("--artifact", help="what it measures (default: from the name)")
    criterion = kinds.add_parser("criterion", help="an acceptance criterion, with its amendment and a gate")
    criterion.add_argument("id", nargs="?", help="its id (default: the next free one)")
    criterion.add_argument("--model", metavar="ID", help="its model (default: the first, or that of --from)")
    criterion.add_argument("--weight", type=int, metavar="N", help="its share of 100")
    criterion.add_argument("--from", dest="giver", metavar="AC-ID", help="the criterion that loses the share")
    criterion.add_argument("--why", help="why the spec changes")
    criterion.add_argument("--statement", help="what must be true, without figures")
    criterion.add_argument("--because", help="why it weighs that much (default: the --why)")
    criterion.add_argument("--stage", choices=_STAGES, default="process", help="where its gate looks")
    criterion.add_argument("--bump", choices=("major", "minor", "patch"), default="major")
    stage = kinds.add_parser("stage", help="a step of the pipeline of your own, which makes an artifact")
    stage.add_argument("name", help="such as word_counts")
    stage.add_argument("--makes", metavar="ARTIFACT", help="what it makes (default: its name)")
    fault = kinds.add_parser("fault", help="a defect that can be planted, and must make a gate fail")
    fault.add_argument("name", help="such as swapped-labels")
    fault.add_argument("--artifact", default="corpus", help="what it is planted in (default: corpus)")
    fault.add_argument("--what", metavar="SENTENCE", help="the defect in one sentence")
    fault.add_argument("--seen", metavar="SENTENCE", help="where it was seen")


def run(arguments: argparse.Namespace) -> int:
    """0 when the file was written; whatever is in the way is an error, and nothing is written."""
    kinds = {
        "contract": _contract, "probe": _probe, "criterion": _criterion, "fault": _fault, "stage": _stage,
    }  # fmt: skip
    return kinds[arguments.kind](arguments)


def _contract(given: argparse.Namespace) -> int:
    from specship.suite.scaffold.contract import new_contract

    path, gate = new_contract(
        Path.cwd(), given.name, stage=given.stage, criterion=given.criterion, rule=given.rule
    )
    print(f"wrote {path}\nnext: write its rule and bind a probe; specship explain {gate} shows what is near")
    return 0


def _probe(given: argparse.Namespace) -> int:
    from specship.suite.scaffold.parts import new_probe

    written, *edited = new_probe(Path.cwd(), given.name, artifact=given.artifact)
    print(f"wrote {written}", *(f"edited {path}: it names the folder now" for path in edited), sep="\n")
    print(f"next: name it in a gate, `probe: {given.name}`")
    return 0


def _criterion(given: argparse.Namespace) -> int:
    from specship.suite.scaffold.criterion import Wish, new_criterion

    wish = Wish(
        given.weight,
        given.giver,
        given.why,
        given.id,
        given.model,
        given.statement,
        given.because,
        given.bump,
        given.stage,
    )
    identity, (edited, *written) = new_criterion(Path.cwd(), wish)
    print(f"edited {edited}", *(f"wrote {path}" for path in written), sep="\n")
    print(f"next: bind a probe to its gate; specship explain {identity} shows what it waits for")
    return 0


def _fault(given: argparse.Namespace) -> int:
    from specship.suite.scaffold.parts import new_fault

    written, *edited = new_fault(
        Path.cwd(), given.name, artifact=given.artifact, what=given.what, seen=given.seen
    )
    print(f"wrote {written}", *(f"edited {path}: it names the folder now" for path in edited), sep="\n")
    print(f"next: name it in a gate that must fail on it, `falsified_by: {{{given.name}: [QUANTITY]}}`")
    return 0


def _stage(given: argparse.Namespace) -> int:
    from specship.suite.scaffold.parts import new_stage

    written, *edited = new_stage(Path.cwd(), given.name, makes=given.makes)
    print(f"wrote {written}", *(f"edited {path}: it names the folder now" for path in edited), sep="\n")
    print(f"next: write `{given.name}: {{}}` among a model's pipeline settings, and a probe that measures it")
    return 0
