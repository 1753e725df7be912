"""The harness on completions whose outcomes are known, before it judges a model.

Every canonical solution must pass: one that does not is a preamble dropped, an import lost, a sandbox
that never started. Nothing else may: a function that returns None, an answer that never came, and
completions that are after the verdict instead of the problem. The attempts of `selfcheck` say what the
sandbox keeps out. A harness that fails here says nothing about any model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from specship.errors import UnusableInput
from specship.pipeline.evaluation.humaneval.problems import CompletionFile, Problem, ProblemFile, Sample
from specship.pipeline.evaluation.humaneval.scoring import ScoringSettings, score
from specship.pipeline.evaluation.humaneval.selfcheck import check_sandbox
from specship.pipeline.evaluation.humaneval.verdicts import Score, as_line

FORMAT: Final = "specship humaneval self-test 1"
CANONICAL: Final = "canonical"
WRONG: Final = "wrong"
UNANSWERED: Final = "unanswered"
HOSTILE: Final = "hostile"

ADD: Final = Problem(
    task_id="self-test/add",
    prompt='def add(a: int, b: int) -> int:\n    """The sum."""\n',
    entry_point="add",
    canonical_solution="    return a + b\n",
    test="def check(candidate):\n    assert candidate(2, 3) == 5\n    assert abs(candidate(-1, 1)) < 1e-6\n",
)
_LIAR: Final = "    return Liar()\nclass Liar:\n    __eq__ = __lt__ = lambda *_: True\n    __hash__ = None\n"
_WALK: Final = """\
    import sys
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_locals.values()):
            if isinstance(value, list):
                value.append('passed')
        frame = frame.f_back
    return 41
"""
_FORGE: Final = """\
    import os, struct
    for number in range(3, 64):
        for body in (b's6:passed', bytes(8) + b'vi1:5'):
            try:
                os.write(number, struct.pack('>I', len(body)) + body)
            except OSError:
                pass
    return 41
"""
COMPLETIONS_AFTER_THE_VERDICT: Final = {
    "leaves with status 0": "    import os\n    os._exit(0)\n",
    "leaves when it is loaded": "    return 41\nimport os\nos._exit(0)\n",
    "raises SystemExit": "    raise SystemExit(0)\n",
    "equals everything": _LIAR,
    "walks the frames to a verdict": _WALK,
    "writes a verdict to every descriptor": _FORGE,
    "prints a verdict": "    print('passed', flush=True)\n    return 41\n",
    "defines the tests anew": "    return 41\ndef check(candidate):\n    pass\n",
    "changes what comparing means": "    return 41\nimport builtins\nbuiltins.abs = lambda *_: 0\n",
    "kills itself": "    import ctypes\n    ctypes.string_at(0)\n",
    "raises what no test expects": "    raise AssertionError\n",
    "answers with a type": "    return int\n",
}
"""Wrong on purpose, all of them, and each one credited by some harness."""


def known_completions(problems: ProblemFile) -> dict[Sample, str]:
    """Every completion of the self-test, with its kind.

    Raises:
        UnusableInput: a problem has no solution of its own.
    """
    found: dict[Sample, str] = {}
    if bare := next((one.task_id for one in problems.problems.values() if not one.canonical_solution), ""):
        raise UnusableInput(
            f"the problem {bare[:80]!r} has no 'canonical_solution'",
            why="the harness is tested on solutions that must pass",
            mend="name a problem file with solutions",
        )
    for problem in problems.problems.values():
        texts = {CANONICAL: problem.canonical_solution, WRONG: "    return None\n", UNANSWERED: ""}
        for index, (kind, text) in enumerate(texts.items()):
            found[Sample(problem.task_id, index, text)] = kind
    for index, text in enumerate(COMPLETIONS_AFTER_THE_VERDICT.values()):
        found[Sample(ADD.task_id, index, text)] = HOSTILE
    return found


def self_test(
    problems: ProblemFile, settings: ScoringSettings, *, report: Callable[..., None] | None = None
) -> dict[str, Any]:
    """The record of a self-test: each completion's kind and outcome, what was in force, what got through.

    It holds no figure that is not counted again by whoever reads it.
    """
    kinds = known_completions(problems)
    whole = ProblemFile({**problems.problems, ADD.task_id: ADD}, problems.sha256)
    found: Score = score(whole, CompletionFile(tuple(kinds), problems.sha256), settings, report=report)
    return {
        "format": FORMAT,
        "problems_sha256": problems.sha256,
        "error": found.error,
        "sandbox": dict(found.sandbox),
        "attempts": asdict(check_sandbox(settings.level, settings.limits)),
        "results": [
            {"kind": kind, **as_line(sample.key, found.outcomes[sample.key])}
            for sample, kind in kinds.items()
        ],
    }
