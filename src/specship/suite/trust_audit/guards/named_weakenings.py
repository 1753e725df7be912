"""What is asked for less is named in an amendment, or the change is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from specship.suite.trust_audit.guard import Answer, Grounds, Guard

_PIPELINES: Final = (
    ".github/workflows/*.y*ml", ".gitlab-ci.yml", "Jenkinsfile", ".circleci/config.yml", "azure-pipelines.yml",
    ".pre-commit-config.yaml", ".ci/*",
)  # fmt: skip
_LARGEST_BYTES: Final = 1 << 20


def _asks(path: Path) -> bool:
    if not path.is_file() or path.stat().st_size > _LARGEST_BYTES:
        return False
    text = path.read_text(encoding="utf-8", errors="replace")
    return "specship gate" in text or ("uses:" in text and "specship" in text)


def _look(grounds: Grounds) -> Answer:
    root = grounds.project.root
    tops = (root, *root.parents)
    top = next((folder for folder in tops if (folder / ".git").exists()), None)
    if top is None:
        return Answer(
            state="not here",
            says="no git repository: there is no base to hold a change against",
            mend="git init",
        )
    asked = [
        path.relative_to(top) for pattern in _PIPELINES for path in sorted(top.glob(pattern)) if _asks(path)
    ]
    if not asked:
        return Answer(
            state="in part", says="`specship gate` answers, and no pipeline of this repository is seen to ask it",
            mend="docs/pull-requests.md: one job, `specship gate --base main`",
        )  # fmt: skip
    return Answer(state="in force", says=f"asked by {', '.join(map(str, asked[:3]))}")


GUARD: Final = Guard("A limit is loosened, a gate deleted or a weight moved, and nobody says so.", _look)
