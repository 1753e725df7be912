"""A project: where its contracts, spec, profiles and evidence are.

[tool.specship]
spec = "specs/ship-two-001"   # folder with spec.yaml, profiles/, amendments/
contracts = "contracts"       # folder of contract files
profile = "rehearsal"         # the profile when none is asked for
probes = "probes"             # optional folder of the project's own probes
trusted_keys = []             # public keys (64 hex digits) that may sign release evidence
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from specship.contracts.reader import ContractFile, read_contracts
from specship.contracts.records import Frozen, Slug
from specship.errors import Place, SpecshipError, UnknownName, UnreadableDocument, UnusableInput, did_you_mean
from specship.specs.reader import SpecFolder, read_spec_folder
from specship.specs.records import Profile

Folder = Annotated[str, Field(pattern=r"^[^\x00-\x1f]+$")]
PublicKeyHex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Configuration(Frozen):
    """The table `[tool.specship]` of pyproject.toml."""

    spec: Folder
    contracts: Folder = "contracts"
    profile: Slug = "rehearsal"
    probes: Folder | None = None
    trusted_keys: tuple[PublicKeyHex, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """Everything a project wrote down, read and checked."""

    root: Path
    configuration: Configuration
    contracts: tuple[ContractFile, ...]
    spec: SpecFolder

    @property
    def state(self) -> Path:
        """The folder of what is made here and not committed."""
        return self.root / ".specship"

    @property
    def ledger_folders(self) -> tuple[Path, ...]:
        """Where statements are: those made here, then the committed ones."""
        return (self.state / "ledger", self.root / "evidence")

    @property
    def probe_folder(self) -> Path | None:
        """The project's own probes, when it has any."""
        return self.root / self.configuration.probes if self.configuration.probes else None

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
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if "specship" not in text:
            continue
        try:
            tools = tomllib.loads(text).get("tool")
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise UnusableInput(f"not TOML: {error}", at=path, mend="mend the file") from error
        table = tools.get("specship") if isinstance(tools, dict) else None
        if isinstance(table, dict):
            return folder, _configuration(table, path, text)
    return None


def _configuration(table: dict[str, object], path: Path, text: str) -> Configuration:
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    try:
        return Configuration.model_validate(plain, strict=True)
    except ValidationError as error:
        faults = []
        for detail in error.errors():
            key = str(detail["loc"][0])
            line = next(
                (n for n, row in enumerate(text.splitlines(), 1) if row.strip().startswith(key)), None
            )
            unknown = detail["type"] == "extra_forbidden"
            faults.append(
                UnusableInput(
                    f"unknown key {key!r} in [tool.specship]" if unknown else f"{key}: {detail['msg']}",
                    at=Place(path.name, line, 1 if line else None),
                    mend=did_you_mean(key, Configuration.model_fields) if unknown else "",
                )
            )
        raise UnreadableDocument(faults) from error


def load_project(start: Path) -> Project:
    """The project at or above a folder, read whole; faults of all its files are listed together.

    Raises:
        UnusableInput: there is no `[tool.specship]`, or a file has faults.
    """
    found = find_configuration(start.resolve())
    if found is None:
        raise UnusableInput(
            "no pyproject.toml with [tool.specship] at or above this folder",
            at=start,
            mend="run the command inside a project, or add the table",
        )
    root, configuration = found[0].resolve(), found[1]
    faults: list[SpecshipError] = []
    contracts: tuple[ContractFile, ...] = ()
    spec: SpecFolder | None = None
    try:
        contracts = read_contracts((root / configuration.contracts).resolve(), root=root)
    except UnreadableDocument as error:
        faults.extend(error.faults)
    except UnusableInput as error:
        faults.append(error)
    try:
        spec = read_spec_folder(root / configuration.spec, root=root)
    except UnreadableDocument as error:
        faults.extend(error.faults)
    except UnusableInput as error:
        faults.append(error)
    if faults or spec is None:
        raise UnreadableDocument([fault for fault in faults if isinstance(fault, UnusableInput)])
    return Project(root, configuration, contracts, spec)
