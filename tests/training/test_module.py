"""The GAN against plain PyTorch: loops written from the recipes' table, with none of our training code."""

import copy
import pickle

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from patterngan.runs.assembly import assemble
from patterngan.training import module
from patterngan.training.inputs import with_instance_noise
from patterngan.training.module import DivergedError
from tests.support.training import fit

STEPS = 200
CPU = torch.device("cpu")


def trained(config, *overrides, callbacks=()):
    """Trains through Lightning; returns the GAN, and what it started from: weights, reals and noise."""
    recipe = [] if any("experiment=" in override for override in overrides) else ["experiment=plain"]
    composed = config(*recipe, f"steps={STEPS}", *overrides)
    gan, data = assemble(composed)
    networks = copy.deepcopy((gan.generator, gan.discriminator))
    trainer = fit(composed, gan, data, callbacks=[*callbacks])
    assert trainer.global_step == STEPS
    return gan, networks, data.read(0, STEPS, CPU), gan.streams["noise"].read(0, STEPS, CPU)


def assert_same_weights(gan, generator, discriminator):
    expected = [*generator.parameters(), *discriminator.parameters()]
    for ours, plain in zip(gan.parameters(), expected, strict=True):
        assert torch.allclose(ours, plain, rtol=0, atol=1e-6)


@pytest.mark.parametrize("capture", ["true", "false"])
def test_even_numbers_follow_the_plain_loop(config, capture):
    gan, (generator, discriminator), reals, noise = trained(
        config, "experiment=even_numbers", "evaluate_every=60", f"capture={capture}"
    )
    assert type(generator[0]) is nn.Linear
    bce, one, zero = nn.BCELoss(), torch.ones(16, 1), torch.zeros(16, 1)
    generator_adam = torch.optim.Adam(generator.parameters(), lr=1e-3)
    discriminator_adam = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
    for x, z in zip(reals, noise, strict=True):
        assert x.shape == (16, 7)
        assert z.shape == (1, 16, 7)
        fakes = generator[0](z[0]).sigmoid()
        generator_adam.zero_grad()
        bce(torch.sigmoid(discriminator(fakes)), one).backward()
        generator_adam.step()

        discriminator_adam.zero_grad()
        real_loss = bce(torch.sigmoid(discriminator(x)), one)
        fake_loss = bce(torch.sigmoid(discriminator(fakes.detach())), zero)
        ((real_loss + fake_loss) / 2).backward()
        discriminator_adam.step()
    assert_same_weights(gan, generator, discriminator)


@pytest.mark.parametrize("capture", ["true", "false"])
def test_multiples_of_five_follow_the_plain_loop(config, capture):
    gan, (generator, discriminator), reals, noise = trained(
        config, "experiment=multiples_of_five", "evaluate_every=90", f"capture={capture}"
    )
    assert type(generator[0]) is nn.Linear
    bce, one, zero = nn.BCELoss(), torch.ones(10, 1), torch.zeros(10, 1)
    generator_adam = torch.optim.Adam(generator.parameters(), lr=1e-3)
    discriminator_adam = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
    for x, (first, second) in zip(reals, noise, strict=True):
        assert x.shape == (10, 25)
        assert x.sum(0)[:10].tolist() == [1.0] * 10  # each of the ten once
        discriminator_adam.zero_grad()
        bce(torch.sigmoid(discriminator(x)), one).backward()
        discriminator_adam.step()

        discriminator_adam.zero_grad()
        bce(torch.sigmoid(discriminator(generator[0](first).relu())), zero).backward()
        discriminator_adam.step()

        generator_adam.zero_grad()
        bce(torch.sigmoid(discriminator(generator[0](second).relu())), one).backward()
        generator_adam.step()
    assert_same_weights(gan, generator, discriminator)


@pytest.mark.parametrize(
    "options",
    [
        "architecture=linear",
        "architecture=mlp update=alternating head=relu objective.smoothing=[0.2,0] discriminator.minibatch_stddev=4",
        "update=critic update.discriminator_steps=3 objective=wasserstein penalty=wgan_gp discriminator.pack=2",
        "objective=relativistic penalty=[r1,r2] penalty.r1.gamma=[1,0.1] encoding=onehot head=gumbel_straight_through",
        "update.instance_noise=[0.2,0] penalty=r1 discriminator.spectral_norm=true head=softmax objective=hinge",
        "architecture=recurrent head=straight_through head.temperature=[1,0.5,exponential] objective=least_squares",
        "batch_size=32 update.ema=[0.9,0.99]",
    ],
)
@pytest.mark.end_to_end
def test_capture_changes_no_bit(config, options):
    few = [
        *([] if "batch_size" in options else ["experiment=plain"]),
        *options.split(),
        "steps=120",
        "evaluation.samples=100",
    ]
    states = []
    for capture in ("true", "false"):
        composed = config(*few, f"capture={capture}")
        gan, data = assemble(composed)
        fit(composed, gan, data)
        states.append(gan.state_dict().values())
    assert all(torch.equal(a, b) for a, b in zip(*states, strict=True))


