import json

import pytest
import torch

from patterngan.runs.loading import load_gan, load_sampler
from patterngan.validation import UsageError

QUICK = ("experiment=plain", "steps=20", "evaluate_every=20", "evaluation.samples=100", "~callbacks.pictures")


def test_a_loaded_run_has_its_schedules_where_training_left_them(run, tmp_path):
    run(
        "experiment=plain",
        "head=gumbel",
        "head.temperature=[2,0.5]",
        "steps=100",
        "evaluation.samples=500",
        "~callbacks.pictures",
    )
    found = json.loads((tmp_path / "result.json").read_text())["metrics"]
    gan, _ = load_gan(tmp_path)
    assert gan.generator.head.temperature.value == 1.25  # of the block that begins at step 50
    assert gan.evaluate().metrics["d_fake"] == found["d_fake"]
    assert load_sampler(tmp_path).generator.head.temperature.value == 1.25


def test_a_run_with_a_running_average_is_measured_and_sampled_by_it(run, tmp_path):
    run(*QUICK, "update.ema=0.5")
    weights = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    sampled = load_sampler(tmp_path).generator.state_dict()
    assert torch.equal(sampled["0.0.weight"], weights["average.0.0.weight"])
    assert not torch.equal(sampled["0.0.weight"], weights["generator.0.0.weight"])
    found = json.loads((tmp_path / "result.json").read_text())["metrics"]
    gan, _ = load_gan(tmp_path)
    assert gan.evaluate().metrics == found


def test_a_seed_makes_samples_repeatable(run, tmp_path):
    run(*QUICK)
    first, second = (load_sampler(tmp_path).sample(20, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)


def test_settings_that_are_missing_are_named(run, tmp_path):
    run(*QUICK)
    path = tmp_path / "checkpoints" / "last.ckpt"
    content = torch.load(path, weights_only=True)
    del content["patterngan"]["settings"]["noise"]
    torch.save(content, path)
    with pytest.raises(UsageError, match="last.ckpt: noise: is missing from the config"):
        load_sampler(tmp_path)
