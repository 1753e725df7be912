"""What a Trainer prints: records without steps, bars with them, banners of Unsloth; and a real one."""

import contextlib
import io
from pathlib import Path
from typing import Any

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


STEPS = 160
TOLD = {
    "device_asked": "cpu", "device_got": "cpu", "vocabulary": "64", "parameters": "5000",
    "unique_tokens": "500000", "tokens_per_step": "256",
}  # fmt: skip


def trained(folder: Path, fault: str) -> list[dict[str, Any]]:
    """A real run, printed as `2>&1` has it: its bar goes to the error stream, its records to standard output."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainingArguments

    class Constant(Trainer):
        """Logs a loss that no batch had."""

        def log(self, logs: dict[str, float], *more: Any) -> None:
            super().log(logs | ({"loss": 2.5} if "loss" in logs else {}), *more)

    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    law = torch.randint(0, 64, (64, 2))
    rows = [torch.zeros(600, dtype=torch.long)]
    for _ in range(31):
        rows.append(law[rows[-1], torch.randint(0, 2, (600,))])
    data = [{"input_ids": one, "labels": one} for one in torch.stack(rows, 1)]
    rate = 0.0 if fault == "learning-rate-zero" else 1e-2
    arguments = TrainingArguments(
        output_dir=str(folder), max_steps=STEPS, logging_steps=4, eval_strategy="steps", eval_steps=40,
        per_device_train_batch_size=8, learning_rate=rate, lr_scheduler_type="cosine", warmup_steps=16, use_cpu=True,
        report_to=[], save_strategy="no",
    )  # fmt: skip
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        made = Constant if fault == "constant-losses" else Trainer
        trainer = made(LlamaForCausalLM(config), arguments, train_dataset=data, eval_dataset=data[:64])
        trainer.train()
    trainer.save_state()
    (folder / "console.txt").write_text(printed.getvalue())
    return trainer.state.log_history


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["", "learning-rate-zero", "constant-losses"])
def test_what_a_real_trainer_prints_is_judged_as_its_state_is(tmp_path: Path, fault: str) -> None:
    history = trained(tmp_path, fault)
    logged = [one for one in history if "loss" in one]
    facts, damage = read_console(tmp_path / "console.txt")

    assert (damage, [one.step for one in facts.steps]) == ([], [one["step"] for one in logged])
    assert [one.loss for one in facts.steps] == pytest.approx([one["loss"] for one in logged], rel=1e-3)
    assert [one.step for one in facts.evaluations] == [40, 80, 120, 160]
    assert (facts.planned_steps, facts.finished, facts.ended_step) == (STEPS, True, STEPS)
    for run in (tmp_path / "console.txt", tmp_path):
        read = diagnose_run(run).facts
        told = {name: one for name, one in TOLD.items() if getattr(read, name) is None}
        found = diagnose_run(run, told)
        assert names(found)[:1] == ([fault] if fault else []), found.facts.kind
        assert found.binding == "healthy" or fault
