"""Links of a download's cache are followed while they stay in it, and no others."""

from pathlib import Path

import pytest

from specship.cli import main
from specship.download_cache import kept_file, leads_out
from specship.errors import DamagedArtifact
from specship.strict_json import read_json
from tests.models.foreign_checkpoints import foreign


def snapshot(tmp_path: Path) -> Path:
    """A checkpoint as the hub's own client lays it out: links into a folder of blobs."""
    cache = tmp_path / "hub" / "models--acme--tiny"
    folder = cache / "snapshots" / "a1b2"
    blobs = foreign("llama", shards=3).write(cache / "blobs")
    folder.mkdir(parents=True)
    for path in sorted(blobs.iterdir()):
        (folder / path.name).symlink_to(Path("../../blobs") / path.rename(blobs / f"b{path.name[::-1]}").name)
    return folder


def test_the_folder_that_a_download_returns_is_imported(tmp_path: Path) -> None:
    folder = snapshot(tmp_path)
    assert main(["import", "checkpoint", str(folder), "--output", str(tmp_path / "ours")]) == 0
    assert not any(path.is_symlink() for path in (tmp_path / "ours").iterdir())
    (tmp_path / "short").symlink_to(folder)
    assert main(["import", "checkpoint", str(tmp_path / "short")]) == 0


@pytest.mark.parametrize("name", ["config.json", "model.safetensors.index.json", "tokenizer.json"])
def test_a_link_that_leaves_the_cache_is_refused_by_every_reader(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = snapshot(tmp_path)
    outside = (folder / name).resolve().rename(tmp_path / "outside.json")
    (folder / name).unlink()
    (folder / name).symlink_to(outside)
    with pytest.raises(DamagedArtifact, match="it is a link") as refused:
        read_json(folder / name)
    assert "cp -rL" in refused.value.mend
    for verb in (["import", "checkpoint", str(folder)], ["qa", str(folder)], ["run", str(folder), "x"]):
        assert main(verb) in {1, 2}
        said = "".join(capsys.readouterr())
        assert "it is a link" in said
        assert "cp -rL" in said


def test_blobs_that_lie_elsewhere_are_not_of_the_cache(tmp_path: Path) -> None:
    folder = snapshot(tmp_path)
    blobs = folder.parents[1] / "blobs"
    blobs.rename(tmp_path / "elsewhere")
    blobs.symlink_to(tmp_path / "elsewhere")
    assert leads_out(folder / "config.json")


@pytest.mark.parametrize("place", ["models--a/config", "datasets--a/snapshots/b", "snapshots/b"])
def test_a_link_outside_a_snapshot_is_not_followed(tmp_path: Path, place: str) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True)
    (folder / "file").write_text("{}")
    (folder / "link").symlink_to("file")
    (folder / "loop").symlink_to("loop")
    assert [kept_file(folder / name) for name in ("link", "loop", "nothing")] == [None] * 3
