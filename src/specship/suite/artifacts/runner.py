"""Running stages: as child processes, once, cached by content, with live progress."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from specship.errors import (
    CannotWrite,
    DamagedArtifact,
    Place,
    RequirementMissing,
    SpecshipError,
    StageFailed,
    UnusableInput,
)
from specship.evidence.artifact_record import ArtifactRecord, FileRecord, Ingredients, artifact_digest
from specship.files import publish_folder, write_errors, write_json
from specship.interpreter import isolated
from specship.pipeline.registry import maker_of
from specship.pipeline.stage import Stage
from specship.suite.artifacts.ingredients import code_of, versions
from specship.suite.artifacts.store import Store

Listener = Callable[[dict[str, Any]], None]
"""Gets what happens as it happens: `stage`, `progress`, `finished`, `gate` events."""

_SECONDS_TO_STOP: Final = 20
_LOG_LINES: Final = 12
_INHERITED: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "CUDA_VISIBLE_DEVICES", "SYSTEMROOT")


@dataclass(frozen=True, slots=True)
class Made:
    """A stage's artifact, and whether it had to be made in this session."""

    record: ArtifactRecord
    path: Path
    cached: bool
    why: str


def child_environment(inherit: Iterable[str] = ()) -> dict[str, str]:
    """What a child may see, with the variables that the project lets through.

    No PYTHON or PYTEST variable reaches a measurement, nor any that the system's loader obeys, and no network
    is asked.
    """
    kept = {name: os.environ[name] for name in (*_INHERITED, *inherit) if name in os.environ}
    return {**kept, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}


