"""The GAN step of the recipe `experiment=multiples_of_five` in JAX."""

from typing import Any

import jax
import jax.numpy as jnp

from scripts.benchmarks.jax_parts import adam, affine, linear, still


def initial(key: Any) -> tuple[Any, ...]:
    """Returns a member's state before its first step: Linear(100, 25), Linear(25, 1), and their Adams."""
    generator, discriminator, steps = jax.random.split(key, 3)
    g, d = linear(generator, 100, 25), linear(discriminator, 25, 1)
    return g, d, still(g), still(d), jnp.zeros(()), steps


def generate(weights: Any, noise: Any) -> Any:
    """Returns codes `[batch, 25]` of noise `[batch, 100]`."""
    return jax.nn.relu(affine(weights, noise))


def discriminate(weights: Any, codes: Any) -> Any:
    """Returns logits `[batch]`."""
    return affine(weights, codes)[:, 0]


def gan_step(state: Any, lr: Any) -> tuple[Any, Any]:
    """Steps D on the shuffled multiples of five, D on fakes, then G on fresh fakes; returns state and losses."""
    generator, discriminator, g_moments, d_moments, step, key = state
    key, deal, first, second = jax.random.split(key, 4)
    integers = jax.random.permutation(deal, 10) * 5
    reals = jnp.concatenate([jax.nn.one_hot(integers // 5, 20), jax.nn.one_hot(integers % 5, 5)], -1)
    softplus = jax.nn.softplus

    real, slope = jax.value_and_grad(lambda d: softplus(-discriminate(d, reals)).mean())(discriminator)
    discriminator, d_moments = adam(discriminator, slope, d_moments, 2 * step + 1, lr)
    fakes = generate(generator, jax.random.normal(first, (10, 100)))
    fake, slope = jax.value_and_grad(lambda d: softplus(discriminate(d, fakes)).mean())(discriminator)
    discriminator, d_moments = adam(discriminator, slope, d_moments, 2 * step + 2, lr)

    noise = jax.random.normal(second, (10, 100))
    loss, slope = jax.value_and_grad(lambda g: softplus(-discriminate(discriminator, generate(g, noise))).mean())(
        generator
    )
    generator, g_moments = adam(generator, slope, g_moments, step + 1, lr)
    return (generator, discriminator, g_moments, d_moments, step + 1, key), (loss, (real + fake) / 2)
