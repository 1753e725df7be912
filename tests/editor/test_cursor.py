"""Where a cursor stands, in whole texts and in texts that are being written."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from specship.editor.cursor import Cursor, cursor_at
from tests.places import ROOT

GATE = """\
contract_id: small
gates:
  # a comment
  - id: GATE-SMALL-001
    rule: 'It is # not a comment'
    binds_to: [AC-SMALL-001, AC-]
    probe: run.held
    expect:
      val_loss: {at_most: 2.2, unit: nats/token}
    falsified_by:
    - frozen-weights
    -
"""
DOCUMENTS = sorted((ROOT / "contracts").glob("*.yaml"))


def at(text: str) -> Cursor | None:
    """The cursor at the sign `|`."""
    before, _, after = text.partition("|")
    lines = before.split("\n")
    return cursor_at(before + after, len(lines) - 1, len(lines[-1]))


@pytest.mark.parametrize(
    ("text", "keys", "in_key", "word"),
    [
        ("|", (), True, ""),
        ("ga|", (), True, "ga"),
        ("gates:\n  - |", ("gates", "[]"), False, ""),
        ("gates:\n  - id: A\n    pro|", ("gates", "[]"), True, "pro"),
        ("gates:\n  - id: A\n    probe: |", ("gates", "[]", "probe"), False, ""),
        ("gates:\n  - id: A\n    probe: run.he|ld", ("gates", "[]", "probe"), False, "run.held"),
        ("gates:\n  - id: A\n    binds_to: [|", ("gates", "[]", "binds_to", "[]"), False, ""),
        ("gates:\n  - id: A\n    binds_to: [AC-1, AC|]", ("gates", "[]", "binds_to", "[]"), False, "AC"),
        ("gates:\n  - id: A\n    expect:\n      |", ("gates", "[]", "expect"), True, ""),
        ("gates:\n  - id: A\n    expect: {|", ("gates", "[]", "expect"), True, ""),
        ("gates:\n  - id: A\n    expect:\n      loss: {at_most: 2, un|", ("gates", "[]", "expect", "loss"), True, "un"),
        ("gates:\n  - id: A\n    expect:\n      loss: {unit: n|", ("gates", "[]", "expect", "loss", "unit"), False, "n"),
        ("gates:\n- id: A\n  falsified_by:\n  - fro|", ("gates", "[]", "falsified_by", "[]"), False, "fro"),
        ("gates:\n- id: A\n  falsified_by:\n  - x\n  pro|", ("gates", "[]"), True, "pro"),
        ("gates:\n- id: A\n|", (), True, ""),
        ("a: 'x # y|'", ("a",), False, "y"),
    ],
)  # fmt: skip
def test_what_is_open(text: str, keys: tuple[str, ...], in_key: bool, word: str) -> None:
    found = at(text)

    assert found is not None
    assert (found.keys, found.in_key, found.word) == (keys, in_key, word)


@pytest.mark.parametrize("text", ["a: 1 # wor|d", "# |", "a: \t@|"])
def test_nothing_is_told_of_a_comment_or_of_what_no_scanner_reads(text: str) -> None:
    assert at(text) is None


def test_what_was_written_in_the_same_mapping_is_known() -> None:
    found = at("gates:\n  - id: A\n    probe: run.device\n    expect:\n      |")

    assert found is not None
    assert found.siblings[1] == {"id": "A", "probe": "run.device", "expect": ""}


def scalars(
    node: yaml.Node, keys: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], bool, yaml.ScalarNode]]:
    """Every scalar of a text that stands in one line, with what is open there."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield keys, True, key
            yield from scalars(value, (*keys, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from scalars(item, (*keys, "[]"))
    elif isinstance(node, yaml.ScalarNode) and node.start_mark.line == node.end_mark.line:
        yield keys, False, node


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_our_own_contracts_are_told_as_libyaml_composes_them(path: Path) -> None:
    text = path.read_text()
    wrong = []
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    assert root is not None
    found = list(scalars(root))
    for keys, in_key, node in found[:: max(len(found) // 60, 1)]:
        cursor = cursor_at(text, node.start_mark.line, node.end_mark.column - (node.style is not None))
        if cursor is None or (cursor.keys, cursor.in_key) != (keys, in_key):
            wrong.append((node.start_mark.line + 1, node.value, keys, cursor))

    assert wrong == []


@given(st.text(alphabet="ab:-[]{}, \n#'\"&*!|>%?x", max_size=60), st.integers(0, 6), st.integers(0, 20))
def test_any_text_is_told_or_not_and_never_raises(text: str, line: int, character: int) -> None:
    found = cursor_at(text, line, character)

    assert found is None or found.start <= found.end


@given(st.integers(0, len(GATE)))
def test_a_text_that_ends_anywhere_is_told(length: int) -> None:
    text = GATE[:length]
    lines = text.split("\n")
    found = cursor_at(text, len(lines) - 1, len(lines[-1]))

    assert found is not None or "#" in lines[-1]
