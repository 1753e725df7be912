"""A project: where its contracts, spec, profiles and evidence are.

[tool.specship]
spec = "specs/ship-two-001"   # folder with spec.yaml, profiles/, amendments/
contracts = "contracts"       # folder of contract files
profile = "rehearsal"         # the profile when none is asked for
probes = "probes"             # optional folder of the project's own probes
probe_distributions = []      # installed distributions that bring probes and stages
faults = "faults"             # optional folder of the project's own faults
stages = "stages"             # optional folder of the project's own stages
waivers = "waivers"           # folder of exceptions; it may be missing
inherit = []                  # variables that stages and the judge may see: LD_LIBRARY_PATH of a cluster
trusted_keys = []             # whose signature counts: tables of `specs.trusted_keys`
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from specship.contracts.document import Document
from specship.contracts.reader import ContractFile, ContractSurvey, survey_contracts
from specship.contracts.records import Frozen, Slug
from specship.errors import Place, UnknownName, UnreadableDocument, UnusableInput, did_you_mean
from specship.settings_file import FILE, find_table
from specship.specs.binding import gates_of
from specship.specs.own_stages import read_own_stages, with_own_stages
from specship.specs.reader import SpecFolder, survey_spec_folder
from specship.specs.records import Profile
from specship.specs.trusted_keys import TrustedKey
from specship.specs.waivers import FOLDER, WaiverFile, survey_waivers, waiver_faults

Folder = Annotated[str, Field(pattern=r"^[^\x00-\x1f]+$")]
DistributionName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]
_NEVER_INHERITED: Final = re.compile(r"LD_PRELOAD|LD_AUDIT|DYLD_INSERT_LIBRARIES|(PYTHON|PYTEST|SPECSHIP).*")
"""Variables that put foreign code into a process, or tell a secret."""


def _may_be_inherited(name: str) -> str:
    if _NEVER_INHERITED.fullmatch(name):
        raise ValueError(f"{name} is never let through to what measures")
    return name


Inheritable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$"), AfterValidator(_may_be_inherited)]


class LintSettings(Frozen):
    """The table `[tool.specship.lint]`. Only lint rules (SHIP4xx) can be silenced, and it is shown."""

    model_config = ConfigDict(alias_generator=lambda name: name.replace("_", "-"))

    select: tuple[str, ...] = ()
    """Codes, or beginnings of codes; empty selects every rule."""
    ignore: tuple[str, ...] = ()
    """Codes, or beginnings of codes, to leave out."""
    per_file_ignores: dict[str, tuple[str, ...]] = {}
    """The same for files by a pattern such as `contracts/old-*.yaml`."""
    untrained: Folder | None = None
    """A report of the same gates on a model that was never trained: what it meets proves nothing."""


class Configuration(Frozen):
    """The table `[tool.specship]` of pyproject.toml."""

    spec: Folder
    contracts: Folder = "contracts"
    profile: Slug = "rehearsal"
    probes: Folder | None = None
    probe_distributions: tuple[DistributionName, ...] = ()
    """Installed distributions whose entry points `specship.probes` and `specship.stages` bring these."""
    faults: Folder | None = None
    stages: Folder | None = None
    healthy: Folder | None = None
    """YAML file of healthy variants that no gate may accuse."""
    waivers: Folder = FOLDER
    """Exceptions to gates that fail; the folder may be missing."""
    trusted_keys: tuple[TrustedKey, ...] = ()
    """Whose signature counts, for what, and when; each key once."""
    inherit: tuple[Inheritable, ...] = ()
    """Variables that stages and the judge see beside the usual ones, such as LD_LIBRARY_PATH of a cluster;
    what they held stands in the evidence and on every report."""
    lint: LintSettings = LintSettings()

    @field_validator("trusted_keys", mode="before")
    @classmethod
    def _tables(cls, entries: object) -> object:
        if isinstance(entries, tuple) and any(isinstance(entry, str) for entry in entries):
            raise PydanticCustomError("key_without_days", "a key without owner, purposes and days")
        return entries

    @field_validator("trusted_keys")
    @classmethod
    def _each_once(cls, entries: tuple[TrustedKey, ...]) -> tuple[TrustedKey, ...]:
        keys = [entry.key for entry in entries]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"the key {key[:12]}… stands twice")
        return entries


@dataclass(frozen=True, slots=True)
class Project:
    """Everything a project wrote down, read and checked: contracts, spec and profiles, with places.

    Source: the formats of `schemas/`.
    """

    root: Path
    configuration: Configuration
    contracts: tuple[ContractFile, ...]
    spec: SpecFolder
    waivers: tuple[WaiverFile, ...] = ()
    elsewhere: Path | None = None
    """Where a faulty copy of the pipeline keeps what it makes, apart from all that counts."""

    @property
    def state(self) -> Path:
        """The folder of what is made here and not committed."""
        return self.elsewhere or self.root / ".specship"

    @property
    def ledger_folders(self) -> tuple[Path, ...]:
        """Where statements are: those made here, then the committed ones."""
        made = self.state / "ledger"
        return (made,) if self.elsewhere else (made, self.evidence_folder)

    @property
    def evidence_folder(self) -> Path:
        """Where statements are committed."""
        return self.root / "evidence"

    @property
    def arming_folder(self) -> Path:
        """Where it is written down which gates were seen to fail; committed."""
        return self.root / "evidence" / "arming"

    @property
    def fault_folder(self) -> Path | None:
        """The project's own faults, when it has any."""
        return self.root / self.configuration.faults if self.configuration.faults else None

    @property
    def probe_folder(self) -> Path | None:
        """The project's own probes, when it has any."""
        return self.root / self.configuration.probes if self.configuration.probes else None

    @property
    def reads(self) -> tuple[Path, ...]:
        """Files and folders that say what is demanded and how it is measured; one may be missing."""
        own = self.configuration
        named = (
            own.contracts,
            own.spec,
            own.waivers,
            own.probes,
            own.faults,
            own.stages,
            own.healthy,
            own.lint.untrained,
        )
        return (self.root / FILE, *(self.root / name for name in named if name), self.arming_folder)

    def profile(self, name: str | None = None) -> Profile:
        """A profile by name, or the project's own choice.

        Raises:
            UnknownName: there is none of that name.
        """
        name = name or self.configuration.profile
        if name not in self.spec.profiles:
            raise UnknownName(
                f"there is no profile {name!r}",
                at=f"{self.configuration.spec}/profiles",
                mend=did_you_mean(name, self.spec.profiles) or f"there are: {', '.join(self.spec.profiles)}",
            )
        return self.spec.profiles[name]


