"""The pytest face: each gate of a contract is a test, collected straight from the YAML.

pytest shows, evidence decides: stages and judge are child processes that write the statements,
and the summary is computed from the ledger. Whatever weighs is imported where it is first needed.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from specship.pytest_plugin.gates import ContractCollector, GateItem

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from specship.suite.plan.gate_facts import Collection

_INTERRUPTED: Final = 130
_UNUSABLE: Final = 2
_OUTCOME: Final = "specship"
"""Attribute of a test report that carries a gate's ending; xdist passes it on."""


class ShipPlugin:
    """What a session knows: the plan, the running session, and how each gate ended."""

    def __init__(self, config: pytest.Config, *, marks: Iterable[str], demands: Iterable[str]) -> None:
        self.config = config
        self._demands = tuple(demands)
        self.error: Exception | None = None
        self.error_shown = False
        self.interrupted = False
        self.outcomes: dict[str, dict[str, Any]] = {}
        self.report_text = ""
        self._session: Any = None
        self._loaded = False
        self._folder: Path | None = None
        self._collection: Collection | None = None
        self._marks = set(marks)
        self._folders: dict[Path, Path] = {}

    @property
    def is_worker(self) -> bool:
        """Whether this is a pytest-xdist worker, which reports to a controller."""
        return hasattr(self.config, "workerinput")

    def collection(self) -> Collection | None:
        """Every gate as an item needs it; None where nobody uses specship, or after a reading error."""
        if self._collection is None and not self._loaded:
            from specship.suite.plan.collection import collect, gather_gates

            cache = getattr(self.config, "cache", None)  # none under `-p no:cacheprovider`
            kept = cache.mkdir("specship") / "collection.json" if cache else None
            profile = self.config.getoption("--specship-profile")
            self._collection = gather_gates(self.config.rootpath, profile, kept)
            if self._collection is None and self.session() is not None:
                self._collection = collect(self._session.plan)
        return self._collection

    def contract_folder(self) -> Path | None:
        """Where contracts are, also when they cannot be read (which their collection then reports)."""
        known = self.collection()
        return known.folder if known is not None else self._folder

    def _resolved(self, folder: Path) -> Path:
        """A folder without links, asked of the system once."""
        if folder not in self._folders:
            self._folders[folder] = folder.resolve()
        return self._folders[folder]

    def within(self, path: Path) -> str:
        """A contract's path within the project."""
        root = self._resolved(self.config.rootpath)
        return f"{self._resolved(path.parent).relative_to(root)}/{path.name}"

    def mark(self, node: pytest.Collector | pytest.Item, name: str) -> None:
        """Mark a contract or a gate; a model's mark is made known to `--strict-markers` first."""
        if name and name not in self._marks:
            self.config.addinivalue_line("markers", f"{name}: gates of {name}")
            self._marks.add(name)
        if name:
            node.add_marker(name)

    def session(self) -> Any:
        """The session, made once; None after a reading error, which `error` then holds."""
        if not self._loaded:
            self._loaded = True
            from specship.errors import SpecshipError, UnusableInput
            from specship.specs.project import find_configuration
            from specship.suite.judging.session import Session
            from specship.suite.plan.plan import open_plan

            try:
                found = find_configuration(self.config.rootpath)
            except SpecshipError as error:
                raise pytest.UsageError(str(error)) from error
            if found is None:
                return None
            self._folder = (found[0] / found[1].contracts).resolve()
            try:
                plan = open_plan(self.config.rootpath, self.config.getoption("--specship-profile"))
                self._session = Session(plan, self._listener())
            except SpecshipError as error:
                self.error = error
            except OSError as error:
                self.error = UnusableInput(f"cannot read: {error.strerror}", at=error.filename)
        return self._session

    def _listener(self) -> Any:
        from specship.report.progress import ProgressLines

        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        live = terminal is not None and bool(terminal.isatty)
        lines = ProgressLines(self._write, live=live)
        self.clear = lines.clear
        return lines

    def _write(self, text: str) -> None:
        """Past pytest's capture, to the person who waits."""
        import sys

        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        capture = self.config.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
            if terminal is not None:
                with contextlib.suppress(BrokenPipeError):  # whoever read has left; what is measured goes on
                    terminal.write(text, flush=True)
            elif self.is_worker:
                sys.stderr.write(text)
                sys.stderr.flush()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Have pytest draw signs that its stream has not; it would escape whole texts, line ends and all."""
        from specship.report.streams import for_people

        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        if terminal is not None:
            for_people(terminal._tw._file)  # noqa: SLF001 - there is no other way to it

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, object, object]:
        """Thousands of items are made here, and all of them stay."""
        from specship.garbage import undisturbed

        with undisturbed():
            return (yield)

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Contract files become collectors; every other file is none of our business."""
        if file_path.suffix == ".yaml" and self._resolved(file_path.parent) == self.contract_folder():
            return ContractCollector.from_parent(parent, path=file_path, plugin=self)
        return None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach how a gate ended to its report, so that it reaches an xdist controller too."""
        report = yield
        if isinstance(item, GateItem) and call.when == "call":
            vars(report)[_OUTCOME] = item.outcome
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember how a gate ended."""
        if outcome := vars(report).get(_OUTCOME):
            self.outcomes[outcome["gate"]] = outcome

    def pytest_keyboard_interrupt(self) -> None:
        """Remember Ctrl-C: the exit status will say so."""
        self.interrupted = True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Compute the report from the ledger, write it, and decide the exit status."""
        from specship.errors import SpecshipError

        if self._session is not None:
            self._session.close()
        if self.is_worker:
            return
        if self.interrupted and (self.outcomes or self._session is not None):
            session.exitstatus = _INTERRUPTED
        demanded = any(self.config.getoption(name) not in {None, False} for name in self._demands)
        if self.config.getoption("collectonly") or not (self.outcomes or demanded) or self.error is not None:
            return
        try:
            status = self._conclude()
        except SpecshipError as error:
            self.report_text, status = f"{error}\n", _UNUSABLE
        if status and session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            session.exitstatus = status

    def _conclude(self) -> int:
        """Write the reports; 2 when something could not be measured, 1 when a wish was not met."""
        from specship.report.session_reports import conclude
        from specship.suite.judging.session import Session

        live: Session = self.session()
        for outcome in self.outcomes.values():
            live.missing.update({outcome["gate"]: outcome["missing"]} if outcome["missing"] else {})
            live.failed.update({outcome["gate"]: outcome["failed"]} if outcome["failed"] else {})
        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        asked = self.config.getoption("--specship-report")
        report, self.report_text = conclude(
            live,
            stages=[stage for outcome in self.outcomes.values() for stage in outcome["stages"]],
            json_path=Path(asked) if asked else None,
            width=self._width(terminal),
            colour=bool(terminal and terminal.hasmarkup),
        )
        bound = {check.gate.id for check in live.plan.checks}
        unrun = len(bound - self.outcomes.keys())
        if unrun:
            self.report_text += f"{unrun} of {len(bound)} gates were not run in this session\n"
        if any(outcome["verdict"] == "ERROR" for outcome in self.outcomes.values()):
            return _UNUSABLE
        strict = self.config.getoption("--ship-strict")
        floor = self.config.getoption("--ship-fail-under")
        judged = [
            model
            for model in report.models
            if model.profile == live.plan.profile.profile and live.plan.profile.settings_of(model.model)
        ]
        if not judged and floor is not None:
            self.report_text += (
                f"profile {live.plan.profile.profile} runs no model, so none reaches {floor:g} %\n"
            )
        low = [model for model in judged if floor is not None and model.ship_percent < floor]
        for model in low:
            self.report_text += f"{model.model}: ship {model.ship_percent:.4g} % is under {floor:g} %\n"
        return 1 if low or (strict and unrun) or (floor is not None and not judged) else 0

    def _width(self, terminal: Any) -> int:
        """Columns of the report: those of the terminal or of `COLUMNS`; with -v those of the whole table."""
        from specship.report.formats import PLAIN

        told = terminal is not None and (terminal.isatty or "COLUMNS" in os.environ)
        if not told or self.config.get_verbosity() > 0:
            return PLAIN.width
        return int(terminal._tw.fullwidth)  # noqa: SLF001 - what pytest itself goes by

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what `pytest_sessionfinish` computed."""
        if self.report_text:
            terminalreporter.section("specship")
            terminalreporter.write(self.report_text)
