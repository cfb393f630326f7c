import shutil

import pytest
import torch

from patterngan.storage import checkpoints
from patterngan.training.checkpointing import AtomicCheckpointIO

QUICK = (
    "experiment=plain",
    "steps=30",
    "evaluate_every=10",
    "evaluation.samples=100",
    "logger=none",
    "~callbacks.pictures",
)


def test_last_is_of_the_last_evaluation_and_best_of_the_lowest_score(run, tmp_path, capsys):
    run(*QUICK)
    last, best = (checkpoints.read(tmp_path / "checkpoints" / name) for name in ("last.ckpt", "best.ckpt"))
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("step")][1:]
    scores = {int(words[1]): float(words[words.index("tv") + 1]) for words in lines}
    assert last.step == 30
    assert scores[best.step] == min(scores.values())
    assert last.best == best.best
    assert round(best.best, 3) == min(scores.values())


def test_lightning_gets_a_copy_of_what_was_read_and_only_of_our_keys(run, tmp_path):
    run(*QUICK)
    path = tmp_path / "checkpoints" / "last.ckpt"
    torch.save(torch.load(path, weights_only=True) | {"loops": {"fit_loop": 3}}, path)
    content = AtomicCheckpointIO(tmp_path).load_checkpoint(path)
    assert "loops" not in content
    name, weight = next(iter(content["state_dict"].items()))
    weight.add_(1)
    assert not torch.equal(checkpoints.read(path).weights[name], weight)


def test_a_checkpoint_makes_its_folders_but_not_a_run_that_was_deleted(tmp_path):
    io = AtomicCheckpointIO(tmp_path / "run")
    for path in (tmp_path / "else" / "where" / "one.ckpt", tmp_path / "run" / "deep" / "er" / "two.ckpt"):
        (tmp_path / "run").mkdir(exist_ok=True)
        io.save_checkpoint({"step": 1}, path)
        assert torch.load(path) == {"step": 1}
    shutil.rmtree(tmp_path / "run")
    with pytest.raises(FileNotFoundError):
        io.save_checkpoint({"step": 1}, tmp_path / "run" / "deep" / "er" / "two.ckpt")
    assert not (tmp_path / "run").exists()
