"""Lightning's own callbacks and the arguments of its Trainer, typed as a user types them."""

import json

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from patterngan.reporting.events import folder_of_events
from patterngan.storage import checkpoints

SHORT = ("experiment=plain", "steps=60", "evaluate_every=30", "evaluation.samples=100", "~callbacks.pictures")
OWN = "pytorch_lightning.callbacks."


@pytest.fixture
def trained(typed, tmp_path):
    """Trains into the folder `run` with further overrides; returns what was printed."""

    def train(*overrides, code=0):
        new = () if "ckpt_path=run" in overrides else (*SHORT, "hydra.run.dir=run")
        done = typed("train", *new, *overrides)
        assert done.code == code, done.err
        return done.out if code == 0 else done.err

    return train


def result(tmp_path):
    return json.loads((tmp_path / "run" / "result.json").read_text())


def test_lightnings_callbacks_do_what_they_say(trained, typed, tmp_path):
    trained(
        "~callbacks.progress",
        "optimizer.decay=linear",
        "+trainer.log_every_n_steps=20",
        f"+callbacks.bar._target_={OWN}RichProgressBar",
        f"+callbacks.rates._target_={OWN}LearningRateMonitor",
        f"+callbacks.device._target_={OWN}DeviceStatsMonitor",
        f"+callbacks.timer._target_={OWN}Timer",
        f"+callbacks.saved={{_target_:{OWN}OnExceptionCheckpoint,dirpath:run/saved}}",
        f"+callbacks.best={{_target_:{OWN}ModelCheckpoint,monitor:tv,save_top_k:2,save_last:true,save_weights_only:true,"
        "filename:'{step} {tv:.3f} {metrics/tv:.3f}',auto_insert_metric_name:false}",
        f"+callbacks.often={{_target_:{OWN}ModelCheckpoint,every_n_train_steps:20,save_top_k:-1,dirpath:kept/here,"
        "filename:'at{step}',auto_insert_metric_name:false}",
    )
    names = {path.name for path in (tmp_path / "run" / "checkpoints").rglob("*.ckpt")}
    assert names > {"last.ckpt", "best.ckpt", "last-v1.ckpt"}
    tv = f"{result(tmp_path)['metrics']['tv']:.3f}"
    assert (tmp_path / "run" / "checkpoints" / f"60 {tv} {tv}.ckpt").exists()  # a metric has two names
    assert len(names) == 5
    assert {path.stem for path in (tmp_path / "kept" / "here").iterdir()} == {"at20", "at40", "at60"}
    assert not (tmp_path / "run" / "saved" / "on_exception.ckpt").exists()
    curves = EventAccumulator(str(folder_of_events(tmp_path / "run")), size_guidance={"scalars": 0}).Reload()
    rates = [(point.step, point.value) for point in curves.Scalars("lr-ScheduledAdam-1")]
    assert rates[:2] == [(0, pytest.approx(1e-3)), (19, pytest.approx(1e-3))]  # Lightning counts steps from 0
    assert rates[-1] == (59, pytest.approx(1e-3 / 6))
    assert [point.step for point in curves.Scalars("DeviceStatsMonitor.on_train_batch_end/cpu_percent")] == [19, 39, 59]
    assert [point.step for point in curves.Scalars("losses/generator")] == [20, 30, 40, 60]
    assert len(curves.Scalars("metrics/tv")) == 3  # none is logged twice
    assert len(typed("generate", "kept/here/at20.ckpt", "-n", "3").out.split()) == 3
    assert len(typed("generate", "run/checkpoints/last-v1.ckpt", "-n", "3").out.split()) == 3
    refused = typed("train", "ckpt_path=run/checkpoints/last-v1.ckpt")
    assert "holds weights alone" in refused.err


def test_a_run_that_stops_early_says_where_and_goes_on(trained, tmp_path):
    stopping = f"{{_target_:{OWN}EarlyStopping,monitor:tv,stopping_threshold:2}}"
    out = trained(f"+callbacks.stop={stopping}")
    assert "ended      at step 30 of 60: Stopping threshold reached: tv = 0." in out
    assert result(tmp_path)["ended"] in out
    assert (result(tmp_path)["status"], result(tmp_path)["steps"]) == ("completed", 30)
    assert "ended " not in trained("ckpt_path=run")
    assert (result(tmp_path)["steps"], result(tmp_path)["ended"]) == (60, None)


