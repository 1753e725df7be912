"""The falsifying half of the pytest face: `pytest -m falsify` plants each fault and wants its gates to fail.

Every pair of gate and fault that a contract names is a test, `contracts/NAME-v1.yaml::GATE::FAULT`. They
are collected only where they are asked for, by the mark or by such an id.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from specship.pytest_plugin.ship import YAML_SUFFIXES

if TYPE_CHECKING:
    from specship.pytest_plugin.project import ShipProject
    from specship.pytest_plugin.ship import ShipPlugin
    from specship.suite.falsify.falsification import Falsification, Pair

_OUTCOME: Final = "specship_pair"
"""Attribute of a test report that carries how a pair ended; xdist passes it on."""
_IDS_IN_A_PAIR: Final = 2


def wanted(config: pytest.Config) -> bool:
    """Whether a session asks for pairs, by `-m falsify` or by the id of one."""
    marks = str(config.getoption("markexpr", "") or "")
    named = (argument for argument in config.args if ".yaml::" in argument)
    return "falsify" in marks or any(argument.count("::") >= _IDS_IN_A_PAIR for argument in named)


class NotSeenToFail(Exception):
    """A gate did not fail on a fault in the way that its contract predicts."""


def shown(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """What did not go as predicted, as its own text; empty for anything else."""
    return str(excinfo.value) if isinstance(excinfo.value, NotSeenToFail) else ""


class FalsifyProject:
    """What a falsifying session knows of one project."""

    def __init__(self, ship: ShipProject) -> None:
        self.ship = ship
        self._falsification: Falsification | None = None
        self._pairs: dict[str, dict[str, list[Pair]]] | None = None

    def falsification(self) -> Falsification | None:
        """Injections and clean pipeline, made once; None where the project cannot be read."""
        session = self.ship.session()
        if self._falsification is None and session is not None:
            from specship.suite.falsify.falsification import Falsification
            from specship.suite.plan.fault_injection import falsification_plan

            self._falsification = Falsification(falsification_plan(session.plan.project), session.listener)
        return self._falsification

    def pairs(self, path: str) -> dict[str, list[Pair]]:
        """The pairs of a contract by gate."""
        if self._pairs is None:
            from specship.suite.falsify.falsification import pairs_of

            self._pairs = {}
            falsification = self.falsification()
            for pair in pairs_of(falsification.plan) if falsification else ():
                gates = self._pairs.setdefault(pair.check.file.path, {})
                gates.setdefault(pair.check.gate.id, []).append(pair)
        return self._pairs.get(path, {})

    def healthy(self) -> Path | None:
        """The file of healthy variants, when the project has one."""
        falsification = self.falsification()
        named = falsification.plan.project.configuration.healthy if falsification else None
        return None if named is None else (self.ship.root / named).resolve()

    def close(self) -> None:
        """End the judge."""
        if self._falsification is not None:
            self._falsification.close()


class FalsifyPlugin:
    """The projects of a falsifying session, and how each pair ended."""

    def __init__(self, config: pytest.Config, ship: ShipPlugin) -> None:
        self.config = config
        self.ship = ship
        self.outcomes: list[dict[str, Any]] = []
        self._projects: dict[ShipProject, FalsifyProject] = {}

    def _project(self, ship: ShipProject) -> FalsifyProject:
        return self._projects.setdefault(ship, FalsifyProject(ship))

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """A contract file once more, for its pairs; and the file of healthy variants."""
        if file_path.suffix.lower() not in YAML_SUFFIXES:
            return None
        if (ship := self.ship.project_of(str(file_path.parent))) is not None:
            return FaultsOfContract.from_parent(parent, path=file_path, plugin=self._project(ship))
        near = (*self.ship.around(file_path.parent), *self.ship.projects())
        for project in dict.fromkeys(map(self._project, near)):
            if project.healthy() == file_path.resolve():
                return HealthyVariants.from_parent(parent, path=file_path, plugin=project)
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Pairs of one fault one after the other: what its injection made serves all its gates."""
        pairs: dict[FalsifyProject, list[PairItem]] = {}
        for item in items:
            if isinstance(item, PairItem):
                pairs.setdefault(item.plugin, []).append(item)
        if pairs:
            items[:] = [item for item in items if not isinstance(item, PairItem)]
        for project, own in pairs.items():
            from specship.suite.falsify.falsification import in_stage_order

            falsification = project.falsification()
            by_node = {item.pair.node: item for item in own}
            if falsification is not None:
                ordered = in_stage_order([item.pair for item in own], falsification.plan)
                items.extend(by_node[pair.node] for pair in ordered)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach how a pair ended to its report, so that it reaches an xdist controller too."""
        report = yield
        if isinstance(item, PairItem) and call.when == "call" and item.outcome:
            vars(report)[_OUTCOME] = item.outcome
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember how a pair ended."""
        if outcome := vars(report).get(_OUTCOME):
            self.outcomes.append(outcome)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """End the judge."""
        for project in self._projects.values():
            project.close()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many pairs were caught, and which were not."""
        if not self.outcomes:
            return
        from specship.report.fault_matrix import summary

        terminalreporter.section("specship: falsification")
        terminalreporter.write(summary(self.outcomes))


class FaultsOfContract(pytest.File):
    """One contract file; its tests are the faults of its gates."""

    def __init__(self, *, plugin: FalsifyProject, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plugin = plugin

    def collect(self) -> Iterable[pytest.Collector]:
        """The gates that have a probe and name faults."""
        self.add_marker("falsify")
        for gate, pairs in self.plugin.pairs(self.plugin.ship.within(self.path)).items():
            yield FaultsOfGate.from_parent(self, name=gate, pairs=pairs, plugin=self.plugin)


class HealthyVariants(pytest.File):
    """The file of healthy variants; each is a test that no gate may accuse it."""

    def __init__(self, *, plugin: FalsifyProject, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plugin = plugin

    def collect(self) -> Iterable[pytest.Item]:
        """The variants, in the order of the file."""
        from specship.errors import SpecshipError
        from specship.suite.plan.healthy import read_healthy

        self.add_marker("falsify")
        falsification = self.plugin.falsification()
        try:
            found = read_healthy(falsification.plan.project) if falsification else None
        except SpecshipError as error:
            raise self.CollectError(str(error)) from error
        for variant in found.variants if found else ():
            yield HealthyItem.from_parent(self, name=variant.name, plugin=self.plugin)


class HealthyItem(pytest.Item):
    """One healthy variant as a test."""

    def __init__(self, *, plugin: FalsifyProject, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plugin = plugin
        self.obj = self.runtest  # what other plugins read a docstring from

    def runtest(self) -> None:
        """Run the variant, and want every gate that is asked to pass."""
        from specship.suite.plan.healthy import alarm_of

        falsification = self.plugin.falsification()
        if falsification is None:
            raise NotSeenToFail(str(self.plugin.ship.error))
        reports = falsification.healthy(self.name)
        self.plugin.ship.clear()
        alarms = [alarm for report in reports if (alarm := alarm_of(self.name, report))]
        if alarms or not reports:
            told = [f"{alarm.gate} {alarm.verdict}: {alarm.reason}" for alarm in alarms]
            raise NotSeenToFail(f"{self.name} is healthy\n" + "\n".join(told or ["no gate was asked"]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is wrong as its own text; anything else as pytest shows it."""
        return shown(excinfo) or super().repr_failure(excinfo, style)


