"""Each criterion with its gates: what was measured beside its limit, what it was, which faults broke it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from specship.report.charts.limit import drawn_limit, margin
from specship.report.charts.markup import Child, element
from specship.report.charts.spark import drawn_history
from specship.report.formatting import duration, limits_line, noise_told, percent, signer_line
from specship.report.page.parts import anchor, digest, folded, mark, moment, prose, table
from specship.status.exhibits import QuantityHistory
from specship.status.report import CriterionReport, GateReport, Measured, ModelReport, Report, Standing
from specship.units import Quantity
from specship.wording import counted

Histories = Mapping[tuple[str, str, str, str], QuantityHistory]
"""By model, profile, gate and quantity."""


class CriteriaSection:
    """The criteria of every model; a gate that speaks for several is shown once a model and profile."""

    def __init__(self, report: Report, up: str) -> None:
        self._report, self._up = report, up
        exhibits = report.exhibits
        self._paths = exhibits.statements if exhibits else {}
        self._histories: Histories = {
            (one.model, one.profile, one.gate, one.quantity): one
            for one in (exhibits.histories if exhibits else ())
        }

    def sections(self) -> Iterator[Element]:
        """One for each model at each profile."""
        for model in self._report.models:
            name = anchor("model", model.model, model.profile)
            shown: set[str] = set()
            yield element(
                "section",
                element(
                    "h2",
                    element("bdi", model.model),
                    f" at {model.profile}: {percent(model.ship_percent)}",
                    id_=name,
                ),
                [self._criterion(model, one, shown) for one in model.criteria],
                aria_labelledby=name,
            )

    def _criterion(self, model: ModelReport, one: CriterionReport, shown: set[str]) -> Element:
        head: list[Child] = [
            mark(one.status),
            " ",
            element("span", one.id, class_="id"),
            " ",
            element("span", f"weight {one.weight}", class_="weight"),
            element("span", one.statement, class_="says", dir="auto"),
        ]
        reasons = [
            element("li", prose(reason), style="white-space:pre-wrap", dir="auto") for reason in one.reasons
        ]
        gates = [self._gate(model, gate, shown) for gate in one.gates]
        return folded(
            head,
            element("ul", reasons) if reasons else None,
            gates or element("p", "No gate speaks for it yet."),
            opened=one.status == Standing.FAILED,
            id_=anchor("criterion", model.model, model.profile, one.id),
        )

    def _gate(self, model: ModelReport, gate: GateReport, shown: set[str]) -> Element:
        place = anchor("gate", model.model, model.profile, gate.id)
        if gate.id in shown:
            return element(
                "div",
                element(
                    "h3",
                    mark(gate.verdict or "none", gate.verdict or "no evidence"),
                    " ",
                    element("a", gate.id, href=f"#{place}"),
                    element("span", "shown above", class_="soft small"),
                ),
                class_="gate",
            )
        shown.add(gate.id)
        stale = not gate.fresh and gate.verdict in {"PASS", "FAIL", "ERROR"}
        return element(
            "div",
            element(
                "h3",
                mark(gate.verdict or "none", gate.verdict or "no evidence"),
                mark("STALE", "stale") if stale else None,
                element("span", gate.id),
                element("span", "advisory", class_="soft small") if not gate.blocking else None,
                mark("", "not armed") if not gate.armed else None,
            ),
            element("p", gate.rule, dir="auto"),
            element("p", gate.reason, class_="small", style="white-space:pre-wrap", dir="auto")
            if gate.verdict != "PASS" and all(one.holds for one in gate.measured)
            else None,
            element("ul", [element("li", item) for item in self._facts(gate)], class_="facts"),
            self._measures(model, gate),
            _noted("said by the probe", gate.notes),
            _noted("also in the ledger", tuple(one for one in gate.cautions if one not in gate.notes)),
            _relaxed(gate),
            self._before(model, gate),
            caught(gate),
            class_="gate",
            id_=place,
        )

    def _facts(self, gate: GateReport) -> Iterator[Child]:
        if gate.measured:
            yield f"checked {gate.checked}"
        if gate.ended:
            yield ["measured ", moment(gate.ended), f" in {duration(gate.seconds)}"]
        if gate.evidence:
            yield [
                "evidence ",
                digest(gate.evidence, self._paths.get(gate.evidence, ""), self._up),
                f" {'; '.join(map(signer_line, gate.signers)) or 'signed by no key known here'}",
            ]
        yield ["contract ", element("a", element("code", gate.contract), href=f"{self._up}{gate.contract}")]
        if gate.limits:
            yield limits_line(gate.limits)
        yield ["more: ", element("code", f"specship explain {gate.id}")]

    def _measures(self, model: ModelReport, gate: GateReport) -> Child:
        if not gate.measured:
            return None
        ordered = sorted(gate.measured, key=lambda one: one.holds)
        rows = [self._measure(model, gate, one) for one in ordered]
        body = [
            element(
                "tr",
                [element("td", cell, class_="number" if at == 1 else None) for at, cell in enumerate(row)],
                class_=None if one.holds else "fails",
            )
            for one, row in zip(ordered, rows, strict=True)
        ]
        drawn = [
            "on its range" if any(row[4] is not None for row in rows) else "",
            "over the ledger" if any(row[5] is not None for row in rows) else "",
        ]
        heads = ("quantity", "measured", "limit", "how near", *drawn)
        return element(
            "table",
            element(
                "thead",
                element(
                    "tr",
                    [
                        element("th", head, scope="col", class_="number" if at == 1 else None)
                        if head
                        else element("td")
                        for at, head in enumerate(heads)
                    ],
                ),
            ),
            element("tbody", body),
            class_="measures",
            aria_label=f"figures of {gate.id}",
        )

    def _measure(self, model: ModelReport, gate: GateReport, one: Measured) -> list[Child]:
        history = self._histories.get((model.model, model.profile, gate.id, one.quantity))
        spark = None
        if history and history.of > 1 and len({point.value for point in history.points}) > 1:
            spark = drawn_history(history.points, history.of, one, one.quantity)
        shown = "not measured" if one.value is None else str(Quantity(one.value, one.unit))
        noise = noise_told(one)
        return [
            element("bdi", one.quantity),
            [shown, element("span", f" ({noise})", class_="soft small") if noise else None],
            one.limit,
            [
                None
                if one.holds
                else element("div", mark("FAIL", "not shown" if one.interval else "does not hold")),
                margin(one) if one.value is not None else None,
            ],
            drawn_limit(one),
            spark,
        ]

    def _before(self, model: ModelReport, gate: GateReport) -> Child:
        found = [
            history
            for one in gate.measured
            if (history := self._histories.get((model.model, model.profile, gate.id, one.quantity)))
            and history.of > 1
        ]
        if not found:
            return None
        moments: dict[str, dict[str, str]] = {}
        about: dict[str, tuple[str, str, str, bool]] = {}
        for history in found:
            for point in history.points:
                moments.setdefault(point.statement, {})[history.quantity] = f"{point.value:.6g}"
                about[point.statement] = (point.ended, point.verdict, point.commit, point.as_today)
        rows = [
            [
                moment(about[key][0]),
                mark(about[key][1]),
                element("code", about[key][2][:10]),
                "" if about[key][3] else "another limit or probe",
                digest(key),
                "; ".join(f"{name} {value}" for name, value in values.items()),
            ]
            for key, values in sorted(moments.items(), key=lambda item: about[item[0]][0], reverse=True)
        ]
        most = max(history.of for history in found)
        kept = f", {len(rows)} of them shown" if most > len(rows) else ""
        return folded(
            f"{most} measurements in the ledger{kept}",
            table(
                f"history of {gate.id}",
                ("when", "verdict", "commit", "asked then", "statement", "figures"),
                rows,
            ),
            class_="plain",
        )


def _noted(words: str, found: tuple[str, ...]) -> Child:
    if not found:
        return None
    said = [element("li", text, style="white-space:pre-wrap", dir="auto") for text in found]
    if len(found) > 3 or sum(map(len, found)) > 500:
        return folded(f"{words}: {len(found)}", element("ul", said), class_="plain")
    return element(
        "div", element("span", f"{words}:", class_="soft small"), element("ul", said), class_="small"
    )


def _relaxed(gate: GateReport) -> Child:
    """What the first screen has too, gate by gate."""
    if not gate.bypasses:
        return None
    said = [element("li", text, dir="auto") for text in gate.bypasses]
    return folded(
        [mark("STALE", "bypass"), f" {len(said)} relaxed or let in while it was measured"],
        element("ul", said),
        class_="plain",
    )


def caught(gate: GateReport) -> Child:
    """The faults that it was seen to catch, each with the limits that it broke."""
    by_fault: dict[str, list[str]] = {}
    for limit in gate.limits:
        for fault in limit.faults:
            by_fault.setdefault(fault, []).append(limit.quantity)
    unseen = [limit.quantity for limit in gate.limits if limit.seen == "unseen"]
    if not by_fault and not unseen and not gate.unarmed:
        return None
    lines: list[Child] = [
        [element("code", fault), f" breaks {', '.join(broken)}"] for fault, broken in sorted(by_fault.items())
    ]
    lines += [
        f"{limit.quantity}: no fault can break it: {limit.why}"
        for limit in gate.limits
        if limit.seen == "excused"
    ]
    if unseen and by_fault:
        lines.append([mark("STALE", "never seen to fail"), f" {', '.join(unseen)}"])
    if gate.unarmed:
        lines.append([mark("", "not armed"), f" {gate.unarmed}"])
    return folded(
        f"seen to catch {counted(len(by_fault), 'fault')}" if by_fault else "seen to catch no fault yet",
        element("ul", [element("li", line) for line in lines]),
        class_="plain",
    )
