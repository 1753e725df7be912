"""A real browser, where there is one: Chromium, headless, driven by playwright."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")

CONTRAST = """() => {
  const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return {c: n.slice(0, 3), a: n.length > 3 ? n[3] : 1}; };
  const over = (top, under) => top.c.map((v, i) => v * top.a + under[i] * (1 - top.a));
  const light = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { const all = []; for (let n = e; n; n = n.parentElement) all.push(parse(getComputedStyle(n).backgroundColor));
    return all.reverse().reduce((under, one) => over(one, under), [255, 255, 255]); };
  const bad = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.data.trim(), e = walk.currentNode.parentElement;
    if (!text || e.closest('title') || !e.checkVisibility()) continue;
    const style = getComputedStyle(e), size = parseFloat(style.fontSize);
    const back = ground(e), ink = over(parse(e instanceof SVGElement ? style.fill : style.color), back);
    const [a, b] = [light(ink), light(back)], ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) bad.push(`${text.slice(0, 40)} ${ratio.toFixed(2)}`);
  }
  return bad;
}"""
"""Texts whose contrast with what lies behind them is below WCAG 2.2 AA (1.4.3)."""


def executable() -> str:
    """Path of a browser of this machine; empty where there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), "")


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Gives playwright's browser; skips the test where playwright or a browser is missing."""
    api = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install -e .[browser]"
    )
    path = executable()
    if not path:
        pytest.skip(f"no browser here: none of {', '.join(_NAMES)} is on PATH")
    with api.sync_playwright() as driver:
        own = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield own
        finally:
            own.close()


class OpenedPage:
    """One page, and everything that it said or asked for while it was opened."""

    def __init__(self, driver: Any, path: Path, *, width: int, dark: bool = False, height: int = 900) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.view = driver.new_page(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )  # fmt: skip
        self.view.on("console", lambda message: self.said.append(message.text))
        self.view.on("pageerror", lambda error: self.said.append(str(error)))
        self.view.on("request", lambda request: self.asked.append(request.url))
        self.view.goto(path.as_uri())

    def open_all(self) -> None:
        """Unfold everything."""
        self.view.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
