"""What Python would run before a process that measures begins, and what of it does run."""

import base64
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from specship import isolated_start
from tests.places import SOURCE

START = Path(isolated_start.__file__)
EVIL = "import sys; sys.forged = True\n"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment of this interpreter with everything in it that Python reads at its start."""
    folder = tmp_path_factory.mktemp("start") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    for name in ("sitecustomize.py", "usercustomize.py", "evil.pth"):
        (packages / name).write_text(EVIL)
    (folder / "more").mkdir()
    (folder / "more/found_there.py").write_text("WORD = 'found'\n")
    (packages / "places.pth").write_text(f"# a place\n{folder / 'more'}\n/no/such/folder\n")
    recorded = b"import sys; sys.recorded = True\n"
    (packages / "hook.pth").write_bytes(recorded)
    (packages / "tool-1.dist-info").mkdir()
    digest = base64.urlsafe_b64encode(hashlib.sha256(recorded).digest()).decode().rstrip("=")
    (packages / "tool-1.dist-info/RECORD").write_text(
        f"hook.pth,sha256={digest},{len(recorded)}\nevil.pth,,\n"
    )
    (packages / "asked.py").write_text(
        "import sys\nfrom found_there import WORD\n"
        "print(WORD, sys.argv[1:], hasattr(sys, 'forged'), hasattr(sys, 'recorded'), __name__)\n"
    )
    return folder


def test_folders_are_added_and_code_is_passed_over(environment: Path) -> None:
    python = str(environment / "bin/python")
    plain = subprocess.run([python, "-I", "-m", "asked", "x"], capture_output=True, text=True, check=True)
    ours = subprocess.run(
        [python, "-I", "-S", str(START), "asked", "x"], capture_output=True, text=True, check=True
    )

    assert plain.stdout.split("]")[1].split() == ["True", "True", "__main__"]  # so it matters
    assert ours.stdout.strip() == "found ['x'] False True __main__"


def test_it_finds_what_this_environment_has() -> None:
    """Editable installs among it: specship itself is one here, as often as not."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(START), "specship.cli", "--version"], capture_output=True, text=True,
        check=False, cwd=SOURCE.parent,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("specship ")
