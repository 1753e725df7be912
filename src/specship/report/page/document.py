"""A whole page around its sections."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from specship.report.charts.markup import Child, element, markup
from specship.report.page.style import page_style

_NOTHING_FROM_OUTSIDE = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
)
"""Whatever a text of a project holds, a browser loads and runs nothing for this page."""


def page(
    title: str,
    about: Sequence[Child],
    links: Sequence[tuple[str, str]],
    sections: Sequence[Element],
    foot: Sequence[Child],
) -> str:
    """The text of the file; `links` are places on the page with their words."""
    made = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", http_equiv="Content-Security-Policy", content=_NOTHING_FROM_OUTSIDE),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("title", title),
            element("link", rel="icon", href="data:,"),
            _style(),
        ),
        element(
            "body",
            element("a", "Skip to the report", href="#main", class_="skip"),
            element(
                "header",
                element("h1", title),
                about,
                element(
                    "nav",
                    element(
                        "ul", [element("li", element("a", words, href=f"#{place}")) for place, words in links]
                    ),
                    aria_label="Sections",
                ),
            ),
            element("main", sections, id_="main"),
            element("footer", foot),
        ),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{markup(made)}\n"


def _style() -> Element:
    made = Element("style")
    made.text = page_style()
    return made
