"""The runner of stages: real stages in real processes, one of them spoiled where a test needs it to go wrong."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from specship.errors import CannotWrite, DamagedArtifact, RequirementMissing, StageFailed, UnusableInput
from specship.pipeline.stage import Stage
from specship.suite.artifacts.runner import Made, StageRunner
from specship.suite.artifacts.store import Store
from tests.models.training_data import MODEL, TRAINING, make_shards, make_tokenizer
from tests.projects.small_project import text
from tests.suite.artifacts.finished import finished

CORPUS: Final = {"source": "folder", "path": "texts", "licence": "Apache-2.0", "heldout_fraction": 0.3}
SPOILED: Final = '''\
"""The corpus stage does something else."""

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="C10", stage="corpus")


def inject():
    import os
    import signal
    import time

    from specship.errors import CannotWrite, RequirementMissing
    from specship.pipeline.corpus import making as corpus

    def instead(make_corpus):
        def spoiled(source, settings, work):
            {body}

        return spoiled

    spoil(corpus, "make_corpus", instead)
'''
KILLED: Final = '''\
"""The process of a run is killed in its twentieth step."""

import itertools
import os
import signal

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="R1", stage="run")


def inject():
    from specship.pipeline.training.trainer import Trainer

    calls = itertools.count(1)

    def deadly(take_step):
        def taken(trainer):
            if next(calls) == 20:
                os.kill(os.getpid(), signal.SIGKILL)
            return take_step(trainer)

        return taken

    spoil(Trainer, "take_step", deadly)
'''


@dataclass
class SpoiledRunner(StageRunner):
    """Starts a stage's process with a component replaced, and calls what comes of it by the same key."""

    fault: str = ""
    at: str = "corpus"
    anew: bool = False
    """Take each stage for one that cannot go on with what an interrupted attempt left."""

    def asked(self, stage: Stage) -> tuple[str, Mapping[str, Any]]:
        if not self.fault or stage.makes != self.at:
            return super().asked(stage)
        about = {"name": self.fault, "folder": str(self.root / "faults"), "clean": ""}
        return "specship.faults", {"fault": about}

    def _ensure(self, stage: Stage) -> Made:
        return super()._ensure(replace(stage, resumes=False) if self.anew else stage)


class Events(list[dict[str, Any]]):
    """What a runner told its listener."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self if event["event"] == kind]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project's folder with nine files of text, and nothing else that a stage asks for."""
    root = tmp_path / "project"
    (root / "texts").mkdir(parents=True)
    for number in range(9):
        (root / "texts" / f"file_{number}.py").write_text(text(number))
    return root


@pytest.fixture
def events() -> Events:
    return Events()


def runner(root: Path, events: Events | None = None, body: str = "", **settings: Any) -> StageRunner:
    """A runner as a new session has it; `body` is what the corpus stage does instead."""
    sections = {"corpus": CORPUS | settings}
    if body:
        (root / "faults").mkdir(exist_ok=True)
        (root / "faults" / "other_stage.py").write_text(SPOILED.format(body=body))
    listener: Callable[[dict[str, Any]], None] = (Events() if events is None else events).append
    store = Store(root / ".specship/artifacts/MODEL-1/rehearsal", sections)
    return SpoiledRunner(root, store, sections, "MODEL-1", listener, fault="other-stage" if body else "")


def stage_folder(root: Path) -> Path:
    return root / ".specship/artifacts/MODEL-1/rehearsal/corpus"


def names(root: Path) -> list[str]:
    """Folders of the corpus stage, what they were called after the key apart."""
    return sorted(path.name for path in stage_folder(root).iterdir() if path.is_dir())


def test_a_stage_runs_once_and_is_found_again(root: Path, events: Events) -> None:
    first = runner(root, events)
    made = first.ensure("corpus")

    assert first.ensure("corpus") is made
    assert (made.cached, made.why) == (False, "it was never made")
    assert [event["event"] for event in events if event["event"] != "progress"] == ["stage", "finished"]
    assert all(event["stage"] == "corpus" for event in events)
    assert events.of("progress")
    assert (made.path / "train.jsonl").is_file()

    later = runner(root, events)
    found = later.ensure("corpus")

    assert (found.cached, found.record) == (True, made.record)
    assert found.why.startswith("settings, inputs, code and packages are those of ")
    assert len(events.of("stage")) == 1
    assert later.made == {"corpus": found}


def test_other_settings_make_it_again_and_the_old_ones_find_the_old_one(root: Path, events: Events) -> None:
    first = runner(root).ensure("corpus")
    second = runner(root, events, heldout_fraction=0.6).ensure("corpus")

    assert second.why == "setting corpus.heldout_fraction: 0.6 was 0.3"
    assert second.path != first.path
    assert runner(root, events).ensure("corpus").record == first.record
    assert len(events.of("stage")) == 1
    assert runner(root).store.current("corpus") == first.record


