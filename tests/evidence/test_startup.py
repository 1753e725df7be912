"""What Python reads before a program begins: named where no installed distribution records it."""

import base64
import hashlib
import importlib
import site
from pathlib import Path

import pytest

from specship.evidence.startup import altered_files, recorded_names, startup_files


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(tmp_path)])
    monkeypatch.syspath_prepend(str(tmp_path))
    startup_files.cache_clear()
    altered_files.cache_clear()
    return tmp_path


def test_files_that_nobody_recorded_are_named(packages: Path) -> None:
    (packages / "evil.pth").write_text("import sys; sys.forged = True\n")
    (packages / "sitecustomize.py").write_text("")
    (packages / "places.pth").write_text("# two\n/a\n/b\n")
    (packages / "known.pth").write_text("/c\n")
    (packages / "tool-1.dist-info").mkdir()
    (packages / "tool-1.dist-info/RECORD").write_text("known.pth,sha256=x,3\ntool/one.py,,\n")

    found = {name: text.partition(" (")[0] for name, text in startup_files().items()}
    assert recorded_names(packages) == {"known.pth"}
    assert found == {
        "evil.pth": "passed over", "places.pth": "2 more folders of modules", "sitecustomize.py": "passed over",
    }  # fmt: skip
    startup_files.cache_clear()


def test_an_installed_file_that_was_edited_is_named(packages: Path) -> None:
    (packages / "specship").mkdir()
    rows = []
    for name, text in {"a.py": "A = 1\n", "b.py": "B = 1\n"}.items():
        (packages / "specship" / name).write_text(text)
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
        rows.append(f"specship/{name},sha256={digest},{len(text)}\n")
    home = packages / "specship-9.dist-info"
    home.mkdir()
    (home / "METADATA").write_text("Metadata-Version: 2.1\nName: specship\nVersion: 9\n")
    (home / "RECORD").write_text("".join(rows))
    importlib.invalidate_caches()

    assert altered_files() == ()
    altered_files.cache_clear()
    (packages / "specship/b.py").write_text("B = 2\n")
    assert altered_files() == ("specship/b.py",)
    altered_files.cache_clear()
