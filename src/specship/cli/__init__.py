"""The command line: parse, call one function, print, exit.

One command a file under `commands/`; each has `HELP`, `add_arguments(parser)` and `run(arguments)`,
and imports what it needs inside `run`, so that `specship --help` stays quick.

Exit status: 0 all good, 1 findings or failed gates, 2 unusable input, 3 a defect of specship,
130 interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys

from specship.cli import streams
from specship.cli.listing import command_in, helps_in
from specship.discovery import Folder
from specship.errors import SpecshipError, UnknownName, did_you_mean
from specship.garbage import none_at_the_end
from specship.report.formats import TEXT
from specship.report.streams import for_people, for_programs
from specship.version import VERSION

VERBS = Folder("specship.cli.commands")
_INTERRUPTED = 130
_DEFECT = 3
_FOR_PROGRAMS = {"json", "sarif"}


def build_parser(verb: str | None = None) -> argparse.ArgumentParser:
    """The parser of all verbs; with the options of one of them only, when it is named.

    Raises:
        UnknownName: there is no such verb.
    """
    parser = argparse.ArgumentParser(
        prog="specship",
        description="Decides, from evidence, whether a language model may ship.",
        epilog="exit status: 0 good, 1 findings or failed gates, 2 unusable input, 3 a defect of specship",
    )
    parser.add_argument("--version", action="version", version=f"specship {VERSION}")
    known = helps_in(VERBS)
    if verb and verb not in known:
        mend = did_you_mean(verb, known) or "list them: specship --help"
        raise UnknownName(f"there is no command {verb!r}", mend=mend)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, text in known.items():
        if verb not in {None, name}:
            verbs.add_parser(name, help=text, add_help=False)
            continue
        module = command_in(VERBS, name)
        own = verbs.add_parser(name, help=text, description=module.__doc__)
        module.add_arguments(own)
        own.set_defaults(run=module.run)
    return parser


def _verb_in(argv: list[str]) -> str:
    """The verb that is meant, so that only its module is imported; empty when none is."""
    return next((argument for argument in argv if not argument.startswith("-")), "")


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    if argv is None:
        none_at_the_end()
        streams.stand_up()
        # Nothing of another distribution takes part in reading, and nobody looks for it.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for stream in (sys.stdout, sys.stderr):
        for_people(stream)
    if argv is not None:
        return _status(argv)
    reason = ""
    try:
        status = _status(sys.argv[1:])
    finally:  # argparse leaves by itself
        if reason := streams.lost():
            print(reason, file=sys.stderr)
    return SpecshipError.exit_status if reason else status


def _status(argv: list[str]) -> int:
    try:
        arguments = build_parser(_verb_in(argv)).parse_args(argv)
        if getattr(arguments, "format", "") in _FOR_PROGRAMS:
            for_programs(sys.stdout)
        if getattr(arguments, "format", TEXT) != TEXT:
            streams.for_no_screen()
        with contextlib.ExitStack() as company:
            if sys.stderr.isatty():
                from specship.cli.progress import until_it_speaks

                company.enter_context(until_it_speaks(_verb_in(argv)))
            return int(arguments.run(arguments))
    except SpecshipError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    except OSError as error:
        print(f"{error.filename or 'the operating system'}: {error.strerror}", file=sys.stderr)
        return SpecshipError.exit_status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    except Exception as error:
        if os.environ.get("SPECSHIP_TRACEBACK"):
            raise
        print(
            f"specship has a defect: {type(error).__name__}: {error}\n"
            "  mend: please report it with the output of the same command under SPECSHIP_TRACEBACK=1",
            file=sys.stderr,
        )
        return _DEFECT
