"""What a Trainer prints: records without steps, bars with them, banners of Unsloth; and a real one."""

import contextlib
import io
from pathlib import Path

import pytest

from specship.diagnose.opening import diagnose_run
from specship.errors import SpecshipError
from specship.pipeline.run_logs.formats.trainer_console import read_console
from specship.pipeline.run_logs.series.columns import Columns
from tests.diagnose.foreign_logs import healthy, trainer_console
from tests.diagnose.written_runs import names


def written(folder: Path, text: str) -> Path:
    (folder / "console.txt").write_text(text)
    return folder / "console.txt"


def test_a_run_is_read_with_the_steps_of_its_bar(tmp_path: Path) -> None:
    run = healthy(every=10)
    trainer_console(tmp_path, run)
    found = diagnose_run(tmp_path)
    facts = found.facts

    assert (facts.kind, names(found)) == ("Trainer console log", [])
    assert [one.step for one in facts.steps] == [one["step"] for one in run.records if "loss" in one]
    assert [one.step for one in facts.evaluations] == [58, 116, 174, 232, 290]
    assert (facts.planned_steps, facts.finished, facts.ended_step) == (290, True, 290)


def test_records_alone_need_their_distance(tmp_path: Path) -> None:
    text = "{'loss': 2.5, 'epoch': 0.1}\n{'loss': nan, 'grad_norm': inf, 'epoch': 0.2}\n{'eval_loss': 2.4}\n"
    path = written(tmp_path, text)
    with pytest.raises(SpecshipError, match="which steps its records are of is not known") as caught:
        read_console(path)
    assert "--fact columns.every=10" in str(caught.value)
    facts, _ = read_console(path, Columns(every=25))

    assert [one.step for one in facts.steps] == [25, 50]
    assert (facts.evaluations[0].step, facts.finished) == (50, None)


def test_unsloths_banner_says_what_is_to_come(tmp_path: Path) -> None:
    text = (
        "O^O/ \\_/ \\    Batch size per device = 2 | Gradient accumulation steps = 4\n"
        "   \\\\   /|    Num examples = 1,760 | Num Epochs = 1 | Total steps = 1,220\n"
        ' "-____-"     Trainable parameters = 57,016,320/6,852,203,520 (0.83% trained)\n'
        "{'loss': '2.5', 'grad_norm': '1', 'learning_rate': '1e-4', 'epoch': '0.1'}\n"
    )
    facts, _ = read_console(written(tmp_path, text), Columns(every=1))

    assert (facts.planned_steps, facts.parameters) == (1220, 6_852_203_520)


def test_a_record_that_was_cut_is_said(tmp_path: Path) -> None:
    text = "{'loss': 2.5, 'epoch': 0.1}\n 10/60 [00:01<00:02]\n{'loss': 2."
    facts, damage = read_console(written(tmp_path, text))

    assert [(one.step, one.loss) for one in facts.steps] == [(10, 2.5)]
    assert damage == ["console.txt:3 has no newline: it may have been cut while it was written"]


@pytest.mark.slow
def test_what_a_real_trainer_prints_is_read_with_its_steps(tmp_path: Path) -> None:
    """Its bar goes to the error stream and its records to standard output, into one file as `2>&1` has it."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
        )
    )
    ids = [torch.randint(0, 8, (16,)) for _ in range(64)]
    data = [{"input_ids": one, "labels": one} for one in ids]
    arguments = TrainingArguments(
        output_dir=str(tmp_path / "out"), max_steps=40, logging_steps=5, eval_strategy="steps", eval_steps=20,
        per_device_train_batch_size=2, learning_rate=1e-2, use_cpu=True, report_to=[], save_strategy="no",
    )  # fmt: skip
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        trainer = Trainer(model=model, args=arguments, train_dataset=data, eval_dataset=data[:8])
        trainer.train()
    facts, damage = read_console(written(tmp_path, printed.getvalue()))
    history = [one for one in trainer.state.log_history if "loss" in one]

    assert damage == []
    assert [one.step for one in facts.steps] == [one["step"] for one in history]
    assert [one.loss for one in facts.steps] == pytest.approx([one["loss"] for one in history], rel=1e-3)
    assert [one.step for one in facts.evaluations] == [20, 40]
    assert (facts.planned_steps, facts.finished, facts.ended_step) == (40, True, 40)
