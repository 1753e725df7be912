"""How the page looks: light, dark, narrow, printed. Text has a contrast of 4.5 to 1 or more."""

from __future__ import annotations

import functools
from pathlib import Path

from specship.report.charts import markup


@functools.cache
def drawing_style() -> str:
    """The colours, and what the classes of drawings mean: `drawing.css`."""
    return Path(markup.__file__).with_name("drawing.css").read_text(encoding="utf-8")


@functools.cache
def page_style() -> str:
    """That, and the page around it: `page.css`."""
    return drawing_style() + Path(__file__).with_name("page.css").read_text(encoding="utf-8")
