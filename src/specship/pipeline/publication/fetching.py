"""Files fetched over HTTP and hashed as they come; and a folder served for it on the loopback interface."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from specship.errors import RequirementMissing, StageFailed

_CHUNK_BYTES: Final = 1 << 20
_SECONDS: Final = 60.0
"""For an answer, and between two pieces of one."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came for one name."""

    bytes: int
    sha256: str


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing: progress says what is fetched."""


@contextlib.contextmanager
def served(folder: Path, address: str | None) -> Iterator[str]:
    """The address of a folder: the given one, else that of a server which lives as long as this context."""
    if address is not None:
        yield address
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def fetch(base: str, name: str) -> Fetched:
    """Fetch one file, without proxies on the way to this machine.

    Raises:
        RequirementMissing: nobody answers at the address.
        StageFailed: the answer is no file, or ends before its announced length.
    """
    url = urllib.parse.urljoin(base, urllib.parse.quote(name))
    local = urllib.parse.urlsplit(base).hostname == "127.0.0.1"
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if local else []))
    try:
        with opener.open(url, timeout=_SECONDS) as answer:
            announced = answer.headers.get("Content-Length")
            digest, size = hashlib.sha256(), 0
            while chunk := answer.read(_CHUNK_BYTES):
                digest.update(chunk)
                size += len(chunk)
    except urllib.error.HTTPError as error:
        raise StageFailed(
            f"{name} is not handed out: {error.code} {error.reason}", at=url,
            why="whoever downloads the model gets this answer too", mend="publish the file, then run again",
        ) from error  # fmt: skip
    except (OSError, ValueError) as error:
        raise RequirementMissing(
            f"nobody answers at {base}: {error}", why="what cannot be fetched cannot be compared",
            mend="look at the address and the network, then run again",
        ) from error  # fmt: skip
    if announced is not None and announced != str(size):
        raise StageFailed(
            f"{name} ends after {size} bytes, {announced} were announced",
            at=url,
            mend="run it again; if it stays cut, publish the file again",
        )
    return Fetched(size, digest.hexdigest())
