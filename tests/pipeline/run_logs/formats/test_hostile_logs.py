"""Any bytes under the name of any format: read as far as they go, or refused; and never a word too much."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specship.errors import SpecshipError
from specship.pipeline.run_logs.log_format import all_formats
from specship.pipeline.run_logs.series.columns import Columns
from tests.diagnose.foreign_logs import WRITERS, Run, healthy

SOUND = Run(records=healthy().records[:12], planned=290)
TOLD = Columns(every=5)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sound")
    found = {}
    for kind, write in WRITERS.items():
        (folder / kind).mkdir()
        path = write(folder / kind, SOUND)
        found[kind] = path.parent / "metrics" / "loss" if path.name == "meta.yaml" else path
    return found


@pytest.mark.parametrize("kind", WRITERS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_bytes_in_a_sound_log_are_read_or_refused(
    kind: str, sound: dict[str, Path], data: st.DataObject
) -> None:
    path = sound[kind]
    whole = path.read_bytes()
    start, end = (data.draw(st.integers(0, len(whole))) for _ in range(2))
    path.write_bytes(whole[:start] + data.draw(st.binary(max_size=200)) + whole[end:])
    try:
        named = path.parent.parent / "meta.yaml" if kind == "MLflow folder" else path
        facts, damage = all_formats()[kind].read(named, data.draw(st.sampled_from([Columns(), TOLD])))
    except SpecshipError:
        pass
    else:
        assert set(facts.damage) <= set(damage)
        assert all(isinstance(one.loss, float) and 0 <= one.step <= 2**53 for one in facts.steps)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("instead", ["pipe", "link", "folder", "huge"])
def test_what_is_no_plain_file_of_a_fair_size_is_refused(
    kind: str, instead: str, sound: dict[str, Path], tmp_path: Path
) -> None:
    """Nothing waits for a pipe, follows a link, or reads the terabyte that a sparse file pretends to be."""
    path = tmp_path / ("meta.yaml" if kind == "MLflow folder" else sound[kind].name)
    if instead == "pipe":
        os.mkfifo(path)
    elif instead == "link":
        path.symlink_to(sound[kind])
    elif instead == "folder":
        path.mkdir()
    else:
        shutil.copy(sound[kind], path)
        os.truncate(path, 1 << 40)
    with pytest.raises(SpecshipError) as caught:
        all_formats()[kind].read(path, Columns())

    assert path.name in str(caught.value)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(
    "text", ["", "\0" * 1000, "{'" * 20_000, "[" * 100_000, "step,loss\n" * 10, "\r" * 50_000]
)
def test_texts_that_were_made_to_hurt(kind: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "loss").write_text(text)
    (tmp_path / "meta.yaml").write_text(text)
    try:
        facts, damage = all_formats()[kind].read(tmp_path / "meta.yaml", Columns())
    except SpecshipError:
        return
    assert not facts.steps
    assert damage
