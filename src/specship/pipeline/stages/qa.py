"""Quality gates: all eight on the checkpoint and on its export, each with every figure and raw record.

`qa.json` keeps what each gate said, and the second runner's answers step by step, so that a reader can
derive the figures again without asking transformers or llama.cpp a second time.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from specship.files import write_json
from specship.pipeline.stage import Settings, Stage, Work

GGUF_FILE: Final = "model.gguf"


class QaSettings(Settings):
    """How the runners run."""

    threads: Annotated[int, Field(ge=1)]
    """Threads of each runner."""
    device: Literal["cpu", "cuda"]
    """Of the reference runner; transformers and llama.cpp work on the processor."""


STAGE = Stage(
    makes="qa",
    lifecycle="eval",
    needs=("checkpoint", "gguf"),
    settings={"qa": QaSettings},
    packages=("torch", "transformers", "tokenizers", "gguf", "xllamacpp", "numpy"),
)


def run(work: Work) -> None:
    """Examine both; what fails is in the records and is no error of the stage."""
    from specship.pipeline.qa.qa_file import QA_FILE, as_document
    from specship.pipeline.qa.runner import examine
    from specship.pipeline.qa.subject import Subject

    settings: QaSettings = work.settings["qa"]
    paths = {"checkpoint": work.inputs["checkpoint"], "gguf": work.inputs["gguf"] / GGUF_FILE}
    reports = {
        name: examine(
            Subject(
                path=path,
                beside=paths["gguf" if name == "checkpoint" else "checkpoint"],
                threads=settings.threads,
                device=settings.device,
                report=work.report,
            )
        )
        for name, path in paths.items()
    }
    write_json(work.output / QA_FILE, as_document(reports))
    passed = sum(report.passed for report in reports.values())
    work.report(len(reports), len(reports), "models", gates_passed=passed)
