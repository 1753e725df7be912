"""When garbage is looked for, and when nobody looks."""

import gc
from pathlib import Path

import pytest

from specship.garbage import undisturbed
from tests.processes import run_python
from tests.projects.sound_project import sound_project

CYCLE = """
class Left:
    def __del__(self):
        print("found")
left = Left()
left.itself = left
"""


def test_while_objects_are_made_nobody_looks() -> None:
    was = gc.isenabled()
    with undisturbed():
        assert not gc.isenabled()
        with undisturbed():
            pass
        assert not gc.isenabled()
    assert gc.isenabled() is was


def test_what_stays_is_left_out_until_it_is_taken_back() -> None:
    code = """
import gc
from specship.garbage import all_stays
back = all_stays()
there = gc.get_freeze_count()
all_stays()()  # of another's objects nothing is taken back
assert 0 < there == gc.get_freeze_count()
back()
print(gc.get_freeze_count())
"""
    assert run_python(Path.cwd(), code).stdout == "0\n"


@pytest.mark.parametrize(("call", "out"), [("none_at_the_end()", ""), ("", "found\n")])
def test_at_the_end_of_a_process_garbage_is_left(call: str, out: str) -> None:
    code = f"from specship.garbage import none_at_the_end\n{CYCLE}\n{call}\ndel left"

    assert run_python(Path.cwd(), code).stdout == out


def test_a_collection_within_a_greater_program_sets_nothing_apart_for_good(tmp_path: Path) -> None:
    code = """
import gc, pytest
class Watch:
    def pytest_sessionfinish(self):
        self.apart = gc.get_freeze_count()
watch = Watch()
assert pytest.main(["--collect-only", "-q", "contracts"], plugins=[watch]) == 0
print(watch.apart > 0, gc.get_freeze_count(), gc.isenabled())
"""
    done = run_python(sound_project(tmp_path), code)

    assert done.stdout.splitlines()[-1] == "True 0 True", done.stderr
