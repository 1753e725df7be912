"""The harness cuts the imports that a solution needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from specship.faults.fault import Fault, spoil

FAULT = Fault(row="E3", stage="harness")


def inject() -> None:
    """The imports above a problem's function are not among what is run."""
    from specship.pipeline.evaluation.humaneval import problems

    def bare(read: Callable[..., Any]) -> Callable[..., Any]:
        def cut(path: Any) -> Any:
            found = read(path)
            kept = {
                name: replace(one, prompt=_without_imports(one.prompt))
                for name, one in found.problems.items()
            }
            return replace(found, problems=kept)

        return cut

    spoil(problems, "read_problems", bare)


def _without_imports(prompt: str) -> str:
    lines = prompt.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(("import ", "from ")))
