"""The decision as JUnit XML: one case a check that was asked, so that what passes is counted too.

Source: the `junit.xsd` that Jenkins and GitLab read: testsuite, properties, testcase, failure,
system-out.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

from specship.pull_request.records import MergeCheck, MergeDecision, Reason
from specship.report.formats import PLAIN, Display
from specship.report.gate._phrases import facts_line, numbers_line, opening_lines, place, verdict_line

_ILLEGAL: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(decision: MergeDecision, _display: Display = PLAIN) -> str:
    """One suite; a check with several reasons is one failed case that tells all of them."""
    failed = sum(bool(entry.reasons) for entry in decision.checks)
    counts = {"tests": str(len(decision.checks)), "failures": str(failed), "errors": "0", "skipped": "0"}
    suites = ET.Element("testsuites", {"name": "specship gate", **counts})
    suite = ET.SubElement(suites, "testsuite", {"name": "specship gate", **counts})
    if opening := [*opening_lines(decision)]:
        first = ET.SubElement(suite, "properties")
        for line in opening:
            ET.SubElement(first, "property", {"name": "specship", "value": _legal(line)})
    said = [*opening, verdict_line(decision)]
    said += [*map(numbers_line, decision.ship_percent), facts_line(decision)]
    for entry in decision.checks:
        _case(suite, entry, [reason for reason in decision.reasons if reason.check == entry.check])
    ET.SubElement(suite, "system-out").text = _legal("\n".join(said))
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _case(suite: ET.Element, entry: MergeCheck, reasons: list[Reason]) -> None:
    about = {"classname": "specship.gate", "name": entry.check, "time": "0"}
    if reasons and reasons[0].path:
        about |= {"file": _legal(reasons[0].path), "line": str(reasons[0].line or 1)}
    case = ET.SubElement(suite, "testcase", about)
    if reasons:
        head = reasons[0].says if len(reasons) == 1 else f"{len(reasons)} reasons: {reasons[0].says}"
        told = "\n".join(f"{place(r)} {r.says}\n  mend: {r.mend}".strip() for r in reasons)
        failure = ET.SubElement(case, "failure", {"message": _legal(head), "type": entry.check})
        failure.text = _legal(f"{entry.why}\n{told}")


def _legal(text: str) -> str:
    """Without characters that XML 1.0 has no way to write."""
    return _ILLEGAL.sub("\ufffd", text)
