"""The Language Server Protocol around an edited project: pygls speaks, everything is answered elsewhere.

Source: Language Server Protocol 3.17; pygls 2 (synchronous handlers marked `thread` run beside the reading of
messages, so that a slow answer holds nothing up).
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer
from pygls.workspace import ServerTextPosition, ServerTextRange, TextDocument

from specship.editor.cursor import word_at
from specship.editor.edited_project import EditedProject, project_root
from specship.editor.meanings import meaning
from specship.editor.offers import offers
from specship.lint.finding import Edit, Finding
from specship.version import VERSION

_PAUSE_S: Final = 0.3
"""Seconds without a keystroke before the project is looked at again."""
_DOCS: Final = "https://github.com/specship/specship/blob/main/docs/lint.md"
_KINDS: Final = {
    "gate": types.CompletionItemKind.Event,
    "criterion": types.CompletionItemKind.Interface,
    "probe": types.CompletionItemKind.Function,
    "fault": types.CompletionItemKind.Constant,
    "quantity": types.CompletionItemKind.Field,
    "unit": types.CompletionItemKind.Unit,
    "key": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.EnumMember,
}


class EditorServer(LanguageServer):
    """One server, and the projects whose files are open in it."""

    def __init__(self) -> None:
        super().__init__("specship", VERSION, text_document_sync_kind=types.TextDocumentSyncKind.Incremental)
        self._projects: dict[Path, EditedProject] = {}
        self._waiting: dict[Path, asyncio.Task[None]] = {}
        self._shown: dict[Path, set[Path]] = {}
        """Files of each project that diagnostics were published for."""
        self._findings: dict[Path, tuple[Finding, ...]] = {}

    def project_of(self, uri: str) -> tuple[EditedProject, Path] | None:
        """The project that a document belongs to, with the texts as they are now, and its path there."""
        name = uris.to_fs_path(uri)
        if name is None:
            return None
        path = Path(os.path.abspath(name))  # noqa: PTH100 - a link stays what the editor calls it
        root = project_root(path)
        if root is None:
            return None
        path = root / os.path.relpath(path.parent.resolve() / path.name, root)
        texts = dict(self._texts(root))
        known = self._projects.get(root)
        if known is None or known.texts != texts:
            known = self._projects[root] = EditedProject(root, texts, known)
            known.forget_before()
        return known, path

    def _texts(self, root: Path) -> Iterator[tuple[Path, str]]:
        for document in self.workspace.text_documents.values():
            path = Path(document.path)
            path = path.parent.resolve() / path.name
            if path.is_relative_to(root):
                yield path, document.source

    def changed(self, uri: str, *, pause: float = _PAUSE_S) -> None:
        """Look at a document's project again when nobody has typed for a moment."""
        name = uris.to_fs_path(uri)
        root = project_root(Path(name)) if name else None
        if root is None:
            return
        if waiting := self._waiting.pop(root, None):
            waiting.cancel()
        self._waiting[root] = asyncio.get_running_loop().create_task(self._look(root, uri, pause))

    async def _look(self, root: Path, uri: str, pause: float) -> None:
        await asyncio.sleep(pause)
        found = self.project_of(uri)
        if found is not None:
            findings = await asyncio.to_thread(found[0].findings)
            self._findings[root] = findings
            self._publish(root, findings)

    def _publish(self, root: Path, findings: tuple[Finding, ...]) -> None:
        by_file: dict[Path, list[types.Diagnostic]] = {path: [] for path in self._shown.get(root, ())}
        for document in self.workspace.text_documents.values():
            path = Path(document.path)
            if path.is_relative_to(root):
                by_file.setdefault(path, [])
        for finding in findings:
            by_file.setdefault(root / finding.path, []).append(self._diagnostic(root, finding))
        self._shown[root] = {path for path, entries in by_file.items() if entries}
        for path, entries in by_file.items():
            told = types.PublishDiagnosticsParams(self.document(path).uri, entries)
            self.text_document_publish_diagnostics(told)

    def _diagnostic(self, root: Path, finding: Finding) -> types.Diagnostic:
        document = self.document(root / finding.path)
        line = finding.line - 1
        row = document.lines[line].rstrip("\r\n") if line < len(document.lines) else ""
        start = min(finding.column - 1, len(row))
        end = max(word_at(row, start)[2], start + 1) if row else start
        mend = f"\nmend: {finding.mend}" if finding.mend else ""
        return types.Diagnostic(
            range=document.range_to_client_units(
                ServerTextRange(ServerTextPosition(line, start), ServerTextPosition(line, end))
            ),
            message=f"{finding.message}\nwhy: {finding.why}{mend}",
            severity=types.DiagnosticSeverity.Warning if finding.is_rule else types.DiagnosticSeverity.Error,
            code=finding.code,
            code_description=types.CodeDescription(_DOCS) if finding.is_rule else None,
            source="specship",
        )

    def document(self, path: Path) -> TextDocument:
        """A file as it is open here, or as it lies on the disk."""
        opened = self.workspace.text_documents.values()
        here = next((entry for entry in opened if Path(entry.path) == path), None)
        return here or self.workspace.get_text_document(path.as_uri())

    def fixes(self, params: types.CodeActionParams) -> Iterator[types.CodeAction]:
        """The safe fixes of findings in a range: those that `specship lint --fix` would make."""
        found = self.project_of(params.text_document.uri)
        if found is None:
            return
        project, path = found
        document = self.workspace.get_text_document(params.text_document.uri)
        for finding in self._findings.get(project.root, ()):
            inside = params.range.start.line <= finding.line - 1 <= params.range.end.line
            if finding.fixable and inside and project.root / finding.path == path:
                edits = [_text_edit(document, edit) for edit in finding.edits]
                yield types.CodeAction(
                    title=f"{finding.code}: {finding.mend or finding.message}",
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[self._diagnostic(project.root, finding)],
                    edit=types.WorkspaceEdit(changes={params.text_document.uri: edits}),
                )


