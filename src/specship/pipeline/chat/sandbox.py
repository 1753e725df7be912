"""The jinja2 environment of a chat template, the same as that of `transformers`; imported by the child only.

Blocks are trimmed, loops have `break` and `continue`, `{% generation %}` marks what the assistant wrote and
renders as if it were not there. Templates can call `raise_exception`, `strftime_now`, `dict` and
`namespace`, and filter by a `tojson` that escapes nothing for HTML.
Source: `transformers` 5, utils/chat_template_utils.py, `_cached_compile_jinja_template`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.parser
import jinja2.sandbox
import jinja2.utils


class Refused(Exception):
    """The template did not render; `why` is the rule it broke."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


class _MessagesRefused(jinja2.TemplateError):
    """The template itself called `raise_exception`."""


class _Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser: jinja2.parser.Parser) -> jinja2.nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_content"), [], [], body).set_lineno(line)

    @staticmethod
    def _content(caller: Callable[[], str]) -> str:
        return caller()


class _Dict:
    """`dict` without the attributes by which a template could reach the interpreter."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)

    @staticmethod
    def fromkeys(*args: Any) -> dict[Any, Any]:
        return dict.fromkeys(*args)


class _Namespace(jinja2.utils.Namespace):
    """A namespace that takes no name beginning with an underscore."""

    def __init__(*args: Any, **kwargs: Any) -> None:
        # No name for the first one, so that a template can write `namespace(self=...)`.
        self, *rest = args
        attributes = dict(*rest, **kwargs)
        for name in attributes:
            _check_name(name)
        jinja2.utils.Namespace.__init__(self, attributes)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: Any) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise jinja2.exceptions.SecurityError(f"no namespace has a name such as {name!r}")


def _raise(message: str) -> None:
    raise _MessagesRefused(message)


def _json_text(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def environment(now: dt.datetime) -> jinja2.Environment:
    """An environment in which the time stands still."""
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, jinja2.ext.loopcontrols]
    )
    made.filters["tojson"] = _json_text
    made.globals["raise_exception"] = _raise
    made.globals["strftime_now"] = now.strftime
    made.globals["dict"] = _Dict()
    made.globals["namespace"] = _Namespace
    return made


def rendered(
    template: str,
    conversations: Sequence[Sequence[Mapping[str, Any]]],
    variables: Mapping[str, Any],
    now: str | None,
    characters: int,
) -> list[str]:
    """Each conversation as the template writes it; at most so many characters each.

    Raises:
        Refused: the template is no template, refuses the messages, breaks out, or fails.
    """
    moment = dt.datetime.fromisoformat(now) if now else dt.datetime.now().astimezone()
    try:
        compiled = environment(moment).from_string(template)
        return [_one(compiled, messages, variables, characters) for messages in conversations]
    except Refused:
        raise
    except jinja2.TemplateSyntaxError as error:
        raise Refused(
            f"is no template: line {error.lineno}: {error.message}", "jinja2 reads it so"
        ) from error
    except _MessagesRefused as error:
        raise Refused(
            f"refuses the messages: {error.message or ''}"[:400], "the template itself says so"
        ) from error
    except jinja2.exceptions.SecurityError as error:
        raise Refused(
            f"does what its sandbox forbids: {error}"[:400],
            "a template may read the messages and nothing else",
        ) from error
    except MemoryError as error:
        raise Refused("needs more memory than it is given", "a common one needs some megabytes") from error
    except RecursionError as error:
        raise Refused("calls itself without end", "a common one is nested a few levels deep") from error
    except Exception as error:
        # Its operators and filters are Python's own and raise whatever Python raises.
        raise Refused(
            f"fails: {type(error).__name__}: {error}"[:400], "so it would fail at every such prompt"
        ) from error


def _one(
    compiled: jinja2.Template, messages: Sequence[Mapping[str, Any]], variables: Mapping[str, Any], most: int
) -> str:
    parts, length = [], 0
    for part in compiled.generate(messages=messages, **variables):
        parts.append(part)
        length += len(part)
        if length > most:
            raise Refused(
                f"writes more than {most} characters", "no context is so long; the text would only grow"
            )
    return "".join(parts)