def test_other_files_outside_make_it_again(root: Path) -> None:
    before = runner(root).ensure("corpus")
    (root / "texts" / "file_0.py").write_text(text(100))
    after = runner(root).ensure("corpus")

    assert after.why == "the files it is made from changed"
    assert after.record.digest != before.record.digest


def until(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for another process; it must not end before."""
    while not true():
        assert process.poll() is None
        time.sleep(0.02)


def opened(process: subprocess.Popen[str], path: Path) -> bool:
    """Whether a process holds a file open at this moment."""
    try:
        return any(entry.resolve() == path for entry in Path(f"/proc/{process.pid}/fd").iterdir())
    except OSError:
        return False


OTHER_PROCESS: Final = """\
import sys
from pathlib import Path

from tests.suite.artifacts.test_runner import runner

made = runner(Path(sys.argv[1])).ensure("corpus")
print("found" if made.cached else "made", made.record.digest)
"""


def test_two_processes_want_a_stage_and_one_makes_it(root: Path, events: Events) -> None:
    """While one makes it, the other has come to the lock and waits; then it finds what was made."""
    body = (
        "(work.output.parents[4] / 'begun').touch()\n"
        "            while not (work.output.parents[4] / 'go').exists():\n"
        "                time.sleep(0.02)\n"
        "            make_corpus(source, settings, work)"
    )
    maker = runner(root, events, body)
    made: list[Made] = []
    thread = threading.Thread(target=lambda: made.append(maker.ensure("corpus")))
    thread.start()
    state = root / ".specship"
    try:
        while not (state / "begun").exists():
            assert thread.is_alive()
            time.sleep(0.02)
        with subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS, root], stdout=subprocess.PIPE, text=True
        ) as other:
            until(lambda: opened(other, stage_folder(root) / ".lock"), other)
            (state / "go").touch()
            answer = other.communicate()[0].split()
    finally:
        (state / "go").touch()
        thread.join()

    assert not made[0].cached
    assert answer == ["found", made[0].record.digest]
    assert names(root) == [made[0].record.ingredients.key]


KEEPS_ON: Final = """\
import sys
from pathlib import Path

from tests.suite.artifacts.test_runner import runner

body = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\\n"
    "            (work.output.parents[4] / 'begun').write_text(str(os.getpid()))\\n"
    "            while not (work.output.parents[4] / 'go').exists():\\n"
    "                time.sleep(0.02)\\n"
    "            make_corpus(source, settings, work)"
)
runner(Path(sys.argv[1]), body=body).ensure("corpus")
"""


def test_a_stage_that_outlives_its_session_keeps_the_next_one_out(root: Path, events: Events) -> None:
    """The session is killed while its stage goes on and saves: nobody else writes into that folder meanwhile."""
    state = root / ".specship"
    with subprocess.Popen([sys.executable, "-c", KEEPS_ON, root], text=True) as session:
        until(lambda: (state / "begun").exists() and (state / "begun").read_text() != "", session)
        session.kill()
    orphan = Path(f"/proc/{(state / 'begun').read_text()}/status")
    made: list[Made] = []
    thread = threading.Thread(target=lambda: made.append(runner(root, events).ensure("corpus")))
    thread.start()
    while not events.of("note"):
        assert thread.is_alive()
        time.sleep(0.02)

    assert events.of("note")[0]["text"] == "waiting for another process that makes corpus"
    assert orphan.exists()
    assert not events.of("stage")

    (state / "go").touch()
    thread.join()
    assert (made[0].cached, names(root)) == (False, [made[0].record.ingredients.key])


def test_a_lock_that_nobody_holds_any_more_is_taken(root: Path) -> None:
    """A file that a killed session left behind locks nothing: the kernel gave it up with the process."""
    code = (
        "import fcntl, os, pathlib, signal, sys\n"
        "path = pathlib.Path(sys.argv[1])\npath.parent.mkdir(parents=True)\nfile = path.open('w')\n"
        "fcntl.flock(file, fcntl.LOCK_EX)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    lock = stage_folder(root) / ".lock"
    done = subprocess.run([sys.executable, "-c", code, lock], check=False)

    assert done.returncode == -signal.SIGKILL
    assert not runner(root).ensure("corpus").cached
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE: Final[dict[str, tuple[Callable[[Path], object], str]]] = {
    "a flipped bit": (lambda folder: flip(folder / "train.jsonl"), "damaged: corpus: the file has sha256"),
    "a file that is gone": (lambda folder: (folder / "train.jsonl").unlink(), "damaged: corpus: the file is gone"),
    "one file more": (lambda folder: (folder / "x").touch(), "damaged: corpus: the file is in no manifest"),
    "a manifest that is cut": (
        lambda folder: os.truncate(folder.with_suffix(".json"), 9), "damaged: the manifest cannot be read",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_artifact_is_set_aside_and_made_again(name: str, root: Path, events: Events) -> None:
    made = runner(root).ensure("corpus")
    damage, why = DAMAGE[name]
    damage(made.path)
    spoiled = sorted((path.name, path.read_bytes()) for path in made.path.iterdir())
    again = runner(root, events).ensure("corpus")

    assert again.why.startswith(why)
    assert (again.cached, again.path, again.record.digest) == (False, made.path, made.record.digest)
    assert len(events.of("note")) == 1
    aside = [path for path in stage_folder(root).iterdir() if ".damaged-" in path.name]
    assert [sorted((path.name, path.read_bytes()) for path in folder.iterdir()) for folder in aside] == [
        spoiled
    ]
    assert runner(root).store.current("corpus") == again.record


def test_a_folder_without_its_manifest_is_set_aside_and_made_again(root: Path) -> None:
    """So a crash between the two leaves it."""
    made = runner(root).ensure("corpus")
    made.path.with_suffix(".json").unlink()
    (made.path / "train.jsonl").write_text("half")
    again = runner(root).ensure("corpus")

    assert again.record.digest == made.record.digest
    assert [name.partition("-")[0] for name in names(root)] == [
        made.path.name, f"{made.path.name}.damaged",
    ]  # fmt: skip


def test_damage_that_a_process_did_not_see_coming_is_seen_by_the_next(root: Path) -> None:
    """Within a session the artifact is the one that was made; the judge hashes around each measurement."""
    session = runner(root)
    made = session.ensure("corpus")
    flip(made.path / "train.jsonl")

    assert session.ensure("corpus") is made
    with pytest.raises(DamagedArtifact):
        runner(root).store.current("corpus")


def test_a_stage_that_cannot_resume_begins_anew(root: Path) -> None:
    body = "(work.output / 'half').write_text('half')\n            os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(StageFailed, match=r"the process of stage corpus was killed by SIGKILL"):
        runner(root, body=body).ensure("corpus")
    partial = next(path for path in stage_folder(root).iterdir() if path.suffix == ".partial")
    assert [path.name for path in partial.iterdir()] == ["half"]
    session = runner(root)
    assert isinstance(session, SpoiledRunner)
    session.anew = True
    again = session.ensure("corpus")

    assert again.why == "it was never made"
    assert not (again.path / "half").exists()
    assert not partial.exists()


def trainer_of(root: Path, events: Events, fault: str = "") -> StageRunner:
    """A runner whose model trains on tokens that another model lends to it."""
    lender = StageRunner(
        root, Store(root / ".specship/lender", {"tokenizer": {}, "shards": {}}), {}, "LENDER"
    )
    for name, make in (("tokenizer", make_tokenizer), ("shards", make_shards)):
        files = {path.name: path.read_bytes() for path in make(root / name).iterdir()}
        record = finished(lender.store, name, files)
        lender._made[name] = Made(
            record, lender.store.path(name, record.ingredients.key), cached=True, why=""
        )
    settings = {"model": MODEL, "training": TRAINING}
    lenders = dict.fromkeys(("tokenizer", "shards"), lender)
    store = Store(root / ".specship/own", settings, dict.fromkeys(lenders, lender.store))
    return SpoiledRunner(root, store, settings, "MODEL-1", events.append, lenders, fault=fault, at="run")


@pytest.mark.slow
def test_a_killed_stage_that_can_resume_goes_on(root: Path, events: Events) -> None:
    """Real training, killed at step 20 of 24: the next session continues from a checkpoint in the same folder."""
    (root / "faults").mkdir()
    (root / "faults" / "killed_run.py").write_text(KILLED)
    with pytest.raises(StageFailed, match="was killed by SIGKILL"):
        trainer_of(root, Events(), "killed-run").ensure("run")
    made = trainer_of(root, events).ensure("run")
    log = [json.loads(line) for line in (made.path / "events.jsonl").read_text().splitlines()]

    assert made.why == "it was interrupted, and continues"
    assert [event["checkpoint"] is not None for event in log if event["event"] == "resumed"] == [True]
    assert len((made.path / "train.jsonl").read_text().splitlines()) == TRAINING["steps"]
    assert len(events.of("finished")) == 1
    assert trainer_of(root, events).store.verified("run", made.record.ingredients.key) == made.record


ENDINGS: Final[dict[str, tuple[str, type[Exception], str, str]]] = {
    "blocked": (
        "raise RequirementMissing('no such device', at='here', why='a reason', mend='a mend')",
        RequirementMissing, "stage corpus: no such device", "a reason",
    ),
    "failed": (
        "raise ValueError('a defect')", StageFailed, "stage corpus: ValueError: a defect", "its last words:",
    ),
    "cannot write": (
        "raise CannotWrite('cannot write: no room', why='full')", CannotWrite,
        "stage corpus: cannot write: no room", "full",
    ),
    "killed": (
        "print('goodbye', flush=True)\n            os.kill(os.getpid(), signal.SIGTERM)", StageFailed,
        "the process of stage corpus was killed by SIGTERM", "goodbye",
    ),
    "a status": ("os._exit(7)", StageFailed, "the process of stage corpus exited with status 7", "it printed nothing"),
    "a status of 0 without a word": (
        "os._exit(0)", StageFailed, "the process of stage corpus exited with status 0", "it printed nothing",
    ),
    "no file": ("pass", StageFailed, "the stage corpus ended without leaving a file", ""),
    "a link for a file": (
        "(work.output / 'link').symlink_to('/etc/hostname')", StageFailed,
        "stage corpus: an artifact holds plain files and folders only", "it printed nothing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENDINGS)
def test_each_ending_of_a_stage_is_its_error_and_is_remembered(name: str, root: Path, events: Events) -> None:
    """The same error again for who asks again in the session; a new session tries again."""
    body, kind, message, why = ENDINGS[name]
    session = runner(root, events, body)
    with pytest.raises(kind) as first:
        session.ensure("corpus")
    with pytest.raises(kind) as second:
        session.ensure("corpus")

    assert type(first.value) is kind
    assert str(getattr(first.value, "message", "")) == message
    assert why in first.value.why  # type: ignore[attr-defined]
    assert second.value is first.value
    assert len(events.of("stage")) == 1
    assert not events.of("finished")
    assert session.made == {}
    assert session.store.current("corpus") is None
    assert not runner(root, events).ensure("corpus").cached


def test_a_real_requirement_and_a_real_refusal_come_with_their_mend(root: Path) -> None:
    with pytest.raises(RequirementMissing, match="stage corpus: ") as blocked:
        runner(root, path="elsewhere").ensure("corpus")
    for path in (root / "texts").iterdir():
        path.unlink()
    with pytest.raises(StageFailed, match="stage corpus: ") as failed:
        runner(root).ensure("corpus")

    assert blocked.value.mend
    assert failed.value.mend


def test_what_fails_upstream_fails_what_needs_it_with_the_same_error(root: Path, events: Events) -> None:
    session = runner(root, events, "raise ValueError('a defect')")
    session.settings = {**session.settings, "tokenizer": {"vocab_size": 300}}
    for name in ("tokenizer", "corpus", "shards"):
        with pytest.raises(StageFailed, match="stage corpus: ValueError: a defect"):
            session.ensure(name)

    assert [event["stage"] for event in events.of("stage")] == ["corpus"]


def test_a_stage_that_is_made_from_itself_is_refused(root: Path, events: Events) -> None:
    """Its settings take a checkpoint over from a copy of that very checkpoint."""
    session = runner(root, events)
    session.settings = {"imported": {"source": "itself"}, "foreign": {}}
    with pytest.raises(
        UnusableInput, match=r"have checkpoint made from itself: checkpoint → foreign → checkpoint"
    ) as it:
        session.ensure("checkpoint")

    assert "borrow what it is made from" in it.value.mend
    assert not events


def test_a_refusal_of_the_operating_system_is_an_error_with_place_and_mend(root: Path) -> None:
    """A folder lies where a manifest belongs, which nobody can remove as a file."""
    made = runner(root).ensure("corpus")
    manifest = made.path.with_suffix(".json")
    manifest.unlink()
    manifest.mkdir()
    session = runner(root)
    with pytest.raises(CannotWrite, match="stage corpus: ") as first:
        session.ensure("corpus")
    with pytest.raises(CannotWrite) as second:
        session.ensure("corpus")

    assert str(first.value.at) == str(manifest)
    assert first.value.mend
    assert second.value is first.value
    assert made.path.is_dir()


def test_a_state_folder_that_takes_no_file_cannot_be_written(root: Path) -> None:
    (root / ".specship").write_text("a file")
    with pytest.raises(CannotWrite, match="cannot write"):
        runner(root).ensure("corpus")


def test_an_interrupt_ends_the_child_and_is_remembered_as_no_failure(root: Path) -> None:
    body = (
        "(work.output / 'pid').write_text(str(os.getpid()))\n"
        "            work.report(1, 1, 'files')\n            time.sleep(600)"
    )

    class Interrupted(Events):
        def append(self, event: dict[str, Any]) -> None:
            if event["event"] == "progress":
                raise KeyboardInterrupt

    session = runner(root, Interrupted(), body)
    with pytest.raises(KeyboardInterrupt):
        session.ensure("corpus")
    pid = int(next(stage_folder(root).glob("*.partial/pid")).read_text())

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not session._failed
    assert not runner(root).ensure("corpus").cached
