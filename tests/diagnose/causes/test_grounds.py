"""What a finding rests on: figures with units, a confidence that follows from them, lines, and literature."""

import math
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from specship.diagnose.diagnosing import all_causes
from specship.diagnose.finding import CauseFinding
from specship.diagnose.opening import diagnose_run
from tests.diagnose.doctored_runs import DOCTORED

Figures = Mapping[str, float]
CONFIDENCE: dict[str, Callable[[Figures], float]] = {
    "another-architecture": lambda _: 1.0,
    "broken-count": lambda f: 1 - 1 / (1 + f["steps_repeated"] + f["gaps"]),
    "clipping-not-applied": lambda f: 1 - 2 ** -f["steps_above"],
    "constant-losses": lambda f: 1 - f["records"] * f["agreement_by_chance"] ** (f["longest_constant"] - 1),
    "data-ended": lambda f: 1 - f["steps_done"] / f["planned_steps"],
    "dead-telemetry": lambda f: 1 - 1 / f["records"],
    "device-fallback": lambda _: 1.0,
    "divergence": lambda f: 1 - 1 / (1 + max(f["held_out_growth"] / 2, f["training_rise"] / 1.1) ** 4),
    "evaluation-of-another-model": lambda f: 1 - 2 ** -f["evaluations_alike"],
    "exhausted-stream": lambda f: float(f["steps_done"] < f["possible_steps"]),
    "few-tokens": lambda f: 1 - min(f["unique_tokens"], f["planned_tokens"]) / f["parameters"] / 20,
    "gradient-blow-up": lambda f: 1 - 1000 / (f["largest_norm"] / f["usual_norm_before"]),
    "held-out-is-training": lambda f: 1 - f["agreement_by_chance"] ** f["evaluations_alike"],
    "held-out-leak": lambda f: 1 - 0.3 / f["held_out_below_training"],
    "impossible-speed": lambda f: (
        1 - 1.25 / max(f["median_over_device"], f["fastest_over_device"] / 2, f["least_time_over_wall"])
    ),
    "initial-weights-lost": lambda f: float(f["difference"] > f["tolerance"]),
    "learning-rate-zero": lambda f: 1 - 2 ** -f["records_at_zero"],
    "loss-off-scale": lambda f: 1 - 2 ** -(f["records_above_it"] + f["evaluations"]),
    "many-passes": lambda f: 1 - 4 / (f["trained_tokens"] / f["tokens_of_a_pass"]),
    "memorisation": lambda f: math.erf(f["held_out_risen"] / (f["standard_error"] * 2**0.5)),
    "no-gradient": lambda f: 1 - 2 ** -f["records_at_zero"],
    "non-finite": lambda f: float(f["aborts"]),
    "placeholder-figures": lambda f: 1 - 2 ** -f["placeholders"],
    "plateau": lambda f: 1 - max(0, f["fallen"]) / f["threshold"],
    "premature-stop": lambda f: float(f["without_improvement"] < f["patience"]),
    "schedule-began-again": lambda f: 1 - 2 ** -f["rates_repeated"],
    "schedule-not-applied": lambda f: 1 - 2 ** -f["records_off"],
    "scripted-losses": lambda f: 1 - f["records"] * f["agreement_by_chance"] ** f["longest_straight"],
    "steps-beyond-plan": lambda f: float(f["steps_done"] > f["planned_steps"]),
    "tensors-unmoved": lambda f: float(f["unmoved_tensors"] > 0),
    "unannounced-wrap": lambda f: 1 - 2 ** (f["wraps_announced"] - f["wraps_needed"]),
    "wall-clock-short": lambda f: 1 - f["wall_seconds"] / f["logged_seconds"],
    "weights-lost": lambda f: 1 - f["apart"] / f["come_down"],
    "weights-unmoved": lambda f: 1 - 2 ** -f["evaluations_alike"],
    "worse-than-its-start": lambda f: math.erf(f["held_out_risen"] / (f["standard_error"] * 2**0.5)),
    "wrong-mode-defaults": lambda _: 1.0,
}
"""Each rule once more, by a reader who has the figures and nothing else."""
FILES = {"tensors-unmoved"}
"""Causes that rest on files of weights, which have no lines."""


