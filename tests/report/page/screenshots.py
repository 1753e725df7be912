"""The pictures of `docs/images/`: the report of a rehearsal and of a failing release, wide and narrow, light and dark.

    make ship
    python -m tests.report.page.screenshots .specship/report.html

The failing release is made anew, which takes a minute. It needs playwright, a browser and the pipeline.
"""

import base64
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.places import ROOT
from tests.processes import specship
from tests.projects.failing_release import failing_release
from tests.report.page.browser import OpenedPage, browser

IMAGES = ROOT / "docs" / "images"
LARGEST = 200_000
_WEBP = """async data => {
  const image = new Image(); image.src = 'data:image/png;base64,' + data; await image.decode();
  const canvas = document.createElement('canvas'); canvas.width = image.width; canvas.height = image.height;
  canvas.getContext('2d').drawImage(image, 0, 0); return canvas.toDataURL('image/webp', .9).split(',')[1];
}"""
_OPEN = {
    "rehearsal": "[id='criterion.MODEL-2.rehearsal.AC-SHIP2-003']",
    "failing": "[id='criterion.MODEL-1.release.AC-SMALL-001']",
}


def pictures(driver: Any, name: str, page: Path) -> None:
    """Four of the first screen, and two of what a gate shows when its criterion is opened."""
    for width in (1280, 400):
        for look in ("light", "dark"):
            opened = OpenedPage(driver, page, width=width, dark=look == "dark")
            save(driver, opened.view.screenshot(), IMAGES / f"report-{name}-{width}-{look}.webp")
            opened.view.close()
    opened = OpenedPage(driver, page, width=1280)
    opened.view.evaluate(f'document.querySelector("{_OPEN[name]}").open = true')
    for what, place in (("gates", _OPEN[name]), ("run", "section[aria-labelledby^=run]")):
        box = opened.view.locator(place).first.bounding_box()
        clip = {"x": 0, "y": box["y"] - 8, "width": 1280, "height": min(900, box["height"] + 16)}
        save(driver, opened.view.screenshot(full_page=True, clip=clip), IMAGES / f"report-{name}-{what}.webp")
    opened.view.close()


def save(driver: Any, png: bytes, path: Path) -> None:
    """A picture as WebP, which the browser itself encodes."""
    view = driver.new_page()
    data = base64.b64decode(view.evaluate(_WEBP, base64.b64encode(png).decode()))
    view.close()
    if len(data) > LARGEST:
        raise ValueError(f"{path}: {len(data)} bytes")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    sys.stdout.write(f"{path.relative_to(ROOT)} {len(data)}\n")


def main(rehearsal: Path) -> None:
    """Make them all."""
    with tempfile.TemporaryDirectory() as folder, browser() as driver:
        pictures(driver, "rehearsal", rehearsal.resolve())
        keys = Path(folder) / "keys"
        keys.mkdir()
        root = failing_release(Path(folder) / "project", keys=keys)
        assert specship("report", "--html", folder=root).returncode == 0
        pictures(driver, "failing", root / ".specship/report.html")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
