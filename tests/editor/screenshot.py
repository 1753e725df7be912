"""Draw a session of an editor into docs/images/editor.svg: Neovim, with the snippet of the docs.

python -m tests.editor.screenshot
"""

import os
import re
import sys
import tempfile
from pathlib import Path

from tests.places import ROOT
from tests.projects.sound_project import CONTRACT, SHORT, sound_project
from tests.screens import Terminal, drawn

COLUMNS, ROWS = 100, 26
SHOW = """
vim.o.termguicolors = true
vim.cmd("syntax enable")
vim.o.number = true
vim.o.signcolumn = "yes"
vim.o.laststatus = 2
vim.o.completeopt = "menuone,noselect"
vim.cmd("highlight SignColumn guibg=NONE")
vim.cmd("highlight Pmenu guibg=#3a3f4b guifg=#e6e6e6")
vim.diagnostic.config({ virtual_text = true })
vim.api.nvim_create_autocmd("FileType", { pattern = "yaml", callback = function()
  vim.bo.omnifunc = "v:lua.vim.lsp.omnifunc"
end })
"""


def session(folder: Path) -> str:
    """What is on the screen when a quantity is completed in a gate whose probe is misspelt elsewhere."""
    older = next(
        snippet
        for snippet in re.findall(r"```lua\n(.*?)```", (ROOT / "docs/editor.md").read_text(), re.DOTALL)
        if "start_client" in snippet
    )
    root = sound_project(folder / "project")
    text = CONTRACT.replace("corpus.split", "corpus.splits").replace("      val_tokens: {at_least: 131072, unit: tokens}\n", "      \n")  # fmt: skip
    (root / SHORT["contract"]).write_text(text)
    begin = folder / "init.lua"
    begin.write_text(SHOW + older)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    editor = Terminal(
        ["nvim", "-u", str(begin), SHORT["contract"]], root, columns=COLUMNS, rows=ROWS,
        environment={"PATH": path, "HOME": str(folder), "TERM": "tmux-256color"},
    )  # fmt: skip
    try:
        editor.wait(lambda screen: "no probe is called" in screen)
        line = text.split("\n").index("      ") + 1
        editor.press(f"{line}GA", "C-x", "C-o")
        editor.wait(lambda screen: "bigram_loss" in screen)
        return editor.screen(colours=True)
    finally:
        editor.close()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        screen = session(Path(folder))
    (ROOT / "docs/images").mkdir(exist_ok=True)
    (ROOT / "docs/images/editor.svg").write_text(
        drawn(screen, columns=COLUMNS, title="contracts/small-v1.yaml")
    )


if __name__ == "__main__":
    main()
