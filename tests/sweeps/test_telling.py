import pytest
from hydra.core.utils import JobStatus, run_job
from omegaconf import OmegaConf

from patterngan.sweeps.composition import Composer
from patterngan.sweeps.telling import as_yaml, tell


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
            returned = tell(one.context, task, config, lambda: task(None))
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
    assert as_yaml(config) == OmegaConf.to_yaml(config)
