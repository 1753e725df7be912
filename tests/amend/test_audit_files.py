"""Audits from outside: what is a finding, what it is bound to, and files that are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from specship.amend.audit_files import read_audit
from specship.errors import SpecshipError, UnusableInput
from specship.specs.records import Recommendation

KNOWN = {"AC-A-001", "GATE-A-001", "GATE-A-002"}


def audit(folder: Path, text: str | bytes, name: str = "audit.md", **more: Any) -> tuple[Recommendation, ...]:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_audit(path, KNOWN, **more)


MARKDOWN = """\
# Audit

Some prose - with a dash, about GATE-A-001.

- [ ] GATE-A-001 measures too little
  and AC-A-001 rests on it.
  - a detail
* The licence is not known.
1. Look at GATE-NOBODY-001.

```
- this is code
```
"""


def test_items_of_a_markdown_list(tmp_path: Path) -> None:
    found = audit(tmp_path, MARKDOWN)

    assert [(one.what, one.binds_to) for one in found] == [
        ("GATE-A-001 measures too little and AC-A-001 rests on it. a detail", ("GATE-A-001", "AC-A-001")),
        ("The licence is not known.", ()),
        ("Look at GATE-NOBODY-001.", ()),
    ]
    assert [one.origin.place for one in found if one.origin] == ["line 5", "line 8", "line 9"]
    assert {one.state for one in found} == {"OPEN"}
    assert len({one.identity for one in found}) == 3


def test_a_finding_is_bound_by_its_number(tmp_path: Path) -> None:
    found = audit(tmp_path, MARKDOWN, bound={2: ("GATE-A-002", "AC-A-001")})

    assert found[1].binds_to == ("GATE-A-002", "AC-A-001")
    for bound, said in (({4: ("GATE-A-001",)}, "no finding 4"), ({1: ("GATE-X-001",)}, "'GATE-X-001'")):
        with pytest.raises(UnusableInput, match=said):
            audit(tmp_path, MARKDOWN, bound=bound)


def result(text: str, **more: Any) -> dict[str, Any]:
    return {"message": {"text": text}, **more}


def sarif(*results: dict[str, Any], version: str = "2.1.0") -> str:
    return json.dumps({"version": version, "runs": [{"tool": {"driver": {"name": "x"}}, "results": results}]})


def test_results_of_sarif(tmp_path: Path) -> None:
    spot = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3}}}
    text = sarif(
        result(
            "Too\nfew documents",
            ruleId="X1",
            level="error",
            locations=[spot],
            properties={"tags": ["AC-A-001"]},
        ),
        result("It is fine", kind="pass"),
        result("GATE-A-002 sleeps"),
    )
    found = audit(tmp_path, text, "audit.sarif")

    assert [(one.what, one.binds_to) for one in found] == [
        ("X1: Too few documents (a.py:3)", ("AC-A-001",)),
        ("GATE-A-002 sleeps", ("GATE-A-002",)),
    ]
    assert [one.origin.place for one in found if one.origin] == ["runs[0].results[0]", "runs[0].results[2]"]


def test_the_same_text_in_another_edition_is_another_finding(tmp_path: Path) -> None:
    (one,), (other,) = audit(tmp_path, "- A\n"), audit(tmp_path, "- A\n\nedited\n")

    assert one.identity != other.identity


def test_long_and_unprintable_texts_are_kept_short_and_plain(tmp_path: Path) -> None:
    found = audit(tmp_path, "- \x07bell \u202e" + "x" * 5000 + "\n")

    assert len(found[0].what) == 900
    assert found[0].what.isprintable()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("audit.md", "Only prose.\n"),
        ("audit.md", ""),
        ("audit.md", b"- \xff\n"),
        ("audit.md", b"- a\n" * 300_000),
        ("audit.sarif", "{"),
        ("audit.sarif", "[]"),
        ("audit.sarif", "[" * 5000),
        ("audit.sarif", '{"version": "2.1.0"}'),
        ("audit.sarif", '{"version": "2.1.0", "runs": [{"results": [{}]}]}'),
        ("audit.sarif", sarif()),
        ("audit.sarif", sarif(result("x"), version="2.0.0")),
    ],
    ids=range(11),
)
def test_files_that_are_no_audit(name: str, text: str | bytes, tmp_path: Path) -> None:
    with pytest.raises(SpecshipError) as caught:
        audit(tmp_path, text, name)

    assert name in str(caught.value)


def test_a_link_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").symlink_to("b.md")

    for name in ("a.md", "b.md"):
        with pytest.raises(SpecshipError, match=name):
            read_audit(tmp_path / name, KNOWN)
