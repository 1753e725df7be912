"""References that follow a scheme: arXiv, DOI, pull request, ISBN.

What tries to be one of these and is not would lead a reader nowhere. Anything else is free text, such
as the title of a book, or an address.

Sources: arXiv identifier scheme (info.arxiv.org/help/arxiv_identifier.html), DOI Handbook section 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ARXIV: Final = re.compile(
    r"\barxiv\s*:\s*(?P<id>\S*)|\barxiv\.org/(?:abs|pdf|html)/(?P<in_url>\S*)", re.IGNORECASE
)
_ARXIV_WHOLE: Final = re.compile(
    r"\s*(?:arxiv\s*:\s*|https?://(?:www\.|export\.)?arxiv\.org/(?:abs|pdf|html)/)(?P<id>[^\s?#]*?)(?:\.pdf)?/?\s*",
    re.IGNORECASE,
)
_NEW_ARXIV: Final = re.compile(
    r"(?P<year>[0-9]{2})(?P<month>[0-9]{2})\.(?P<number>[0-9]{4,5})(v[1-9][0-9]*)?"
)
_OLD_ARXIV: Final = re.compile(
    r"[a-z]+(-[a-z]+)?(\.[A-Z]{2})?/(?P<year>[0-9]{2})(?P<month>[0-9]{2})[0-9]{3}(v[1-9][0-9]*)?"
)
_BARE_ARXIV: Final = re.compile(r"\s*[0-9]{4}\.[0-9]{4,5}(v[0-9]+)?\s*")
_DOI: Final = re.compile(r"\s*(?:doi\s*:\s*|https?://(?:dx\.|www\.)?doi\.org/)(?P<id>\S*)\s*", re.IGNORECASE)
_DOI_NAME: Final = re.compile(r"10\.[0-9]{4,9}(\.[0-9]+)*/\S+")
_BARE_DOI: Final = re.compile(r"10\.[0-9.]*/\S*")
_GITHUB: Final = re.compile(r"https?://(?:www\.)?github\.com/(?P<path>[^\s?#]*)\S*", re.IGNORECASE)
_GITHUB_NUMBER: Final = re.compile(
    r"[^/]+/[^/]+/(?P<kind>pull|pulls|pr|prs|issue|issues)(/(?P<rest>.*))?", re.IGNORECASE
)
_HASH: Final = re.compile(r"\s*(?P<repository>[\w.\-]+(?:/[\w.\-]+)*)?#(?P<number>\S*)\s*")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
_NUMBER: Final = re.compile(r"[1-9][0-9]*")
_LONE_NUMBER: Final = re.compile(r"\s*(?:pr|pull request|gh|issue)[\s#-]*[0-9]+\s*", re.IGNORECASE)
_LONGEST: Final = 2000
"""Characters of a reference; what is longer is prose."""
_ISBN: Final = re.compile(r"\s*isbn(?:-1[03])?\s*:?\s*(?P<digits>[0-9Xx \-]*)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MalformedReference:
    """What is wrong with a reference."""

    message: str
    mend: str
    instead: str | None = None
    """The same reference as it should be written, where that is sure."""


def malformed(text: str) -> MalformedReference | None:
    """What is wrong with a reference that tries to follow a scheme; None for a good one and for free text."""
    if len(text) > _LONGEST:
        return None
    for scheme in (_arxiv, _doi, _github, _isbn):
        if found := scheme(text):
            return found
    return None


def _arxiv(text: str) -> MalformedReference | None:
    if _BARE_ARXIV.fullmatch(text):
        return MalformedReference("an arXiv number without its scheme", f"write 'arXiv:{text.strip()}'")
    found = _ARXIV.search(text)
    if found is None:
        return None
    whole = _ARXIV_WHOLE.fullmatch(text)
    identity = whole["id"] if whole else (found["id"] or found["in_url"] or "").rstrip(",.;)]")
    if not _is_arxiv(identity):
        return MalformedReference(
            f"{identity!r} is no arXiv identifier", "write it as in 'arXiv:2203.15556' or 'arXiv:cs/0112017'"
        )
    if whole and text != f"arXiv:{identity}":
        return MalformedReference(
            "an arXiv reference in another spelling", f"write 'arXiv:{identity}'", f"arXiv:{identity}"
        )
    return None


def _is_arxiv(identity: str) -> bool:
    """Year, month and length of the number fit: since April 2007 four digits, since 2015 five."""
    if found := _NEW_ARXIV.fullmatch(identity):
        since = found["year"] + found["month"]
        digits = 4 if since < "1501" else 5
        return since >= "0704" and "01" <= found["month"] <= "12" and len(found["number"]) == digits
    old = _OLD_ARXIV.fullmatch(identity)
    if old is None:
        return False
    return "01" <= old["month"] <= "12" and (old["year"] >= "91" or old["year"] + old["month"] <= "0703")


def _doi(text: str) -> MalformedReference | None:
    found = _DOI.fullmatch(text)
    if found is None:
        bad = _BARE_DOI.fullmatch(text.strip()) and not _DOI_NAME.fullmatch(text.strip())
        return (
            MalformedReference(f"{text.strip()!r} is no DOI", "write it as in 'doi:10.1145/3442188'")
            if bad
            else None
        )
    if not _DOI_NAME.fullmatch(found["id"]):
        return MalformedReference(f"{found['id']!r} is no DOI", "write it as in 'doi:10.1145/3442188'")
    if text != f"doi:{found['id']}":
        return MalformedReference(
            "a DOI in another spelling", f"write 'doi:{found['id']}'", f"doi:{found['id']}"
        )
    return None


def _github(text: str) -> MalformedReference | None:
    """A pull request or issue, as an address or as `owner/repository#number`."""
    mend = "write it as in 'owner/repository#123'"
    if _LONE_NUMBER.fullmatch(text):
        return MalformedReference(f"{text.strip()!r} does not say in which repository", mend)
    if address := _GITHUB.fullmatch(text.strip()):
        found = _GITHUB_NUMBER.fullmatch(address["path"])
        if found is None:
            return None
        number = (found["rest"] or "").split("/", 1)[0]
        if found["kind"] in {"pull", "issues"} and _NUMBER.fullmatch(number):
            return None
        return MalformedReference(f"{text.strip()!r} is the address of no pull request or issue", mend)
    found = _HASH.fullmatch(text)
    if found is None or "/" not in (found["repository"] or "/"):
        return None  # `chapter#section` and its like
    if _REPOSITORY.fullmatch(found["repository"] or "") and _NUMBER.fullmatch(found["number"]):
        return None
    return MalformedReference(f"{text.strip()!r} names no pull request or issue", mend)


def _isbn(text: str) -> MalformedReference | None:
    found = _ISBN.fullmatch(text)
    if found is None:
        return None
    digits = found["digits"].replace("-", "").replace(" ", "").upper()
    if _is_isbn(digits):
        return None
    return MalformedReference(
        f"{digits!r} is no ISBN: its check digit does not fit", "copy it from the book again"
    )


def _is_isbn(digits: str) -> bool:
    if re.fullmatch(r"[0-9]{9}[0-9X]", digits):
        values = [10 if digit == "X" else int(digit) for digit in digits]
        return sum(value * weight for value, weight in zip(values, range(10, 0, -1), strict=True)) % 11 == 0
    if re.fullmatch(r"97[89][0-9]{10}", digits):
        return sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits)) % 10 == 0
    return False
