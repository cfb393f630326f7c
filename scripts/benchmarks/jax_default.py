"""The GAN step of the default recipe in JAX, in either encoding.

Codes are written one symbol after another by a loop that JAX unrolls. The pass that writes them is the one that is
differentiated; explored rows take their proposals' symbols in it. As a code begins, so does the network's input: no
prefix is looked up, each row is computed.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp

from scripts.benchmarks.jax_parts import adam, affine, linear, still

BATCH, WIDTH, STEPS, EMA, BETAS = 256, 64, 3000, 0.998, (0.5, 0.99)
EXPLORED = 103
"""Uniformly random codes in a batch of fakes."""


class Recipe:
    """The default recipe on codes of these symbols: 1 for a bit, n for a one-hot of n categories.

    `reals` maps a key to codes `[batch, width]` of integers that obey the pattern.
    """

    def __init__(self, symbols: tuple[int, ...], reals: Callable[[Any], Any]) -> None:
        self.symbols, self.reals, self.width = symbols, reals, sum(symbols)
        self.log_uniform = -sum(math.log(max(size, 2)) for size in symbols)

    def initial(self, key: Any) -> tuple[Any, ...]:
        """Returns a member's state before its first step: G, its running average, D, their Adams, step and key."""
        keys = iter(jax.random.split(key, 2 * len(self.symbols) + 5))
        generator = {
            "firsts": [linear(next(keys), self.width, WIDTH) for _ in self.symbols],
            "shared": linear(next(keys), WIDTH, WIDTH),
            "writes": [linear(next(keys), WIDTH, size) for size in self.symbols],
        }
        sizes = (self.width, WIDTH, WIDTH, 1)
        discriminator = [linear(next(keys), *pair) for pair in pairwise(sizes)]
        states = still(generator), still(discriminator)
        return generator, generator, discriminator, *states, jnp.zeros(()), next(keys)

    def write(self, weights: Any, key: Any) -> tuple[Any, Any]:
        """Returns codes `[batch, width]`, the first ones explored, and their log-probabilities `[batch]`."""
        codes, log_p, start = jnp.zeros((BATCH, self.width)), jnp.zeros(BATCH), 0
        for index, size in enumerate(self.symbols):
            key, draw, explore = jax.random.split(key, 3)
            hidden = leaky(affine(weights["shared"], leaky(affine(weights["firsts"][index], codes), 0.2)), 0.2)
            raw = affine(weights["writes"][index], hidden)
            proposed = drawn(explore, jnp.zeros((EXPLORED, size)))
            symbol = jnp.concatenate([proposed, drawn(draw, raw[EXPLORED:])])
            log_p = log_p + log_probability(raw, symbol)
            codes = codes.at[:, start : start + size].set(symbol)
            start += size
        return codes, log_p

    def generator_loss(self, generator: Any, discriminator: Any, key: Any) -> tuple[Any, Any]:
        """Returns the boundary-seeking loss, and the fakes that it is of."""
        codes, log_p = self.write(generator, key)
        share = EXPLORED / BATCH
        weights = jax.nn.softmax(discriminate(discriminator, codes))
        baseline = 1 / (1 - share + share * jnp.exp(self.log_uniform - log_p))
        return -(jax.lax.stop_gradient(BATCH * weights - baseline) * log_p).mean(), codes

    def gan_step(self, state: Any, lr: Any) -> tuple[Any, Any]:
        """Steps G on fakes, then D on reals and the same fakes; returns state and losses."""
        generator, average, discriminator, g_moments, d_moments, step, key = state
        key, fake_key, real_key = jax.random.split(key, 3)
        lr = lr * (1 - step / STEPS)
        losses = jax.value_and_grad(self.generator_loss, has_aux=True)
        (g_loss, fakes), slope = losses(generator, discriminator, fake_key)
        generator, g_moments = adam(generator, slope, g_moments, step + 1, lr, BETAS)

        reals = self.reals(real_key)
        d_loss, slope = jax.value_and_grad(discriminator_loss)(discriminator, reals, fakes)
        discriminator, d_moments = adam(discriminator, slope, d_moments, step + 1, lr, BETAS)
        average = jax.tree.map(lambda a, w: EMA * a + (1 - EMA) * w, average, generator)
        return (generator, average, discriminator, g_moments, d_moments, step + 1, key), (g_loss, d_loss)


def leaky(values: Any, slope: float) -> Any:
    """Leaky ReLU."""
    return jax.nn.leaky_relu(values, slope)


def drawn(key: Any, raw: Any) -> Any:
    """Returns hard symbols `[batch, size]` drawn from raw outputs: a bit, or a one-hot."""
    if raw.shape[-1] == 1:
        return (raw + jax.random.logistic(key, raw.shape) > 0).astype(raw.dtype)
    return jax.nn.one_hot(jax.random.categorical(key, raw), raw.shape[-1])


def log_probability(raw: Any, symbol: Any) -> Any:
    """Returns the log-probabilities `[batch]` of hard symbols `[batch, size]`."""
    if raw.shape[-1] == 1:
        return (symbol * raw - jax.nn.softplus(raw))[:, 0]
    return (jax.nn.log_softmax(raw) * symbol).sum(-1)


def discriminate(weights: Any, codes: Any) -> Any:
    """Returns logits `[batch]`."""
    hidden = leaky(affine(weights[1], leaky(affine(weights[0], codes), 0.01)), 0.01)
    return affine(weights[2], hidden)[:, 0]


def discriminator_loss(weights: Any, reals: Any, fakes: Any) -> Any:
    """Returns the mean of D's losses on reals and on fakes."""
    real, fake = discriminate(weights, reals), discriminate(weights, fakes)
    return (jax.nn.softplus(-real).mean() + jax.nn.softplus(fake).mean()) / 2


def even_bits(key: Any) -> Any:
    """Returns the bits `[batch, 7]` of even numbers below 128."""
    integers = 2 * jax.random.randint(key, (BATCH, 1), 0, 64)
    return ((integers >> jnp.arange(6, -1, -1)) & 1).astype(jnp.float32)


def fives_onehot(key: Any) -> Any:
    """Returns the one-hots `[batch, 20 + 5]` of multiples of five below 100."""
    integers = 5 * jax.random.randint(key, (BATCH,), 0, 20)
    return jnp.concatenate([jax.nn.one_hot(integers // 5, 20), jax.nn.one_hot(integers % 5, 5)], -1)


BINARY = Recipe((1,) * 7, even_bits)
ONEHOT = Recipe((20, 5), fives_onehot)
