"""Live transformers, always in a process of its own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import ClassVar

from specship.errors import RequirementMissing
from specship.pipeline.resident_child import ResidentChild


class TransformersProcess(ResidentChild):
    """What `transformers_child` can do, asked from here."""

    _one: ClassVar[TransformersProcess | None] = None

    def __init__(self, about: Path | str) -> None:
        """Start it; `about` is the folder that errors name.

        Raises:
            RequirementMissing: transformers is not installed.
        """
        if importlib.util.find_spec("transformers") is None:
            raise RequirementMissing(
                "transformers is not installed",
                at=str(about),
                why="a family without a decoder of ours is computed by it",
                mend="pip install 'specship[pipeline]'",
            )
        super().__init__(
            "specship.pipeline.model.transformers_child",
            about,
            "transformers",
            mend="open it with AutoModelForCausalLM.from_pretrained first; "
            "a newer version may know it: pip install -U transformers",
        )

    @classmethod
    def shared(cls, about: Path | str) -> TransformersProcess:
        """The one of this process, for whoever asks about one folder after another: it starts for seconds.

        Raises:
            RequirementMissing: transformers is not installed.
        """
        if cls._one is None or cls._one.ended:
            cls._one = cls(about)
        cls._one.about = str(about)
        return cls._one