def find_configuration(start: Path) -> tuple[Path, Configuration] | None:
    """The nearest `[tool.specship]` at or above a folder; None where nobody uses specship.

    Raises:
        UnusableInput: the table has unknown or missing keys, or the file is not TOML.
    """
    found = find_table(start)
    if found is None:
        return None
    return found.root, _configuration(found.table, found.path, found.text)


def _as_tuples(value: object) -> object:
    if isinstance(value, dict):
        return {key: _as_tuples(item) for key, item in value.items()}
    return tuple(_as_tuples(item) for item in value) if isinstance(value, list) else value


def _configuration(table: dict[str, object], path: Path, text: str) -> Configuration:
    try:
        return Configuration.model_validate(_as_tuples(table), strict=True)
    except ValidationError as error:
        faults = [_configuration_fault(detail, path, text) for detail in error.errors()]
        raise UnreadableDocument(faults) from error


def _configuration_fault(detail: ErrorDetails, path: Path, text: str) -> UnusableInput:
    keys = [str(step) for step in detail["loc"] if isinstance(step, str)]
    line = _line_of(detail["loc"], text)
    place = Place(path.name, line, 1 if line else None)
    table = ".".join(["tool.specship", *keys[:-1]])
    if detail["type"] == "extra_forbidden":
        tables: dict[str, type[Frozen]] = {"lint": LintSettings, "trusted_keys": TrustedKey}
        known = _written_names(tables.get(keys[0], Configuration) if len(keys) > 1 else Configuration)
        return UnknownName(
            f"unknown key {keys[-1]!r} in [{table}]", at=place, mend=did_you_mean(keys[-1], known),
            code="SHIP201",
        )  # fmt: skip
    if detail["type"] == "missing":
        return UnusableInput(f"key {keys[-1]!r} is missing in [{table}]", at=place, code="SHIP202")
    if keys[0] == "trusted_keys":
        return UnusableInput(
            f"{'.'.join(keys)} in [tool.specship]: {detail['msg'].removeprefix('Value error, ')}",
            at=place,
            why="a signature counts for what its key is trusted with, and on its days",
            mend=_TRUSTED_KEYS,
            code="SHIP205",
        )
    return UnusableInput(f"{keys[-1]} in [{table}]: {detail['msg']}", at=place, code="SHIP205")


