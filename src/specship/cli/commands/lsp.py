"""Answer an editor: diagnostics as one types, completion, hover, definitions, references and safe fixes."""

from __future__ import annotations

import argparse
import importlib.util

HELP = "the language server that an editor starts; it speaks over standard input and output"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `specship lsp`."""
    parser.add_argument("--stdio", action="store_true", help="the only way there is; many editors give it")


def run(_: argparse.Namespace) -> int:
    """0 when the editor ends it.

    Raises:
        RequirementMissing: pygls is not installed.
    """
    from specship.cli.isolation import insist_isolated
    from specship.errors import RequirementMissing

    insist_isolated("lsp")
    if importlib.util.find_spec("pygls") is None:
        raise RequirementMissing("this command needs pygls", mend="pip install 'specship[editor]'")
    from specship.editor.server import serve

    serve()
    return 0
