"""Begin a process that measures: `python -I -S isolated_start.py NAME` is `python -m NAME`, but for this.

Python runs code that lies in `site-packages` before any program begins: lines of `.pth` files that import,
`sitecustomize`, `usercustomize`. Whoever can write there while a test session runs would sit in every process
that measures. So ours start without: the folders that a `.pth` file names are added, as ever; a line that
imports is run where the record of an installed distribution holds that very file, as some tools make an
editable install, and is passed over elsewhere.

It is run before any package can be imported, so it imports none.
"""

import base64
import hashlib
import os
import runpy
import site
import sys
from pathlib import Path

_by_python = site.addpackage
_NEEDLESS = {"distutils-precedence.pth", "_virtualenv.pth"}
"""Found nearly everywhere, and for installers alone."""


def _recorded(path: Path, data: bytes) -> bool:
    """Whether the record of a distribution beside a file holds it with these bytes."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    line = f"{path.name},sha256={digest},".encode()
    records = sorted(path.parent.glob("*.dist-info/RECORD"))
    return any(row.startswith(line) for record in records for row in record.read_bytes().splitlines())


def add_folders(
    sitedir: str | os.PathLike[str], name: str | os.PathLike[str], known_paths: set[str] | None
) -> set[str] | None:
    """Take the place of `site.addpackage`: the folders of a `.pth` file; all of it where it is recorded."""
    path, seen = Path(sitedir, name), set(sys.path) if known_paths is None else known_paths
    try:
        data = path.read_bytes()
    except OSError:
        return known_paths
    lines = [line.rstrip() for line in data.decode("utf-8-sig", "replace").splitlines()]
    imports = [line for line in lines if line.startswith(("import ", "import\t"))]
    if imports and name not in _NEEDLESS and _recorded(path, data):
        return _by_python(sitedir, name, known_paths)
    for text in lines:
        if text.strip() and not text.startswith("#") and text not in imports:
            added, compared = site.makepath(sitedir, text)
            if compared not in seen and Path(added).exists():
                sys.path.append(added)
                seen.add(compared)
    return None if known_paths is None else seen


def begin(module: str) -> None:
    """Find the packages of this interpreter's environment, and become the module."""
    site.addpackage = add_folders
    site.execsitecustomize = site.execusercustomize = lambda: None
    site.main()
    home = Path(__file__).resolve().parent.parent
    if home not in (Path(place).resolve() for place in sys.path):
        sys.path.insert(0, str(home))  # the very package that asked, where it is not installed
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    begin(sys.argv[1])
