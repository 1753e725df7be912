"""What a compiled test module runs on: `specship compile` writes the modules, this brings them to a verdict.

A module says what it was compiled from; here it is held against the project as it is now, and then
the gate is settled as everywhere: stages and judge as child processes, evidence in the ledger.
pytest is handed in by the module itself. Each process opens a project once for all its modules.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import ValidationError

from specship.contracts.expectation import Expectation
from specship.contracts.records import Lifecycle
from specship.errors import Place, SpecshipError, UnusableInput
from specship.report.pytest_outcome import PytestOutcome, ending_of, properties
from specship.specs.project import find_configuration, load_project
from specship.suite.compile.compiling import StatedGate, WrittenGate, written_gate
from specship.suite.judging.session import Session
from specship.suite.plan.plan import Check, make_plan

_MEND: Final = "run `specship compile` again"
_NODE_ID_SLOTS: Final = ("_id", "_nodeid")
"""Where a collector keeps its node id: in pytest 9.2, and before it."""
_open: dict[tuple[Path, str], Session] = {}
"""The sessions of this process, by project and profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledGate(StatedGate):
    """One gate as its module writes it; the body of its function states the limits."""

    body: Callable[[CompiledGate], None]
    limits: dict[str, Expectation] = field(default_factory=dict)

    def expect(self, quantity: str, *, unit: str, **limit: Any) -> None:
        """State a limit: one operator, such as `at_most`, with its figure.

        Raises:
            UnusableInput: it is no limit, or the second one on this quantity.
        """
        place = f"{self.id}, gate.expect({quantity!r})"
        if quantity in self.limits:
            raise UnusableInput(f"{quantity} has two limits", at=place, mend=_MEND)
        try:
            self.limits[quantity] = Expectation(unit=unit, **limit)
        except (ValidationError, TypeError, UnusableInput) as error:
            raise UnusableInput(f"no limit: {error}", at=place, mend=_MEND) from error

    def written(self) -> WrittenGate:
        """Everything the module says of the gate, its limits read afresh."""
        self.limits.clear()
        self.body(self)
        stated = {one.name: getattr(self, one.name) for one in fields(StatedGate)}
        return WrittenGate(**stated, expect=dict(self.limits))


