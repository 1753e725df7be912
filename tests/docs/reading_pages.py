"""Pages as the tests read them: blocks of code, paragraphs, links, anchors and commands."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GENERATED = {"lint.md", "api.md"}
"""Pages that a command writes and another test compares."""
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def pages() -> list[Path]:
    """Every page of the site."""
    return sorted(DOCS.rglob("*.md"))


def everything() -> list[Path]:
    """The pages, and what lies beside the README."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *pages()]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def fenced(text: str) -> list[tuple[str, str]]:
    """Kind and text of each fenced block."""
    return _FENCE.findall(text)


def prose(text: str) -> str:
    """A page without its code, fenced or indented, and without code spans' text."""
    return "\n".join(line for line in _FENCE.sub("", text).splitlines() if not line.startswith("    "))


def paragraphs(text: str) -> list[str]:
    """Paragraphs and items of lists; no headings, tables or code."""
    blocks = re.split(r"\n\s*\n", prose(text))
    kept = [block for block in blocks if block.strip() and not re.match(r"[#|]|<!--", block.lstrip())]
    return [item for block in kept for item in re.split(r"\n(?=\s*(?:[-*]|\d+\.) )", block)]


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as the site and the hosting of the repository make them."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text_of(path)), re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def links(path: Path) -> list[str]:
    """Targets of links that stay in the repository."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(text_of(path)))
    return [target for target in found if not re.match(r"[a-z]+://", target)]


def commands(path: Path, program: str) -> list[list[str]]:
    """The words that follow a program's name where a line of code or a code span begins with it."""
    text = text_of(path)
    code = [line for _, block in fenced(text) for line in block.splitlines()]
    code += [line for line in text.splitlines() if line.startswith("    ")]
    code += re.findall(r"`([^`\n]+)`", prose(text))
    found = [re.match(rf"\s*(?:\$ )?(?:.*&& )?{program} ([a-z].*)", line) for line in code]
    return [match[1].split() for match in found if match]
