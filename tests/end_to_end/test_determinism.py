"""The same command gives the same weights to the bit, and what only watches a run changes none of them."""

import os
import subprocess
import sys

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor

from patterngan.paths import CONF
from patterngan.population.module import PopulationGAN
from patterngan.population.training import stacked_data
from patterngan.runs import run as training
from patterngan.runs.assembly import assemble
from patterngan.storage import checkpoints
from patterngan.storage.settings import leaves
from tests.support.commands import ROOT, environment

DRAWN = ("experiment=plain", "steps=60", "evaluate_every=30", "evaluation.samples=200", "batch_size=32")
SHORT = (*DRAWN, "~callbacks.pictures")
CPU = torch.device("cpu")

OTHER_EVALUATION = {"exact": "false", "samples": 77, "lengths": "[]"}
"""Another value of every key of conf/evaluation; other lengths need a network that has one cell for all positions."""

GROWING = ("architecture=automaton", "architecture.width=8", "steps=60", "evaluate_every=30", "~callbacks.pictures")

WATCHING = (
    "evaluate_every=25",
    "capture=false",
    "logger=none",
    "~callbacks.checkpoint",
    "~callbacks.curves",
    "trainer.deterministic=true",
    "trainer.deterministic=warn trainer.accelerator=auto optimized_metric=validity",
    "+trainer.profiler=simple +trainer.enable_progress_bar=false",
    "+trainer.log_every_n_steps=7 +trainer.benchmark=false",
    "+trainer.log_every_n_steps=1000 +trainer.enable_model_summary=true",
)
"""What decides how a run is run and watched, and not what it computes."""


def tensors(node: object, path: str = "") -> dict[str, Tensor]:
    """Every tensor in nested states, by where it is."""
    if isinstance(node, Tensor):
        return {path: node.clone()}
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return {key: tensor for name, item in items for key, tensor in tensors(item, f"{path}/{name}").items()}


def saved(folder):
    """The weights and the optimizers' states that a run, or every run of a sweep, ended with."""
    states = {}
    for file in sorted(folder.rglob(checkpoints.LAST)):
        last = checkpoints.read(file)
        states[str(file.relative_to(folder))] = {"weights": last.weights, "optimizers": last.optimizers}
    return tensors(states)


def differences(one, other):
    assert one.keys() == other.keys()
    assert any("/optimizers/" in name for name in one)
    return [name for name in one if not torch.equal(one[name], other[name])]


@pytest.fixture
def threads(monkeypatch):
    """Gives PyTorch so many threads, as OMP_NUM_THREADS does, until the test ends."""
    before = torch.get_num_threads()

    def given(count):
        monkeypatch.setenv("OMP_NUM_THREADS", str(count))
        torch.set_num_threads(count)

    yield given
    torch.set_num_threads(before)


@pytest.fixture
def ended(run, tmp_path, monkeypatch):
    """The weights and optimizer states that a run in this process ends with, also where it writes no checkpoint."""
    prepared = []
    real = training.prepare
    monkeypatch.setattr(training, "prepare", lambda *given: prepared.append(real(*given)) or prepared[-1])
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", "")  # which Lightning sets where a run is to be deterministic

    def states(*overrides):
        run(*overrides, folder=tmp_path / str(len(prepared)))
        gan = prepared[-1].gan
        optimizers = [optimizer.state_dict() for optimizer in gan.trainer.optimizers]
        return tensors({"weights": gan.state_dict(), "optimizers": optimizers})

    yield states
    torch.use_deterministic_algorithms(False)


SEEDS = ("-m", "seed=3,4,5", "hydra.sweep.dir")


@pytest.mark.parametrize(("count", "arguments"), [(1, SEEDS), (2, SEEDS), (2, ("hydra.run.dir",))])
def test_the_same_command_twice_gives_the_same_to_the_bit(typed, tmp_path, threads, count, arguments):
    threads(count)
    *more, key = arguments
    for name in ("first", "second"):
        assert typed("train", *more, *SHORT, f"{key}={name}").code == 0
    first = saved(tmp_path / "first")
    assert differences(first, saved(tmp_path / "second")) == []
    assert sum("/weights/" in name for name in first) % (3 if more else 1) == 0