_TRUSTED_KEYS: Final = """\
write each key as a table:
        [[tool.specship.trusted_keys]]
        key = "64 hexadecimal digits"
        owner = "who answers for it"
        purposes = ["release"]   # some of rehearsal, release, arming
        from = 2026-01-01        # its first day, without quotation marks
        until = 2027-01-01"""


def _written_names(record: type[Frozen]) -> list[str]:
    if record is LintSettings:
        return [name.replace("_", "-") for name in record.model_fields]
    return [field.alias or name for name, field in record.model_fields.items()]


def _line_of(steps: tuple[int | str, ...], text: str) -> int | None:
    """The line of a key: in its own table, where it is one of several."""
    key = next(str(step) for step in reversed(steps) if isinstance(step, str))
    rows, begin = text.splitlines(), 0
    headers = [at for at, row in enumerate(rows) if re.match(rf"\s*\[\[.*\b{steps[0]}\s*\]\]", row)]
    if len(steps) > 1 and isinstance(steps[1], int) and steps[1] < len(headers):
        begin = headers[steps[1]]
    inside = (at for at, row in enumerate(rows[begin:], begin + 1) if row.strip().startswith(key))
    return next(inside, begin + 1 if begin else headers[0] + 1 if headers else None)


@dataclass(frozen=True, slots=True)
class Survey:
    """What can be read of a project, and everything that keeps the rest from being read."""

    root: Path
    configuration: Configuration
    contracts: tuple[ContractFile, ...]
    """Contracts without a fault of their own."""
    spec: SpecFolder | None
    faults: tuple[UnusableInput, ...]
    documents: tuple[Document, ...]
    """Every contract file that is YAML, those with faults too."""
    waivers: tuple[WaiverFile, ...] = ()
    """Waivers without a fault of their own."""

    @property
    def project(self) -> Project | None:
        """The project, when nothing keeps it from being one."""
        if self.spec is None or self.faults:
            return None
        return Project(self.root, self.configuration, self.contracts, self.spec, self.waivers)


def survey_spec(root: Path, configuration: Configuration) -> tuple[SpecFolder | None, list[UnusableInput]]:
    """The spec of a project, in whose profiles the project's own stages are commands; and all faults."""
    spec, faults = survey_spec_folder(root / configuration.spec, root=root)
    stages, unread = read_own_stages(root, configuration.stages, configuration.probe_distributions)
    spec, others = with_own_stages(spec, stages)
    return spec, [*faults, *unread, *others]


def survey_project(start: Path) -> Survey:
    """The project at or above a folder, as far as it can be read.

    Raises:
        UnusableInput: there is no `[tool.specship]`, or it has faults.
    """
    found = find_configuration(start.resolve())
    if found is None:
        raise UnusableInput(
            "no pyproject.toml with [tool.specship] at or above this folder",
            at=start,
            mend="run the command inside a project, or begin one: `specship init`",
        )
    root, configuration = found[0].resolve(), found[1]
    try:
        contracts = survey_contracts((root / configuration.contracts).resolve(), root=root)
    except UnusableInput as error:
        contracts = ContractSurvey((), (), (error,))
    spec, faults = survey_spec(root, configuration)
    waivers, others = survey_waivers((root / configuration.waivers).resolve(), root=root)
    gates = {str(gate.get("id")): gate for document in contracts.documents for gate in gates_of(document)}
    others += waiver_faults(waivers, gates)
    return Survey(
        root,
        configuration,
        contracts.files,
        spec,
        (*contracts.faults, *faults, *others),
        contracts.documents,
        waivers,
    )


def load_project(start: Path) -> Project:
    """The project at or above a folder, read whole; faults of all its files are listed together.

    Nothing is run and no torch is imported: contracts, spec, profiles and amendments are text.
    Source: `[tool.specship]` in pyproject.toml (`docs/beginning.md`).

    Raises:
        UnusableInput: there is no `[tool.specship]`, or a file has faults.
    """
    survey = survey_project(start)
    if survey.project is None:
        raise UnreadableDocument(survey.faults)
    return survey.project
