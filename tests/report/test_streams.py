"""Text on streams that have not every sign: people get it drawn, programs get all of it."""

from __future__ import annotations

import io
import json
from typing import Final

import pytest

from specship.report.streams import DRAWN, for_people, for_programs

SHOWN: Final = {
    # encoding, text: what is written
    "UTF-8 has all": ("utf-8", "≤ é 🙂", "≤ é 🙂"),
    "Windows has some": ("cp1252", "─░█ ≤ 2 → … é", "-.# <= 2 -> … é"),
    "Latin-1 has fewer": ("latin-1", "… · ≥ é", "... · >= é"),
    "ASCII has none": ("ascii", "é ← ▁▇█ — 🙂", "\\u00e9 <- _%# - \\ud83d\\ude42"),
    "a name that is no text": ("utf-8", "pr\udce9", "pr\\udce9"),
}


@pytest.mark.parametrize("name", SHOWN)
def test_people_get_the_signs_that_the_stream_has(name: str) -> None:
    encoding, text, shown = SHOWN[name]
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    for_people(stream)
    stream.write(text)
    stream.flush()

    assert stream.buffer.getvalue() == shown.encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "cp1252", "latin-1", "ascii"])
def test_programs_get_the_same_json_whatever_the_encoding(encoding: str) -> None:
    """A reader of JSON takes it for UTF-8, whatever the stream calls itself."""
    text = "≤ 2 é 🙂 pr\udce9"
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    for_programs(stream)
    stream.write(json.dumps(text, ensure_ascii=False))
    stream.flush()
    written = stream.buffer.getvalue()

    assert json.loads(written.decode("utf-8")) == text


def test_what_cannot_be_read_is_no_matter_of_drawing() -> None:
    for_people(object())
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", errors=DRAWN)
