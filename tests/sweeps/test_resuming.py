import json
import shutil

import pytest

from patterngan.runs.run import train
from patterngan.storage.results import Result
from patterngan.storage.settings import settings
from patterngan.sweeps.resuming import (
    earlier_populations,
    earlier_result,
    earlier_value,
    remove_manifests,
    train_job,
    write_manifest,
)
from patterngan.training.module import DivergedError
from patterngan.validation import UsageError

pytestmark = pytest.mark.end_to_end  # trains runs into folders

QUICK = ["experiment=plain", "steps=40", "evaluate_every=20", "evaluation.samples=100", "~callbacks.pictures"]


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("trained"), config(*QUICK)
    (folder / ".hydra").mkdir()  # as Hydra does before
    (folder / ".hydra" / "config.yaml").write_text(json.dumps(settings(made)))
    train(made, folder, QUICK)
    return folder


@pytest.fixture
def ended(config, trained, tmp_path):
    """The config of a run that ended, and its folder."""
    shutil.copytree(trained, tmp_path / "0")
    return config(*QUICK), tmp_path / "0"


def test_an_empty_or_absent_folder_is_at_the_start(config, tmp_path):
    assert earlier_result(tmp_path / "absent", settings(config())) is None
    assert earlier_result(tmp_path, settings(config())) is None


def test_a_run_that_ended_is_not_run_again(ended, monkeypatch):
    made, folder = ended
    result = json.loads((folder / "result.json").read_text())
    assert earlier_result(folder, settings(made)) == result
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert train_job(made, folder, QUICK) == result["metrics"]["tv"]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_a_run_that_was_stopped_goes_on(ended):
    made, folder = ended
    (folder / "result.json").unlink()
    assert earlier_result(folder, settings(made)) is None
    train_job(made, folder, QUICK)
    assert made.ckpt_path == str(folder / "checkpoints" / "last.ckpt")
    assert json.loads((folder / "result.json").read_text())["status"] == "completed"


def test_a_run_that_failed_is_tried_again(config, tmp_path):
    made = config(*QUICK, "pattern.k=0")
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "config.yaml").write_text(json.dumps(settings(made)))
    for _ in range(2):
        with pytest.raises(UsageError, match="pattern.k=0"):
            train_job(made, tmp_path, QUICK)
        assert json.loads((tmp_path / "result.json").read_text())["status"] == "failed"


def test_a_run_stopped_before_its_first_evaluation_starts_again(config, tmp_path):
    (tmp_path / "checkpoints").mkdir()
    train_job(config(*QUICK), tmp_path, QUICK)
    assert (tmp_path / "checkpoints" / "last.ckpt").exists()


@pytest.mark.parametrize("other", ["seed=1", "lr=1e-4", "steps=60"])
@pytest.mark.parametrize("left", ["last.ckpt", "result.json"])
def test_the_folder_of_another_configuration_is_refused(ended, config, other, left):
    _, folder = ended
    if left == "last.ckpt":
        (folder / "result.json").unlink()
    with pytest.raises(UsageError, match=f"another configuration .{other.partition('=')[0]} differs"):
        train_job(config(*QUICK, other), folder, QUICK)


def test_a_result_without_what_it_came_from_is_refused(config, tmp_path):
    Result("completed", 0, 1, 1.0, 1.0, []).write(tmp_path)
    with pytest.raises(UsageError, match="another configuration .seed differs"):
        earlier_result(tmp_path, settings(config()))
    (tmp_path / "result.json").write_text("[]")
    with pytest.raises(UsageError, match="is no result of a run"):
        earlier_result(tmp_path, settings(config()))


def test_a_run_that_diverged_returns_what_it_returned():
    with pytest.raises(DivergedError, match="at step 7;"):
        earlier_value({"status": "diverged", "steps": 7, "metrics": {}}, "tv")
    assert earlier_value({"status": "completed", "metrics": {"tv": 0.25}}, "tv") == 0.25


@pytest.fixture
def made(jobs):
    """Four jobs that can train together, and one that cannot."""
    return jobs(*([*QUICK, f"seed={seed}"] for seed in range(4)), [*QUICK, "batch_size=8"])


@pytest.fixture
def snapshots(made):
    """The folder of snapshots and manifests."""
    made[0].folder.parent.mkdir()
    return made[0].folder.parent / ".fused"


def test_a_population_is_put_together_again_in_the_order_it_had(made, snapshots):
    members = [made[2], made[0], made[3]]
    write_manifest(snapshots / "a.ckpt", members)
    assert list(earlier_populations(snapshots, made, most=3)) == [members]
    assert list(earlier_populations(snapshots, made, most=2)) == []


def test_a_population_of_jobs_that_are_not_all_wanted_now_or_do_not_fuse_is_none(made, snapshots):
    write_manifest(snapshots / "a.ckpt", made[:3])
    write_manifest(snapshots / "b.ckpt", made[3:])
    assert list(earlier_populations(snapshots, made[1:])) == []


def test_no_job_is_in_two_populations(made, snapshots):
    write_manifest(snapshots / "a.ckpt", made[:2])
    write_manifest(snapshots / "b.ckpt", made[1:4])
    assert list(earlier_populations(snapshots, made)) == [made[:2]]


def test_a_manifest_names_folders_from_where_it_is(made, snapshots):
    write_manifest(snapshots / "a.ckpt", made[:2])
    assert json.loads((snapshots / "a.json").read_text()) == ["../0", "../1"]


def test_the_manifests_of_some_jobs_are_removed(made, snapshots):
    write_manifest(snapshots / "a.ckpt", made[:2])
    write_manifest(snapshots / "b.ckpt", made[2:4])
    remove_manifests(snapshots, made[1:2])
    assert [file.name for file in snapshots.iterdir()] == ["b.json"]
