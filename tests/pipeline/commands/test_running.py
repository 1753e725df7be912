"""Real commands run by the runner of stages: what they leave, how they end, and when they run again."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from specship.digests import sha256_file
from specship.errors import RequirementMissing, SpecshipError, StageFailed
from specship.probes.measuring import measure
from specship.probes.probe import Artifact
from specship.probes.registry import all_probes
from specship.suite.artifacts.runner import StageRunner
from specship.suite.artifacts.store import Store
from tests.models.chat_checkpoints import chat_checkpoint
from tests.projects.evaluated_project import RESULTS, TASK

WRITES: Final = """\
import pathlib, sys
folder = pathlib.Path(sys.argv[1])
(folder / "report.txt").write_text("all is well\\n")
"""


class Project:
    """A folder with a script `make.py`, and the runner of a model whose settings have it make `report`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.events: list[dict[str, Any]] = []

    def script(self, text: str) -> None:
        (self.root / "make.py").write_text(text)

    def runner(self, *, more: Mapping[str, Any] | None = None, **changes: Any) -> StageRunner:
        command = {"command": ["{python}", "make.py", "{output}"], "makes": "report"} | changes
        settings = {"commands": {"make": command, **(more or {})}}
        store = Store(self.root / ".specship/artifacts/MODEL-1/rehearsal", settings)
        return StageRunner(self.root, store, settings, "MODEL-1", self.events.append)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    @property
    def folder(self) -> Path:
        return self.root / ".specship/artifacts/MODEL-1/rehearsal/report"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.script(WRITES)
    return project


