"""The outcome of an evaluation in a few lines for a terminal."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from specship.pipeline.evaluation.humaneval.judging import INFRA, PASSED
from specship.pipeline.evaluation.humaneval.passk_interval import interval_of_pass_at_k

_REASONS: Final = 3
"""Reasons that are listed, the commonest first."""
_KINDS: Final = ("passed", "failed", "infrastructure_errors")
_SURE: Final = 0.95


def as_text(report: dict[str, Any]) -> str:
    """From the JSON report; nothing that generated code chose is in it but plain names of exceptions."""
    lines = [
        f"problems  {report['problems']}",
        f"samples   {report['samples']}",
    ]
    lines += [f"  {key.replace('_', ' '):24} {report[key]}" for key in _KINDS]
    counts = Counter(result["outcome"] for result in report["results"])
    lines += [f"  {outcome:24} {count}" for outcome, count in sorted(counts.items()) if ":" in outcome]
    reasons = Counter(result["detail"] for result in report["results"] if result["outcome"] == INFRA)
    lines += [f"  not scored: {count} x {reason}" for reason, count in reasons.most_common(_REASONS)]
    lines += [
        f"pass@{k:<4} {figure:.4f}{_between(report, int(k))}" for k, figure in report["pass_at"].items()
    ]
    if not report["pass_at"]:
        lines.append("pass@k    none: not every problem of the file has a scored completion")
    rules = Counter(result["extraction"] for result in report["results"] if result["extraction"])
    lines += [f"read      {count} x {rule}" for rule, count in rules.most_common()]
    lines += [f"note      {note}" for note in report.get("notes", ())]
    if report.get("shard", [1, 1]) != [1, 1]:
        lines.append(
            "shard     {} of {}; `specship eval merge` counts them together".format(*report["shard"])
        )
    if generated := report.get("generated"):
        sampling = generated["sampling"]
        drawn = f"temperature {sampling['temperature']:g}, seed {sampling['seed']}"
        how = "greedy" if sampling["temperature"] == 0 else drawn
        lines.append(
            f"written   {how}, at most {sampling['max_tokens']} tokens, {generated['prompt_format']}"
        )
        lines.append(f"          {generated['chat']['why']}")
        lines.append(f"weights   sha256:{generated['weights_digest'][:16]}…")
    sandbox = report["sandbox"]
    release = "" if sandbox["fit_for_release"] else "; contains nothing, no release counts it"
    lines.append(f"sandbox   {sandbox['level']}, {sandbox['canaries']} canaries{release}")
    if report["error"]:
        lines.append(f"ERROR     {report['error']}")
    return "\n".join(lines)


def _between(report: dict[str, Any], k: int) -> str:
    """The interval of pass@k over problems, as words behind the figure."""
    scored = [result for result in report["results"] if result["outcome"] != INFRA]
    samples = Counter(result["task_id"] for result in scored)
    passed = Counter(result["task_id"] for result in scored if result["outcome"] == PASSED)
    counts = [(samples[task], passed[task]) for task in samples]
    found = interval_of_pass_at_k(counts, k, _SURE)
    of = f"of {len(counts)} problems"
    return (
        f"  {found[0]:.4f} … {found[1]:.4f} at {100 * _SURE:.0f} %, {of}" if found else f"  {of}, no interval"
    )
