"""Rules can be chosen and silenced by code; what is silenced is counted, and no fault of reading can be."""

from pathlib import Path

import pytest

from specship.errors import UnusableInput
from specship.suite.plan.linting import Question, lint
from tests.projects.sound_project import PYPROJECT, change, record_untrained, sound_project

TWO = (
    ("contract", "loss reaches the target", "loss is at most 2.2 nats"),
    ("spec", "The loss is low.", "The loss is 2.2."),
)


def configured(project: Path, lines: str) -> Path:
    return change(project, ("project", PYPROJECT, PYPROJECT + "[tool.specship.lint]\n" + lines))


@pytest.mark.parametrize(
    ("lines", "question", "codes", "silenced", "ignored"),
    [
        ("", {}, ["SHIP404", "SHIP405"], 0, 0),
        ("", {"select": ("SHIP404",)}, ["SHIP404"], 0, 0),
        ("", {"select": ("SHIP4",)}, ["SHIP404", "SHIP405"], 0, 0),
        ("", {"ignore": ("SHIP404",)}, ["SHIP405"], 0, 1),
        ("", {"paths": ("contracts",)}, ["SHIP404"], 0, 0),
        ("", {"paths": ("specs/small/spec.yaml",)}, ["SHIP405"], 0, 0),
        ("", {"paths": (".",)}, ["SHIP404", "SHIP405"], 0, 0),
        ("", {"paths": ("specs/small/profiles", "contracts/small-v1.yaml")}, ["SHIP404"], 0, 0),
        ('select = ["SHIP405"]\n', {}, ["SHIP405"], 0, 0),
        ('select = ["SHIP405"]\n', {"select": ("SHIP404",)}, ["SHIP404"], 0, 0),
        ('ignore = ["SHIP404"]\n', {}, ["SHIP405"], 1, 0),
        ('ignore = ["SHIP404"]\n', {"ignore": ("SHIP405",)}, [], 1, 1),
        ('ignore = ["SHIP404"]\n', {"paths": ("specs",)}, ["SHIP405"], 0, 0),
        ('[tool.specship.lint.per-file-ignores]\n"contracts/*.yaml" = ["SHIP4"]\n', {}, ["SHIP405"], 1, 0),
        ('[tool.specship.lint.per-file-ignores]\n"specs/*" = ["SHIP404"]\n', {}, ["SHIP404", "SHIP405"], 0, 0),
    ],
)  # fmt: skip
def test_chosen_and_silenced(
    lines: str,
    question: dict[str, tuple[str, ...]],
    codes: list[str],
    silenced: int,
    ignored: int,
    tmp_path: Path,
) -> None:
    project = change(sound_project(tmp_path), *TWO)
    if lines:
        configured(project, lines)
    result = lint(Question(project, **question), cache=False)

    assert [finding.code for finding in result.findings] == codes
    assert (result.silenced, result.ignored) == (silenced, ignored)
    assert result.exit_status == (1 if codes else 0)


@pytest.mark.parametrize(
    ("lines", "question", "said"),
    [
        ("", {"select": ("SHIP444",)}, "--select: no rule has the code 'SHIP444'"),
        ("", {"select": ("limit-in-prose",)}, "mend: write 'SHIP404'"),
        ("", {"select": ("SHP404",)}, "mend: write 'SHIP404'"),
        ("", {"select": ("",)}, "no rule has the code ''"),
        ("", {"ignore": ("SHIP209",)}, "--ignore: SHIP209 cannot be ignored"),
        ("", {"ignore": ("SHIP",)}, "--ignore: SHIP cannot be ignored"),
        ('ignore = ["SHIP9"]\n', {}, "pyproject.toml [tool.specship.lint] ignore: no rule has the code 'SHIP9'"),
        ('[tool.specship.lint.per-file-ignores]\n"x" = ["SHIP2"]\n', {}, "per-file-ignores] 'x': SHIP2 cannot be ignored"),
        ('selct = ["SHIP4"]\n', {}, "unknown key 'selct' in [tool.specship.lint]"),
        ("", {"paths": ("absent",)}, "absent: there is no such file or folder"),
        ("", {"paths": ("pyproject.toml",)}, "pyproject.toml: nothing that lint reads lies there"),
        ("", {"paths": ("/",)}, "/: nothing that lint reads lies there"),
        ("", {"paths": ("contracts/small-v1.yaml/",  "..")}, "..: nothing that lint reads lies there"),
    ],
)  # fmt: skip
def test_refused(lines: str, question: dict[str, tuple[str, ...]], said: str, tmp_path: Path) -> None:
    project = sound_project(tmp_path)
    if lines:
        configured(project, lines)
    with pytest.raises(UnusableInput) as caught:
        lint(Question(project, **question), cache=False)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (("contract", "{at_least: 131072, unit: tokens}", "{at_least: 0, unit: tokens}"), "SHIP209"),
        (("contract", "{at_most: 2.2, unit: nats/token}", "{at_most: 2.2, unit: bits/byte}"), "SHIP303"),
        (("spec", "weight: 60", "weight: 50"), "SHIP212"),
        (("spec", "        effort: {gpu_hours: 1,", "        depends_on: [AC-SMALL-002]\n        effort: {gpu_hours: 1,"), "SHIP311"),
        (("contract", "gates:\n", "gates: [\n"), "SHIP104"),
    ],
)  # fmt: skip
def test_faults_of_reading_are_findings_that_nothing_silences(
    edit: tuple[str, str, str], code: str, tmp_path: Path
) -> None:
    project = configured(change(sound_project(tmp_path), edit), 'ignore = ["SHIP4"]\nselect = ["SHIP401"]\n')
    result = lint(Question(project), cache=False)

    assert code in {finding.code for finding in result.findings}
    assert result.exit_status == 2


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"models": 3}', '{"models": [{}]}', '{"models": [{"model": "M", "profile": "p", "criteria": "x"}]}',
     '{"models": [{"model": "M", "profile": "p", "criteria": [{"gates": [{"id": "G", "measured": [{"quantity": "q", "value": [], "unit": "s"}]}]}]}]}',
     '{"models": NaN}', "[" * 5000],
)  # fmt: skip
def test_a_malformed_report_of_an_untrained_model(content: str, tmp_path: Path) -> None:
    project = sound_project(tmp_path)
    record_untrained(project, {})
    (project / "untrained.json").write_text(content)
    with pytest.raises(UnusableInput) as caught:
        lint(Question(project), cache=False)

    assert str(caught.value.at).startswith("untrained.json")


def test_a_missing_report_of_an_untrained_model(tmp_path: Path) -> None:
    project = sound_project(tmp_path)
    record_untrained(project, {})
    (project / "untrained.json").unlink()
    with pytest.raises(
        UnusableInput, match=r"^untrained.json SHIP101 cannot be opened: No such file or directory"
    ):
        lint(Question(project), cache=False)
