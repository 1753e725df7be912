"""Runs that are really trained and really logged, healthy and sick: each is called what it is, whoever logged it.

The matrix of `test_foreign_matrix` has every format and one run as all of them would have written it; here
the programs' own libraries write, but for tables and nanoGPT's prints, and what is trained is nobody's invention.
"""

import contextlib
import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from specship.diagnose.diagnosing import HEALTHY, UNKNOWN
from specship.diagnose.opening import diagnose_run
from specship.errors import DamagedArtifact
from tests.diagnose import real_runs
from tests.diagnose.real_runs import CUT, EARLY, NAN, RESUMED, TOLD, WRITERS
from tests.diagnose.written_runs import Records, names
from tests.pipeline.run_logs.formats import real_lightning
from tests.places import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # of the libraries and what they import

CASES: Final = (
    HEALTHY, "constant-losses", "learning-rate-zero", "schedule-not-applied", "wrong-mode-defaults", "divergence", NAN,
    "device-fallback", EARLY, RESUMED, CUT,
)  # fmt: skip
PATIENCE: Final = {"patience": "2", "min_improvement": "0"}
NEEDS: Final = {
    "TensorBoard log": "tensorboard", "MLflow database": "mlflow", "Weights & Biases run": "wandb",
    "Lightning log": "lightning", "Trainer output": "tensorboard",
}  # fmt: skip
"""Libraries without which nothing of a kind is written."""
WRITTEN: Final[dict[str, tuple[str, ...]]] = {
    kind: tuple(case for case in CASES if case != "wrong-mode-defaults") for kind in WRITERS
} | {
    "Lightning log": (HEALTHY, "constant-losses", "learning-rate-zero", "divergence", "device-fallback", CUT),
    "nanoGPT log": tuple(case for case in CASES if case not in {"wrong-mode-defaults", "device-fallback"}),
    "Trainer output": tuple(case for case in CASES if case != CUT),
}
"""What is made of each kind: defaults of a mode are a Trainer's, whose state is replaced and never cut, and
nanoGPT ends where its device is not there."""
INFRASTRUCTURE: Final = {"constant-losses", "device-fallback", RESUMED}
"""Cases of that class; the other sick ones are defects of the optimization."""


def made(kind: str, case: str, folder: Path, records: Callable[[str], Records]) -> Path:
    """The run, trained and written; the log of one that is cut ends in the middle."""
    fault = {HEALTHY: "", CUT: "", "device-fallback": ""}.get(case, case)
    if kind == "Trainer output":
        return real_runs.train_with_trainer(folder, case if case == "device-fallback" else fault)
    if kind == "Lightning log":
        real_lightning.train(folder, fault)
        path = folder / "lightning_logs/version_0/metrics.csv"
    else:
        path = WRITERS[kind](folder, records(fault))
    if case == CUT:
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2 - 5])
    return path


def answer(kind: str, case: str, path: Path, run: dict[str, str]) -> str:
    """What is said of a run once its maker told what the records do not hold: a cell of the table."""
    told = TOLD | ({"device_asked": "cuda"} if case == "device-fallback" else {})
    told |= PATIENCE if case == EARLY else {}
    told |= {"lr_schedule": "linear"} if case == "wrong-mode-defaults" else {}
    told |= (
        {"mode": "fine-tune"} if (kind, case) == ("Trainer output", EARLY) else {}
    )  # few tokens are no question
    try:
        facts = diagnose_run(path, run).facts
    except DamagedArtifact:
        return "refused"
    held = {
        name for name in told if getattr(facts, "schedule" if name == "lr_schedule" else name) is not None
    }
    found = diagnose_run(path, run | {name: one for name, one in told.items() if name not in held})
    if found.binding in {HEALTHY, UNKNOWN}:
        return {HEALTHY: "healthy", UNKNOWN: "cannot tell"}[found.binding]
    if case in {HEALTHY, CUT} or found.binding != (
        "infrastructure-masking" if case in INFRASTRUCTURE else "optimization-defect"
    ):
        return f"wrong: {names(found)}"
    return "found" if names(found)[0] == case else names(found)[0]


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    trained: dict[str, Records] = {}

    def records(fault: str) -> Records:
        if fault not in trained:
            trained[fault] = real_runs.trained(fault)
        return trained[fault]

    home, found = tmp_path_factory.mktemp("real"), dict[str, dict[str, str]]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_SILENT", "true")
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        for kind, cases in WRITTEN.items():
            if kind in NEEDS and importlib.util.find_spec(NEEDS[kind]) is None:
                continue
            for case in cases:
                folder = home / kind.replace(" ", "-") / case.replace(" ", "-")
                folder.mkdir(parents=True)
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    path = made(kind, case, folder, records)
                run = {"columns.run": folder.name} if kind == "MLflow database" else {}
                found.setdefault(kind, {})[case] = answer(kind, case, path, run)
    return found


def test_every_run_is_called_what_it_is(answers: dict[str, dict[str, str]]) -> None:
    """No healthy one is accused, none that was cut is called healthy, and no class is a wrong one."""
    said = {(kind, case): one for kind, row in answers.items() for case, one in row.items()}

    assert {one[HEALTHY] for one in answers.values()} == {"healthy"}
    assert {one.get(CUT, "cannot tell") for one in answers.values()} <= {"cannot tell", "refused"}
    assert not {place: one for place, one in said.items() if one.startswith("wrong")}
    missed = {place for place, one in said.items() if one == "healthy" and place[1] != HEALTHY}
    assert missed <= {
        ("Trainer output", RESUMED),  # it cuts its log back to the checkpoint
        ("nanoGPT log", "schedule-not-applied"),  # it prints no rate
    }


def test_the_table_of_the_documentation_is_this_one(answers: dict[str, dict[str, str]]) -> None:
    page = (ROOT / "docs" / "formats-of-logs.md").read_text()
    for kind, row in answers.items():
        assert f"| {kind} | {' | '.join(row.get(case, 'not made') for case in CASES)} |" in page


def test_libraries_that_are_lacking_are_named(answers: dict[str, dict[str, str]]) -> None:
    lacking = WRITTEN.keys() - answers.keys()
    if lacking:
        pytest.skip(
            f"not installed, so that no run of theirs was judged: {sorted(NEEDS[kind] for kind in lacking)}"
        )
