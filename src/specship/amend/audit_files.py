"""An audit from outside, read as recommendations: a Markdown list, or SARIF 2.1.0.

Each finding is bound to the criteria and gates that its text, rule or tags name, or to none. Nothing in the
file decides a state: what enters is OPEN, and evidence closes it.
Source: OASIS SARIF 2.1.0, sections 3.27 (result) and 3.28 (location).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from specship.bounds import JSON_REPORT_BYTES, YAML_BYTES
from specship.digests import sha256_bytes
from specship.errors import Place, UnusableInput
from specship.records import OpenRecord, checked
from specship.specs.records import AuditOrigin, Recommendation, recommendation_id
from specship.strict_json import parse, read_bytes

_ITEM: Final = re.compile(r"(?P<indent> {0,8})(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(?P<text>\S.*)")
_ID: Final = re.compile(r"\b(?:AC|GATE)-[A-Z0-9]+(?:-[A-Z0-9]+)*\b")
_LONGEST: Final = 900
"""Characters of a finding that are kept; the rest stands in the audit."""


class AuditFinding(NamedTuple):
    """One finding of an audit, before it is bound to anything."""

    place: str
    text: str
    names: str
    """Text, rule and tags: where ids are looked for."""


class _Text(OpenRecord):
    text: str = ""
    markdown: str = ""


class _Region(OpenRecord):
    startLine: int | None = None  # noqa: N815 - SARIF's own name


class _SarifFile(OpenRecord):
    uri: str = ""


class _Physical(OpenRecord):
    artifactLocation: _SarifFile = _SarifFile()  # noqa: N815 - SARIF's own name
    region: _Region = _Region()


class _Location(OpenRecord):
    physicalLocation: _Physical = _Physical()  # noqa: N815 - SARIF's own name


class _Properties(OpenRecord):
    tags: list[str] = []


class _Result(OpenRecord):
    ruleId: str = ""  # noqa: N815 - SARIF's own name
    kind: str = "fail"
    message: _Text
    locations: list[_Location] = []
    properties: _Properties = _Properties()


class _Run(OpenRecord):
    results: list[_Result] | None = None


class _Sarif(OpenRecord):
    version: str
    runs: list[_Run]


def read_audit(
    path: Path, known: Collection[str], bound: Mapping[int, tuple[str, ...]] | None = None
) -> tuple[Recommendation, ...]:
    """The findings of an audit as open recommendations, each once.

    `known` are the ids of the project; `bound` names those of a finding by its number from 1, where its own
    text does not.

    Raises:
        UnusableInput: the file is neither a Markdown list nor SARIF, or holds no finding; a number or an id
            in `bound` is not there.
        DamagedArtifact: the file is no regular one, or its JSON breaks a rule of `strict_json`.
    """
    sarif = path.suffix.lower() in {".sarif", ".json"}
    data = read_bytes(path, JSON_REPORT_BYTES if sarif else YAML_BYTES)
    found = list(_sarif_findings(data, path) if sarif else _list_items(data, path))
    if not found:
        raise UnusableInput(
            "no finding in it", at=path, why="findings are results of SARIF, or items of a Markdown list",
            mend="write each finding as a line that begins with `- `",
        )  # fmt: skip
    _insist_known(bound or {}, len(found), known, path)
    digest = sha256_bytes(data)
    advice: dict[str, Recommendation] = {}
    for number, one in enumerate(found, 1):
        named = [*_ID.findall(one.names), *(bound or {}).get(number, ())]
        text = one.text if len(one.text) <= _LONGEST else one.text[: _LONGEST - 1] + "…"
        origin = AuditOrigin(audit=_printable(path.name), sha256=digest, place=one.place)
        identity = recommendation_id(f"{digest} {one.place} {one.text}")
        advice[identity] = Recommendation(
            id=identity, what=text, state="OPEN", origin=origin,
            binds_to=tuple(dict.fromkeys(name for name in named if name in known)),
        )  # fmt: skip
    return tuple(advice.values())


def _insist_known(
    bound: Mapping[int, tuple[str, ...]], count: int, known: Collection[str], path: Path
) -> None:
    for number, names in bound.items():
        if not 1 <= number <= count:
            raise UnusableInput(
                f"it has no finding {number}", at=path, mend=f"give a number from 1 to {count}"
            )
        for name in names:
            if name not in known:
                raise UnusableInput(
                    f"finding {number} is bound to {name!r}, which is no criterion or gate",
                    mend="list them: specship trace",
                )


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text).strip() or "audit"


def _one_line(text: str) -> str:
    return " ".join(_printable(text).split())


def _list_items(data: bytes, path: Path) -> Iterator[AuditFinding]:
    """Items of the outermost lists, each with the lines indented below it; code is left out."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableInput("not UTF-8", at=path, mend="save the file as UTF-8") from error
    item: list[str] = []
    began, fenced = 0, False
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
            continue
        found = None if fenced else _ITEM.fullmatch(line)
        outer = found is not None and len(found["indent"]) < 2
        if item and (outer or not line.startswith((" ", "\t"))) and not fenced:
            yield _item(began, item)
            item = []
        if outer and found:
            began, item = number, [found["text"]]
        elif item and not fenced:
            item.append(found["text"] if found else line)
    if item:
        yield _item(began, item)


def _item(line: int, parts: list[str]) -> AuditFinding:
    text = _one_line(" ".join(parts))
    return AuditFinding(f"line {line}", text, text)


def _sarif_findings(data: bytes, path: Path) -> Iterator[AuditFinding]:
    whole = checked(
        _Sarif,
        parse(data, Place(str(path))),
        path,
        what="no SARIF",
        mend="give SARIF 2.1.0, or a Markdown list",
    )
    if whole.version != "2.1.0":
        raise UnusableInput(f"SARIF {whole.version}", at=path, mend="give SARIF 2.1.0")
    for r, run in enumerate(whole.runs):
        for n, result in enumerate(run.results or ()):
            if result.kind in {"pass", "notApplicable", "informational"}:
                continue
            spot = _spot(result.locations)
            said = _one_line(result.message.text or result.message.markdown)
            told = ": ".join(filter(None, [_one_line(result.ruleId) if result.ruleId else "", said]))
            text = f"{told} ({spot})" if spot else told
            names = " ".join([text, *result.properties.tags])
            yield AuditFinding(f"runs[{r}].results[{n}]", text, names)


def _spot(locations: Iterable[_Location]) -> str:
    for location in locations:
        physical = location.physicalLocation
        if uri := _one_line(physical.artifactLocation.uri) if physical.artifactLocation.uri else "":
            return f"{uri}:{physical.region.startLine}" if physical.region.startLine else uri
    return ""


def advice_bound(text: str, known: Collection[str]) -> Recommendation:
    """Advice of the project's own, bound to the ids that its text names."""
    names = dict.fromkeys(name for name in _ID.findall(text) if name in known)
    return Recommendation(what=" ".join(text.split()), state="OPEN", binds_to=tuple(names))
