"""What the machine has: versions, extras, devices and the sandbox. Nothing heavy is imported for it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from specship.errors import RequirementMissing
from specship.evidence.environment import cuda_devices, driver_version
from specship.pipeline.evaluation.humaneval.sandbox.limits import Limits
from specship.pipeline.evaluation.humaneval.sandbox.process import facts
from specship.pipeline.evaluation.humaneval.scoring import choose_level
from specship.suite.checkup.records import Fact, Section, Unusual
from specship.version import VERSION

_FOR_PEOPLE: Final = ("pipeline", "quantize", "ray")
"""Extras that give verbs something to do; the others are for those who work on specship."""
_TOLD: Final = ("PYTEST_ADDOPTS", "CUDA_VISIBLE_DEVICES", "HF_HOME", "SPECSHIP_TRACEBACK")
"""Variables that change what is seen or done."""
_REQUIREMENT: Final = re.compile(
    r"(?P<name>[\w.-]+)(?:>=(?P<least>[\d.]+))?[^;]*(?:;.*extra == .(?P<extra>[\w-]+))?"
)
_BUILT_FOR: Final = re.compile(r"^cuda\b[^=]*=\s*(?:'([^']*)'|\"([^\"]*)\"|None)", re.MULTILINE)


class _Wanted(NamedTuple):
    """A package that specship asks for."""

    name: str
    least: str
    """The oldest version that serves; empty where any does."""
    extra: str


def versions() -> Section:
    """specship, Python, and every package that specship uses, by extra."""
    wanted = _wanted()
    base = [one for one in wanted if not one.extra]
    told: dict[str, Fact] = {
        "specship": VERSION,
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
        "packages": _versions(base),
    }
    unusual = list(_wrong(base))
    for extra in _FOR_PEOPLE:
        own = [one for one in wanted if one.extra == extra]
        there = any(_version(one.name) for one in own)
        told[f"[{extra}]"] = _versions(own) if there else "not installed"
        unusual += _wrong(own) if there else ()
    if told["[pipeline]"] == "not installed":
        what = "specship[pipeline] is not installed: nothing can be made or measured here"
        mend = "pip install 'specship[pipeline]', unless this machine is only for lint and status"
        unusual.append(Unusual(what=what, mend=mend, stops=False))
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        what = "PYTEST_DISABLE_PLUGIN_AUTOLOAD is set: pytest does not load specship"
        unusual.append(Unusual(what=what, mend="unset it, or run pytest -p specship.pytest_plugin"))
    told["variables"] = tuple(f"{name}={os.environ[name]}" for name in _TOLD if os.environ.get(name))
    return Section(name="versions", facts=told, unusual=tuple(unusual))


def _wanted() -> list[_Wanted]:
    """The packages of our own metadata, which have names, least versions and extras, and nothing else."""
    try:
        texts = importlib.metadata.requires("specship") or []
    except importlib.metadata.PackageNotFoundError:
        return []
    found = (_REQUIREMENT.match(text) for text in texts)
    return [_Wanted(one["name"], one["least"] or "", one["extra"] or "") for one in found if one]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _versions(wanted: Iterable[_Wanted]) -> Fact:
    return tuple(f"{one.name} {_version(one.name) or 'missing'}" for one in wanted)


def _wrong(wanted: Iterable[_Wanted]) -> Iterable[Unusual]:
    """Packages that are missing, or older than what is asked for."""
    for one in wanted:
        there = _version(one.name)
        if not there or _numbers(there) < _numbers(one.least):
            asked = f"{one.name}>={one.least}" if one.least else one.name
            by = f"specship[{one.extra}]" if one.extra else "specship"
            what = f"{by} asks for {asked}, and {there or 'none'} is installed"
            yield Unusual(what=what, mend=f"pip install '{asked}'")


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers a version begins with; those of `2.13.0+cpu` are 2, 13 and 0."""
    return tuple(map(int, re.findall(r"\d+", re.match(r"[\d.]*", version)[0])))  # type: ignore[index]


def devices() -> Section:
    """CUDA as the driver reports it, for what torch was built, and llama.cpp."""
    found, built = cuda_devices(), _torch_built_for()
    told: dict[str, Fact] = {
        "CUDA": found or "no device",
        "driver": driver_version() or "none",
        "torch": built or "not installed",
        "llama.cpp": f"xllamacpp {_version('xllamacpp') or 'not installed'}",
        "quantizer": shutil.which("llama-quantize") or f"cyllama {_version('cyllama') or 'not installed'}",
    }
    unusual: tuple[Unusual, ...] = ()
    if found and built == "built without CUDA":
        unusual = (
            Unusual(
                what=f"there is {found[0]}, and the installed torch was built without CUDA",
                mend="install a build of torch for CUDA; a gate that asks for it stays BLOCKED until then",
                stops=False,
            ),
        )
    return Section(name="devices", facts=told, unusual=unusual)


def _torch_built_for() -> str:
    """What the installed torch was built for, read from its own file of versions and not by importing it."""
    spec = importlib.util.find_spec("torch")
    if spec is None or not spec.origin:
        return ""
    try:
        text = (Path(spec.origin).parent / "version.py").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "built for an unknown device"
    found = _BUILT_FOR.search(text)
    version = (found[1] or found[2]) if found else None
    return f"built for CUDA {version}" if version else "built without CUDA"


def sandbox() -> Section:
    """What the kernel lets the sandbox of generated code enforce, tried out with its canaries."""
    try:
        level = choose_level(Limits())
    except RequirementMissing as error:
        found = Unusual(what=error.message, why=error.why, mend=error.mend, stops=False)
        return Section(name="sandbox", facts={"level": "none that contains anything"}, unusual=(found,))
    known = facts(level, Limits())
    told: dict[str, Fact] = {
        "level": f"{level}, fit for a release",
        "kernel": f"{known['kernel']}, landlock {known['landlock_abi'] or 'none'}, user {known['uid']}",
    }
    return Section(name="sandbox", facts=told)