def _text_edit(document: TextDocument, edit: Edit) -> types.TextEdit:
    span = types.Range(
        document.client_position_at_offset(edit.start), document.client_position_at_offset(edit.end)
    )
    return types.TextEdit(span, edit.text)


def _row(document: TextDocument, line: int) -> str:
    return document.lines[line].rstrip("\r\n") if line < len(document.lines) else ""


def _place(document: TextDocument, position: types.Position) -> tuple[int, int]:
    """Line and column in characters, from 0, of a place in the units of the editor."""
    found = document.position_from_client_units(position)
    return found.line, found.character


def make_server() -> EditorServer:
    """A server with everything that it answers."""
    server = EditorServer()

    _listen(server)
    _answer(server)
    return server


def _listen(server: EditorServer) -> None:
    """Look at a project again when one of its texts changes."""

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def _typed(params: types.DidChangeTextDocumentParams) -> None:
        server.changed(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def _whole(params: types.DidOpenTextDocumentParams | types.DidSaveTextDocumentParams) -> None:
        server.changed(params.text_document.uri, pause=0.0)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def _on_disk(params: types.DidChangeWatchedFilesParams) -> None:
        for change in params.changes:
            server.changed(change.uri)


def _answer(server: EditorServer) -> None:
    """Answer what an editor asks."""
    signs = types.CompletionOptions(trigger_characters=[" ", "[", "{", ",", "-", "."])
    fixes = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])

    @server.feature(types.TEXT_DOCUMENT_COMPLETION, signs)
    @server.thread()
    def _completion(params: types.CompletionParams) -> types.CompletionList:
        return types.CompletionList(is_incomplete=False, items=list(_completions(server, params)))

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    @server.thread()
    def _hover(params: types.HoverParams) -> types.Hover | None:
        return _meaning(server, params)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    @server.thread()
    def _definition(params: types.DefinitionParams) -> types.Location | None:
        return _declared(server, params)

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    @server.thread()
    def _references(params: types.ReferenceParams) -> list[types.Location]:
        return list(_uses(server, params))

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, fixes)
    def _actions(params: types.CodeActionParams) -> list[types.CodeAction]:
        return list(server.fixes(params))


def _completions(server: EditorServer, params: types.CompletionParams) -> Iterator[types.CompletionItem]:
    found = server.project_of(params.text_document.uri)
    if found is None:
        return
    document = server.workspace.get_text_document(params.text_document.uri)
    line, character = _place(document, params.position)
    word = word_at(_row(document, line), character)
    span = document.range_to_client_units(
        ServerTextRange(ServerTextPosition(line, word[1]), ServerTextPosition(line, max(word[2], character)))
    )
    for offer in offers(*found, line, character):
        yield types.CompletionItem(
            label=offer.text,
            kind=_KINDS[offer.what],
            detail=offer.says if offer.what == "quantity" else offer.what,
            documentation=offer.says or None,
            sort_text=f"{offer.rank}{offer.text}",
            filter_text=offer.text,
            text_edit=types.TextEdit(span, f"{offer.text}: " if offer.what == "key" else offer.text),
        )


def _meaning(server: EditorServer, params: types.HoverParams) -> types.Hover | None:
    found = server.project_of(params.text_document.uri)
    if found is None:
        return None
    document = server.workspace.get_text_document(params.text_document.uri)
    line, character = _place(document, params.position)
    told = meaning(*found, line, character)
    if told is None:
        return None
    span = ServerTextRange(ServerTextPosition(line, told.start), ServerTextPosition(line, told.end))
    text = types.MarkupContent(types.MarkupKind.Markdown, told.markdown)
    return types.Hover(text, document.range_to_client_units(span))


def _word(server: EditorServer, params: Any) -> tuple[EditedProject, str] | None:
    found = server.project_of(params.text_document.uri)
    if found is None:
        return None
    document = server.workspace.get_text_document(params.text_document.uri)
    line, character = _place(document, params.position)
    return found[0], word_at(_row(document, line), character)[0]


def _declared(server: EditorServer, params: types.DefinitionParams) -> types.Location | None:
    found = _word(server, params)
    entry = found[0].named.get(found[1]) if found else None
    if entry is None:
        return None
    start = types.Position(entry.line - 1, 0)
    return types.Location(server.document(entry.path).uri, types.Range(start, start))


def _uses(server: EditorServer, params: types.ReferenceParams) -> Iterator[types.Location]:
    found = _word(server, params)
    if found is None or found[1] not in found[0].named:
        return
    project, word = found
    for path, line, column in project.uses(word):
        document = server.document(path)
        span = ServerTextRange(ServerTextPosition(line, column), ServerTextPosition(line, column + len(word)))
        yield types.Location(document.uri, document.range_to_client_units(span))


def serve() -> None:
    """Speak with an editor over standard input and output until it ends."""
    server = make_server()
    # What a library prints would be read as a message of the protocol.
    stdout, sys.stdout = sys.stdout, sys.stderr
    server.start_io(stdin=sys.stdin.buffer, stdout=stdout.buffer)
