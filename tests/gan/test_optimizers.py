import pytest
import torch
from torch import nn

from patterngan.gan.optimizers import SGD, Adam, clipped
from patterngan.training.capture import Captured
from patterngan.validation import InvalidValueError


def test_adam_is_torchs_with_these_options():
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    optimizers = Adam(0.01, [0.5, 0.9])(ours.parameters()), torch.optim.Adam(theirs.parameters(), 0.01, (0.5, 0.9))
    for _ in range(20):
        x = torch.randn(4, 3)
        for network, optimizer in zip((ours, theirs), optimizers, strict=True):
            optimizer.zero_grad()
            network(x).square().mean().backward()
            optimizer.step()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-6)


def test_adam_keeps_its_step_counts_side_by_side():
    network = nn.Linear(3, 2)
    optimizer = Adam(0.01, [0.5, 0.9])(network.parameters())

    def step():
        network(torch.ones(1, 3)).sum().backward()
        optimizer.step()
        return [optimizer.state[weight]["step"] for weight in network.parameters()]

    for steps in (1, 2):
        counts = step()
        assert [count.item() for count in counts] == [steps, steps]
        assert counts[0].untyped_storage().data_ptr() == counts[1].untyped_storage().data_ptr()
        optimizer.load_state_dict(optimizer.state_dict())


@pytest.mark.parametrize("betas", [[0.9], [0.9, 1], [-0.1, 0.9], "ab", 3, [0.5, 0.9, 0.99], None])
def test_betas_must_be_two_shares(betas):
    with pytest.raises(InvalidValueError, match="^betas="):
        Adam(0.01, betas)


@pytest.mark.parametrize("capture", [True, False])
def test_a_falling_lr_is_torchs_adam_with_that_lr(capture):
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    optimizer = Adam(0.1, [0.5, 0.9], "linear")(ours.parameters())
    plain = torch.optim.Adam(theirs.parameters(), 0.1, (0.5, 0.9))

    def step(x):
        gradients = torch.autograd.grad(ours(x).square().mean(), list(ours.parameters()))
        for parameter, gradient in zip(ours.parameters(), gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
        return (x,)

    taken = Captured(step) if capture else step
    for index in range(10):
        x = torch.randn(4, 3)
        optimizer.move_to(index / 10, index)
        taken(x)
        plain.param_groups[0]["lr"] = 0.1 * (1 - index / 10)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(plain.param_groups[0]["lr"])
        plain.zero_grad()
        theirs(x).square().mean().backward()
        plain.step()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-6)
    assert optimizer.state_dict()["param_groups"][0]["lr"] == 0.1  # a number: checkpoints hold no schedules


STEPS, WARMUP, LR = 20, 5, 0.1
FULL = {"decay": "cosine", "decay_to": 0.02, "warmup": WARMUP, "weight_decay": 0.3, "clip_norm": 0.5}


def torchs_adamw(parameters):
    """PyTorch's AdamW, and its schedule: a cosine to 2% times a warm-up, as two schedulers of PyTorch."""
    adamw = torch.optim.AdamW(parameters, LR, (0.5, 0.9), weight_decay=0.3)
    warmup = torch.optim.lr_scheduler.LambdaLR(adamw, lambda step: min(1, (step + 1) / WARMUP))
    other = torch.optim.SGD([nn.Parameter(torch.zeros(1))], LR)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(other, STEPS, eta_min=0.02 * LR)

    def step():
        (group,) = adamw.param_groups
        group["lr"] = warmup.get_last_lr()[0] / LR * cosine.get_last_lr()[0]
        adamw.step()
        group["lr"] = LR
        other.step()
        warmup.step()
        cosine.step()

    return step


def taken(options, capture, inputs):
    """The weights and the last gradient norm of a network that takes a step for each input [batch, 3]."""
    network = nn.Linear(3, 2)
    nn.init.ones_(network.weight)
    nn.init.zeros_(network.bias)
    parameters = list(network.parameters())
    optimizer = Adam(LR, [0.5, 0.9], **options)(parameters)

    def step(x):
        gradients = torch.autograd.grad(network(x).square().mean(), parameters)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
        return tuple(parameter.grad for parameter in parameters)

    run = Captured(step) if capture else step
    for index, x in enumerate(inputs):
        optimizer.move_to(index / STEPS, index)
        gradients = run(x)
    return torch.cat([weight.detach().flatten() for weight in parameters]), [one.detach() for one in gradients]


