"""A child that answers, and every way in which one does not."""

import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from specship.pipeline import child
from specship.pipeline.child import LOG_BYTES, ChildFailed, ask_child

Program = Callable[[str], None]
CHILD = "from specship.pipeline.child import answer_parent\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Puts a program in the interpreter's place: apart as a child is, it finds no module of these tests."""

    def install(code: str) -> None:
        path = tmp_path / "interpreter"
        path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{code}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(child, "isolated", lambda module: [str(path), module])

    return install


def test_a_module_is_started_alone_and_its_object_comes_back() -> None:
    assert ask_child("json.tool", {"a": [1, "é"]}, seconds=30).value == {"a": [1, "é"]}


def test_a_request_larger_than_a_pipe_need_not_be_read(program: Program) -> None:
    program("print('{}')")
    assert ask_child("m", {"long": "x" * (1 << 20)}, seconds=30).value == {}


def test_what_a_child_prints_is_the_log_and_not_the_answer(program: Program) -> None:
    code = "def work(request):\n    print('chatter', flush=True)\n    return {'got': request}\n"
    program(CHILD + code + "answer_parent(work)")
    answer = ask_child("m", {"a": 1}, seconds=60)
    assert (answer.value, answer.log) == ({"got": {"a": 1}}, "chatter\n")


def test_threads_of_a_child_are_not_waited_for(program: Program) -> None:
    code = "import threading\nthreading.Thread(target=time.sleep, args=(600,)).start()\n"
    program(CHILD + code + "answer_parent(lambda request: request)")
    assert ask_child("m", {}, seconds=60).value == {}


def test_a_child_leaves_no_core_file(program: Program) -> None:
    code = "import resource\nanswer_parent(lambda _: {'limit': resource.getrlimit(resource.RLIMIT_CORE)})"
    program(CHILD + code)
    assert ask_child("m", {}, seconds=60).value == {"limit": [0, 0]}


@pytest.mark.parametrize(
    ("code", "said", "status"),
    [
        ("os.abort()", "was ended by SIGABRT", -6),
        ("sys.exit(3)", "ended with status 3 and no answer", 3),
        ("print('hello')", "ended with status 0 and no answer", 0),
        ("print('[1]')", "ended with status 0 and no answer", 0),
        ("print('[' * 100_000)", "ended with status 0 and no answer", 0),
        ("sys.stdout.buffer.write(b'\\xff')", "ended with status 0 and no answer", 0),
        (CHILD + "answer_parent(lambda request: request['absent'])", "ended with status 1 and no answer", 1),
    ],
)
def test_a_child_without_an_answer(program: Program, code: str, said: str, status: int) -> None:
    program("print('last words', file=sys.stderr, flush=True)\n" + code)
    with pytest.raises(ChildFailed) as caught:
        ask_child("m", {}, seconds=60)
    assert (str(caught.value), caught.value.status, caught.value.timed_out) == (said, status, False)
    assert caught.value.log.startswith("last words\n")


def test_a_module_that_is_not_there_is_named_in_the_log() -> None:
    with pytest.raises(ChildFailed, match="status 1") as caught:
        ask_child("specship.absent", {}, seconds=60)
    assert "specship.absent" in caught.value.log


@pytest.mark.parametrize("before", ["", "print('{}', flush=True)\nos.close(1)\n"])
def test_a_child_that_does_not_end_is_ended(program: Program, before: str) -> None:
    program(before + "time.sleep(600)")
    with pytest.raises(ChildFailed, match=r"^did not answer within 0.5 s and was ended$") as caught:
        ask_child("m", {}, seconds=0.5)
    assert caught.value.timed_out


def test_an_endless_answer_is_ended(program: Program) -> None:
    program("while True:\n    print('x' * 1000)")
    with pytest.raises(ChildFailed, match="answered with more than 4096 bytes and was ended"):
        ask_child("m", {}, seconds=60, most=4096)


def test_of_a_long_log_the_end_is_kept(program: Program) -> None:
    program(f"sys.stderr.write('x' * {4 * LOG_BYTES} + 'the end')\nprint('{{}}')")
    log = ask_child("m", {}, seconds=60).log
    assert len(log) == LOG_BYTES
    assert log.endswith("xthe end")


def test_what_a_child_started_ends_with_it(program: Program, tmp_path: Path) -> None:
    """A grandchild that holds the log neither holds its parent's parent up, nor outlives the answer."""
    program(
        "import subprocess\n"
        f"child = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL)\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(child.pid))\n"
        "print('{}', flush=True)\nos._exit(0)"
    )
    assert ask_child("m", {}, seconds=300).value == {}
    assert _gone(int((tmp_path / "pid").read_text()))


def test_a_clock_ends_all_that_a_child_started(program: Program, tmp_path: Path) -> None:
    program(
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(tmp_path / 'written')!r}, 'w').write(str(child.pid))\n"
        f"import os; os.rename({str(tmp_path / 'written')!r}, {str(tmp_path / 'pid')!r})\n"
        "child.wait()"
    )
    for seconds in (1, 2, 4, 8, 16):  # until the clock leaves this machine the time to start a child
        with pytest.raises(ChildFailed, match=f"did not answer within {seconds} s and was ended"):
            ask_child("m", {}, seconds=seconds)
        if (tmp_path / "pid").exists():
            break
    assert _gone(int((tmp_path / "pid").read_text()))


def _gone(process: int) -> bool:
    """Whether a process that was killed ends soon; one that nobody waits for stays as a zombie."""
    for _ in range(200):
        try:
            if "\nState:\tZ" in Path(f"/proc/{process}/status").read_text():
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.05)
    return False
