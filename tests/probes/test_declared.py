"""What a file of probes declares, read from its text: what is understood, and what is refused with its place."""

from typing import Final

import pytest

from specship import bounds
from specship.probes.declared import declared_in

PROBE: Final = (
    'from specship import Artifact, probe\n\n@probe("a.size", checked="files", files="files", size="bytes")\n'
)
FUNCTION: Final = 'def size(corpus: Artifact):\n    """How large it is.\n\n    In bytes.\n    """\n    raise SystemExit("this was run")\n'
SPELLINGS: Final = {
    "from the face": "from specship import probe\n@probe",
    "under another name": "from specship import probe as measure\n@measure",
    "from its home": "from specship.probes.probe import probe\n@probe",
    "through the face": "import specship\n@specship.probe",
    "through the face, renamed": "import specship as s\n@s.probe",
    "through its home": "import specship.probes.probe\n@specship.probes.probe.probe",
    "through its home, renamed": "import specship.probes.probe as p\n@p.probe",
    "through the folder": "from specship.probes import probe\n@probe.probe",
}
REFUSED: Final = {
    "a name of run time": ('NAME = "a.b"\n@probe(NAME, checked="n", n="files")\ndef f(corpus): ...\n', 3, 8, "NAME is no text"),
    "a name with a part": ('@probe(f"a.{1}", checked="n", n="files")\ndef f(corpus): ...\n', 2, 8, "is no text"),
    "a unit of run time": ('@probe("a.b", checked="n", n=str(1))\ndef f(corpus): ...\n', 2, 30, "str(1) is no text"),
    "units of run time": ('@probe("a.b", checked="n", **{"n": "files"})\ndef f(corpus): ...\n', 2, 30, "only stand there when"),
    "an unknown unit": ('@probe("a.b", checked="n", n="furlongs/year")\ndef f(corpus): ...\n', 2, 30, "the unknown unit"),
    "no count": ('@probe("a.b", checked="n", n="nats/token")\ndef f(corpus): ...\n', 2, 23, "is no declared count"),
    "a count that is not there": ('@probe("a.b", checked="m", n="files")\ndef f(corpus): ...\n', 2, 23, "counts by 'm'"),
    "nothing checked": ('@probe("a.b", n="files")\ndef f(corpus): ...\n', 2, 2, "`checked` names"),
    "no call": ("@probe\ndef f(corpus): ...\n", 3, 1, "only comes about when the file is run"),
    "called by hand": ('def f(corpus): ...\nprobe("a.b", checked="n", n="files")(f)\n', 3, 1, "only comes about"),
    "in a condition": ('if True:\n    @probe("a.b", checked="n", n="files")\n    def f(corpus): ...\n', 3, 6, "only comes about"),
    "in a loop": ('for n in "ab":\n    probe(f"a.{n}", checked="n", n="files")(print)\n', 3, 5, "only comes about"),
    "of a class": ('@probe("a.b", checked="n", n="files")\nclass F: ...\n', 2, 2, "only comes about"),
    "of a coroutine": ('@probe("a.b", checked="n", n="files")\nasync def f(corpus): ...\n', 2, 2, "only comes about"),
    "any artifacts": ('@probe("a.b", checked="n", n="files")\ndef f(*all): ...\n', 3, 8, "all is the name of no artifact"),
    "twice": (
        '@probe("a.b", checked="n", n="files")\ndef f(corpus): ...\n@probe("a.b", checked="n", n="files")\ndef g(corpus): ...\n',
        4, 2, "two probes are called 'a.b'",
    ),
    "a unit of one's own that nobody declares": ('@probe("a.b", checked="n", n="files", x="own.chrf")\ndef f(corpus): ...\n', 2, 41, "which its file does not declare"),
    "units of one's own at run time": ('UNITS = dict(a="b")\n', 2, 1, "only come about when the file is run"),
    "units of one's own spread": ("UNITS = {**{}}\n", 2, 12, "only come about when the file is run"),
    "a unit of one's own without its mark": ('UNITS = {"chrf": "agreement"}\n', 2, 10, "those begin with `own.`"),
    "a unit of one's own that says nothing": ('UNITS = {"own.chrf": " "}\n', 2, 22, "nobody says what own.chrf measures"),
    "a unit of one's own that is computed": ('UNITS = {"own.chrf": str(1)}\n', 2, 22, "str(1) is no text"),
    "a unit of one's own that counts": ('UNITS = {"own.words": "words"}\n@probe("a.b", checked="n", n="own.words")\ndef f(corpus): ...\n', 3, 23, "is no declared count"),
    "no Python": ("def (\n", 2, 5, "not Python"),
    "a NUL": ("x = 1\0\n", 1, 1, "not Python"),
}  # fmt: skip


def test_everything_is_read_and_nothing_run() -> None:
    (found,), faults = declared_in((PROBE + FUNCTION).encode(), "probes/a.py")

    assert faults == ()
    assert (found.name, found.checked, found.artifacts, found.function) == (
        "a.size",
        "files",
        ("corpus",),
        "size",
    )
    assert found.units == {"files": "files", "size": "bytes"}
    assert (found.path, found.line, found.text) == ("probes/a.py", 4, "How large it is.\n\nIn bytes.")


@pytest.mark.parametrize("written", SPELLINGS.values(), ids=list(SPELLINGS))
def test_it_is_known_however_it_is_imported(written: str) -> None:
    found, faults = declared_in(
        f'{written}("a.b", checked="n", n="files")\ndef f(corpus): ...\n'.encode(), "a.py"
    )

    assert ([one.name for one in found], faults) == (["a.b"], ())


def test_another_decorator_of_that_name_is_none() -> None:
    text = 'from mine import probe\n@probe("a", 3)\ndef f(): ...\nprobe()\n'

    assert declared_in(text.encode(), "a.py") == ((), ())


@pytest.mark.parametrize("row", REFUSED)
def test_what_only_running_it_would_show_is_refused_where_it_stands(row: str) -> None:
    text, line, column, said = REFUSED[row]
    _, (fault,) = declared_in(f"from specship import probe\n{text}".encode(), "probes/a.py")

    assert fault.at is not None
    assert (fault.at.path, fault.at.line, fault.at.column) == ("probes/a.py", line, column)
    assert said in fault.message
    assert fault.why
    assert fault.mend


def test_a_text_in_another_encoding_is_refused() -> None:
    """Its letters would be other ones where it is run."""
    found, (fault,) = declared_in(b"# coding: utf-7\n" + PROBE.encode() + FUNCTION.encode(), "a.py")

    assert found == ()
    assert "another encoding than UTF-8" in fault.message


def test_only_so_much_is_read() -> None:
    fits = b"#" * (bounds.PYTHON_BYTES - 1) + b"\n"

    assert declared_in(fits, "a.py").faults == ()
    assert "1048577 bytes" in declared_in(fits + b"\n", "a.py").faults[0].message
