"""YAML as people write it wrong, and what they are told."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specship import bounds
from specship.contracts.document import Document, read_document
from specship.errors import SpecshipError, UnreadableDocument, UnusableInput

BAD = {
    # plain words: (text, "line:column" or None, part of the message)
    "a key twice": ("a: 1\nb: 2\na: 3\n", "3:1", "'a' stands twice, first on line 1"),
    "a merge key": ("a:\n  <<: {b: 1}\n", "2:3", "merge keys are refused"),
    "an anchor": ("a: &x 1\nb: *x\n", "1:4", "anchors and aliases are refused"),
    "a tag": ("a: !!python/name:os.system x\n", "1:4", "tag"),
    "yes for true": ("a: yes\n", "1:4", "'yes' means different things"),
    "no as a country": ("a: no\n", "1:4", "'no' means different things"),
    "octal": ("a: 017\n", "1:4", "'017' means different things"),
    "underscored number": ("a: 1_000\n", "1:4", "'1_000' means different things"),
    "exponent without point": ("a: 1e-3\n", "1:4", "'1e-3' means different things"),
    "base sixty": ("a: 12:30:45\n", "1:4", "'12:30:45' means different things"),
    "a date": ("a: 2024-01-02\n", "1:4", "means different things"),
    "not a number": ("a: .nan\n", "1:4", "'.nan' means different things"),
    "a second document": ("a: 1\n---\nb: 2\n", "2:1", "a second document"),
    "an unclosed bracket": ("a: [1, 2\nb: 3\n", "2:2", "not YAML"),
    "a tab for indentation": ("a:\n\tb: 1\n", "2:1", "not YAML"),
    "a NUL byte": ("a: \0\n", None, "NUL"),
    "nothing at all": ("", None, "empty"),
    "a huge number": ("a: 12345678901234567890\n", "1:4", "too large"),
    "a list as key": ("[1, 2]: 3\n", "1:1", "a key must be a plain text"),
}


def sound(path: Path, root: Path | None = None) -> Document:
    """A document without faults; what every reader of one asks for."""
    document = read_document(path, root=root)
    if document.faults:
        raise UnreadableDocument(document.faults)
    return document


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.replace(" ", "-"))
def test_refuses_with_place(case: str, tmp_path: Path) -> None:
    text, place, message = BAD[case]
    path = tmp_path / "bad.yaml"
    path.write_text(text)

    with pytest.raises(UnusableInput) as caught:
        sound(path, root=tmp_path)

    assert message in str(caught.value)
    if place:
        assert f"bad.yaml:{place} SHIP" in str(caught.value)


def test_reports_every_fault(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("a: yes\nb: 017\na: 1\n")

    with pytest.raises(UnusableInput) as caught:
        sound(path, root=tmp_path)

    assert [line.split(" ")[0] for line in str(caught.value).splitlines() if "bad.yaml" in line] == [
        "bad.yaml:1:4",
        "bad.yaml:2:4",
        "bad.yaml:3:1",
    ]


def test_scalars_follow_yaml_1_2(tmp_path: Path) -> None:
    path = tmp_path / "good.yaml"
    path.write_text("a: 1\nb: 1.50\nc: true\nd: ~\ne: 1.10.0\nf: 'no'\ng: 2.5e-3\nh: text\non: \"1\"\n")

    assert sound(path).values == {
        "a": 1, "b": 1.5, "c": True, "d": None, "e": "1.10.0", "f": "no", "g": 0.0025, "h": "text", "on": "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (b"a: " + b"x" * (bounds.YAML_SCALAR_CHARACTERS - 1), b"a: " + b"x" * (bounds.YAML_SCALAR_CHARACTERS + 1)),
        (b"a: " + b"[" * (bounds.YAML_DEPTH - 1) + b"]" * (bounds.YAML_DEPTH - 1),
         b"a: " + b"[" * bounds.YAML_DEPTH + b"]" * bounds.YAML_DEPTH),
        (b"[" + b"1," * (bounds.YAML_NODES - 2) + b"]", b"[" + b"1," * bounds.YAML_NODES + b"]"),
        (b"a: 1\n#" + b"x" * (bounds.YAML_BYTES - 6), b"a: 1\n#" + b"x" * (bounds.YAML_BYTES - 5)),
        (b"a: " + b"1" * bounds.YAML_INTEGER_DIGITS, b"a: " + b"1" * (bounds.YAML_INTEGER_DIGITS + 1)),
    ],
    ids=["scalar", "depth", "nodes", "bytes", "digits"],
)  # fmt: skip
def test_bounds_on_both_sides(inside: bytes, outside: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bound.yaml"
    path.write_bytes(inside)
    sound(path)
    path.write_bytes(outside)

    with pytest.raises(UnusableInput):
        sound(path)


def test_refuses_what_is_no_file(tmp_path: Path) -> None:
    """A FIFO would be waited for, a folder cannot be read, a link may lead out of the project."""
    os.mkfifo(tmp_path / "fifo.yaml")
    (tmp_path / "folder.yaml").mkdir()
    outside = tmp_path / "outside.yaml"
    outside.write_text("a: 1\n")
    project = tmp_path / "project"
    project.mkdir()
    (project / "link.yaml").symlink_to(outside)

    for path, root in (
        ("fifo.yaml", None),
        ("folder.yaml", None),
        ("gone.yaml", None),
        ("project/link.yaml", project),
    ):
        with pytest.raises(UnusableInput):
            sound(tmp_path / path, root=root)


def test_invalid_utf8_says_where(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: caf\xe9\n")

    with pytest.raises(UnusableInput, match=r"latin\.yaml:1:10 SHIP103 not UTF-8"):
        sound(path, root=tmp_path)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="ab:[]{}&*!<>-'\"\n 0.1#|", max_size=120))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text, however strange, ends in anything but values or our own error."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "any.yaml")
        path.write_text(text, encoding="utf-8", errors="replace")
        try:
            sound(path)
        except SpecshipError as error:
            assert "any.yaml" in str(error)  # noqa: PT017 - it may also be read
