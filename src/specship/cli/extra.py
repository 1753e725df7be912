"""What a light install lacks, said before anything fails for want of it."""

from __future__ import annotations

import importlib.util

from specship.errors import RequirementMissing

PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "gguf", "numpy")


def needs_pipeline() -> None:
    """Check for the packages of `specship[pipeline]` without importing them.

    Raises:
        RequirementMissing: one of them is not installed.
    """
    if absent := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        raise RequirementMissing(
            f"this command needs {', '.join(absent)}", mend="pip install 'specship[pipeline]'"
        )