def gone(process: int) -> bool:
    """Whether a process has ended; a zombie has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def until(true: Callable[[], bool]) -> None:
    for _ in range(3000):
        if true():
            return
        time.sleep(0.01)
    raise AssertionError("it never came about")


def test_a_command_makes_an_artifact_once(project: Project) -> None:
    made = project.runner().ensure("report")

    assert (made.path / "report.txt").read_text() == "all is well\n"
    assert (made.cached, made.why) == (False, "it was never made")
    assert project.runner().ensure("report").cached


def test_another_script_makes_it_again(project: Project) -> None:
    """The script is an argument, and counts without being declared."""
    first = project.runner().ensure("report")
    project.script(WRITES.replace("all is well", "all is better"))
    second = project.runner().ensure("report")

    assert second.why == "the files it is made from changed"
    assert second.record.digest != first.record.digest


def test_what_is_declared_counts_and_a_timeout_does_not(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project.root / "conf/deep").mkdir(parents=True)
    (project.root / "conf/deep/base.yaml").write_text("rate: 1\n")
    reads = ["conf", "conf/**/*.yaml", "env:MAKE_SEED"]
    monkeypatch.setenv("MAKE_SEED", "1")
    project.runner(reads=reads).ensure("report")

    assert project.runner(reads=reads, timeout=60).ensure("report").cached

    (project.root / "conf/__pycache__").mkdir()
    (project.root / "conf/__pycache__/base.pyc").write_text("x")
    assert project.runner(reads=reads).ensure("report").cached

    monkeypatch.setenv("MAKE_SEED", "2")
    other = project.runner(reads=reads).ensure("report")
    assert (other.cached, "MAKE_SEED" in other.why) == (False, True)
    assert '"2"' not in (other.path.with_suffix(".json")).read_text()

    (project.root / "conf/deep/base.yaml").write_text("rate: 2\n")
    assert not project.runner(reads=reads).ensure("report").cached


def test_only_what_is_declared_reaches_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAKE_SEED", "7")
    monkeypatch.setenv("MAKE_SECRET", "8")
    project.script(
        "import json, os, pathlib, sys\n"
        "told = {name: os.environ.get(name) for name in ('MAKE_SEED', 'MAKE_SECRET', 'CUDA_VISIBLE_DEVICES')}\n"
        "told['input'] = sys.stdin.read()\n"
        "(pathlib.Path(sys.argv[1]) / 'told.json').write_text(json.dumps(told))\n"
    )
    made = project.runner(reads=["env:MAKE_SEED"], device="cpu").ensure("report")

    assert json.loads((made.path / "told.json").read_text()) == {
        "MAKE_SEED": "7", "MAKE_SECRET": None, "CUDA_VISIBLE_DEVICES": "", "input": "",
    }  # fmt: skip


def test_a_need_comes_as_a_folder_and_makes_it_anew(project: Project) -> None:
    copies = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[2], dirs_exist_ok=True)"
    more = {
        "copy": {
            "command": ["{python}", "-c", copies, "{report}", "{output}"], "makes": "copied", "needs": ["report"],
        }
    }  # fmt: skip
    first = project.runner(more=more).ensure("copied")
    project.script(WRITES.replace("well", "better"))
    second = project.runner(more=more).ensure("copied")

    assert (first.path / "report.txt").read_text() == "all is well\n"
    assert (second.path / "report.txt").read_text() == "all is better\n"
    assert second.why == "report is another"


FAILS: Final[dict[str, tuple[str, str]]] = {
    "crashes": ("raise ValueError('of no use')", "the command ended with status 1"),
    "is killed": ("import os; os.kill(os.getpid(), 9)", "the command was killed by SIGKILL"),
    "writes nothing": ("pass", "ended without leaving a file"),
    "writes a link": (
        "import os, sys; os.symlink('/etc/passwd', sys.argv[1] + '/report.txt')", "plain files and folders only",
    ),
    "writes a pipe": ("import os, sys; os.mkfifo(sys.argv[1] + '/report.txt')", "plain files and folders only"),
    "becomes a link": (
        "import os, sys; os.rmdir(sys.argv[1]); os.symlink('/etc', sys.argv[1])",
        "put something else in the place of its output",
    ),
    "changes what it reads": (WRITES + "open('make.py', 'a').write('#')\n", "a file that it reads was changed while it ran"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILS)
def test_a_command_that_fails_is_an_error_with_its_last_words(name: str, project: Project) -> None:
    text, message = FAILS[name]
    project.script(text)
    with pytest.raises(StageFailed) as error:
        project.runner().ensure("report")

    assert message in str(error.value)
    assert not [path for path in project.folder.iterdir() if path.suffix == ".json"]
    if name == "crashes":
        assert "ValueError: of no use" in error.value.why


def test_what_it_is_to_write_has_to_be_there(project: Project) -> None:
    with pytest.raises(StageFailed, match=r"figures\.json is not in its output"):
        project.runner(writes=["report.txt", "figures.json"]).ensure("report")


MISSING: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "a file": ({"reads": ["data.txt"]}, "reads data.txt, and nothing lies there"),
    "a pattern": ({"reads": ["data/*.txt"]}, "nothing lies there"),
    "a variable": ({"reads": ["env:MAKE_NOBODY_SET_THIS"]}, "MAKE_NOBODY_SET_THIS, which is not set"),
    "a device": ({"device": "cuda"}, "this machine has no CUDA device"),
    "a program": ({"command": ["no-such-program", "{output}"]}, "'no-such-program' is not on this machine"),
}


@pytest.mark.parametrize("name", MISSING)
def test_what_is_not_here_blocks(name: str, project: Project) -> None:
    changes, message = MISSING[name]
    with pytest.raises(RequirementMissing, match=message):
        project.runner(**changes).ensure("report")


FORKS: Final = """\
import os, pathlib, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
subprocess.Popen([sys.executable, "-c", "import os, time; os.setsid(); time.sleep(600)"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        (pathlib.Path(os.getcwd()) / "pids").write_text(f"{os.getpid()}")
        time.sleep(600)
    os._exit(0)
while not pathlib.Path("pids").exists():
    time.sleep(0.01)
(folder / "report.txt").write_text("done")
"""


def test_what_it_leaves_running_is_ended_before_its_output_counts(project: Project) -> None:
    project.script(FORKS)
    made = project.runner().ensure("report")

    assert (made.path / "report.txt").read_text() == "done"
    assert gone(int((project.root / "pids").read_text()))


def test_a_command_that_hangs_is_ended_with_all_its_children(project: Project) -> None:
    project.script(FORKS + "time.sleep(600)\n")
    with pytest.raises(StageFailed, match=r"did not end within 1\.5 s, and was ended"):
        project.runner(timeout=1.5).ensure("report")

    assert gone(int((project.root / "pids").read_text()))


PROGRESS: Final = (
    WRITES
    + """\
import json
print("epoch one")
print(json.dumps({"step": 3, "total": 10, "loss": 2.5, "name": "x", "\\x1b[2J": 4}), flush=True)
"""
)


def test_its_progress_is_told(project: Project) -> None:
    project.script(PROGRESS)
    project.runner().ensure("report")
    told = project.of("progress")

    assert [(event["done"], event["total"], event["figures"]) for event in told] == [(3, 10, {"loss": 2.5})]
    assert (told[0]["stage"], told[0]["unit"]) == ("report", "steps")
    assert "epoch one" in next(project.folder.glob("*.log")).read_text()


def test_garbage_and_a_long_log_do_not_hurt(project: Project) -> None:
    project.script(WRITES + (
        "import os\nos.write(1, bytes(range(256)) * 40)\n"
        "for _ in range(300):\n    os.write(2, b'x' * 65536)\n"
        "print('\\n{' + '[' * 3000, '\\n', '{\"event\": \"done\", \"files\": []}', '\\nthe end')\n"
    ))  # fmt: skip
    made = project.runner().ensure("report")
    log = made.path.with_suffix(".log").read_bytes()

    assert [file.name for file in made.record.files] == ["report.txt"]
    assert len(log) < 18 << 20
    assert b"bytes are left out here" in log
    assert log.rstrip().endswith(b"the end")


def test_it_goes_on_where_it_says_so(project: Project) -> None:
    project.script(
        "import os, pathlib, sys\nhalf = pathlib.Path(sys.argv[1]) / 'half'\n"
        "if not half.exists():\n    half.write_text('half')\n    os._exit(5)\n"
        "(half.parent / 'report.txt').write_text('whole')\n"
    )
    with pytest.raises(StageFailed, match="status 5"):
        project.runner().ensure("report")
    with pytest.raises(StageFailed, match="status 5"):
        project.runner().ensure("report")
    with pytest.raises(StageFailed, match="status 5"):
        project.runner(resumes=True).ensure("report")
    made = project.runner(resumes=True, timeout=100).ensure("report")

    assert made.why == "it was interrupted, and continues"
    assert sorted(file.name for file in made.record.files) == ["half", "report.txt"]


SAVES: Final = """\
import os, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])

