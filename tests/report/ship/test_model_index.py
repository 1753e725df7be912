"""The `model-index` of a card, read back by huggingface_hub."""

from typing import cast

from huggingface_hub import ModelCard, ModelCardData

from specship.report.formats import SHIP, names, render
from specship.status.report import Report
from tests.report.judged_reports import judged


def test_the_library_reads_each_figure_back() -> None:
    report = judged()
    card = ModelCard(render(SHIP, "model_index", Report(spec="s", version="1", models=report.models[:1])))
    data = cast("ModelCardData", card.data)
    results = data.eval_results or []

    assert data.model_name == "MODEL-1"
    assert [(one.metric_type, one.metric_value, one.metric_name) for one in results] == [
        ("bits_per_byte", 1.25, "bits_per_byte (bits/byte)"),
        ("texts", 4.0, "texts (bits/byte)"),
        ("bits_per_byte", 3.5, "bits_per_byte (bits/byte), beyond its limit"),
    ]
    assert {one.dataset_type for one in results} == {"contracts/a-v1.yaml"}
    assert results[0].dataset_name == "GATE-A-001 at release: The text is cheap: 2 bits."


def test_it_is_offered_and_holds_every_profile() -> None:
    text = render(SHIP, "model_index", judged())

    assert "model_index" in names(SHIP)
    assert text.count("- name: MODEL-1") == 2
    assert text.startswith("---\nmodel-index:\n")
    assert text.endswith("---\n")


def test_a_report_without_figures_has_an_empty_index() -> None:
    assert (
        render(SHIP, "model_index", Report(spec="s", version="1", models=())) == "---\nmodel-index: []\n---\n"
    )
