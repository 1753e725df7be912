"""`make docs` builds the site, and a dead link or anchor stops it."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.reading_pages import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed; `make docs` installs it"
    ),
]


def _built(folder: Path, page: str) -> subprocess.CompletedProcess[str]:
    """The site with a page more, as `make docs` builds it."""
    shutil.copytree(ROOT / "docs", folder / "docs")
    (folder / "mkdocs.yml").write_text((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), encoding="utf-8")
    with (folder / "docs" / "glossary.md").open("a", encoding="utf-8") as file:
        file.write(f"\n{page}\n")
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict"],
        cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip


def test_the_pages_that_are_there_make_a_site(tmp_path: Path) -> None:
    done = _built(tmp_path, "[a link that leads somewhere](walk.md#7-statement)")

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "search" / "search_index.json").is_file()


@pytest.mark.parametrize("target", ["no-such-page.md", "walk.md#nowhere", "../src", "/walk.md"])
def test_what_leads_nowhere_stops_the_build(target: str, tmp_path: Path) -> None:
    done = _built(tmp_path, f"[a link]({target})")

    assert done.returncode != 0
    assert "glossary.md" in done.stderr
