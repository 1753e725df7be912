"""Messages rendered by a chat template, as `transformers` renders them, in a process that is bounded.

    python -I -m specship.pipeline.chat.rendering  < request.json  > answer.json

A template is a program that came with somebody's weights. It runs in jinja2's immutable sandbox, and that
in a child which can spend so much processor time, so much memory and so much output, and writes no
file; what exceeds a limit is answered with a clear error.
Source: `transformers`, utils/chat_template_utils.py (environment, globals and filters), version 5.
"""

from __future__ import annotations

import datetime as dt
import resource
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from specship import bounds
from specship.errors import StageFailed, UnusableInput
from specship.pipeline.chat.template import ChatTemplate, needed_template
from specship.pipeline.child import ChildFailed, answer_parent, ask_child

Message = Mapping[str, Any]
"""One message: `role`, `content`, and what else a template reads (`tool_calls`, `reasoning_content`)."""

CPU_SECONDS: Final = 5
"""Processor time of one child, all conversations together; a common template takes microseconds."""
ADDRESS_BYTES: Final = 1 << 30
"""Address space of the child, the interpreter's own included."""
_WALL_SECONDS: Final = 60.0
_REASONING: Final = ("reasoning_content", "thinking", "reasoning")
"""Names under which a message can carry its reasoning; the first is the one that templates read."""


def render(
    checkpoint: Path | ChatTemplate,
    messages: Sequence[Message],
    *,
    add_generation_prompt: bool = True,
    tools: Sequence[Mapping[str, Any]] | None = None,
    now: dt.datetime | None = None,
) -> str:
    """The prompt that a checkpoint's own template makes of messages.

    `now` is what the template's `strftime_now` reads; the present where it is not given.

    Raises:
        UnusableInput: there is no template, it refuses the messages, breaks a rule of the sandbox, or
            exceeds a limit.
        DamagedArtifact: a file of the checkpoint cannot be read.
    """
    return render_all(
        checkpoint, [messages], add_generation_prompt=add_generation_prompt, tools=tools, now=now
    )[0]


def render_all(
    checkpoint: Path | ChatTemplate,
    conversations: Sequence[Sequence[Message]],
    *,
    add_generation_prompt: bool = True,
    tools: Sequence[Mapping[str, Any]] | None = None,
    now: dt.datetime | None = None,
) -> list[str]:
    """The same for several conversations with one child.

    Raises:
        UnusableInput, DamagedArtifact: as `render`; a conversation without messages too.
    """
    template = checkpoint if isinstance(checkpoint, ChatTemplate) else needed_template(checkpoint)
    if not all(conversations):
        raise UnusableInput("a conversation without messages", at=template.path, mend="give at least one")
    request = {
        "template": template.text,
        "conversations": [[_plain(message) for message in messages] for messages in conversations],
        "variables": {f"{role}_token": text for role, text in template.special_tokens.items()}
        | {
            "add_generation_prompt": add_generation_prompt,
            "tools": None if tools is None else list(tools),
            "documents": None,
        },
        "now": None if now is None else now.isoformat(),
        "characters": bounds.CHAT_RENDERED_CHARACTERS,
    }
    return _ask({"cpu_seconds": CPU_SECONDS, "rendered": request}, template)


def _plain(message: Message) -> dict[str, Any]:
    """A message as templates expect it: nothing that is null, and reasoning under both of its names."""
    found = {key: value for key, value in message.items() if value is not None}
    reasoning = next((found[key] for key in _REASONING if key in found), None)
    if reasoning is None:
        return found
    return {"thinking": reasoning} | found | {"reasoning_content": reasoning}


def _ask(request: Mapping[str, Any], template: ChatTemplate) -> list[str]:
    try:
        answer = ask_child(__name__, request, seconds=_WALL_SECONDS).value
    except ChildFailed as failure:
        if failure.timed_out:
            raise _too_much(template, f"within {_WALL_SECONDS:g} s") from failure
        if failure.status in {-signal.SIGXCPU, -signal.SIGKILL}:
            raise _too_much(template, f"within {CPU_SECONDS} s of processor time") from failure
        last = failure.log.strip().rpartition("\n")[2][:200]
        raise StageFailed(
            f"the process that renders the chat template {failure}" + (f" ({last})" if last else ""),
            at=template.path,
            why=f"it may take {ADDRESS_BYTES >> 20} MiB of memory and {CPU_SECONDS} s of processor time",
        ) from failure
    if "refusal" in answer:
        raise UnusableInput(
            f"the chat template {answer['refusal']}",
            at=f"{template.path} ({template.source})",
            why=answer["why"],
            mend="give messages that it takes, or take the template that the model's authors publish",
        )
    texts: list[str] = answer["texts"]
    return texts


def _too_much(template: ChatTemplate, limit: str) -> UnusableInput:
    return UnusableInput(
        f"the chat template did not end {limit}",
        at=f"{template.path} ({template.source})",
        why="a template is a program that came with the weights; this one runs on and on",
        mend="take the template that the model's authors publish",
    )


def _limit(cpu_seconds: int) -> None:
    """Hold this process to its limits; nothing that it runs later can lift them."""
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_BYTES, ADDRESS_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _answer_or_refusal(request: dict[str, Any]) -> dict[str, Any]:
    _limit(request["cpu_seconds"])
    from specship.pipeline.chat.sandbox import Refused, rendered

    try:
        return {"texts": rendered(**request["rendered"])}
    except Refused as refusal:
        return {"refusal": str(refusal), "why": refusal.why}


if __name__ == "__main__":
    answer_parent(_answer_or_refusal)
