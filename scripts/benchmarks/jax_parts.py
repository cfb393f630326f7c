"""What the JAX programs share: linear maps, and Adam."""

from typing import Any

import jax
import jax.numpy as jnp


def linear(key: Any, inputs: int, outputs: int) -> dict[str, Any]:
    """Returns the weights of an affine map, drawn as PyTorch draws them."""
    bound = inputs**-0.5
    weight, bias = jax.random.split(key)
    return {
        "weight": jax.random.uniform(weight, (inputs, outputs), minval=-bound, maxval=bound),
        "bias": jax.random.uniform(bias, (outputs,), minval=-bound, maxval=bound),
    }


def affine(weights: Any, inputs: Any) -> Any:
    """Maps `[..., inputs]` to `[..., outputs]`."""
    return inputs @ weights["weight"] + weights["bias"]


def still(weights: Any) -> tuple[Any, Any]:
    """Returns Adam's two moments before its first step."""
    return jax.tree.map(jnp.zeros_like, weights), jax.tree.map(jnp.zeros_like, weights)


def adam(
    weights: Any, gradient: Any, moments: Any, step: Any, lr: Any, betas: tuple[float, float] = (0.9, 0.999)
) -> tuple[Any, Any]:
    """Returns weights and moments after step number `step`, from 1, of Adam."""
    one, two = betas
    first = jax.tree.map(lambda m, g: one * m + (1 - one) * g, moments[0], gradient)
    second = jax.tree.map(lambda v, g: two * v + (1 - two) * g * g, moments[1], gradient)
    scale, correction = lr / (1 - one**step), 1 - two**step
    moved = jax.tree.map(lambda w, m, v: w - scale * m / (jnp.sqrt(v / correction) + 1e-8), weights, first, second)
    return moved, (first, second)
