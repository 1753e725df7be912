"""What moved since the version of the spec before this one, as a review of git tells it."""

from __future__ import annotations

import posixpath
from typing import Final

from specship.errors import SpecshipError
from specship.evidence.repository import Repository, open_repository
from specship.review.ranges import place_of
from specship.specs.project import Project
from specship.status.exhibits import Movement, PercentMoved

MOST_CHANGES: Final = 40


def movement(project: Project) -> Movement:
    """Percentages and demands before the newest amendment and now; why nothing is known, where it is not."""
    steps = project.spec.history.steps
    if len(steps) < 2:
        return Movement(why_unknown=f"{project.spec.version} is the first version of this spec")
    try:
        with open_repository(project.root) as repository:
            commit = _added(repository, project, steps[-1].name)
            base = repository.commit(f"{commit}~1")[0] if commit else ""
        return _since(project, base, steps[-2].version) if base else _nobody_knows(steps[-1].name)
    except (SpecshipError, OSError) as error:
        return Movement(why_unknown=f"git does not tell: {str(error).splitlines()[0]}")


def _nobody_knows(name: str) -> Movement:
    return Movement(why_unknown=f"the newest amendment ({name}) is not committed yet")


def _added(repository: Repository, project: Project, name: str) -> str:
    """The first commit that added an amendment; empty where it is not committed."""
    place = place_of(repository, project.root)
    folder = posixpath.normpath(posixpath.join(place, project.configuration.spec, "amendments"))
    return next((commit for commit, path in repository.added(folder) if posixpath.basename(path) == name), "")


def _since(project: Project, base: str, version: str) -> Movement:
    from specship.review.reviewing import review  # many modules, for a spec of several versions

    found = review(project.root, base)
    changes = [f"{one.id} {one.direction}: {one.says}" for one in found.changes]
    more = len(changes) - MOST_CHANGES
    return Movement(
        base=base,
        base_version=found.base_version or version,
        percents=tuple(
            PercentMoved(model=one.model, profile=one.profile, before=one.before, after=one.after)
            for one in found.ship_percent
        ),
        changes=(
            *changes[:MOST_CHANGES],
            *([f"and {more} more: specship review {base}"] if more > 0 else ()),
        ),
    )
