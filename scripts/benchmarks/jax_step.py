"""The time of a member's GAN step in JAX: `python scripts/benchmarks/jax_step.py --recipe binary --members 16`.

The programs are what a user of JAX would write: jit of a scan over steps of vmap over members. It prints microseconds,
the median over blocks. `populations.py` compares populations with them.
"""

import statistics
import sys
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

sys.path.insert(0, str(Path(__file__).parents[2]))

from patterngan.arguments import OneLineParser, positive
from patterngan.cli import script
from scripts.benchmarks import jax_default, jax_multiples

RECIPES = {
    "multiples": (jax_multiples, 1e-3),
    "binary": (jax_default.BINARY, 1e-2),
    "onehot": (jax_default.ONEHOT, 1e-2),
}
"""What makes a member's state and what steps it, and its learning rate."""

BLOCK = 50
"""GAN steps in one compiled call, as many as patterngan's blocks have."""


def microseconds(recipe: Any, lr: float, members: int, blocks: int) -> float:
    """Returns the median time of a member's step, over blocks."""
    lrs = jnp.full(members, lr)

    def block(state: Any) -> Any:
        return jax.lax.scan(lambda state, _: jax.vmap(recipe.gan_step)(state, lrs), state, None, length=BLOCK)

    compiled, times = jax.jit(block), []
    state = jax.vmap(recipe.initial)(jax.random.split(jax.random.key(0), members))
    for _ in range(blocks + 1):  # the first compiles
        start = time.perf_counter()
        state, _ = jax.block_until_ready(compiled(state))
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:]) / BLOCK / members * 1e6


def main() -> None:
    """Parses the command line, then measures."""
    parser = OneLineParser(description=__doc__)
    parser.add_argument("--recipe", choices=RECIPES, required=True, help="the recipe")
    parser.add_argument("--members", type=positive, default=1, help="GANs trained at once (1)")
    parser.add_argument("--blocks", type=positive, default=8, help=f"blocks of {BLOCK} steps that are timed (8)")
    arguments = parser.parse_args()
    print(microseconds(*RECIPES[arguments.recipe], arguments.members, arguments.blocks))


if __name__ == "__main__":
    script(main)