def test_the_order_of_overrides_and_of_sets_changes_nothing(typed, tmp_path, threads):
    threads(1)
    assert typed("train", *SHORT, "seed=3", "hydra.run.dir=here").code == 0
    line = [sys.executable, str(ROOT / "train.py"), "hydra.run.dir=there", "seed=3", *reversed(SHORT)]
    surroundings = environment() | {"PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"}
    assert os.environ.get("PYTHONHASHSEED") != "1"
    subprocess.run(line, cwd=tmp_path, env=surroundings, check=True, capture_output=True)
    assert differences(saved(tmp_path / "here"), saved(tmp_path / "there")) == []


def evaluation_keys():
    files = [OmegaConf.to_container(OmegaConf.load(file)) for file in sorted((CONF / "evaluation").glob("*.yaml"))]
    return sorted({key for file in files for key, _ in leaves(file)} - {"defaults"})


def test_what_only_watches_a_run_does_not_change_it(ended):
    expected = ended(*DRAWN)
    others = [f"evaluation.{key}={OTHER_EVALUATION[key]}" for key in evaluation_keys()]
    changed = {other: differences(expected, ended(*SHORT, *other.split())) for other in (*others, *WATCHING)}
    assert {what for what, names in changed.items() if names} == set()
    assert differences(ended(*GROWING), ended(*GROWING, "evaluation.lengths=[9]")) == []
    assert differences(expected, ended(*DRAWN, "callbacks=none")) == []
    assert differences(expected, ended(*DRAWN, "callbacks=weights")) == []
    assert differences(expected, ended(*SHORT, "seed=1")) != []


def test_a_sweep_is_not_changed_by_what_watches_it(typed, tmp_path):
    for name, *others in (
        ("plainly", "seed=3,4"),
        (
            "otherwise",
            "seed=3,4,5",
            "evaluation.samples=77",
            "evaluate_every=20",
            "logger=none",
            "~callbacks.progress",
            "+trainer.log_every_n_steps=7",
        ),
    ):
        assert typed("train", "-m", *SHORT, *others, f"hydra.sweep.dir={name}").code == 0
    for member in ("0", "1"):
        one, other = (saved(tmp_path / name / member) for name in ("plainly", "otherwise"))
        assert max(float((one[name] - other[name]).abs().max()) for name in one) < 1e-5, member


def test_another_kind_of_noise_changes_neither_data_nor_initial_weights(config):
    (bits, data), (gaussian, other_data) = (
        assemble(config(*SHORT, f"noise={kind}", "noise.dim=9")) for kind in ("bits", "gaussian")
    )
    assert torch.equal(data.read(0, 60, CPU), other_data.read(0, 60, CPU))
    assert differences_of_weights(bits, gaussian) == []
    assert not torch.equal(*(gan.streams["noise"].read(0, 60, CPU) for gan in (bits, gaussian)))


def differences_of_weights(one, other):
    ours, theirs = one.state_dict(), other.state_dict()
    assert ours.keys() == theirs.keys()
    return [name for name in ours if not torch.equal(ours[name], theirs[name])]


def test_a_member_of_a_sweep_has_the_streams_of_its_run_alone(config):
    options = ("penalty=wgan_gp", "objective=wasserstein", "update.instance_noise=0.1")
    configs = [config(*options, f"seed={seed}", f"pattern.k={k}") for seed, k in ((3, 2), (4, 3), (3, 5))]
    members, alone = ([assemble(one) for one in configs] for _ in range(2))
    gan, data = PopulationGAN([gan for gan, _ in members]), stacked_data([data for _, data in members])
    assert gan.streams.keys() == {"noise", "interpolation", "instance_noise"}
    together = [data.read(0, 50, CPU), *(stream.read(0, 50, CPU) for stream in gan.streams.values())]
    for member, (own_gan, own_data) in enumerate(alone):
        own = [own_data.read(0, 50, CPU), *(stream.read(0, 50, CPU) for stream in own_gan.streams.values())]
        axes = [1, *(2 for _ in gan.streams)]
        for axis, ours, theirs in zip(axes, together, own, strict=True):
            assert torch.equal(ours.select(axis, member), theirs)
        (law, *drawn), (own_law, *own_drawn) = gan.evaluators[member].draw(CPU), own_gan.evaluator.draw(CPU)
        assert torch.equal(law.noise, own_law.noise)
        assert all(map(torch.equal, drawn, own_drawn))