class FaultsOfGate(pytest.Collector):
    """One gate; its tests are its faults."""

    def __init__(self, *, pairs: list[Pair], plugin: FalsifyProject, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pairs = pairs
        self.plugin = plugin

    def collect(self) -> Iterable[pytest.Item]:
        """The faults of this gate, in the order of the contract."""
        for pair in self.pairs:
            yield PairItem.from_parent(self, name=pair.fault, pair=pair, plugin=self.plugin)


class PairItem(pytest.Item):
    """One gate on one fault as a test."""

    def __init__(self, *, pair: Pair, plugin: FalsifyProject, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pair = pair
        self.plugin = plugin
        self.outcome: dict[str, Any] = {}
        self.obj = self.runtest  # what other plugins read a docstring from

    def runtest(self) -> None:
        """Plant the fault, and want the gate to fail as the contract predicts."""
        from specship.suite.falsify.records import Catch

        falsification = self.plugin.falsification()
        if falsification is None:
            raise NotSeenToFail(str(self.plugin.ship.error))
        report = falsification.settle(self.pair)
        self.plugin.ship.clear()
        self.outcome = report.model_dump(mode="json")
        if report.catch == Catch.BLOCKED:
            pytest.skip(f"{report.node}: {report.reason}")
        if report.catch != Catch.CAUGHT:
            raise NotSeenToFail(f"{report.node}\n{report.catch}: {report.reason}")

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is wrong as its own text; anything else as pytest shows it."""
        return shown(excinfo) or super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file and line (from 0) of the gate, and the pair."""
        gate = self.pair.check
        line = gate.file.place(gate.gate, "id").line or 1
        return self.path, line - 1, f"{gate.gate.id}::{self.pair.fault}"
