import math
import shutil

import pytest
import torch

from patterngan.population.snapshots import gathered, scatter
from patterngan.population.training import Piece, train_piece
from patterngan.runs.loading import load_sampler
from patterngan.storage import checkpoints
from patterngan.validation import UsageError

pytestmark = pytest.mark.end_to_end  # trains populations into folders

QUICK = ["experiment=plain", "steps=60", "evaluate_every=20", "evaluation.samples=200"]


@pytest.fixture
def piece(jobs, tmp_path):
    """Three members, one of which diverges."""
    made = jobs([*QUICK, "seed=1"], [*QUICK, "seed=2", "lr=1e38"], [*QUICK, "seed=3", "lr=1e-2"])
    return Piece(made, made, tmp_path / "sweep" / ".fused" / "one.ckpt", "group 1/1")


def test_members_end_with_the_checkpoints_of_their_runs_alone(piece, tmp_path):
    from patterngan.runs.run import train

    outcomes = train_piece(piece)
    assert not piece.file.exists()
    assert outcomes[1].evaluation is None
    assert outcomes[1].status == "diverged"
    assert outcomes[1].steps <= 2
    assert not (piece.jobs[1].folder / "checkpoints").exists()
    for job in (piece.jobs[0], piece.jobs[2]):
        train(job.config, tmp_path / "alone", job.overrides)
        for name in (checkpoints.LAST, checkpoints.BEST):
            fused, alone = (
                torch.load(folder / "checkpoints" / name, weights_only=True)
                for folder in (job.folder, tmp_path / "alone")
            )
            assert fused.keys() == alone.keys()
            for key in ("epoch", "global_step", "pytorch-lightning_version", "lr_schedulers"):
                assert fused[key] == alone[key]
            records = fused["patterngan"], alone["patterngan"]
            (wall, share), (ours, own) = (record.pop("seconds") for record in records)
            assert (0 < share < wall, ours) == (True, own)
            assert records[0] == records[1]
            best = alone["callbacks"]["EvaluationCheckpoint"]["best"]
            assert fused["callbacks"] == {"EvaluationCheckpoint": {"best": pytest.approx(best, abs=0.01)}}
            assert fused["state_dict"].keys() == alone["state_dict"].keys()
            for weight in alone["state_dict"]:
                assert torch.allclose(fused["state_dict"][weight], alone["state_dict"][weight], atol=1e-5)
            for ours, theirs in zip(fused["optimizer_states"], alone["optimizer_states"], strict=True):
                assert ours["param_groups"] == theirs["param_groups"]
                assert ours["state"].keys() == theirs["state"].keys()
                for index in theirs["state"]:
                    for moment, value in theirs["state"][index].items():
                        assert torch.allclose(ours["state"][index][moment], value, atol=1e-5)
        assert load_sampler(job.folder).sample(5, torch.Generator()).shape == (5,)
        shutil.rmtree(tmp_path / "alone")


@pytest.mark.parametrize(
    "extra",
    [
        "",
        "update.ema=0.9 update.instance_noise=0.1 discriminator.spectral_norm=true",
        "optimizer=sgd",
        "architecture=automaton architecture.noise=0.3 architecture.width=8 encoding.lengths=all data.length_power=1 "
        "encoding.capacity=8 noise=none head=gumbel_straight_through objective=boundary_seeking update=simultaneous",
        "architecture=transformer architecture.layers=1 architecture.noise=0.3 architecture.width=8 "
        "encoding.lengths=all encoding.capacity=8 noise=none head=gumbel_straight_through objective=boundary_seeking "
        "update=simultaneous",
    ],
)
def test_a_population_goes_on_from_its_members_checkpoints(jobs, tmp_path, extra):
    common = [*QUICK, *extra.split()]

    def trained(folder, *lengths):
        made = [
            jobs([*common, f"steps={steps}", "seed=1"], [*common, f"steps={steps}", "seed=2", "lr=1e-2"])
            for steps in lengths
        ]
        for members in made:
            moved = [member.__class__(**{**vars(member), "folder": folder / str(member.number)}) for member in members]
            train_piece(Piece(moved, moved, folder / ".fused" / "one.ckpt", "group"))
        return [checkpoints.read(folder / str(number)) for number in range(2)]

    for stopped, whole in zip(trained(tmp_path / "a", 40, 80), trained(tmp_path / "b", 80), strict=True):
        assert stopped.step == whole.step == 80
        assert stopped.best == whole.best
        assert all(torch.equal(stopped.weights[name], whole.weights[name]) for name in whole.weights)
        for ours, theirs in zip(stopped.optimizers, whole.optimizers, strict=True):
            for index, state in theirs["state"].items():
                assert all(torch.equal(ours["state"][index][name], value) for name, value in state.items())


def stopped(piece, monkeypatch):
    """Leaves the population's file behind, as SIGKILL would."""
    from patterngan.population import training as populations

    with monkeypatch.context() as patched:
        patched.setattr(populations, "scatter", lambda *_: None)
        train_piece(piece)
    assert piece.file.exists()


def test_what_a_killed_population_left_is_scattered(piece, monkeypatch):
    stopped(piece, monkeypatch)
    scatter(piece.file)
    assert not piece.file.exists()
    found = [checkpoints.read(job.folder) for job in (piece.jobs[0], piece.jobs[2])]
    assert [one.step for one in found] == [60, 60]
    assert all(math.isfinite(one.best) for one in found)
    weights = gathered(found)["state_dict"]
    assert {weight.shape[0] for weight in weights.values()} == {2}


def test_a_file_cannot_write_outside_of_its_sweep(piece, monkeypatch, tmp_path):
    stopped(piece, monkeypatch)
    content = torch.load(piece.file, weights_only=True)
    content["folders"][0] = "../outside"
    torch.save(content, piece.file)
    scatter(piece.file)
    assert not (tmp_path / "outside").exists()
    assert (piece.jobs[2].folder / "checkpoints" / "last.ckpt").is_file()


@pytest.mark.parametrize("content", [b"", b"junk"])
def test_a_damaged_or_foreign_file_is_refused_in_one_line(tmp_path, content):
    file = tmp_path / ".fused" / "x.ckpt"
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(UsageError, match="damaged, truncated or a foreign file"):
        scatter(file)
    assert file.exists()