@pytest.mark.parametrize("capture", [True, False])
def test_all_options_together_are_torchs_adamw_with_its_own_schedulers_and_clipping(capture):
    inputs = torch.randn(STEPS, 4, 3, generator=torch.Generator().manual_seed(0))
    inputs[-1] *= 30
    weights, gradients = taken(FULL, capture, inputs)
    network, norms = nn.Linear(3, 2), []
    nn.init.ones_(network.weight)
    nn.init.zeros_(network.bias)
    step = torchs_adamw(network.parameters())
    for x in inputs:
        network.zero_grad()
        network(x).square().mean().backward()
        norms.append(nn.utils.clip_grad_norm_(network.parameters(), 0.5))
        step()
    assert min(norms) < 0.5 < norms[-1]  # some steps are clipped, some are not
    expected = torch.cat([parameter.detach().flatten() for parameter in network.parameters()])
    assert torch.allclose(weights, expected, atol=1e-5)
    assert torch.cat([gradient.flatten() for gradient in gradients]).norm() == pytest.approx(norms[-1].item(), rel=1e-3)


@pytest.mark.parametrize("left_out", [*FULL, None])
def test_a_recorded_step_is_the_step_to_the_bit(left_out):
    inputs = torch.randn(STEPS, 4, 3)
    options = {name: value for name, value in FULL.items() if name != left_out}
    (recorded, _), (plain, _) = (taken(options, capture, inputs) for capture in (True, False))
    assert torch.equal(recorded, plain)
    whole, _ = taken(FULL, False, inputs)
    assert torch.equal(plain, whole) == (left_out is None)


def test_options_that_are_off_change_no_bit():
    inputs = torch.randn(STEPS, 4, 3)
    off = {"decay_to": 0.0, "warmup": 0, "weight_decay": 0.0, "clip_norm": 0.0}
    weights, _ = taken(off, True, inputs)
    network = nn.Linear(3, 2)
    nn.init.ones_(network.weight)
    nn.init.zeros_(network.bias)
    adam = torch.optim.Adam(network.parameters(), LR, (0.5, 0.9), fused=True)
    for x in inputs:
        network.zero_grad()
        network(x).square().mean().backward()
        adam.step()
    assert torch.equal(weights, torch.cat([parameter.detach().flatten() for parameter in network.parameters()]))


@pytest.mark.parametrize("length", [0.0, 0.3, 0.7, 1e30])
def test_a_clipped_gradient_has_at_most_the_norm_asked_for(length):
    weights = [nn.Parameter(torch.zeros(3, 2)), nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(4))]
    for weight in weights:
        weight.grad = torch.full_like(weight, length / 11**0.5)
    before = torch.cat([weight.grad.flatten() for weight in weights]).clone()
    after = torch.cat([gradient.flatten() for gradient in clipped(weights, torch.tensor(0.5))])
    share = 0 if length > 1e19 else min(1, 0.5 / max(length, 1e-9))  # its square is no longer a number
    assert torch.allclose(after, before * share)
    assert torch.equal(before, torch.cat([weight.grad.flatten() for weight in weights]))


@pytest.mark.parametrize(
    ("option", "value"),
    [("decay_to", 1.5), ("decay_to", -1), ("warmup", -1), ("warmup", 2.0), ("weight_decay", -1), ("clip_norm", -1)],
)
def test_impossible_options_name_the_value(option, value):
    with pytest.raises(InvalidValueError, match=f"^{option}={value}: must be"):
        Adam(0.1, [0.5, 0.9], **{option: value})


def test_gradient_descent_goes_its_lr_along_the_gradient():
    weight = nn.Parameter(torch.randn(3))
    start, weight.grad = weight.detach().clone(), torch.randn(3)
    optimizer = SGD(0.5, "cosine")([weight])
    optimizer.move_to(0.5, 9)
    optimizer.step()
    assert torch.allclose(weight, start - 0.25 * weight.grad)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.25)
    assert optimizer.state_dict()["param_groups"][0]["lr"] == 0.5


@pytest.mark.parametrize(
    ("lr", "decay", "named"), [(0, "none", "lr=0"), ([1, 0], "none", "lr="), (1, "steep", "decay=")]
)
def test_impossible_rates_name_the_value(lr, decay, named):
    for factory in (lambda: Adam(lr, [0.5, 0.9], decay), lambda: SGD(lr, decay)):
        with pytest.raises(InvalidValueError, match=f"^{named}"):
            factory()
