"""Where things lie in the repository, whatever folder a test is in."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
SOURCE: Final = ROOT / "src" / "specship"
HUMANEVAL: Final = ROOT / "tests" / "data" / "humaneval" / "HumanEval.jsonl.gz"
