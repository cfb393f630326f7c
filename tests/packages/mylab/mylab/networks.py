"""Networks."""

from torch import Tensor, nn

from patterngan.gan.networks import mlp


class Skip(nn.Module):
    """A hidden layer, to whose output a linear layer of the input is added."""

    def __init__(self, inputs: int, outputs: int, width: int) -> None:
        super().__init__()
        self.skip = nn.Linear(inputs, outputs)
        self.hidden = mlp(inputs, outputs, width, depth=1, activation="gelu")

    def forward(self, x: Tensor) -> Tensor:
        """[..., inputs] → [..., outputs]."""
        return self.skip(x) + self.hidden(x)
