"""References in a scheme's spelling that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from specship.lint.editing import replacing
from specship.lint.references import malformed
from specship.lint.rule import Violation, rule
from specship.lint.view import View


@rule(
    "SHIP407",
    bad='- {id: "arXiv:2213.15556", supports: [GATE-TRAIN-012]}   # there is no month 13',
    good='- {id: "arXiv:2203.15556", supports: [GATE-TRAIN-012]}',
    fixable=True,
)
def check(view: View) -> Iterator[Violation]:
    """A reference that nobody can follow supports nothing.

    `arXiv:2203.15556`, `arXiv:cs/0112017`, `doi:10.1145/3442188`, `owner/repository#123`, the address
    of a pull request, and `ISBN ...` with its check digit are looked at: what tries to be one of them
    has to be one. Free text, such as the title of a book, is allowed. `--fix` writes arXiv and DOI
    references of another spelling (addresses, small letters) in this one. Whether the work exists is
    not looked up.
    """
    for file in view.contracts:
        for index, reference in enumerate(file.contract.references):
            found = malformed(reference.id)
            if found is None:
                continue
            at = ("references", index, "id")
            edits = replacing(file.document, at, reference.id, found.instead) if found.instead else None
            yield Violation(file.document, at, found.message, found.mend, edits)
