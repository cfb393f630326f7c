import math

from patterngan.population.callbacks import FUSIBLE_CALLBACKS, population_callbacks
from patterngan.population.snapshots import Snapshots
from patterngan.training.callbacks import Curves, Pictures
from patterngan.training.progress import Progress


def test_a_population_has_the_callbacks_of_its_members_once(jobs, tmp_path):
    members = jobs(["seed=1"], ["seed=2"])
    progress, curves, snapshots = population_callbacks(members, "group 1/1", tmp_path / "a.ckpt", [None, None])
    assert (type(progress), progress.name, type(curves)) == (Progress, "group 1/1", Curves)
    assert isinstance(snapshots, Snapshots)
    assert snapshots.best == [math.inf, math.inf]
    assert snapshots.folders == [job.folder for job in members]
    assert Pictures in FUSIBLE_CALLBACKS  # a sweep draws its best runs when it ends


def test_what_the_members_do_not_name_is_not_there(jobs, tmp_path):
    without = ["~callbacks.curves", "~callbacks.checkpoint", "+trainer.enable_progress_bar=false"]
    assert population_callbacks(jobs(without, without), "g", tmp_path / "a.ckpt", [None, None]) == []
