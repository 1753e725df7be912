"""The same findings for terminals, programs, GitHub and SARIF readers."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from specship.lint.finding import Edit, Finding, LintResult
from specship.report.lint import github as lint_github
from specship.report.lint import json as lint_json
from specship.report.lint import sarif as lint_sarif
from specship.report.lint import text as lint_text
from specship.report.lint_reference import reference_page
from tests.places import ROOT

FIXABLE = Finding(
    "contracts/a-v1.yaml", 6, 6, "SHIP407", "malformed-reference", "a DOI in another spelling",
    "A reference that nobody can follow supports nothing.", "write 'doi:10.1145/1'", (Edit(1, 2, "x"),),
)  # fmt: skip
PERSONAL = Finding(
    "contracts/a-v1.yaml", 10, 5, "SHIP404", "limit-in-prose", "the rule states the limit '30 %'", "", "write it in `expect`"
)  # fmt: skip
UNREADABLE = Finding("b c,d:e%.yaml", 1, 1, "SHIP104", "not-yaml", "not YAML: line\nbreak", "", "")
RESULT = LintResult(13, (FIXABLE, PERSONAL), silenced=3)


def test_text() -> None:
    assert lint_text.render(RESULT) == (
        "contracts/a-v1.yaml:6:6 SHIP407 a DOI in another spelling\n"
        "  why:  A reference that nobody can follow supports nothing.\n"
        "  mend: write 'doi:10.1145/1'\n"
        "contracts/a-v1.yaml:10:5 SHIP404 the rule states the limit '30 %'\n"
        "  mend: write it in `expect`\n"
        "13 files, 2 findings, 1 fixable with --fix, 3 silenced by [tool.specship.lint]\n"
    )


def test_text_of_one_and_of_none() -> None:
    assert lint_text.render(LintResult(1, (), fixed=2)) == "1 file, 0 findings, 2 fixed\n"
    assert (
        lint_text.summary(LintResult(1, (PERSONAL,), ignored=1))
        == "1 file, 1 finding, 1 silenced by --ignore"
    )


def test_text_shows_control_characters() -> None:
    """A file's name moves no cursor."""
    text = lint_text.render(LintResult(1, (PERSONAL._replace(path="a\x1b[2J\nb\u202e.yaml"),)))

    assert "a\\x1b[2J\\nb\\u202e.yaml:10:5" in text


def test_json() -> None:
    answer = json.loads(lint_json.render(RESULT))

    assert set(answer) >= {"files", "findings"}
    assert answer["files"] == 13
    assert answer["silenced"] == 3
    assert answer["findings"][0] == {
        "path": "contracts/a-v1.yaml", "line": 6, "column": 6, "code": "SHIP407", "name": "malformed-reference",
        "message": "a DOI in another spelling", "why": "A reference that nobody can follow supports nothing.",
        "mend": "write 'doi:10.1145/1'", "fixable": True,
    }  # fmt: skip
    assert answer["findings"][1]["fixable"] is False


def test_github_ranks_and_escapes() -> None:
    lines = lint_github.render(LintResult(3, (FIXABLE, PERSONAL, UNREADABLE))).splitlines()

    assert lines == [
        "::error file=b c%2Cd%3Ae%25.yaml,line=1,col=1,title=SHIP104 not-yaml::not YAML: line%0Abreak",
        "::error file=contracts/a-v1.yaml,line=10,col=5,title=SHIP404 limit-in-prose::the rule states the limit '30 %25' (write it in `expect`)",
        "::warning file=contracts/a-v1.yaml,line=6,col=6,title=SHIP407 malformed-reference::a DOI in another spelling (write 'doi:10.1145/1')",
        "3 files, 3 findings, 1 fixable with --fix",
    ]


