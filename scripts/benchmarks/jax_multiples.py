"""The multiples recipe for many members as a JAX program, which `sweep.py` compares populations with.

Prints the median time of a member's GAN step in microseconds.
"""

import statistics
import time
from typing import Any

import jax
import jax.numpy as jnp

from patterngan.arguments import OneLineParser, positive

BLOCK = 50
"""GAN steps in one compiled call, as many as patterngan's blocks have."""


def initial(key: Any) -> tuple[Any, Any]:
    """Returns weights of Linear(100, 25) and Linear(25, 1), drawn as PyTorch draws them."""
    keys = jax.random.split(key, 4)

    def uniform(key: Any, shape: tuple[int, ...], inputs: int) -> Any:
        return jax.random.uniform(key, shape, minval=-(inputs**-0.5), maxval=inputs**-0.5)

    generator = {"weight": uniform(keys[0], (100, 25), 100), "bias": uniform(keys[1], (25,), 100)}
    return generator, {"weight": uniform(keys[2], (25, 1), 25), "bias": uniform(keys[3], (1,), 25)}


def generate(weights: Any, noise: Any) -> Any:
    """Returns codes `[batch, 25]` of noise `[batch, 100]`."""
    return jax.nn.relu(noise @ weights["weight"] + weights["bias"])


def discriminate(weights: Any, codes: Any) -> Any:
    """Returns logits `[batch]`."""
    return (codes @ weights["weight"] + weights["bias"])[:, 0]


def adam(weights: Any, gradient: Any, moments: Any, step: Any, lr: Any) -> tuple[Any, Any]:
    """Returns weights and moments after one step of Adam."""
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, moments[0], gradient)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, moments[1], gradient)
    scale = lr / (1 - 0.9**step)
    moved = jax.tree.map(
        lambda w, m, v: w - scale * m / (jnp.sqrt(v / (1 - 0.999**step)) + 1e-8), weights, first, second
    )
    return moved, (first, second)


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


@jax.jit  # type: ignore[untyped-decorator]
def block(state: Any, lrs: Any) -> Any:
    """Trains all members for `BLOCK` steps."""
    return jax.lax.scan(lambda state, _: jax.vmap(gan_step)(state, lrs), state, None, length=BLOCK)


def microseconds(members: int, blocks: int) -> float:
    """Returns the median time of a member's step, over blocks."""
    keys = jax.random.split(jax.random.key(0), members)
    generator, discriminator = jax.vmap(initial)(keys)

    def zeros(weights: Any) -> Any:
        return jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights)

    state = (generator, discriminator, zeros(generator), zeros(discriminator), jnp.zeros(members), keys)
    lrs, times = jnp.full(members, 1e-3), []
    for _ in range(blocks + 1):  # the first compiles
        start = time.perf_counter()
        state, _ = jax.block_until_ready(block(state, lrs))
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:]) / BLOCK / members * 1e6


def main() -> None:
    """Parses the command line, then measures."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--members", type=positive, required=True, help="GANs trained at once")
    parser.add_argument("--blocks", type=positive, required=True, help=f"blocks of {BLOCK} steps")
    arguments = parser.parse_args()
    print(microseconds(arguments.members, arguments.blocks))


if __name__ == "__main__":
    main()
