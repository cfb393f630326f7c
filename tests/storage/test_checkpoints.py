import math

import pytest
import torch

from patterngan.storage.checkpoints import (
    locate,
    read,
    require_fitting_weights,
    resumable_folder,
    run_folder,
)
from patterngan.validation import UsageError

TYPED = ("experiment=plain", "steps=30", "evaluate_every=10", "evaluation.samples=50", "seed=4")


@pytest.fixture
def trained(run, tmp_path):
    run(*TYPED)
    (tmp_path / ".hydra").mkdir()
    return tmp_path


def test_a_checkpoint_says_what_it_was_made_from(trained):
    checkpoint = read(trained)
    assert checkpoint.path == trained / "checkpoints" / "last.ckpt"
    assert checkpoint.step == 30
    assert checkpoint.overrides == [
        "experiment=plain",
        "steps=30",
        "evaluate_every=10",
        "evaluation.samples=50",
        "seed=4",
    ]
    assert checkpoint.settings["pattern"] == {
        "_target_": "patterngan.data.patterns.Multiples",
        "k": 2,
        "residue": 0,
        "stop": 128,
        "holdout": 0,
        "holdout_seed": 0,
        "shown": None,
    }
    assert (checkpoint.settings["seed"], checkpoint.settings["data"]["batch_size"]) == (4, 64)
    assert {name.split(".")[0] for name in checkpoint.weights} == {"generator", "discriminator"}


def test_a_checkpoint_holds_no_path_and_only_plain_values(trained):
    content = (trained / "checkpoints" / "last.ckpt").read_bytes()
    assert str(trained).encode() not in content
    torch.load(trained / "checkpoints" / "last.ckpt", weights_only=True)


def test_the_best_checkpoint_has_the_lowest_tv_seen(config, run, tmp_path, caplog):
    with caplog.at_level("INFO", "patterngan"):
        run(
            "experiment=plain",
            "steps=400",
            "evaluate_every=40",
            "encoding=onehot",
            "pattern.k=5",
            "evaluation.samples=500",
        )
    evaluations = [line.split() for line in caplog.messages if line.startswith("step")][1:]
    best = min(evaluations, key=lambda words: float(words[words.index("tv") + 1]))
    assert read(tmp_path / "checkpoints" / "best.ckpt").step == int(best[1])


def test_a_moved_run_is_still_a_run(trained, tmp_path_factory):
    moved = tmp_path_factory.mktemp("elsewhere") / "run"
    trained.rename(moved)
    best = moved / "checkpoints" / "best.ckpt"
    assert run_folder(locate(moved)) == resumable_folder(locate(moved)) == moved
    assert (run_folder(best), resumable_folder(best)) == (moved, None)
    (moved / "checkpoints" / "last.ckpt").rename(moved / "copy.ckpt")
    assert run_folder(moved / "copy.ckpt") is None
    trained.mkdir()


def test_shapes_are_compared_both_ways():
    one, other, more = torch.nn.Linear(2, 1, bias=False), torch.nn.Linear(3, 1, bias=False), torch.nn.Linear(2, 1)
    require_fitting_weights("p", one.state_dict(), one)
    with pytest.raises(UsageError, match=r"weight is \[1, 2\] there, \[1, 3\] in this config"):
        require_fitting_weights("p", one.state_dict(), other)
    with pytest.raises(UsageError, match=r"bias is \[1\] there, absent in this config"):
        require_fitting_weights("p", more.state_dict(), one)
    with pytest.raises(UsageError, match=r"bias is absent there, \[1\] in this config"):
        require_fitting_weights("p", one.state_dict(), more)


def test_weights_are_numbers_and_buffers_may_be_infinite():
    module = torch.nn.Linear(1, 1)
    module.register_buffer("mask", torch.tensor([-math.inf]))
    require_fitting_weights("p", module.state_dict(), module)
    with torch.no_grad():
        module.bias.fill_(math.nan)
    with pytest.raises(UsageError, match="p: bias holds what is no finite number"):
        require_fitting_weights("p", module.state_dict(), module)
