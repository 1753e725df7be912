"""An editor's side of the conversation, spoken by pygls' client with the real server in a process of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from lsprotocol import types
from pygls.lsp.client import LanguageClient

ANSWER_S: Final = 120.0
"""Longest wait for an answer: only a server that hangs reaches it."""


class Editor:
    """An editor with one project, and the diagnostics that it was told."""

    def __init__(self, root: Path, client: LanguageClient) -> None:
        self.root = root
        self.client = client
        self.told: dict[str, list[types.Diagnostic]] = {}
        self.news = asyncio.Event()
        self.versions: dict[str, int] = {}

        client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(lambda params: self._told(params))  # noqa: PLW0108 - pygls marks the function

    def _told(self, params: types.PublishDiagnosticsParams) -> None:
        self.told[params.uri] = list(params.diagnostics)
        self.news.set()

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def open(self, name: str, text: str | None = None) -> None:
        written = (self.root / name).read_text() if text is None else text
        self.versions[name] = 1
        item = types.TextDocumentItem(self.uri(name), "yaml", 1, written)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def write(self, name: str, text: str) -> None:
        """Replace a whole text, unsaved."""
        self.versions[name] += 1
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self.versions[name], self.uri(name)),
                [types.TextDocumentContentChangeWholeDocument(text)],
            )
        )

    async def diagnostics(
        self, name: str, wanted: Callable[[list[types.Diagnostic]], bool]
    ) -> list[types.Diagnostic]:
        """What is told of a file, as soon as it is as it should be."""
        while not (self.uri(name) in self.told and wanted(self.told[self.uri(name)])):
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), ANSWER_S)
        return self.told[self.uri(name)]

    def at(self, name: str, line: int, character: int) -> dict[str, Any]:
        return {
            "text_document": types.TextDocumentIdentifier(self.uri(name)),
            "position": types.Position(line, character),
        }

    async def labels(self, name: str, line: int, character: int) -> list[str]:
        found = await self.client.text_document_completion_async(
            types.CompletionParams(**self.at(name, line, character))
        )
        assert isinstance(found, types.CompletionList)
        return [item.label for item in found.items]

    async def hover(self, name: str, line: int, character: int) -> str:
        found = await self.client.text_document_hover_async(
            types.HoverParams(**self.at(name, line, character))
        )
        return found.contents.value if found and isinstance(found.contents, types.MarkupContent) else ""

    async def definition(self, name: str, line: int, character: int) -> tuple[str, int]:
        found = await self.client.text_document_definition_async(
            types.DefinitionParams(**self.at(name, line, character))
        )
        assert isinstance(found, types.Location)
        return found.uri, found.range.start.line


def edit(root: Path, session: Callable[[Editor], Coroutine[Any, Any, None]]) -> None:
    """Run one session of an editor, from its start to an orderly end."""

    async def whole() -> None:
        client = LanguageClient("tests", "1")
        editor = Editor(root, client)
        await client.start_io(sys.executable, "-m", "specship.cli", "lsp", "--stdio", cwd=str(root))
        folder = types.WorkspaceFolder(root.as_uri(), root.name)
        await client.initialize_async(
            types.InitializeParams(
                types.ClientCapabilities(), root_uri=root.as_uri(), workspace_folders=[folder]
            )
        )
        client.initialized(types.InitializedParams())
        await session(editor)
        await client.shutdown_async(None)
        client.exit(None)
        await client.stop()  # type: ignore[no-untyped-call]

    asyncio.run(asyncio.wait_for(whole(), 2 * ANSWER_S))
