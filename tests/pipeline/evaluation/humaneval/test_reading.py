"""Problems and completions are read strictly; programs are made by stated rules; pass@k has no bias."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from specship.errors import SpecshipError
from specship.pipeline.evaluation.humaneval.extraction import cut_at_stops, fenced_blocks, program_of
from specship.pipeline.evaluation.humaneval.passk import mean_pass_at_k, pass_at_k
from specship.pipeline.evaluation.humaneval.problems import read_completions, read_problems
from tests.places import HUMANEVAL

ONE: dict[str, Any] = {
    "task_id": "T/0",
    "prompt": "def f():\n",
    "entry_point": "f",
    "canonical_solution": "    return 1\n",
    "test": "def check(c):\n    assert c() == 1\n",
}


def lines(*records: Any) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in ONE.items() if name != key}


BAD_PROBLEMS = {
    "nothing": (b"", "holds no problem", ""),
    "no JSON": (b"task\n", "cannot be read as JSON", ":1:1"),
    "a list": (b"[]\n", "not a JSON object", ":1:"),
    "a key missing": (lines(ONE, without("test")), "'test' is missing", ":2:"),
    "a key misspelt": (lines({**without("prompt"), "promt": "x"}), "unknown key 'promt'", ":1:"),
    "a number as a text": (lines({**ONE, "test": 1}), "'test' is missing or no text", ":1:"),
    "a key twice": (b'{"task_id": "a", "task_id": "b"}\n', "given twice", ":1:"),
    "a task twice": (lines(ONE, ONE), "there twice", ":2:"),
    "a task without a name": (lines({**ONE, "task_id": ""}), "has no name", ":1:"),
    "entry point that is code": (lines({**ONE, "entry_point": "f()"}), "is no name", ":1:"),
    "entry point that is a keyword": (lines({**ONE, "entry_point": "def"}), "is no name", ":1:"),
    "entry point of nothing": (lines({**ONE, "entry_point": "g"}), "does not define 'g'", ":1:"),
    "a text too long": (lines({**ONE, "test": "#" * (256 * 1024 + 1)}), "more than 262144 bytes", ":1:"),
    "half a gzip file": (gzip.compress(lines(ONE))[:-9], "is cut", ""),
    "a gzip file and more": (gzip.compress(lines(ONE)) + b"x", "goes on behind its end", ""),
    "a damaged gzip file": (b"\x1f\x8b" + b"x" * 40, "cannot be unpacked", ""),
    "a gzip bomb": (gzip.compress(b" " * (65 << 20)), "unpacks to more", ""),
}
BAD_COMPLETIONS = {
    "nothing": (b"", "holds no completion", ""),
    "of an unknown task": (lines({"task_id": "T/1", "completion": ""}), "no problem is called 'T/1'", ":1:"),
    "without text": (lines({"task_id": "T/0"}), "'completion' is missing", ":1:"),
    "with a verdict of its own": (lines({"task_id": "T/0", "completion": "", "passed": "yes"}), "unknown key", ":1:"),
    "half a character": (b'{"task_id": "T/0", "completion": "\\ud800"}\n', "lone surrogate", ":1:"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_PROBLEMS)
def test_bad_problem_files_are_refused_at_their_place(name: str, tmp_path: Path) -> None:
    data, message, place = BAD_PROBLEMS[name]
    (tmp_path / "problems.jsonl").write_bytes(data)

    with pytest.raises(SpecshipError, match=message) as refused:
        read_problems(tmp_path / "problems.jsonl")

    assert f"problems.jsonl{place}" in str(refused.value)


@pytest.mark.parametrize("name", BAD_COMPLETIONS)
def test_bad_completion_files_are_refused_at_their_place(name: str, tmp_path: Path) -> None:
    data, message, place = BAD_COMPLETIONS[name]
    (tmp_path / "problems.jsonl").write_bytes(lines(ONE))
    (tmp_path / "completions.jsonl").write_bytes(data)
    problems = read_problems(tmp_path / "problems.jsonl")

    with pytest.raises(SpecshipError, match=message) as refused:
        read_completions(tmp_path / "completions.jsonl", problems)

    assert f"completions.jsonl{place}" in str(refused.value)


def test_the_published_file_is_read() -> None:
    problems = read_problems(HUMANEVAL)

    assert len(problems.problems) == 164
    assert problems.problems["HumanEval/0"].entry_point == "has_close_elements"


def test_plain_and_packed_files_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "plain.jsonl").write_bytes(gzip.decompress(HUMANEVAL.read_bytes()))

    assert read_problems(tmp_path / "plain.jsonl") == read_problems(HUMANEVAL)


def test_completions_are_counted_by_problem(tmp_path: Path) -> None:
    (tmp_path / "problems.jsonl").write_bytes(lines(ONE, {**ONE, "task_id": "T/1"}))
    texts = [{"task_id": f"T/{n}", "completion": str(n)} for n in (0, 1, 0, 0)]
    (tmp_path / "completions.jsonl").write_bytes(lines(*texts))
    found = read_completions(tmp_path / "completions.jsonl", read_problems(tmp_path / "problems.jsonl"))

    assert [(s.task_id, s.index) for s in found.samples] == [("T/0", 0), ("T/1", 0), ("T/0", 1), ("T/0", 2)]


PROMPT = "import math\n\n\ndef f(x):\n    '''Doc.'''\n"
BODY = "    return x\n"
WHOLE = "def f(x):\n    return x\n"
PROGRAMS = {
    "a body": (BODY, PROMPT + BODY),
    "a body with a helper": (BODY + "\ndef g(): pass\n", PROMPT + BODY + "\ndef g(): pass\n"),
    "a whole function": (WHOLE, PROMPT + WHOLE),
    "a fenced function": (f"Sure:\n```python\n{WHOLE}```\nDone.", PROMPT + WHOLE),
    "a fenced body": (f"```\n{BODY}```", PROMPT + BODY),
    "a fence that is never closed": (f"```py\n{WHOLE}", PROMPT + WHOLE),
    "a second block with the function": (f"```sh\npip\n```\n```python\n{WHOLE}```", PROMPT + WHOLE),
    "two blocks without it": ("```\n    a\n```\n```\n    b\n```", PROMPT + "    a\n"),
    "backquotes inside a line": ("    return '```'\n", PROMPT + "    return '```'\n"),
    "nothing": ("", PROMPT),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_prompt_is_kept_and_fences_are_opened(name: str) -> None:
    completion, program = PROGRAMS[name]

    assert program_of(PROMPT, completion, "f") == program


def test_a_whole_function_begins_a_line_behind_a_prompt_that_ends_inside_one() -> None:
    assert program_of("def f(x):\n    'Doc.'", WHOLE, "f") == "def f(x):\n    'Doc.'\n" + WHOLE


@pytest.mark.parametrize(
    "rest",
    ["\ndef g(): pass", "\nclass A: pass", "\nprint(f(1))", "\nif f(1): pass", "\n# more", "\n```\ntext"],
)
def test_stop_rules_cut_what_is_no_body(rest: str) -> None:
    """They are off unless asked for: a helper behind the function may be needed."""
    assert cut_at_stops("    return 1" + rest) == "    return 1"
    assert program_of(PROMPT, BODY + "\ndef g(): pass\n", "f", stops=True) == PROMPT + BODY
    assert "def g" in program_of(PROMPT, BODY + "\ndef g(): pass\n", "f")


def test_fences_pair_up() -> None:
    assert fenced_blocks("a\n```x\nb\n```\nc\n````\nd\n") == ["b\n", "d\n"]


@pytest.mark.parametrize("samples", range(1, 8))
def test_pass_at_k_is_what_counting_all_draws_gives(samples: int) -> None:
    for passed in range(samples + 1):
        right = [True] * passed + [False] * (samples - passed)
        for k in range(1, samples + 1):
            draws = list(itertools.combinations(right, k))

            assert pass_at_k(samples, passed, k) == pytest.approx(sum(map(any, draws)) / len(draws))


@pytest.mark.parametrize(("samples", "passed", "k"), [(1, 2, 1), (1, -1, 1), (2, 1, 3), (2, 1, 0), (0, 0, 1)])
def test_pass_at_k_of_nonsense_is_refused(samples: int, passed: int, k: int) -> None:
    with pytest.raises(ValueError, match="no pass@"):
        pass_at_k(samples, passed, k)


def test_the_mean_needs_enough_samples_of_every_problem() -> None:
    assert mean_pass_at_k([(2, 1), (2, 0)], 1) == pytest.approx(0.25)
    assert mean_pass_at_k([(2, 1), (1, 1)], 2) is None
    assert mean_pass_at_k([], 1) is None
