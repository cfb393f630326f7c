"""GAN steps on the meta device: whatever a step makes must be where its weights are, as on a GPU."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from typing_extensions import override

from patterngan.packages import option_files
from patterngan.population.module import PopulationGAN
from patterngan.runs.assembly import RunSpec, run_spec
from patterngan.training.module import GAN

CASES = (
    "architecture=autoregressive head=gumbel_straight_through noise=none encoding=binary objective=boundary_seeking "
    "discriminator=default penalty=none update=joint optimizer=adam",
    "architecture=recurrent head=gumbel_straight_through noise=gaussian encoding=onehot objective.samples=2",
    "architecture=mlp head=softmax encoding=digits noise=bits objective=nonsaturating objective.smoothing=0.1 "
    "update.ema=[0.5,0.9] optimizer.weight_decay=0.1 optimizer.clip_norm=1 optimizer.warmup=9",
    "architecture=mlp head=sigmoid noise=bits objective=hinge penalty=[r1,r2,wgan_gp] update=critic "
    "update.discriminator_steps=2 update.instance_noise=0.1 discriminator.spectral_norm=true",
    "architecture=automaton encoding.lengths=all update=simultaneous architecture.discriminator.dropout=0.1",
    "architecture=gated encoding=digits objective=maximum_likelihood architecture.noise=0.1",
    "architecture=transformer encoding.lengths=all update=simultaneous architecture.noise=0.1",
    "architecture=linear head=relu noise=gaussian objective=least_squares update=alternating discriminator.pack=2",
    "architecture=mlp head=gumbel head.temperature=[1,0.1] noise=bits objective=relativistic "
    "discriminator.minibatch_stddev=2",
    "architecture=mlp head=straight_through encoding=onehot noise=bits objective=wasserstein optimizer=sgd",
    "architecture=dirac head=identity noise=bits noise.dim=1 encoding.capacity=2 pattern.k=1 objective=wasserstein",
)
"""Overrides that together choose every option of a step."""

GROUPS = ("architecture", "discriminator", "encoding", "head", "noise", "objective", "optimizer", "penalty", "update")


class OnlyMeta(TorchDispatchMode):
    """Lets no operation read or make a tensor on another device.

    PyTorch lets some: those that take one number from a tensor, and those that do not compare devices.
    """

    @override
    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        # Fused optimizers have no implementation on this device; they change tensors and return none.
        out = None if "_fused_adam" in str(operation) else operation(*args, **(kwargs or {}))
        devices = {leaf.device.type for leaf in tree_leaves((args, kwargs, out)) if isinstance(leaf, Tensor)}
        assert devices <= {"meta"}, f"{operation} on {devices}"
        return out


@pytest.fixture
def take_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[RunSpec, GAN, tuple[int, ...]], None]:
    """Takes a GAN step on the meta device. Args: what the GAN is made of, the GAN, its axes before the batch."""
    # `torch.optim` has no attribute of the module's name. The function lists the devices of fused optimizers.
    monkeypatch.setattr(sys.modules["torch.optim.optimizer"], "_get_fused_kernels_supported_devices", lambda: ["meta"])
    monkeypatch.setattr(GAN, "_log_at", lambda gan, step: None)  # there is no Trainer

    def one_step(spec: RunSpec, gan: GAN, members: tuple[int, ...]) -> None:
        optimizers = gan.to("meta").configure_optimizers()
        monkeypatch.setattr(gan, "optimizers", lambda use_pl_optimizer: optimizers)
        gan.on_train_start()
        gan.on_train_end()
        reals = spec.rules[2].discriminator_steps * spec.config.batch_size
        integers = torch.empty(*members, reals, dtype=torch.int64, device="meta")
        inputs = [torch.empty(one.shape[0], *members, *one.shape[1:], device="meta") for one in spec.inputs.values()]
        with OnlyMeta():
            gan.gan_step(spec.encoding.encode(integers), *inputs)

    return one_step


def alone_and_together(spec: RunSpec) -> list[tuple[GAN, tuple[int, ...]]]:
    return [(spec.gan(0), ()), (PopulationGAN([spec.gan(0), spec.gan(1)]), (2,))]


@pytest.mark.parametrize("overrides", CASES, ids=range(len(CASES)))
def test_a_step_makes_its_tensors_where_its_weights_are(config, take_step, overrides):
    spec = run_spec(config(*overrides.split(), "batch_size=4"))
    for gan, members in alone_and_together(spec):
        take_step(spec, gan, members)


def test_a_tensor_left_on_the_cpu_is_found(config, take_step, monkeypatch):
    spec = run_spec(config("experiment=plain", "batch_size=4"))
    discriminate = GAN.discriminate
    monkeypatch.setattr(GAN, "discriminate", lambda gan, codes: (torch.zeros(3), discriminate(gan, codes))[1])
    for gan, members in alone_and_together(spec):
        with pytest.raises(AssertionError, match="aten.zeros.default on {'cpu'}"):
            take_step(spec, gan, members)


def test_every_option_of_a_step_is_in_a_case():
    typed = " ".join(CASES).replace("=[r1,r2,wgan_gp]", "=r1 penalty=r2 penalty=wgan_gp").split()
    assert {f"{group}={file.stem}" for group in GROUPS for file in option_files(group)} <= set(typed)