@pytest.mark.parametrize(
    "options",
    ["", "encoding=onehot pattern.k=5", "encoding=digits encoding.capacity=100", "+trainer.precision=64-true"],
)
def test_reading_each_code_once_is_reading_all(config, monkeypatch, options):
    composed = config(*options.split(), "steps=20", "evaluation.samples=100", "lr=1e-4")
    weights, real = [], module.reads_few_codes
    for few in (True, False):
        monkeypatch.setattr(module, "reads_few_codes", lambda *given, few=few: real(*given) and few)
        gan, data = assemble(composed)
        fit(composed, gan, data)
        weights.append(list(gan.parameters()))
    assert real(gan.discriminator, gan.objective.hard_symbols, 256)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(*weights, strict=True))


def test_evaluating_more_or_otherwise_changes_no_weight(config):
    often, *_ = trained(config, "evaluate_every=7", "evaluation.samples=10")
    rarely, *_ = trained(config, "evaluate_every=1000")
    assert all(torch.equal(a, b) for a, b in zip(often.parameters(), rarely.parameters(), strict=True))


class Norms(pl.Callback):
    """Reads the gradients' norms after every block."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, trainer, gan, outputs, batch, batch_idx):
        self.seen.append((gan.gradient_norms(gan.generator), gan.gradient_norms(gan.discriminator)))


def test_gradients_of_a_replayed_step_can_be_read(config):
    replayed, plain = Norms(), Norms()
    trained(config, callbacks=[replayed])
    trained(config, "capture=false", callbacks=[plain])
    assert len(replayed.seen) == 4
    assert replayed.seen == plain.seen


@pytest.mark.parametrize(("seed", "same"), [(0, True), (1, False)])
def test_initial_weights_come_from_the_seed_alone(config, seed, same):
    torch.manual_seed(1234)
    first = assemble(config("experiment=plain"))[0]
    torch.manual_seed(99)
    state = torch.get_rng_state()
    second = assemble(config("experiment=plain", f"seed={seed}"))[0]
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.generator[0][0].weight, second.generator[0][0].weight) is same


def test_two_time_scales(config):
    gan = assemble(config("lr=1e-4", "optimizer.discriminator.lr=4e-4"))[0]
    assert [optimizer.param_groups[0]["lr"] for optimizer in gan.configure_optimizers()] == [1e-4, 4e-4]


def test_an_evaluation_enumerates_few_random_bits(config):
    gan = assemble(config("experiment=even_numbers"))[0]
    found = gan.evaluate()
    codes = gan.generator(gan.evaluator.noise.enumerate(CPU))
    integers = gan.evaluator.encoding.decode(codes)
    assert found.metrics["exact"] is True
    assert found.metrics["validity"] == (integers % 2 == 0).double().mean()
    assert found.metrics["d_fake"] == pytest.approx(gan.discriminator(codes).sigmoid().mean().item())


class Followed(pl.Callback):
    """Keeps the generator's first weight after every block."""

    def __init__(self):
        self.seen = []

    def on_train_batch_end(self, trainer, gan, outputs, batch, batch_idx):
        self.seen.append(gan.generator[0][0].weight.detach().clone())


@pytest.mark.parametrize("capture", ["true", "false"])
def test_the_running_average_by_hand(config, capture):
    followed = Followed()
    composed = config("experiment=plain", "update.ema=0.75", "steps=6", "evaluate_every=1", f"capture={capture}")
    gan, data = assemble(composed)
    average = gan.generator[0][0].weight.detach().clone()
    fit(composed, gan, data, callbacks=[followed], num_sanity_val_steps=0)
    assert len(followed.seen) == 6
    for weight in followed.seen:
        average = 0.75 * average + 0.25 * weight
    assert torch.allclose(gan.average[0][0].weight, average, atol=1e-6)
    assert gan.trained_generator is gan.average


def test_instance_noise_is_fresh_at_every_forward_pass(config):
    gan, _ = assemble(config("experiment=plain", "update.instance_noise=0.5", "batch_size=512", "capture=false"))
    noise = gan.streams["instance_noise"].read(0, 1, CPU)[0]
    assert noise.shape == (4, 512, 7)
    seen = []
    noisy = with_instance_noise(lambda codes: seen.append(codes) or codes.sum(-1), noise, torch.tensor(0.5))
    for _ in range(4):
        noisy(torch.ones(512, 7))
    assert torch.equal(torch.stack(seen), 1 + 0.5 * noise)
    assert noise.std().item() == pytest.approx(1, abs=0.05)


def test_the_error_of_a_run_that_diverged_travels_between_processes():
    error = pickle.loads(pickle.dumps(DivergedError(7)))
    assert (error.step, str(error)) == (7, str(DivergedError(7)))