@pytest.mark.parametrize(
    ("errors", "warnings", "hidden"), [(10, 10, 0), (11, 10, 1), (3, 14, 4), (12, 13, 5)]
)
def test_github_says_how_many_are_hidden(errors: int, warnings: int, hidden: int) -> None:
    found = tuple(PERSONAL._replace(line=n + 1) for n in range(errors))
    found += tuple(FIXABLE._replace(line=n + 1) for n in range(warnings))
    last = lint_github.render(LintResult(1, found)).splitlines()[-1]

    assert not last.startswith("::")
    assert (f"GitHub hides {hidden} of them" in last) is (hidden > 0)


TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "run": {
            "type": "object",
            "required": ["tool", "results"],
            "properties": {
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "tool": {
                    "type": "object", "required": ["driver"], "additionalProperties": False,
                    "properties": {"driver": {"$ref": "#/$defs/driver"}},
                },
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
        },
        "driver": {
            "type": "object",
            "required": ["name", "version", "rules"],
            "properties": {
                "informationUri": {"type": "string", "pattern": "^https://"},
                "rules": {
                    "type": "array", "uniqueItems": True,
                    "items": {
                        "type": "object", "required": ["id", "shortDescription", "helpUri"],
                        "properties": {
                            "id": {"pattern": "^SHIP[1-4][0-9]{2}$"}, "shortDescription": TEXT,
                            "helpUri": {"type": "string", "pattern": "^https://[^ ]+$"},
                            "defaultConfiguration": {"properties": {"level": {"enum": ["error", "warning", "note", "none"]}}},
                        },
                    },
                },
            },
        },
        "result": {
            "type": "object",
            "required": ["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["error", "warning", "note", "none"]},
                "message": TEXT,
                "partialFingerprints": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
                "locations": {
                    "type": "array", "minItems": 1,
                    "items": {
                        "type": "object", "required": ["physicalLocation"],
                        "properties": {
                            "physicalLocation": {
                                "type": "object", "required": ["artifactLocation", "region"],
                                "properties": {
                                    "artifactLocation": {"required": ["uri"], "properties": {"uri": {"pattern": "^[^/ :][^ :]*$"}}},
                                    "region": {
                                        "required": ["startLine"],
                                        "properties": {"startLine": {"minimum": 1}, "startColumn": {"minimum": 1}},
                                    },
                                },
                            }
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip
"""The parts of SARIF 2.1.0 that are used here (OASIS, sections 3.13 to 3.30)."""


def test_sarif_has_the_structure_of_the_standard() -> None:
    Draft202012Validator.check_schema(SARIF)
    log = json.loads(lint_sarif.render(LintResult(3, (FIXABLE, PERSONAL, UNREADABLE))))
    Draft202012Validator(SARIF).validate(log)
    run = log["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]

    assert rules == ["SHIP104", "SHIP404", "SHIP407"]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [r["ruleId"] for r in run["results"]]
    assert [result["level"] for result in run["results"]] == ["warning", "warning", "error"]
    uri = run["results"][2]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "b%20c%2Cd%3Ae%25.yaml"


def test_sarif_of_nothing() -> None:
    Draft202012Validator(SARIF).validate(json.loads(lint_sarif.render(LintResult(3, ()))))


def test_fingerprints_survive_moved_lines_and_tell_equal_findings_apart() -> None:
    def fingerprints(*findings: Finding) -> list[str]:
        log = json.loads(lint_sarif.render(LintResult(1, findings)))
        return [result["partialFingerprints"]["specship/v1"] for result in log["runs"][0]["results"]]

    first, second = fingerprints(PERSONAL, PERSONAL._replace(line=20))
    assert first != second
    assert fingerprints(PERSONAL._replace(line=99)) == [first]
    assert fingerprints(PERSONAL._replace(message="another")) != [first]
    assert fingerprints(PERSONAL._replace(path="another")) != [first]


def test_the_reference_page_is_that_of_the_rules() -> None:
    page = ROOT / "docs" / "lint.md"

    assert page.read_text() == reference_page(), "write it again: specship lint --list > docs/lint.md"
