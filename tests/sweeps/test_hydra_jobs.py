import pytest
from hydra.core.utils import JobStatus, run_job
from hydra.errors import HydraException
from omegaconf import OmegaConf, base, open_dict

from patterngan.sweeps.hydra_jobs import Composer, as_yaml, conclude_job, interpolations_parsed_once, job_folder

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
    assert (second.lr, second.pattern.k, list(second.hydra.overrides.task)) == (1e-2, 2, ["seed=2"])
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


class Listener:
    """A Hydra callback that notes what it is told."""

    def __init__(self):
        self.heard = []

    def on_job_start(self, config, task_function):
        self.heard.append(("start", OmegaConf.to_yaml(config), task_function))

    def on_job_end(self, config, job_return):
        self.heard.append(("end", OmegaConf.to_yaml(config), job_return.status))


def both(sweep, overrides, task):
    """What is left, heard and returned when Hydra runs a job and when its outcome is told."""
    for subdir in ("run", "told"):
        one = sweep(f"hydra.sweep.subdir={subdir}")
        one.context.callbacks.callbacks.append(listener := Listener())
        config = Composer(one.context.config_loader, one.master).compose(overrides, 3)
        if subdir == "run":
            returned = run_job(task, config, "hydra.sweep.dir", "hydra.sweep.subdir", one.context)
        else:
            returned = conclude_job(one.context, task, config, lambda: task(None))
        yield returned, listener.heard, one.folder / subdir


def told_apart(text):
    return str(text).replace("told", "run")


@pytest.mark.parametrize("overrides", [["seed=1"], ["seed=1", "lr=1e-4", "pattern.k=3", "hydra.output_subdir=null"]])
def test_a_told_job_leaves_what_a_run_one_does(sweep, overrides):
    run, told = both(sweep, overrides, lambda config: 0.5)
    assert told[0].return_value == run[0].return_value == 0.5
    assert (told[0].overrides, told[0].working_dir, told[0].task_name) == (
        run[0].overrides,
        run[0].working_dir,
        run[0].task_name,
    )
    assert told[0].cfg == run[0].cfg
    assert told_apart(OmegaConf.to_yaml(told[0].hydra_cfg)) == told_apart(OmegaConf.to_yaml(run[0].hydra_cfg))
    assert told_apart(told[1]) == told_apart(run[1])
    files = [sorted(path.relative_to(folder) for path in folder.rglob("*")) for _, _, folder in (run, told)]
    assert files[0] == files[1]
    for name in files[0]:
        if (run[2] / name).is_file() and name.suffix == ".yaml":
            assert told_apart((told[2] / name).read_text()) == told_apart((run[2] / name).read_text())


def test_a_job_that_failed_is_handed_over_as_failed(sweep):
    for returned, heard, _ in both(sweep, ["seed=1"], lambda config: 1 / 0):
        assert returned.status == JobStatus.FAILED
        assert isinstance(returned._return_value, ZeroDivisionError)
        assert heard[-1][-1] == JobStatus.FAILED


@pytest.mark.parametrize(
    "value", ["1e-3", "true", "null", "2026-01-01", "a: b", "ü '\"\n", "", "0x1f", 1e-5, None, [1, "2"]]
)
def test_yaml_is_omegaconfs(value):
    config = OmegaConf.create({"key": value, "nested": {"list": [value]}, "to": "${key}"})
    container = OmegaConf.to_container(config, resolve=False, enum_to_str=True)
    assert as_yaml(container) == OmegaConf.to_yaml(config)
