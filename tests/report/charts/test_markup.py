"""Text becomes markup nowhere."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship.report.charts.markup import MOST_CHARACTERS, element, markup, plain, standalone
from tests.report.page_reading import read_page


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_any_text_comes_back_as_text(text: str) -> None:
    page = read_page(markup(element("p", text, title=text, aria_label=text)))

    assert not page.wrong
    assert [tag for tag, _ in page.elements] == ["p"]
    assert "".join(page.texts).replace("\r", "") == plain(text).replace("\r", "")
    assert page.elements[0][1]["title"] == plain(text)


@given(st.text(max_size=40))
def test_a_drawing_that_stands_alone_can_be_encoded(text: str) -> None:
    standalone(element("svg", element("text", text)), "").encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a⟨U+202E⟩b"), ("\x00", "⟨U+0000⟩"), ("\ud800", "⟨U+D800⟩"), ("tab\tline\n", "tab\tline\n"),
        ("x" * (MOST_CHARACTERS + 5), "x" * MOST_CHARACTERS + " … and 5 more characters"), ("50 %", "50\u00a0%"),
    ],
)  # fmt: skip
def test_what_nobody_sees_is_shown_by_its_number(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_attributes() -> None:
    made = element(
        "p", None, ["a", ["b", element("b", "c"), "d"]], class_="x", hidden=True, id_=None, width=1 / 3
    )

    assert markup(made) == '<p class="x" hidden="hidden" width="0.333333">ab<b>c</b>d</p>'
