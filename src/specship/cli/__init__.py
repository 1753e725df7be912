"""The command line: parse, call one function, print, exit.

One command a file under `commands/`; each has `HELP`, `add_arguments(parser)` and `run(arguments)`,
and imports what it needs inside `run`, so that `specship --help` stays quick.

Exit status: 0 all good, 1 findings or failed gates, 2 unusable input, 3 a defect of specship,
130 interrupted.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
from types import ModuleType

from specship import __version__
from specship.cli import commands
from specship.errors import SpecshipError

_INTERRUPTED = 130
_DEFECT = 3


def _command_modules() -> dict[str, ModuleType]:
    names = sorted(entry.name for entry in pkgutil.iter_modules(commands.__path__))
    return {name: importlib.import_module(f"{commands.__name__}.{name}") for name in names}


def build_parser() -> argparse.ArgumentParser:
    """The parser of every verb."""
    parser = argparse.ArgumentParser(
        prog="specship",
        description="Decides, from evidence, whether a language model may ship.",
        epilog="exit status: 0 good, 1 findings or failed gates, 2 unusable input, 3 a defect of specship",
    )
    parser.add_argument("--version", action="version", version=f"specship {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, module in _command_modules().items():
        verb = verbs.add_parser(name, help=module.HELP, description=(module.__doc__ or "").replace("%", "%%"))
        module.add_arguments(verb)
        verb.set_defaults(run=module.run)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        arguments = build_parser().parse_args(argv)
        return int(arguments.run(arguments))
    except SpecshipError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
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
