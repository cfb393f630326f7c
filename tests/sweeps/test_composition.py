import pytest
from hydra.errors import HydraException
from omegaconf import OmegaConf, base, open_dict

from patterngan.sweeps.composition import Composer, interpolations_parsed_once, job_folder

CASES = [
    [],
    ["lr=1e-4", "seed=3"],
    ["pattern.k=3", "optimizer.betas=[0.1,0.9]", "optimizer.discriminator.lr=4e-4"],
    ["encoding=onehot", "encoding.capacity=60", "architecture=linear"],
    ["experiment=multiples_of_five", "lr=1e-2", "pattern.stop=45"],
    ["lr=1e-2", "experiment=even_numbers", "+trainer.profiler=simple"],
    ["~logger", "seed=1"],
    ["pattern={k:7}", "noise=bits", "hydra.job.name=other"],
    ["++callbacks.progress.fancy=1", "ckpt_path='a=b,c'"],
]


def composed_by_hydra(sweep, overrides, number):
    config = sweep.context.config_loader.load_sweep_config(sweep.master, overrides)
    with open_dict(config):
        config.hydra.job.id = config.hydra.job.num = number
    return config


@pytest.mark.parametrize("overrides", CASES, ids=" ".join)
def test_a_job_is_composed_as_hydra_does(sweep, overrides):
    one = sweep("hydra.job.chdir=false")
    ours = Composer(one.context.config_loader, one.master).compose(overrides, 7)
    theirs = composed_by_hydra(one, overrides, 7)
    assert OmegaConf.to_yaml(ours) == OmegaConf.to_yaml(theirs)
    assert ours == theirs
    assert ours._metadata.flags == theirs._metadata.flags
    assert ours._metadata.resolver_cache == theirs._metadata.resolver_cache


def test_one_job_does_not_reach_into_another(sweep):
    one = sweep()
    composer = Composer(one.context.config_loader, one.master)
    first, second = composer.compose(["lr=1", "seed=1"], 0), composer.compose(["seed=2"], 1)
    first.pattern.k = 99
    assert (second.lr, second.pattern.k, list(second.hydra.overrides.task)) == (5e-3, 2, ["seed=2"])
    assert composer.compose(["seed=2"], 1) == second


@pytest.mark.parametrize("wrong", ["nothing=1", "pattern=circles", "+lr=1", "~noise.dim=3"])
def test_what_hydra_refuses_is_refused(sweep, wrong):
    one = sweep()
    with pytest.raises(HydraException):
        composed_by_hydra(one, [wrong], 0)
    with pytest.raises(HydraException):
        Composer(one.context.config_loader, one.master).compose([wrong], 0)


def test_folders_are_where_hydra_puts_them(sweep, tmp_path):
    one = sweep("hydra.sweep.subdir='${pattern.k}/${hydra.job.override_dirname}'")
    config = Composer(one.context.config_loader, one.master).compose(["pattern.k=3", "seed=1"], 4)
    assert job_folder(config) == tmp_path / "sweep" / "3" / "pattern.k=3,seed=1"


def test_interpolations_that_are_parsed_once_are_resolved_in_each_config():
    configs = [OmegaConf.create({"lr": lr, "twice": ["${lr}", "at ${lr}"]}) for lr in (1, 2)]
    parse = base.parse
    with interpolations_parsed_once():
        assert [list(config.twice) for config in configs] == [[1, "at 1"], [2, "at 2"]]
        configs[0].lr = 3
        assert list(configs[0].twice) == [3, "at 3"]
    assert base.parse is parse
