"""The first screen: the ship-% of each model and profile, what holds it back, what moved, what is odd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from specship.report.charts.markup import Child, element
from specship.report.formatting import percent, waiver_line
from specship.report.page.parts import anchor, digest, folded, kind, listed, mark, moment, prose
from specship.status.bypasses import bypass_lines
from specship.status.exhibits import GateMoved, PercentMoved
from specship.status.report import CriterionReport, ModelReport, Report, Standing
from specship.units import Quantity
from specship.wording import counted

_MOST: Final = 3
"""Criteria that a card names, and things that a panel lists before the rest is folded."""
_ORDER: Final = (Standing.FAILED, Standing.STALE, Standing.OPEN, Standing.BLOCKED)


def summary(report: Report) -> Element:
    """Everything that is decided from."""
    return element(
        "section",
        element("h2", "At a glance", id_="glance", class_="first"),
        element("div", [_card(model) for model in report.models], class_="cards"),
        element("div", _moved(report), _irregular(report), class_="panels"),
        aria_labelledby="glance",
    )


def _card(model: ModelReport) -> Element:
    judged = [one for one in model.criteria if one.status != Standing.NOT_JUDGED]
    counts = {status: sum(one.status == status for one in judged) for status in Standing}
    discharged = counts[Standing.DISCHARGED]
    look = (
        "failed"
        if counts[Standing.FAILED]
        else "all"
        if judged and discharged == len(judged)
        else "some"
        if discharged
        else ""
    )
    verb = (
        "of what a release demands is shown"
        if model.kind == "release"
        else "rehearsed; a rehearsal ships nothing"
    )
    name = anchor("model", model.model, model.profile)
    return element(
        "article",
        element(
            "h3",
            element("a", element("bdi", model.model), href=f"#{name}"),
            mark("", f"profile {model.profile}"),
        ),
        element("div", percent(model.ship_percent), class_="percent"),
        element("p", verb, class_="small soft", style="margin:0"),
        element(
            "div",
            [
                element(
                    "span",
                    class_=f"is-{kind(one.status)}",
                    style=f"flex:{one.weight}",
                    title=f"{one.id}: {one.status}, weight {one.weight}",
                )
                for one in judged
            ],
            class_="weights",
            role="img",
            aria_label=", ".join(f"{count} {status}" for status, count in counts.items() if count)
            or "no criterion is judged",
        ),
        element(
            "p",
            f"{discharged} of {counted(len(judged), 'criterion', 'criteria')} discharged; ",
            f"at most {percent(model.ceiling_percent)} can be judged on this machine today.",
            class_="small soft",
        ),
        listed(_holding(model, judged)),
        class_=f"card {look}".strip(),
        aria_label=f"{model.model} at {model.profile}",
    )


def _holding(model: ModelReport, judged: list[CriterionReport]) -> Iterator[Child]:
    """What holds it back, heaviest of the worst first."""
    short = [one for one in judged if one.status in _ORDER]
    short.sort(key=lambda one: (_ORDER.index(one.status), -one.weight))
    for one in short[:_MOST]:
        reason = one.reasons[0].splitlines()[0] if one.reasons else one.statement
        where = anchor("criterion", model.model, model.profile, one.id)
        yield [
            mark(one.status),
            " ",
            element("a", one.id, href=f"#{where}"),
            f" ({one.weight} %): ",
            prose(_short(reason)),
        ]
    if len(short) > _MOST:
        rest = sum(one.weight for one in short[_MOST:])
        yield element(
            "a",
            f"and {len(short) - _MOST} more, {rest} % together",
            href=f"#{anchor('model', model.model, model.profile)}",
        )
    if not short and judged:
        yield "Nothing holds it back: every criterion that this profile judges is discharged."
    if left_out := [one for one in model.criteria if one.status == Standing.NOT_JUDGED]:
        weight = sum(one.weight for one in left_out)
        yield f"Not judged at this profile: {', '.join(one.id for one in left_out)} (weight {weight})."


def _short(text: str, most: int = 240) -> str:
    return text if len(text) <= most else f"{text[:most].rstrip()}…"


def _moved(report: Report) -> Element:
    found = report.exhibits.movement if report.exhibits else None
    parts: list[Child] = [element("h3", "What moved")]
    if found is None:
        parts.append(element("p", "Nobody looked: this page was made of a report without its histories."))
        return element("section", *parts, class_="panel")
    if found.why_unknown:
        parts.append(element("p", f"Since the last version: {found.why_unknown}."))
    else:
        changed = [_percent_line(one) for one in found.percents if one.before != one.after]
        parts.append(
            element(
                "p",
                f"Since {found.base_version} (",
                element("code", found.base[:12]),
                "), in committed evidence: ",
                "; ".join(changed) or "no ship-% changed",
                ".",
            )
        )
        if found.changes:
            parts.append(
                folded(
                    f"{counted(len(found.changes), 'demand')} changed since",
                    listed(found.changes),
                    class_="plain",
                )
            )
    turned = [one for one in found.gates if one.before != one.after]
    parts.append(
        element(
            "p",
            "Since each gate was measured on other bytes or demands: ",
            f"{counted(len(turned), 'verdict')} changed, "
            f"{counted(len(found.gates) - len(turned), 'gate')} with other figures."
            if found.gates
            else "nothing, or each was measured once.",
        )
    )
    if turned:
        parts.append(listed(map(_gate_line, turned[:6])))
    if rest := found.gates[len(turned) :] if turned else found.gates:
        parts.append(folded("figures that moved", listed(map(_gate_line, rest)), class_="plain"))
    return element("section", *parts, class_="panel")


def _percent_line(one: PercentMoved) -> str:
    before, after = ("none" if value is None else percent(value) for value in (one.before, one.after))
    return f"{one.model} {one.profile} {before} → {after}"


def _gate_line(one: GateMoved) -> Child:
    link = element("a", one.gate, href=f"#{anchor('gate', one.model, one.profile, one.gate)}")
    figures = "; ".join(
        f"{f.quantity} {Quantity(f.before, f.unit)} → {Quantity(f.after, f.unit)}" for f in one.figures[:4]
    )
    more = f" and {len(one.figures) - 4} more" if len(one.figures) > 4 else ""
    verdicts: Child = [mark(one.before), " → ", mark(one.after), " "] if one.before != one.after else None
    return [verdicts, link, f" ({one.model}, {one.profile}): {figures or 'the same figures'}{more}"]


def _irregular(report: Report) -> Element:
    """Waivers, bypasses, evidence of unknown hands, damage: each said, and that there is none too."""
    bypasses, waivers = list(bypass_lines(report)), [waiver_line(one) for one in report.waivers]
    foreign = report.exhibits.foreign if report.exhibits else ()
    signed = {
        gate.id: gate
        for model in report.models
        for one in model.criteria
        for gate in one.gates
        if gate.evidence and not gate.signers
    }
    parts: list[Child] = [element("h3", "In plain sight")]
    next_steps = [model.profile for model in report.models if model.ship_percent < 100]
    for words, found in (("problem", report.problems), ("waiver", waivers), ("bypass", bypasses)):
        if found:
            parts += [
                element("h4", f"{words}: {len(found)}"),
                listed(element("span", text, style="white-space:pre-wrap") for text in found),
            ]
    if signed:
        parts += [element("h4", "evidence that no known key signed"), listed(sorted(signed))]
    if foreign:
        rows = [[f"{one.kind} {one.about} ", digest(one.digest), " ", moment(one.moment)] for one in foreign]
        parts.append(
            folded(
                f"{counted(len(foreign), 'entry', 'entries')} that no known key signed; none of them counts",
                listed(rows),
                class_="plain",
            )
        )
    if report.exhibits:
        parts += [element("p", f"Left out: {text}.") for text in report.exhibits.left_out]
    none = [
        words
        for words, found in (
            ("problem with ledger or artifacts", report.problems),
            ("waiver", waivers),
            ("bypass", bypasses),
            ("unsigned or foreign evidence", (*signed, *foreign)),
        )
        if not found
    ]
    if none:
        parts.append(element("p", f"No {', no '.join(none)}."))
    parts += list(_signers(report))
    if next_steps:
        profile = next((model.profile for model in report.models if model.kind == "release"), next_steps[0])
        command = f"specship next --profile {profile}"
        parts.append(element("p", "What to do first, by ship-% gained an hour: ", element("code", command)))
    look = "alarm" if report.problems or signed else "warn" if waivers or bypasses or foreign else ""
    return element("section", *parts, class_=f"panel {look}".strip())


def _signers(report: Report) -> Iterator[Child]:
    found: dict[str, int] = {}
    for model in report.models:
        for gate in {gate.id: gate for one in model.criteria for gate in one.gates}.values():
            for signer in gate.signers:
                trusted = ", ".join(signer.purposes) or "trusted with nothing"
                who = f"{signer.key_id[:19]}… {signer.owner} ({trusted})"
                found[who] = found.get(who, 0) + 1
    for who, count in found.items():
        yield element("p", f"Signed by {who}: {counted(count, 'gate')}.", class_="small soft")
