import pytest
import torch
from torch import Tensor, nn

from patterngan.gan.optimizers import SGD, Adam
from patterngan.population.optimizers import PopulationAdam, PopulationSGD, ShardedOptimizer
from patterngan.training.capture import Captured


def test_members_follow_torchs_adam_with_their_own_lr_and_betas():
    settings = [Adam(lr, betas) for betas in ([0.9, 0.999], [0.5, 0.9]) for lr in (1e-3, 1e-2, 1.0)]
    alone = [[nn.Parameter(torch.randn(3, 2)), nn.Parameter(torch.randn(4))] for _ in settings]
    optimizers = [one(parameters) for one, parameters in zip(settings, alone, strict=True)]
    together = [nn.Parameter(torch.stack([one[i].detach() for one in alone])) for i in range(2)]
    population = PopulationAdam(together, settings)
    assert len(population.cuts) == 2
    for step in range(60):
        if step == 30:
            restored = PopulationAdam(together, settings)
            restored.load_state_dict(population.state_dict())
            population = restored
        for index, stacked in enumerate(together):
            stacked.grad = torch.randn_like(stacked)
            for member, one in enumerate(alone):
                one[index].grad = stacked.grad[member].clone()
        for optimizer in (population, *optimizers):
            optimizer.step()
    for member, (one, optimizer) in enumerate(zip(alone, optimizers, strict=True)):
        for index, parameter in enumerate(one):
            assert torch.allclose(together[index][member], parameter, rtol=1e-5, atol=1e-5)
            state, own = population.state_dict()["state"][index], optimizer.state_dict()["state"][index]
            assert torch.equal(state["step"], own["step"])
            assert torch.allclose(state["exp_avg_sq"][member], own["exp_avg_sq"])
        assert population.state_dict()["param_groups"][member] == optimizer.state_dict()["param_groups"]


OPTIONS = [
    {},
    {"weight_decay": 0.5},
    {"weight_decay": 0.1, "clip_norm": 2.0, "warmup": 20, "decay": "cosine", "decay_to": 0.02},
    {"clip_norm": 0.5, "warmup": 7},
    {"clip_norm": 1e9, "decay": "linear"},
]
"""Of members whose gradients have norms around 3."""


def torchs_steps(weights: list[Tensor], gradients: list[list[Tensor]], rates: list[float], options: dict) -> None:
    """Steps of PyTorch's AdamW with these learning rates, each after PyTorch's clipping."""
    adamw = torch.optim.AdamW(weights, 0.1, (0.5, 0.9), weight_decay=options.get("weight_decay", 0.0))
    for step, rate in enumerate(rates):
        for weight, gradient in zip(weights, gradients[step], strict=True):
            weight.grad = gradient.clone()
        if options.get("clip_norm"):
            nn.utils.clip_grad_norm_(weights, options["clip_norm"])
        adamw.param_groups[0]["lr"] = rate
        adamw.step()


@pytest.mark.parametrize("capture", [True, False])
def test_members_follow_torchs_adamw_and_clipping_with_options_of_their_own(capture):
    settings = [Adam(0.01, [0.5, 0.9], **options) for options in OPTIONS]
    together = [nn.Parameter(torch.randn(len(OPTIONS), *shape)) for shape in ((3, 2), (4,), ())]
    start = [stacked.detach().clone() for stacked in together]
    gradients = [[torch.randn_like(stacked) for stacked in together] for _ in range(60)]
    population = PopulationAdam(together, settings)
    assert population.warmup == 20

    def take(*gradients):
        for stacked, gradient in zip(together, gradients, strict=True):
            stacked.grad = gradient
        population.step()
        return gradients

    taken = Captured(take) if capture else take
    with torch.no_grad():
        for step in range(60):
            population.move_to(step / 60, step)
            taken(*gradients[step])
    for member, (one, options) in enumerate(zip(settings, OPTIONS, strict=True)):
        weights = [nn.Parameter(stacked[member].clone()) for stacked in start]
        own = [[stacked[member] for stacked in row] for row in gradients]
        torchs_steps(weights, own, [one.lr.at(step / 60, step) for step in range(60)], options)
        for stacked, weight in zip(together, weights, strict=True):
            assert torch.allclose(stacked[member], weight, rtol=1e-5, atol=2e-5)
        assert population.state_dict()["param_groups"][member] == one(weights).state_dict()["param_groups"]
    assert set(population.state_dict()["state"][0]) == {"step", "exp_avg", "exp_avg_sq"}


def test_a_population_without_options_keeps_nothing_for_them():
    population = PopulationAdam([nn.Parameter(torch.randn(2, 3))], [Adam(0.1, [0.5, 0.9])] * 2)
    assert population.shaped_kept is None
    assert population.clip_norms is None
    assert population.warmup == 0


def test_members_descend_with_their_own_lr_as_they_would_alone():
    settings = [SGD(0.1), SGD(0.5, "cosine")]
    together = nn.Parameter(torch.randn(2, 3))
    alone = [nn.Parameter(row.detach().clone()) for row in together]
    population = PopulationSGD([together], settings)
    single = [one([parameter]) for one, parameter in zip(settings, alone, strict=True)]
    start, gradient = together.detach().clone(), torch.randn(2, 3)
    together.grad = gradient
    for parameter, own in zip(alone, gradient, strict=True):
        parameter.grad = own
    for optimizer in (population, *single):
        optimizer.move_to(0.5, 9)
        optimizer.step()
    expected = start - torch.tensor([[0.1], [0.25]]) * gradient
    assert torch.allclose(together, expected)
    assert torch.allclose(torch.stack(alone), expected)


def test_shards_have_the_state_and_the_rates_of_one_optimizer_of_all_members():
    settings = [Adam(lr, [0.5, 0.9], "cosine", warmup=int(100 * lr)) for lr in (0.1, 0.2, 0.3)]
    together = [nn.Parameter(torch.randn(3, *shape)) for shape in ((2,), ())]
    whole, cut = PopulationAdam(together, settings), [slice(0, 2), slice(2, 3)]
    parts = [[nn.Parameter(stacked.detach()[members].clone()) for stacked in together] for members in cut]
    shards = [PopulationAdam(part, settings[members]) for part, members in zip(parts, cut, strict=True)]
    sharded = ShardedOptimizer(shards)
    assert sharded.warmup == whole.warmup == 30
    for step in range(3):
        for index, stacked in enumerate(together):
            stacked.grad = torch.randn_like(stacked)
            for part, members in zip(parts, cut, strict=True):
                part[index].grad = stacked.grad[members].clone()
        for optimizer in (whole, sharded):
            optimizer.move_to(0.5, step)
        for optimizer in (whole, *shards):
            optimizer.step()
    assert_equal_states(sharded.state_dict(), whole.state_dict())
    assert all(
        torch.allclose(torch.cat([part[index] for part in parts]), stacked) for index, stacked in enumerate(together)
    )
    for optimizer in shards:
        optimizer.step()
    sharded.load_state_dict(whole.state_dict())
    assert_equal_states(sharded.state_dict(), whole.state_dict())


def assert_equal_states(ours, theirs):
    assert ours["param_groups"] == theirs["param_groups"]
    assert ours["state"].keys() == theirs["state"].keys()
    for index, values in theirs["state"].items():
        assert ours["state"][index].keys() == values.keys()
        assert all(torch.allclose(ours["state"][index][name], value) for name, value in values.items())