@pytest.fixture(scope="module")
def findings(healthy: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[CauseFinding, Path]]:
    """The finding of every cause, with the run that it was found in."""
    found = {}
    for name, (_, doctor) in DOCTORED.items():
        folder = Path(shutil.copytree(healthy, tmp_path_factory.mktemp(name) / "run"))
        doctor(folder)
        diagnosis = diagnose_run(folder)
        found[name] = (next(one for one in diagnosis.findings if one.cause.name == name), folder)
    return found


@pytest.mark.parametrize("name", sorted(DOCTORED))
def test_a_reader_computes_the_confidence_again(
    findings: dict[str, tuple[CauseFinding, Path]], name: str
) -> None:
    observed = findings[name][0].observed
    figures = {one.name: one.value for one in observed.figures if not isinstance(one.value, str)}

    assert observed.confidence == pytest.approx(CONFIDENCE[name](figures))
    known = {one.name for one in observed.figures} | {"min_improvement", "patience"}
    named = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", observed.rule))
    assert named <= known, observed.rule


@pytest.mark.parametrize("name", sorted(DOCTORED))
def test_a_unit_says_what_is_counted(findings: dict[str, tuple[CauseFinding, Path]], name: str) -> None:
    for figure in findings[name][0].observed.figures:
        if figure.name.endswith("norm") or "norm_" in figure.name:
            assert figure.unit == "gradient norm"
        elif figure.name in {"passes", "peak", "logged", "configured"}:
            assert figure.unit in {"passes", "learning rate"}
        else:
            assert figure.unit, figure.name


@pytest.mark.parametrize("name", sorted(DOCTORED))
def test_lines_of_the_summary_hold_what_is_cited(
    findings: dict[str, tuple[CauseFinding, Path]], name: str
) -> None:
    """A cited line of `run.json` names a key, and every finding cites something that has lines."""
    finding, folder = findings[name]
    lines = finding.observed.lines

    assert bool(lines) != (name in FILES)
    for line in lines:
        text = (folder / line.file).read_text().splitlines()[line.number - 1]
        assert re.match(r' {2}"\w+": ' if line.file == "run.json" else r"\{.*\}\Z", text), (str(line), text)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("few-tokens", {"parameters", "unique_train_tokens", "planned_steps", "tokens_per_step"}),
        ("another-architecture", {"parameters", "declared_parameters"}),
        ("device-fallback", {"device_asked", "device_got"}),
        ("wall-clock-short", {"wall_seconds", "steps_done"}),
        ("data-ended", {"steps_done", "planned_steps", "windows_per_pass", "tokens_per_step"}),
        ("initial-weights-lost", {"initialisation"}),
    ],
)
def test_figures_of_the_summary_are_cited_where_they_stand(
    healthy: Path, tmp_path: Path, name: str, keys: set[str]
) -> None:
    folder = Path(shutil.copytree(healthy, tmp_path / "run"))
    DOCTORED[name][1](folder)
    found = next(one for one in diagnose_run(folder).findings if one.cause.name == name)
    text = (folder / "run.json").read_text().splitlines()
    cited = {
        key[1]
        for line in found.observed.lines
        if line.file == "run.json" and (key := re.match(r' {2}"(\w+)"', text[line.number - 1]))
    }

    assert keys <= cited


def test_every_cause_cites_literature() -> None:
    """A year, and something by which the work is found."""
    findable = r"arXiv:\d{4}\.\d{4,5}\b|doi:10\.\d+/|\((NeurIPS|USENIX FAST|IEEE Big Data)\)|A Recipe for"
    for name, cause in all_causes().items():
        assert re.search(r"\b(19|20)\d\d\b", cause.reference), name
        assert re.search(findable, cause.reference), name
