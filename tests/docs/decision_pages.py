"""The decisions as their pages tell them, and the table that lists them."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
INDEX = FOLDER / "index.md"
STATUS = re.compile(
    r"accepted|proposed|(?:superseded|amended) by (?:\[\d{4}\]\(\d{4}-[a-z0-9-]+\.md\)(?:, )?)+"
)
_HEAD = re.compile(r"# (\d{4}): (.+)\n\n- Date: (\d{4}-\d{2}-\d{2})\n- Status: (.+)\n\n")


@dataclass(frozen=True)
class Decision:
    """The head of one page."""

    file: str
    number: str
    title: str
    date: str
    status: str

    @property
    def row(self) -> str:
        """Its row of the index."""
        return f"| [{self.number}]({self.file}) | {self.title} | {self.date} | {self.status} |"


def pages() -> list[Path]:
    """Every page, the index apart."""
    return sorted(path for path in FOLDER.glob("*.md") if path != INDEX)


def read_decision(path: Path) -> Decision:
    """The head of a page; an AssertionError says what one looks like."""
    head = _HEAD.match(path.read_text(encoding="utf-8"))
    assert head, f"{path.name} begins with `# NNNN: Title`, and `- Date: YYYY-MM-DD`, `- Status: ...` below"
    return Decision(path.name, *head.groups())


def table() -> str:
    """The rows that the index has to hold."""
    return "\n".join(read_decision(path).row for path in pages())
