"""A project as an editor holds it: files on the disk, and texts that are not saved yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from specship.contracts.document import unsaved
from specship.editor.cursor import word_at
from specship.errors import Place, SpecshipError, UnusableInput
from specship.faults.catalogue import file_of, first_sentence, known_faults
from specship.lint.finding import Finding
from specship.lint.running import fault_findings
from specship.probes.registry import probes_in_force
from specship.settings_file import table_in
from specship.specs.binding import Known, gates_of
from specship.specs.project import Configuration, Survey, survey_project
from specship.suite.explain.explaining import Explainer
from specship.suite.explain.vocabulary import unit_names
from specship.suite.plan.linting import Question, lint
from specship.suite.plan.vocabulary import known_names


class Named(NamedTuple):
    """Something that can be named: what it says, and where it is declared."""

    what: str
    """`gate`, `criterion`, `probe` or `fault`."""
    says: str
    path: Path
    line: int
    """From 1."""


class EditedProject:
    """One project and the texts that an editor holds; made anew whenever one of them changes."""

    def __init__(self, root: Path, texts: Mapping[Path, str], before: EditedProject | None = None) -> None:
        self.root = root
        self.texts = dict(texts)
        self._before = before
        """The project as it was: what it knew serves while a file cannot be read."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within, files are read as the editor holds them."""
        with unsaved(self.texts):
            yield

    def findings(self) -> tuple[Finding, ...]:
        """What lint finds, in the texts as they stand."""
        with self.held():
            try:
                return lint(Question(self.root), cache=False).findings
            except UnusableInput as error:
                return tuple(fault_findings([error], self.root))

    @cached_property
    def survey(self) -> Survey | None:
        """What can be read of the project; None where its settings have faults."""
        with self.held():
            try:
                return survey_project(self.root)
            except SpecshipError:
                return None

    @cached_property
    def known(self) -> Known | None:
        """Probes, faults, units and settings."""
        try:
            return known_names(self.root, self.survey.configuration) if self.survey else None
        except SpecshipError:
            return self._before.known if self._before else None

    @cached_property
    def unit_names(self) -> Mapping[str, str]:
        """Every unit with what it holds, those of the project's own probes among them."""
        try:
            own = probes_in_force(self.root, self.survey.configuration) if self.survey else {}
        except SpecshipError:
            own = {}
        return unit_names(own)

    @cached_property
    def explainer(self) -> Explainer | None:
        """What explains ids: of the texts as they stand, or as they last could be read."""
        with self.held():
            try:
                survey = self.survey
                project = survey.project if survey is not None else None
                if project is not None:
                    return Explainer(project)
            except SpecshipError:
                pass
        return self._before.explainer if self._before else None

    def forget_before(self) -> None:
        """Let go of the project as it was, when this one can be read."""
        if self._whole():
            self._before = None

    def kind_of(self, path: Path) -> str | None:
        """What kind of document a file is, by where it lies."""
        survey = self.survey or (self._before.survey if self._before else None)
        if survey is None:
            return None
        settings = survey.configuration
        spec = self.root / settings.spec
        if path.parent == self.root / settings.contracts:
            return "contract"
        if path.parent == self.root / settings.waivers:
            return "waiver"
        if path == spec / "spec.yaml":
            return "spec"
        kinds = {spec / "profiles": "profile", spec / "amendments": "amendment"}
        return kinds.get(path.parent)

    @cached_property
    def named(self) -> Mapping[str, Named]:
        """Gates, criteria, probes and faults by name."""
        found = dict(self._before.named) if self._before and not self._whole() else {}
        found |= dict(self._names())
        return found

    def _whole(self) -> bool:
        return self.survey is not None and self.survey.project is not None

    def _names(self) -> Iterator[tuple[str, Named]]:
        survey = self.survey
        if survey is None:
            return
        yield from self._faults(survey.configuration)
        yield from self._probes(survey.configuration)
        for document in survey.documents:
            for index, gate in enumerate(gates_of(document)):
                if isinstance(gate.get("id"), str):
                    place = document.place("gates", index, "id")
                    yield gate["id"], self._at(place, "gate", str(gate.get("rule", "")))
        if survey.spec is not None:
            document = survey.spec.document
            for m, model in enumerate(survey.spec.spec.models):
                for c, criterion in enumerate(model.criteria):
                    place = document.place("models", m, "criteria", c, "id")
                    yield criterion.id, self._at(place, "criterion", criterion.statement)

    def _at(self, place: Place, what: str, says: str) -> Named:
        return Named(what, says, self.root / place.path, place.line or 1)

    def _probes(self, configuration: Configuration) -> Iterator[tuple[str, Named]]:
        try:
            probes = probes_in_force(self.root, configuration)
        except SpecshipError:
            return
        for name, probe in probes.items():
            yield (
                name,
                Named("probe", probe.text.partition("\n")[0], probe.path, _line(probe.path, f'"{name}"')),
            )

    def _faults(self, configuration: Configuration) -> Iterator[tuple[str, Named]]:
        folder = self.root / configuration.faults if configuration.faults else None
        for name in known_faults(folder):
            path = file_of(name, folder)
            yield name, Named("fault", first_sentence(path), path, 1)

    def gate_at(self, path: Path, line: int) -> Mapping[str, Any] | None:
        """The gate whose entry in a contract holds a line (from 0), as it was last read whole."""
        documents = self.survey.documents if self.survey else ()
        document = next((entry for entry in documents if self.root / entry.path == path), None)
        if document is None:
            return self._before.gate_at(path, line) if self._before else None
        starts = document.item_lines.get("gates", ())
        inside = [index for index, start in enumerate(starts) if start - 1 <= line]
        gates = list(gates_of(document))
        return gates[inside[-1]] if inside and inside[-1] < len(gates) else None

    def uses(self, name: str) -> Iterator[tuple[Path, int, int]]:
        """Every place in the project's documents that writes a name: file, line and column from 0."""
        for path in sorted(self._files()):
            text = self.texts.get(path)
            if text is None:
                try:
                    text = path.read_text()
                except (OSError, UnicodeDecodeError):
                    continue
            for number, row in enumerate(text.split("\n")):
                column = row.find(name)
                while column >= 0:
                    if word_at(row, column)[0] == name:
                        yield path, number, column
                    column = row.find(name, column + 1)

    def _files(self) -> set[Path]:
        survey = self.survey
        if survey is None:
            return set(self.texts)
        spec = self.root / survey.configuration.spec
        folders = (self.root / survey.configuration.contracts, spec, spec / "profiles", spec / "amendments")
        found = {
            path
            for folder in (*folders, self.root / survey.configuration.waivers)
            for path in folder.glob("*.yaml")
        }
        return found | set(self.texts)


def project_root(path: Path) -> Path | None:
    """The folder of the project that a file belongs to; None where there is none."""
    for folder in path.parents:
        try:
            if table_in(folder) is not None:
                return folder.resolve()
        except SpecshipError:
            return folder.resolve()
    return None


def _line(path: Path, text: str) -> int:
    try:
        rows = path.read_text().split("\n")
    except (OSError, UnicodeDecodeError):
        return 1
    return next(
        (number for number, row in enumerate(rows, 1) if row.lstrip().startswith("@") and text in row), 1
    )
