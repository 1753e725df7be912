"""The page in a real browser: nothing asked for, nothing complained of, legible, narrow, dark, by keyboard, on paper."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from specship.exhibits.side_by_side import SideBySide
from specship.exhibits.trends import Trend
from specship.report.formats import SHIP, SIDE_BY_SIDE, TREND, render
from tests.report.page.browser import CONTRAST, OpenedPage, browser
from tests.report.shown_reports import exhibits, history, hostile, run, shown

pytestmark = pytest.mark.slow
PAGES = ("shown", "hostile", "sides", "runs")


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with browser() as own:
        yield own


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    better = shown(version="2.1.0", models=())
    texts = {
        "shown": render(SHIP, "html", shown(exhibits=exhibits(runs=(run(), run(2, path="other"))))),
        "hostile": render(SHIP, "html", hostile()),
        "sides": render(
            SIDE_BY_SIDE, "html", SideBySide(kind="reports", a="a", b="b", reports=(shown(), better))
        ),
        "runs": render(SIDE_BY_SIDE, "html", SideBySide(kind="runs", a="a", b="b", runs=(run(), run(60)))),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text)
    trend = Trend(spec="S", version="1", asked="", histories=(history(2.6, 2.1),))
    (folder / "trend.svg").write_text(render(TREND, "svg", trend))
    return {path.stem: path for path in folder.iterdir()}


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_it_is_read_everywhere(driver: Any, pages: dict[str, Path], name: str, width: int) -> None:
    page = OpenedPage(driver, pages[name], width=width)
    assert page.asked == [pages[name].as_uri()]
    assert page.view.evaluate("document.documentElement.scrollWidth") <= width
    page.open_all()
    assert page.view.evaluate("document.documentElement.scrollWidth") <= width
    for look in ("light", "dark"):
        page.view.emulate_media(color_scheme=look)
        assert page.view.evaluate(CONTRAST) == [], look
    assert page.said == []
    page.view.close()


def test_no_script_is_needed_and_none_runs(driver: Any, pages: dict[str, Path]) -> None:
    context = driver.new_context(java_script_enabled=False)
    view = context.new_page()
    view.goto(pages["shown"].as_uri())
    assert "at most 80" in view.inner_text("main")
    context.close()
    page = OpenedPage(driver, pages["hostile"], width=1280)
    assert page.view.evaluate("document.scripts.length") == 0
    page.view.close()


def test_it_is_used_by_keyboard(driver: Any, pages: dict[str, Path]) -> None:
    page = OpenedPage(driver, pages["shown"], width=1280)
    focused = "document.activeElement.textContent"
    page.view.keyboard.press("Tab")
    assert page.view.evaluate(focused) == "Skip to the report"
    assert page.view.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.view.keyboard.press("Tab")
    assert page.view.evaluate(focused) == "At a glance"
    page.view.focus("#criterion\\.MODEL-1\\.release\\.AC-A-001 > summary")
    page.view.keyboard.press("Enter")
    assert page.view.evaluate("document.activeElement.parentElement.open")
    page.open_all()
    reachable = "[...document.querySelectorAll('.scroll, pre')].every(one => one.tabIndex === 0)"
    assert page.view.evaluate(reachable)
    page.view.close()


def test_on_paper_everything_is_there(driver: Any, pages: dict[str, Path]) -> None:
    page = OpenedPage(driver, pages["shown"], width=800, dark=True)
    page.view.emulate_media(media="print")
    hidden = "[...document.querySelectorAll('details *')].filter(one => one.tagName !== 'title' && !one.checkVisibility()).length"
    assert page.view.evaluate(hidden) == 0
    assert page.view.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.view.pdf()[:4] == b"%PDF"
    page.view.close()


def test_a_drawing_that_stands_alone_is_drawn(driver: Any, pages: dict[str, Path]) -> None:
    page = OpenedPage(driver, pages["trend"], width=1280, dark=True)
    assert page.said == []
    assert (
        page.view.evaluate("getComputedStyle(document.querySelector('.line')).stroke") == "rgb(138, 184, 255)"
    )
    page.view.close()


def test_faint_text_would_be_seen(driver: Any, tmp_path: Path) -> None:
    faint = tmp_path / "faint.html"
    faint.write_text(
        "<body style='background:#fff'><p style='color:#999'>faint</p><p style='color:#666'>fine</p>"
    )
    page = OpenedPage(driver, faint, width=400)
    assert [text.split()[0] for text in page.view.evaluate(CONTRAST)] == ["faint"]
    page.view.close()
