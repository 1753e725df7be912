"""Pages that a person reads: found from the first one, short, and true of what is there."""

import argparse
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from specship.cli import build_parser
from tests.docs.reading_pages import (
    DOCS,
    GENERATED,
    ROOT,
    anchors,
    commands,
    everything,
    links,
    name_of,
    pages,
    paragraphs,
    prose,
    text_of,
)

SITE: dict[str, Any] = yaml.safe_load(text_of(ROOT / "mkdocs.yml"))
MAKE = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
MOST_WORDS = 75
"""Of a paragraph. A longer one is two."""


def _listed(entry: Any) -> list[str]:
    if isinstance(entry, str):
        return [entry]
    inner = entry.values() if isinstance(entry, dict) else entry
    return [page for part in inner for page in _listed(part)]


def test_the_site_lists_exactly_the_pages() -> None:
    assert sorted(_listed(SITE["nav"])) == sorted(path.relative_to(DOCS).as_posix() for path in pages())


def test_the_site_fails_on_what_is_dead_and_fetches_nothing() -> None:
    wanted = {"omitted_files", "absolute_links", "unrecognized_links", "anchors"}

    assert SITE["validation"] == dict.fromkeys(wanted, "warn")
    assert SITE["theme"]["font"] is False
    assert "mkdocs build --strict\n" in text_of(ROOT / "Makefile"), "with --quiet no warning is counted"
    assert f"{SITE['site_dir']}/" in text_of(ROOT / ".gitignore").splitlines()


@pytest.mark.parametrize("path", everything(), ids=name_of)
def test_links_and_anchors_lead_somewhere(path: Path) -> None:
    for target in links(path):
        file, _, anchor = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@pytest.mark.parametrize("path", [path for path in pages() if path.parent == DOCS], ids=name_of)
def test_a_page_opens_with_its_command(path: Path) -> None:
    """A title, at most one sentence, and the command; a generated page may say so in between."""
    opening = r"# .+\n\n(?:<!--.*-->\n\n)?(?:(?!    |```)(?P<sentence>(?:.+\n)+)\n)?(?:    \S|```)"
    found = re.match(opening, text_of(path))

    assert found, text_of(path)[:300]
    assert len(re.findall(r"[.!?](?:\s|$)", found["sentence"] or "")) <= 1


@pytest.mark.parametrize("path", [path for path in everything() if path.name not in GENERATED], ids=name_of)
def test_paragraphs_are_short(path: Path) -> None:
    if path.name == "ARCHITECTURE.md":
        pytest.skip("one page, drawn from the import graph")
    long = {
        text[:60]: len(text.split()) for text in paragraphs(text_of(path)) if len(text.split()) > MOST_WORDS
    }

    assert long == {}


def _words(parser: argparse.ArgumentParser) -> dict[str, Any]:
    """The first words that a parser knows, with the parser of each where it has one."""
    choices = [action.choices for action in parser._actions if action.choices and not action.option_strings]
    return {word: found[word] if isinstance(found, dict) else None for found in choices for word in found}


VERBS = _words(build_parser())


@pytest.mark.parametrize("path", everything(), ids=name_of)
def test_commands_that_are_named_exist(path: Path) -> None:
    for verb, *rest in commands(path, "specship"):
        word = verb.rstrip(",;.:")
        assert word in VERBS, verb
        second = _words(VERBS[word])
        if second and rest and re.fullmatch(r"[a-z-]+", rest[0]):
            assert rest[0] in second, f"{verb} {rest[0]}"
    for target, *_ in commands(path, "make"):
        assert target in MAKE, target


def test_every_verb_has_its_row() -> None:
    told = {words[0] for words in commands(DOCS / "verbs.md", "specship")}

    assert told == set(VERBS)


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *(p for p in pages() if p.name not in GENERATED)], ids=name_of
)
def test_files_that_are_named_exist(path: Path) -> None:
    """Whole paths, and those of modules below `src/specship/`, unless a capital word stands for a name."""
    named = re.findall(r"`([\w.-]+/[\w./-]*)`", prose(text_of(path)))
    ours = [name for name in named if re.match(r"(src|tests|benchmarks|contracts|specs|schemas|docs)/", name)]
    ours += [name for name in named if name.endswith(".py")]
    places = {
        name: [
            ROOT / name,
            ROOT / "src" / name,
            ROOT / "src/specship" / name,
            ROOT / "src/specship/pipeline" / name,
        ]
        for name in ours
    }
    missing = [name for name, tried in places.items() if not any(place.exists() for place in tried)]

    assert [name for name in missing if not re.search(r"[A-Z]{2}", name)] == []
