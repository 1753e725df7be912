"""Which program begins a process that measures, whatever a session has set."""

import sys
from pathlib import Path

import pytest

from specship.errors import UnusableInput
from specship.interpreter import interpreter, isolated


def test_it_is_this_environments_own() -> None:
    assert Path(interpreter()).samefile(sys.executable)
    assert Path(interpreter()).parent == Path(sys.executable).parent
    command = isolated("specship.pipeline", "3")
    assert (command[1:3], command[-2:]) == (["-I", "-S"], ["specship.pipeline", "3"])


def test_a_program_that_a_conftest_names_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\necho forged\n")
    other.chmod(0o755)
    own = interpreter()
    monkeypatch.setattr(sys, "executable", str(other))
    found = interpreter()

    assert Path(found).parent == Path(own).parent
    assert Path(found).samefile(own)


@pytest.mark.skipif(not Path("/proc/self/exe").exists(), reason="only Linux says which file a process runs")
def test_an_environment_that_is_not_this_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("python", "python3"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\necho forged\n")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    with pytest.raises(UnusableInput, match="is not the interpreter that runs here"):
        interpreter()