def save(number, frame):
    (folder / "saved").write_text(signal.Signals(number).name)
    sys.exit(1)

signal.signal(signal.SIGTERM, save)
signal.signal(signal.SIGINT, save)
pathlib.Path("pid").write_text(f"{os.getpid()} {os.getppid()}")
while True:
    time.sleep(0.05)
"""
SESSION: Final = """\
import signal
import sys
from pathlib import Path

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs tests in the background ignores it

from tests.pipeline.commands.test_running import Project

Project(Path(sys.argv[1])).runner(resumes=True).ensure("report")
"""


def begun(project: Project) -> list[int]:
    """The command's process and the stage's, once it runs."""
    until(lambda: (project.root / "pid").exists() and len((project.root / "pid").read_text().split()) == 2)
    return [int(number) for number in (project.root / "pid").read_text().split()]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_it_may_save_when_the_session_ends(sent: signal.Signals, project: Project) -> None:
    """Ctrl-C is passed on as such; where the session is killed, the stage hears of it and asks by SIGTERM."""
    project.script(SAVES)
    with subprocess.Popen(
        [sys.executable, "-c", SESSION, project.root], stderr=subprocess.DEVNULL
    ) as session:
        processes = begun(project)
        session.send_signal(sent)
    until(lambda: all(map(gone, processes)))
    said = "SIGINT" if sent == signal.SIGINT else "SIGTERM"

    assert next(project.folder.glob("*.partial/saved")).read_text() == said


def test_it_ends_when_its_stage_is_killed(project: Project) -> None:
    project.script(SAVES)
    errors: list[str] = []

    def wait() -> None:
        with pytest.raises(StageFailed) as error:
            project.runner().ensure("report")
        errors.append(str(error.value))

    thread = threading.Thread(target=wait)
    thread.start()
    command, stage = begun(project)
    os.kill(stage, signal.SIGKILL)
    thread.join()

    assert "was killed by SIGKILL" in errors[0]
    until(lambda: gone(command))


def test_what_is_no_artifact_of_its_kind_is_named_at_the_stage(project: Project) -> None:
    with pytest.raises(StageFailed, match="what the command wrote is no gguf"):
        project.runner(makes="gguf").ensure("gguf")


HARNESS: Final = """\
import pathlib, shutil, sys
shutil.copytree(sys.argv[2], pathlib.Path(sys.argv[1]) / "a_model")
"""
"""Leaves what lm-evaluation-harness leaves below `--output_path`: a folder called after the model."""


def evaluating(project: Project, results: Path, checkpoint: Path, **changes: Any) -> StageRunner:
    project.script(HARNESS)
    command = {
        "command": ["{python}", "make.py", "{output}", str(results), "{checkpoint}"],
        "makes": "evaluation",
        "needs": ["checkpoint"],
        "evaluated": {"task": TASK, "metric": "acc"},
    } | changes
    received = {"folder": str(checkpoint), "source": "us"}
    settings: dict[str, dict[str, Any]] = {"received": received, "commands": {"evaluate": command}}
    store = Store(project.root / ".specship/artifacts/MODEL-1/rehearsal", settings)
    return StageRunner(project.root, store, settings, "MODEL-1", project.events.append)


def test_what_a_harness_leaves_is_bound_to_the_checkpoint_that_the_command_was_given(
    project: Project,
) -> None:
    runner = evaluating(project, RESULTS / "lm_eval", chat_checkpoint("chatml"))
    paths = {name: runner.ensure(name).path for name in ("checkpoint", "evaluation")}
    found = measure(
        all_probes()["evaluation.integrity"], {name: Artifact(name, path, "") for name, path in paths.items()}
    )

    about = json.loads((paths["evaluation"] / "evaluation.json").read_text())
    assert (about["metric"], about["chat_template"]) == ("acc,none", "applied")
    assert about["weights"] == {"model.safetensors": sha256_file(paths["checkpoint"] / "model.safetensors")}
    assert len(list((paths["evaluation"] / "result").iterdir())) == 2
    assert [found.quantities[name].value for name in ("foreign_weights", "partial_runs")] == [0, 0]


EVALUATED_AMISS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "no figure is meant": ({"evaluated": None}, "nothing says which figure"),
    "another task": ({"evaluated": {"task": "gsm8k", "metric": "acc"}}, "no result of the task 'gsm8k'"),
    "no template": (
        {"evaluated": {"task": TASK, "metric": "acc", "chat_template": "none"}},
        "its prompts were put in a chat template",
    ),
}


@pytest.mark.parametrize("name", EVALUATED_AMISS)
def test_a_result_that_is_not_the_one_that_was_meant_is_named(name: str, project: Project) -> None:
    changes, said = EVALUATED_AMISS[name]
    if name == "no template":
        runner = evaluating(project, RESULTS / "lm_eval", chat_checkpoint("chatml"), **changes)
    else:
        command = ["{python}", "make.py", "{output}", str(RESULTS / "lm_eval")]
        changes |= {"command": command, "needs": []}
        runner = evaluating(project, RESULTS / "lm_eval", chat_checkpoint("chatml"), **changes)
    with pytest.raises(SpecshipError, match=said):
        runner.ensure("evaluation")


def test_only_an_evaluation_has_a_figure_that_is_meant(project: Project) -> None:
    with pytest.raises(SpecshipError, match="and report has none"):
        project.runner(evaluated={"task": "gsm8k", "metric": "acc"}).ensure("report")


TRAINS: Final = """\
import pathlib, sys
rows = [f"{step},{9 - step / 20:.3f},{1e-3 * min(1, step / 10):.6g}" for step in range(1, 21)]
pathlib.Path(sys.argv[1], "log.csv").write_text("update,train/nll,rate\\n" + "\\n".join(rows) + "\\n")
"""
"""Leaves a table whose columns only its writer knows."""
COLUMNS: Final = {"step": "update", "loss": "train/nll", "lr": "rate"}
SCHEDULE: Final = {"peak": 1e-3, "warmup_steps": 10, "planned_steps": 20, "shape": "constant"}


def training(project: Project, **told: Any) -> StageRunner:
    project.script(TRAINS)
    return project.runner(makes="run", logged={"columns": COLUMNS} | told)


def test_what_the_log_of_a_command_cannot_hold_is_declared(project: Project) -> None:
    declared = {"schedule": SCHEDULE, "device_asked": "cpu", "device_got": "cpu"}
    run = training(project, declared=declared).ensure("run").path
    found = measure(all_probes()["run.schedule"], {"run": Artifact("run", run, "")})

    assert json.loads((run / "declared.json").read_text())["source"] == "a command of this project"
    assert found.quantities["largest_deviation"].value == pytest.approx(0, abs=1e-9)
    assert any("maker's word" in note for note in found.notes)


LOGGED_AMISS: Final[dict[str, tuple[str, dict[str, Any], str]]] = {
    "a column is not there": (TRAINS, {"columns": COLUMNS | {"loss": "nll"}}, "nll"),
    "no column is told": (TRAINS, {"columns": {}}, "which column is the step is not known"),
    "both declare": (
        TRAINS + 'pathlib.Path(sys.argv[1], "declared.json").write_text("{}")\n', {},
        "both the command and the profile declare",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LOGGED_AMISS)
def test_a_declaration_that_cannot_stand_is_refused(name: str, project: Project) -> None:
    script, told, said = LOGGED_AMISS[name]
    runner = training(project, **told)
    project.script(script)
    with pytest.raises(SpecshipError, match=said):
        runner.ensure("run")


def test_only_a_run_has_a_log(project: Project) -> None:
    with pytest.raises(SpecshipError, match="and report has none"):
        project.runner(logged={"columns": COLUMNS}).ensure("report")