@pytest.mark.parametrize(
    ("callback", "said"),
    [
        ("EarlyStopping,monitor:nothing", "Early stopping conditioned on metric `nothing` which is not available."),
        ("ModelCheckpoint,monitor:nothing", "`ModelCheckpoint(monitor='nothing')` could not find the monitored key"),
        ("GradientAccumulationScheduler,scheduling:{0:2}", "Automatic gradient accumulation"),
        ("LearningRateFinder", "When using the learning rate finder"),
    ],
)
def test_what_a_callback_cannot_have_is_one_line(trained, callback, said):
    err = trained(f"+callbacks.mine={{_target_:{OWN}{callback}}}", "logger=none", code=2)
    *_, last = err.splitlines()
    assert last.removeprefix("error: callbacks: ").removeprefix("error: trainer: ").startswith(said)
    assert "Traceback" not in err


def test_time_ends_a_run_with_an_evaluation_and_a_checkpoint(trained, tmp_path):
    out = trained("steps=1000000", "evaluate_every=1000000", "+trainer.max_time=00:00:01")
    reached = result(tmp_path)["steps"]
    assert 0 < reached < 1000000
    assert f"ended      at step {reached} of 1000000: its time is used up\n" in out
    assert checkpoints.read(tmp_path / "run").step == reached
    assert "ended " not in trained("ckpt_path=run", f"steps={reached + 1}")
    assert result(tmp_path)["steps"] == reached + 1
    out = trained("ckpt_path=run", f"steps={reached + 9}", "+trainer.max_time=00:00:00")  # no time, but an evaluation
    assert f"ended      at step {reached + 1} of {reached + 9}: its time is used up\n" in out


@pytest.mark.parametrize(("asked", "steps"), [("true", 1), ("40", 40)])
def test_a_fast_dev_run_takes_its_steps_and_leaves_no_checkpoint(trained, tmp_path, asked, steps):
    out = trained(f"+trainer.fast_dev_run={asked}", f"+callbacks.mine._target_={OWN}ModelCheckpoint")
    assert f"ended      at step {steps} of 60: trainer.fast_dev_run takes no more\n" in out
    assert result(tmp_path)["steps"] == steps
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [".hydra", ".lock", "result.json", "train.log"]


def test_double_precision_is_double_throughout_and_goes_on_to_the_bit(trained, typed, tmp_path):
    often = f"{{_target_:{OWN}ModelCheckpoint,every_n_train_steps:20,dirpath:kept,filename:'{{step}}',save_top_k:-1,"
    often += "auto_insert_metric_name:false}"
    double = ("+trainer.precision=64-true", "penalty=wgan_gp", "update.ema=0.9", "optimizer.decay=linear")
    double += ("optimizer.warmup=33", "optimizer.weight_decay=0.1", "optimizer.clip_norm=0.1")
    trained(*double, f"+callbacks.often={often}")
    assert typed("train", "ckpt_path=kept/20.ckpt", "hydra.run.dir=again", "~callbacks.pictures").code == 0
    whole, resumed = (checkpoints.read(tmp_path / name).weights for name in ("run", "again"))
    assert {weight.dtype for weight in whole.values()} == {torch.float64}
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    assert len(typed("generate", "run", "-n", "3").out.split()) == 3
    assert f"tv              {result(tmp_path)['metrics']['tv']:.6g}\n" in typed("evaluate", "run").out


def test_members_in_double_precision_follow_their_runs_alone(typed, tmp_path):
    double = (*SHORT, "+trainer.precision=64-true", "penalty=r1", "update.ema=0.9")
    assert typed("train", "-m", *double, "seed=3,4", "hydra.sweep.dir=sweep", "~callbacks.progress").code == 0
    assert typed("train", *double, "seed=4", "hydra.run.dir=alone").code == 0
    member, alone = (checkpoints.read(tmp_path / name).weights for name in ("sweep/1", "alone"))
    assert all(torch.allclose(member[name], alone[name], rtol=0, atol=1e-12) for name in alone)
