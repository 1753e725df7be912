"""The snippet of the docs in the real Neovim: it starts the server, and shows what it says."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT
from tests.projects.sound_project import CONTRACT, SHORT, sound_project

SNIPPETS = re.findall(r"```lua\n(.*?)```", (ROOT / "docs/editor.md").read_text(), re.DOTALL)
ASK = """
local function told()
  return #vim.diagnostic.get(0) > 0
end
vim.wait(60000, told, 50)
local found = {}
for _, entry in ipairs(vim.diagnostic.get(0)) do
  table.insert(found, { line = entry.lnum, code = entry.code, message = entry.message })
end
local params = { textDocument = vim.lsp.util.make_text_document_params(), position = { line = 8, character = 12 } }
local answers = vim.lsp.buf_request_sync(0, "textDocument/hover", params, 60000)
local hover = ""
for _, answer in pairs(answers or {}) do
  hover = answer.result and answer.result.contents.value or hover
end
local file = io.open(OUT, "w")
file:write(vim.json.encode({ diagnostics = found, hover = hover }))
file:close()
vim.cmd("qall!")
"""


@pytest.mark.slow
def test_the_snippet_for_neovim_works(tmp_path: Path) -> None:
    if shutil.which("nvim") is None:
        pytest.skip("Neovim is not installed here")
    older = next(snippet for snippet in SNIPPETS if "start_client" in snippet)
    root = sound_project(tmp_path / "project")
    (root / SHORT["contract"]).write_text(CONTRACT.replace("run.held_out_loss", "run.held_out_los"))
    begin, ask, out = tmp_path / "init.lua", tmp_path / "ask.lua", tmp_path / "out.json"
    begin.write_text(older)
    ask.write_text(ASK.replace("OUT", json.dumps(str(out))))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["nvim", "--headless", "-u", begin, SHORT["contract"], "-c", f"luafile {ask}"],
        cwd=root, env={**os.environ, "PATH": path, "HOME": str(tmp_path)}, timeout=180, check=True,
    )  # fmt: skip
    told = json.loads(out.read_text())

    assert [(entry["line"], entry["code"]) for entry in told["diagnostics"]] == [(12, "SHIP301")]
    assert "mend: write 'run.held_out_loss'" in told["diagnostics"][0]["message"]
    assert "The held-out loss reaches the target." in told["hover"]


def test_every_snippet_starts_what_the_verb_is_called() -> None:
    page = (ROOT / "docs/editor.md").read_text()
    settings = json.loads(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[0])

    assert all('"specship", "lsp"' in snippet for snippet in SNIPPETS)
    assert [settings["glspc.server.command"], *settings["glspc.server.commandArguments"]] == [
        "specship",
        "lsp",
    ]