@dataclass(slots=True)
class StageRunner:
    """Makes artifacts of one model at one profile, each at most once a session."""

    root: Path
    """The project; settings name paths relative to it."""
    store: Store
    settings: Mapping[str, Mapping[str, Any]]
    model: str
    listener: Listener = lambda _event: None
    lenders: Mapping[str, StageRunner] = field(default_factory=dict)
    """Who makes each artifact that this model borrows."""
    inherit: tuple[str, ...] = ()
    """Variables that the project lets through to its stages."""
    _made: dict[str, Made] = field(default_factory=dict)
    _failed: dict[str, SpecshipError] = field(default_factory=dict)
    _making: list[str] = field(default_factory=list)
    _began: float = field(default_factory=time.time)

    @property
    def made(self) -> Mapping[str, Made]:
        """What this session made or found, by artifact; what was borrowed is its own model's."""
        return self._made

    def planted(self, stage: Stage) -> str:  # noqa: ARG002 - asked of runners that plant a fault
        """Digest of the defect that is planted in a stage: none."""
        return ""

    def asked(self, stage: Stage) -> tuple[str, Mapping[str, Any]]:  # noqa: ARG002 - as above
        """The module that runs a stage in its own process, and what it is told beside the request."""
        return "specship.pipeline", {}

    def ensure(self, name: str) -> Made:
        """An artifact, made now if no current one has the same ingredients.

        Raises:
            RequirementMissing: the stage, or one it needs, lacks something on this machine.
            StageFailed, CannotWrite: it could not be made; the same error again on every call.
            UnusableInput: the settings have it made from itself.
        """
        if name in self.lenders:
            return self.lenders[name].ensure(name)
        if name in self._failed:
            raise self._failed[name]
        if name not in self._made:
            if name in self._making:
                raise _own_descendant([*self._making[self._making.index(name) :], name])
            self._making.append(name)
            try:
                self._made[name] = self._ensure(maker_of(name, self.settings))
            except SpecshipError as error:
                self._failed[name] = error
                raise
            except OSError as error:
                self._failed[name] = CannotWrite(
                    f"stage {name}: {error.strerror}", at=error.filename,
                    why="the operating system refused", mend="mend the file or folder and run again",
                )  # fmt: skip
                raise self._failed[name] from error
            finally:
                self._making.pop()
        return self._made[name]

    def _ensure(self, stage: Stage) -> Made:
        inputs = {name: self.ensure(name) for name in stage.needs}
        settings = stage.counted(self.settings)
        ingredients = Ingredients(
            settings=settings,
            inputs={name: made.record.digest for name, made in inputs.items()},
            code=code_of(stage),
            packages=versions(stage),
            outside=stage.outside(settings, self.root) if stage.outside else "",
            fault=self.planted(stage),
        )
        with self._lock(stage.makes) as lock:
            why = self._why_made(stage, ingredients)
            if not why:
                record = self.store.verified(stage.makes, ingredients.key)
                assert record is not None  # noqa: S101 - _why_made just said so
                return self._found(stage, ingredients.key, record)
            return self._make(stage, ingredients, {n: made.path for n, made in inputs.items()}, why, lock)

    @contextlib.contextmanager
    def _lock(self, name: str) -> Iterator[int]:
        """One process makes a stage; another that wants it waits and then finds it.

        The stage's own process holds the lock too: it may outlive the one that asked for it, while it saves.
        """
        path = self.store.folder / name / ".lock"
        with write_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("w")
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.listener({"event": "note", "text": f"waiting for another process that makes {name}"})
                fcntl.flock(file, fcntl.LOCK_EX)
            yield file.fileno()

    def _why_made(self, stage: Stage, ingredients: Ingredients) -> str:
        """Why a stage has to run, or the empty string when what is there serves."""
        key = ingredients.key
        try:
            if self.store.verified(stage.makes, key) is not None:
                return ""
        except DamagedArtifact as error:
            self._set_aside(stage, key)
            self.listener({"event": "note", "text": str(error)})
            return f"damaged: {error.message} ({error.at})"
        previous = self.store.current_key(stage.makes)
        with contextlib.suppress(DamagedArtifact):
            before = self.store.record(stage.makes, previous) if previous else None
            if before is not None:
                return ingredients.difference(before.ingredients) or "its ingredients changed"
        if stage.resumes and self.store.path(stage.makes, key).with_suffix(".partial").is_dir():
            return "it was interrupted, and continues"
        return "it was never made"

    def _set_aside(self, stage: Stage, key: str) -> None:
        folder = self.store.path(stage.makes, key)
        self.store.forget(key)
        folder.with_suffix(".json").unlink(missing_ok=True)
        if folder.exists():
            folder.rename(folder.with_name(f"{key}.damaged-{time.time_ns()}"))

    def _found(self, stage: Stage, key: str, record: ArtifactRecord) -> Made:
        if self.store.current_key(stage.makes) != key:
            write_json(self.store.folder / stage.makes / "current.json", {"key": key})
        why = f"settings, inputs, code and packages are those of {record.finished[:19]}"
        made = Made(record, self.store.path(stage.makes, key), cached=True, why=why)
        self._tell(stage, made, record.seconds)
        return made

    def _tell(self, stage: Stage, made: Made, seconds: float) -> None:
        self.listener({
            "event": "finished", "stage": stage.makes, "model": self.model, "cached": made.cached,
            "seconds": seconds, "why": made.why,
        })  # fmt: skip

    def _make(
        self, stage: Stage, ingredients: Ingredients, inputs: Mapping[str, Path], why: str, lock: int
    ) -> Made:
        final = self.store.path(stage.makes, ingredients.key)
        partial = final.with_suffix(".partial")
        self.listener({"event": "stage", "stage": stage.makes, "model": self.model, "why": why})
        if final.exists():  # a crash came between the folder and its manifest, or somebody deleted that
            self._set_aside(stage, ingredients.key)
        with write_errors(partial):
            if partial.exists() and not stage.resumes:
                shutil.rmtree(partial)
            partial.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        request = {
            "stage": stage.name,
            "settings": stage.asked(self.settings),
            "inputs": {name: str(path) for name, path in inputs.items()},
            "output": str(partial),
        }
        module, more = self.asked(stage)
        files = self._run_child(stage, {**request, **more}, final.with_suffix(".log"), module, lock)
        seconds = round(time.monotonic() - began, 3)
        if not files:
            raise StageFailed(
                f"the stage {stage.makes} ended without leaving a file",
                at=partial,
                mend="have the stage write its artifact into `work.output`",
            )
        if stage.outside and stage.outside(ingredients.settings, self.root) != ingredients.outside:
            raise StageFailed(
                f"stage {stage.makes}: a file that it reads was changed while it ran",
                why="the artifact may be made of the old bytes, the new ones or both",
                mend="leave the files alone while it runs",
            )  # fmt: skip
        digest = artifact_digest(stage.makes, files, ingredients.inputs)
        record = ArtifactRecord(
            makes=stage.makes, ingredients=ingredients, files=files, digest=digest,
            finished=datetime.now(UTC).isoformat(), seconds=seconds,
        )  # fmt: skip
        publish_folder(partial, final)
        self.store.finish(stage.makes, ingredients.key, record)
        made = Made(record, final, cached=False, why=why)
        self._tell(stage, made, seconds)
        return made

    def _run_child(
        self, stage: Stage, request: Mapping[str, Any], log: Path, module: str, lock: int
    ) -> tuple[FileRecord, ...]:
        """Run the stage's process to its end, passing its progress on; its files as it hashed them.

        Raises:
            RequirementMissing, StageFailed, CannotWrite: as the child said, or that it died.
        """
        with write_errors(log):
            output = log.open("wb")
        with output:
            child = subprocess.Popen(  # noqa: S603 - a module of ours
                isolated(module),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=output,
                env=child_environment((*self.inherit, *stage.variables)), start_new_session=True, text=True,
                cwd=self.root, pass_fds=(lock,),
            )  # fmt: skip
        try:
            ending = self._follow(child, stage, request)
        except BaseException:
            stop(child)
            raise
        if child.returncode == 0 and ending.get("event") == "done":
            return tuple(FileRecord(**file) for file in ending["files"])
        raise _child_error(stage, child.returncode, ending, log)

    def _follow(
        self, child: subprocess.Popen[str], stage: Stage, request: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        assert child.stdin is not None and child.stdout is not None  # noqa: PT018, S101 - both are pipes
        with contextlib.suppress(BrokenPipeError), child.stdin:
            json.dump(request, child.stdin)
        ending: Mapping[str, Any] = {}
        with child.stdout:
            for line in child.stdout:
                try:
                    event = json.loads(line)
                except json.JSONDecodeError:
                    continue
                if event.get("event") == "progress":
                    self.listener({**event, "stage": stage.makes, "model": self.model})
                else:
                    ending = event
        child.wait()
        return ending


def _own_descendant(names: Sequence[str]) -> UnusableInput:
    return UnusableInput(
        f"the settings have {names[0]} made from itself: {' → '.join(reversed(names))}",
        why="a model that takes over a checkpoint has to get it from another model",
        mend="borrow what it is made from: `borrowed: {model: OTHER, artifacts: [...]}`",
    )


def stop(child: subprocess.Popen[str]) -> None:
    """End a child and all its own children: first politely, so that it can save, then for good."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if child.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=_SECONDS_TO_STOP)


def _child_error(stage: Stage, status: int, ending: Mapping[str, Any], log: Path) -> SpecshipError:
    """The error of a child that did not finish, from its own words or from its log."""
    place = ending.get("at") or None
    if ending.get("event") == "blocked":
        return RequirementMissing(
            f"stage {stage.makes}: {ending['message']}", at=place and Place(place),
            why=ending["why"], mend=ending["mend"],
        )  # fmt: skip
    if ending.get("event") == "failed":
        kind = CannotWrite if ending["message"].startswith("cannot write") else StageFailed
        why = ending["why"] or _tail(log)
        return kind(
            f"stage {stage.makes}: {ending['message']}", at=place and Place(place),
            why=why, mend=ending["mend"] or f"see {log.name} beside the stage's folder",
        )  # fmt: skip
    died = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"
    return StageFailed(
        f"the process of stage {stage.makes} {died}", at=log, why=_tail(log),
        mend="run it again: finished stages are kept, and training continues from its last checkpoint",
    )  # fmt: skip


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n        ".join(["its last words:", *lines[-_LOG_LINES:]]) if lines else "it printed nothing"