class CompiledContract:
    """One contract as its module writes it: its gates, their names as tests, their verdicts."""

    def __init__(self, file: str, *, source: str, stage: str, profile: str) -> None:
        self.file = Path(file).resolve()
        self.source = source
        self.stage = stage
        self.profile = profile
        self.gates: dict[str, CompiledGate] = {}
        self.pytest: Any = None

    def gate(
        self,
        identity: str,
        *,
        model: str,
        criteria: Iterable[str],
        blocking: bool,
        probe: str | None,
        device: str | None,
        faults: Iterable[str],
    ) -> Callable[[Callable[[CompiledGate], None]], Callable[[CompiledGate], None]]:
        """Declare a gate; the decorated function states its limits and is itself no test."""

        def declare(body: Callable[[CompiledGate], None]) -> Callable[[CompiledGate], None]:
            vars(body)["__test__"] = False
            self.gates[identity] = CompiledGate(
                id=identity,
                model=model,
                criteria=tuple(criteria),
                blocking=blocking,
                probe=probe,
                device=device,
                faults=tuple(faults),
                body=body,
            )
            return body

        return declare

    def tests(self, pytest: Any) -> dict[str, Callable[[Any], None]]:
        """The tests of the module, by gate id."""
        self.pytest = pytest
        return {identity: self._test(gate) for identity, gate in self.gates.items()}

    def _test(self, gate: CompiledGate) -> Callable[[Any], None]:
        def test(request: Any) -> None:
            self._show(self._ending(gate, request))

        test.__name__ = test.__qualname__ = gate.id
        test.__module__, test.__doc__ = gate.body.__module__, gate.body.__doc__
        # pytest takes a function of any name that says so, and says that it stands where `place_as` does.
        vars(test).update({"__test__": True, "place_as": gate.body})
        return test

    def name_tests(self, metafunc: Any) -> None:
        """Give the module the contract's node id and a test its marks, before pytest makes the item.

        Raises:
            UnusableInput: this pytest keeps node ids where nobody knows.
        """
        gate = self.gates.get(metafunc.function.__name__)
        if gate is None:
            return
        module, wanted = metafunc.definition.parent, self._node_path(metafunc.config.rootpath)
        if module.nodeid != wanted:
            _rename(module, wanted)
        for mark in ("ship", "cuda", gate.model, *get_args(Lifecycle)):
            # Also those of no gate here: `-m` with a name that nobody registered is an error.
            metafunc.config.addinivalue_line("markers", f"{mark}: gates of specship")
        for mark in ("ship", self.stage, gate.model, *(["cuda"] if gate.device == "cuda" else [])):
            getattr(self.pytest.mark, mark)(metafunc.function)

    def _node_path(self, rootpath: Path) -> str:
        """The contract's path as pytest would write it, from the folder that pytest was started for."""
        with contextlib.suppress(SpecshipError, OSError):  # the tests themselves will say it
            found = find_configuration(self.file.parent)
            if found is not None:
                return Path(os.path.relpath(found[0] / self.source, rootpath)).as_posix()
        return self.source

    def _ending(self, gate: CompiledGate, request: Any) -> PytestOutcome:
        """Settle a gate; whatever makes the module untrue is a failure with its text."""
        try:
            session = _session(self.file.parent, self.profile, request.config)
            check, written = self._in_date(gate, session, request.config)
            known = session.settle(check)
        except SpecshipError as error:
            return PytestOutcome("failed", str(error))
        request.node.user_properties.extend(properties(check, known))
        if untrue := written.contradictions(known):
            return PytestOutcome("failed", str(self._refusal(gate, "evidence and module disagree", untrue)))
        strict = bool(request.config.getoption("--ship-strict", default=False))
        return ending_of(check, known, session.plan.profile, strict=strict)

    def _in_date(self, gate: CompiledGate, session: Session, config: Any) -> tuple[Check, WrittenGate]:
        """The check in force and what the module says of it, which is the same.

        Raises:
            UnusableInput: it is not, or the session was asked for another profile.
        """
        asked = config.getoption("--specship-profile", default=None)
        if asked not in {None, self.profile}:
            raise UnusableInput(
                f"compiled at profile {self.profile}, and profile {asked} is asked for",
                at=self._place(gate),
                mend=f"`specship compile --profile {asked}`, or leave the option out",
            )
        checks = {check.gate.id: check for check in session.plan.checks if check.file.path == self.source}
        apart = [
            f"{name} is in the module and not in the contract" for name in self.gates if name not in checks
        ]
        apart += [
            f"{name} is in the contract and not in the module" for name in checks if name not in self.gates
        ]
        if gate.id not in checks:
            raise self._refusal(gate, "the module is out of date", apart)
        written = gate.written()
        apart += written.differences(written_gate(checks[gate.id]))
        if apart:
            raise self._refusal(gate, "the module is out of date", apart)
        return checks[gate.id], written

    def _refusal(self, gate: CompiledGate, what: str, details: list[str]) -> UnusableInput:
        listed = "".join(f"\n  {detail}" for detail in details)
        return UnusableInput(
            f"{gate.id}: {what}{listed}",
            at=self._place(gate),
            why=f"what stands here must be what is in force in {self.source} at profile {self.profile}",
            mend=_MEND,
        )

    def _place(self, gate: CompiledGate) -> Place:
        return Place(self.file.name, gate.body.__code__.co_firstlineno, 1)

    def _show(self, ending: PytestOutcome) -> None:
        if ending.outcome == "skipped":
            self.pytest.skip(ending.text)
        if ending.outcome == "xfailed":
            self.pytest.xfail(ending.text)
        if ending.outcome == "failed":
            self.pytest.fail(ending.text, pytrace=False)


def _rename(module: Any, nodeid: str) -> None:
    """Give a collector another node id, made by pytest itself.

    There is no public way after a collector was made, and none before: what a module contains is
    known when it is imported. So the id is taken from a twin that was made with it.
    """
    twin = type(module).from_parent(module.parent, path=module.path, nodeid=nodeid)
    for slot in _NODE_ID_SLOTS:
        if hasattr(twin, slot):
            setattr(module, slot, getattr(twin, slot))
    if module.nodeid != nodeid:
        raise UnusableInput(
            f"this pytest does not let a module be called {nodeid}",
            at=module.nodeid,
            mend="judge the contracts with the plugin: pytest -m ship",
        )


def _session(folder: Path, profile: str, config: Any) -> Session:
    """The session of the project around a folder, opened once and closed when pytest ends.

    Raises:
        SpecshipError: the project cannot be read, or has faults.
    """
    if (folder, profile) not in _open:
        try:
            _open[folder, profile] = Session(make_plan(load_project(folder), profile))
        except OSError as error:
            raise UnusableInput(f"cannot read: {error.strerror}", at=error.filename) from error
        config.add_cleanup(lambda: _open.pop((folder, profile)).close())
    return _open[folder, profile]
