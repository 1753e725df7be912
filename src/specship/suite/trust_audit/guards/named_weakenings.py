"""What is asked for less is named in an amendment, or the change is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard, in_force, in_part, not_here

_PIPELINES: Final = (
    ".github/workflows/*.y*ml", ".gitlab-ci.yml", "Jenkinsfile", ".circleci/config.yml",
    "azure-pipelines.yml", ".pre-commit-config.yaml", ".ci/*",
)  # fmt: skip
_LARGEST_BYTES: Final = 1 << 20


def _asks(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    return "specship gate" in text or ("uses:" in text and "specship/specship" in text)


def _look(grounds: Grounds) -> Answer:
    tops = (grounds.project.root, *grounds.project.root.parents)
    top = next((folder for folder in tops if (folder / ".git").exists()), None)
    if top is None:
        return not_here("no git repository: there is no base to hold a change against", "git init")
    files = [path for pattern in _PIPELINES for path in sorted(top.glob(pattern)) if _asks(path)]
    if not files:
        return in_part(
            "`specship gate` answers, and no pipeline of this repository is seen to ask it",
            "one job of yours runs `specship gate --base main`: docs/pull-requests.md",
        )
    return in_force(f"asked by {', '.join(str(path.relative_to(top)) for path in files[:3])}")


GUARD: Final = Guard("A limit is loosened, a gate deleted or a weight moved, and nobody says so.", _look)
