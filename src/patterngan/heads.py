"""Heads: what turns the generator's raw output into codes."""

from torch import nn


def sigmoid() -> nn.Module:
    """Each entry squeezed to (0, 1): the probability of a bit."""
    return nn.Sigmoid()


def relu() -> nn.Module:
    """Each entry cut off at 0, unbounded above: only which one is largest matters once decoded."""
    return nn.ReLU()
