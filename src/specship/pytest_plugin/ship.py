"""The pytest face: each gate of a contract is a test, collected straight from the YAML.

pytest shows, evidence decides: stages and judge are child processes that write the statements,
and the summary is computed from the ledger. Whatever weighs is imported where it is first needed.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from specship.pytest_plugin.conclusion import UNUSABLE, Conclusion, concluded
from specship.pytest_plugin.gates import ContractCollector, GateItem
from specship.pytest_plugin.project import ShipProject
from specship.pytest_plugin.witness import OF_A_SESSION, UNKNOWN, suspects

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

_INTERRUPTED: Final = 130
_FAILED: Final = 1
_SHIP: Final = re.compile(r"(?<!not )\bship\b")
_ONLY_SHOWN: Final = ("setupplan", "setuponly")
"""Options with which pytest runs no test."""
YAML_SUFFIXES: Final = (".yaml", ".yml")
"""Of files that people take for contracts; those that nobody reads are named when they are collected."""


class ShipPlugin:
    """What a session knows: its projects, and what is shown of them."""

    def __init__(
        self,
        config: pytest.Config,
        places: Iterable[Path],
        *,
        marks: Iterable[str],
        attribute: str,
        demanded: bool,
    ) -> None:
        self.config = config
        self._places = tuple(places)
        self._attribute = attribute
        self._demanded = demanded
        self.interrupted = False
        self._left_by: str = ""
        """Where `pytest.exit` was called that asked for success."""
        self._ended: tuple[pytest.Session, int] | None = None
        """The session with the exit status that was decided."""
        self._began = datetime.now(UTC)
        self.reports: dict[str, str] = {}
        """What is shown at the end, by the heading it stands under."""
        self._declared = frozenset(marks)
        self._marks: dict[str, pytest.MarkDecorator] = {}
        self._at: dict[Path, ShipProject | None] = {}
        self._around: dict[Path, tuple[ShipProject, ...]] = {}
        self._contracts_in: dict[str, ShipProject | None] = {}

    @property
    def is_worker(self) -> bool:
        """Whether this is a pytest-xdist worker, which reports to a controller."""
        return hasattr(self.config, "workerinput")

    def projects(self) -> tuple[ShipProject, ...]:
        """The projects at or above the places that the session was pointed at, then all others it came by."""
        for place in self._places:
            self.around(place)
        return self._known()

    def _known(self) -> tuple[ShipProject, ...]:
        return tuple(project for project in self._at.values() if project is not None)

    def around(self, folder: Path) -> tuple[ShipProject, ...]:
        """The projects at and above a folder, the nearest first; links are followed at last."""
        if folder not in self._around:
            real = folder.resolve()
            above = dict.fromkeys((folder, *folder.parents, real, *real.parents))
            found = (self._project_at(one) for one in above)
            self._around[folder] = tuple(dict.fromkeys(project for project in found if project is not None))
        return self._around[folder]

    def _project_at(self, folder: Path) -> ShipProject | None:
        """The project whose settings lie in this very folder."""
        if folder not in self._at:
            from specship.errors import SpecshipError
            from specship.settings_file import table_in

            try:
                ours = table_in(folder) is not None
            except SpecshipError:  # which the project tells with the first file that may be a contract of it
                ours = True
            known = {project.root: project for project in self._known()}
            root = folder.resolve()
            self._at[folder] = known.get(root) if root in known or not ours else self._opened(root)
        return self._at[folder]

    def _opened(self, root: Path) -> ShipProject:
        return ShipProject(root, self.config, mark=self.mark, listener=self._listener)

    def project_of(self, folder: str) -> ShipProject | None:
        """The project whose contracts lie in a folder; None for a folder that is none of our business."""
        if folder not in self._contracts_in:
            real = Path(folder).resolve()
            near = (*self.around(Path(folder)), *self.projects())
            own = (
                one for one in near if one.contract_folder() == real or (one.unreadable and not one.collected)
            )
            self._contracts_in[folder] = next(own, None)
        return self._contracts_in[folder]

    def mark(self, node: pytest.Collector | pytest.Item, name: str) -> None:
        """Mark a contract or a gate; a model's mark is made known to `--strict-markers` first."""
        if not name:
            return
        if name not in self._marks:
            if name not in self._declared:
                self.config.addinivalue_line("markers", f"{name}: gates of {name}")
            self._marks[name] = getattr(pytest.mark, name)
        node.add_marker(self._marks[name])

    def _listener(self) -> tuple[Any, Callable[[], None]]:
        """Who shows what happens, and how the terminal is cleared of it."""
        from specship.report.progress import ProgressLines

        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        live = terminal is not None and bool(terminal.isatty)
        lines = ProgressLines(self._write, live=live)
        return lines, lines.clear

    def _write(self, text: str) -> None:
        """Past pytest's capture, to the person who waits."""
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
        from specship.garbage import all_stays, none_at_the_end, undisturbed

        with undisturbed():
            result = yield
        if self.config.getoption("collectonly") and any(project.collected for project in self._known()):
            self.config.add_cleanup(all_stays())  # for nothing will run, and the process ends
            none_at_the_end()
        return result

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Contract files become collectors; every other file is none of our business."""
        folder, name = os.path.split(file_path)
        if not name.lower().endswith(YAML_SUFFIXES):
            return None
        project = self.project_of(folder)
        return ContractCollector.from_parent(parent, path=file_path, plugin=project) if project else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember which gates are to be run."""
        for item in session.items:
            if isinstance(item, GateItem):
                item.plugin.witness.selected.add(item.facts.id)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach how a gate ended to its report, so that it reaches an xdist controller too."""
        report = yield
        if isinstance(item, GateItem) and call.when == "call":
            vars(report)[self._attribute] = item.outcome
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> Generator[None, None, None]:
        """Remember how a gate ended, and how all other hooks left its report."""
        yield
        self.remember(report)

    def remember(self, report: pytest.TestReport) -> None:
        """Take in a report of a gate; those of other tests are none of our business."""
        if outcome := vars(report).get(self._attribute):
            project = self._project_at(Path(outcome["project"]))
            if project is not None:
                project.outcomes[outcome["gate"]] = outcome
        file, _, gate = report.nodeid.rpartition("::")
        if file.lower().endswith(YAML_SUFFIXES):
            folder = os.path.dirname(os.path.join(self.config.rootpath, file))  # noqa: PTH118, PTH120 - 3 a test
            if (project := self.project_of(folder)) is not None:
                project.witness.saw(gate, report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take in what a worker of pytest-xdist has seen."""
        for root, told in getattr(node, "workeroutput", {}).get(self._attribute, {}).items():
            project = self._project_at(Path(root))
            if project is not None:
                project.witness.take_in(told)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Remember Ctrl-C, of which the exit status will say so, and who left with success."""
        self.interrupted = True
        if isinstance(excinfo.value, pytest.exit.Exception) and excinfo.value.returncode == 0:
            self._left_by = str(excinfo.traceback[-2].path) if len(excinfo.traceback) > 1 else "a hook"

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, None, None]:
        """Compute each project's report from its ledger, write it, and decide the exit status."""
        try:
            yield
        finally:
            self._finish(session)

    def _finish(self, session: pytest.Session) -> None:
        known = self.projects()
        for project in known:
            project.close()
        if self.is_worker:
            self._tell_controller(known)
            return
        if self.interrupted and any(project.outcomes or project.begun for project in known):
            session.exitstatus = _INTERRUPTED
        if self.config.getoption("collectonly"):
            self._collected_only(session, known)
            return
        concerned = self._concerned(session, known)
        whole = not (self.interrupted or session.shouldstop or session.shouldfail or self._only_shown)
        endings = [
            self._concluded(project, session, whole=whole, alone=len(concerned) == 1) for project in concerned
        ]
        status = max((ending.status for ending in endings), default=0)
        if self._left_by and endings:
            endings[0].text += f"pytest.exit asked for success before anything was judged: {self._left_by}\n"
            status = status or _FAILED
        if session.exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
            session.exitstatus = max(status, int(session.exitstatus))
        for ending in endings:
            self._signed(ending, session)
            heading = "specship" if len(endings) == 1 else f"specship: {ending.name}"
            self.reports[heading] = ending.text
        self._ended = session, int(session.exitstatus)

    def _signed(self, ending: Conclusion, session: pytest.Session) -> None:
        """Leave the receipt; one that cannot be written is as bad as a report that cannot."""
        from specship.errors import SpecshipError

        try:
            ending.leave_receipt(int(session.exitstatus))
        except SpecshipError as error:
            ending.text += f"{error}\n"
            session.exitstatus = max(UNUSABLE, int(session.exitstatus))

    @property
    def _only_shown(self) -> bool:
        """Whether an option has pytest run no test."""
        return any(self.config.getoption(name, default=False) for name in _ONLY_SHOWN)

    @property
    def _asked(self) -> bool:
        """Whether gates were asked for by their mark, or something of them was demanded."""
        return self._demanded or bool(_SHIP.search(str(self.config.getoption("markexpr", "") or "")))

    def _concerned(self, session: pytest.Session, known: Iterable[ShipProject]) -> list[ShipProject]:
        """The readable projects of which something is to be said."""
        green = session.exitstatus == pytest.ExitCode.OK
        judged = [one for one in known if one.outcomes or (green and one.witness.selected)]
        if not judged and (self._demanded or (green and self._asked)):
            judged = self._pointed_at()
        return [project for project in judged if project.error is None]

    def _collected_only(self, session: pytest.Session, known: Iterable[ShipProject]) -> None:
        """Say that nothing was judged where gates were asked for; a demand on verdicts is not met by that."""
        if not self._asked:
            return
        count = sum(len(project.witness.selected) for project in known)
        text = f"--collect-only: {count} gates were selected and none was judged\n"
        if self._to_be_met:
            text += "what was demanded of them is not met\n"
            session.exitstatus = max(_FAILED, int(session.exitstatus))
            self._ended = session, int(session.exitstatus)
        self.reports["specship"] = text

    @property
    def _to_be_met(self) -> bool:
        """Whether verdicts or a report were demanded."""
        asked = ("--ship-strict", "--ship-fail-under", "--specship-report")
        return any(self.config.getoption(name) not in {None, False} for name in asked)

    def _tell_controller(self, known: Iterable[ShipProject]) -> None:
        told = {str(project.root): project.witness.as_plain() for project in known if project.collected}
        if told:
            from specship.pytest_plugin.identity import replaced_functions

            changed = list(replaced_functions()) if any(one.outcomes for one in known) else []
            self.config.workeroutput[self._attribute] = {  # type: ignore[attr-defined]
                root: {**plain, "replaced": changed} for root, plain in told.items()
            }

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_unconfigure(self) -> Generator[None, None, None]:
        """Stand by the exit status that was decided, whatever hooks set that come after it."""
        try:
            yield
        finally:
            if self._ended is not None and self._ended[1] and not self._ended[0].exitstatus:
                session, status = self._ended
                session.exitstatus = status
                by = ", ".join(suspects(self.config, OF_A_SESSION)) or UNKNOWN
                sys.stderr.write(
                    f"specship: exit status {status} was set to 0 afterwards; this could have done it: {by}\n"
                )

    def _pointed_at(self) -> list[ShipProject]:
        """The nearest projects of the arguments; else that of the session's root."""
        *given, root = self._places
        nearest = [project for place in given for project in self.around(place)[:1]]
        return list(dict.fromkeys(nearest)) or list(self.around(root)[:1])

    def _concluded(
        self, project: ShipProject, session: pytest.Session, *, whole: bool, alone: bool
    ) -> Conclusion:
        from specship.errors import SpecshipError, UnusableInput

        asked = self.config.getoption("--specship-report")
        try:
            if asked and not alone:
                raise UnusableInput(
                    "--specship-report names one file, and this session judged several projects",
                    mend="leave it out: each project has its own .specship/report.json",
                )
            return concluded(
                project, json_path=Path(asked) if asked else None, started=self._began,
                shown_status=int(session.exitstatus), whole=whole,
            )  # fmt: skip
        except SpecshipError as error:
            return Conclusion(project.name, f"{error}\n", UNUSABLE, project)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what `pytest_sessionfinish` computed."""
        for heading, text in self.reports.items():
            terminalreporter.section(heading)
            terminalreporter.write(text)
