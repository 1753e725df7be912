"""What the verbs are asked about: a project whose branch weakens a gate, and, when one asks for it, a model and a run."""

from functools import cached_property
from pathlib import Path

from tests.projects.merging import CONTRACT, Merging, commit, statements
from tests.projects.small_project import edit


class Asking:
    """The project, and what stands for the names of `asked_verbs`."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._made = 0
        merging = Merging(base / "project", base / "keys")
        self.folder = merging.branch("weaker")
        edit(self.folder / CONTRACT, "at_most: 2.2", "at_most: 4.7")
        commit(self.folder, "weaker")
        self.digest = statements(self.folder, "GATE-SMALL-001")[0].stem
        self.head = "weaker"

    def words(self, line: str) -> list[str]:
        """The arguments of a line."""
        return [word.format(own=self) for word in line.split()]

    @property
    def new(self) -> Path:
        """A place where nothing lies yet."""
        self._made += 1
        return self._base / f"new{self._made}"

    @property
    def inside(self) -> str:
        """The same, within the project."""
        self._made += 1
        return f"new{self._made}"

    @cached_property
    def publication(self) -> Path:
        from specship.pipeline.publication.publish_manifest import list_file, write_publish_manifest

        folder = self.new
        folder.mkdir()
        (folder / "README.md").write_text("# A model\n")
        write_publish_manifest(folder, [list_file(folder, "README.md", licence="MIT", provenance="a test")])
        return folder

    @cached_property
    def model(self) -> Path:
        from tests.models.trained_checkpoint import trained

        return trained()

    @cached_property
    def run(self) -> Path:
        from tests.models.sick_runs import healthy_run

        return healthy_run()

    @cached_property
    def text(self) -> Path:
        from tests.cli.commands.test_pretrain import write_text

        return write_text(self.new)

    @cached_property
    def corpus(self) -> Path:
        from tests.processes import inside

        made = self.new
        assert inside(self._base, "corpus", self.text, "--output", made, "--licence", "MIT").returncode == 0
        return made

    @cached_property
    def tokens(self) -> Path:
        from tests.processes import inside

        made = self.new
        assert (
            inside(self._base, "tokenize", self.corpus, "--vocab-size", "300", "--output", made).returncode
            == 0
        )
        return made
