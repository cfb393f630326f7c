"""Two small GANs that make integers, in plain PyTorch: `python scripts/plain_gan.py evens`, or `fives`.

A GAN is two networks that are trained against each other. The generator G turns random noise into a code, an integer
written as a vector. The discriminator D reads a code and says how probable it is that the code is real. D is trained to
tell real codes from G's fakes, G to make fakes that D takes for real. G never sees a real code: it learns through D.
"""

import argparse
import random
from collections.abc import Callable

import torch
from torch import Tensor, nn

Sample = Callable[[int], list[int]]  # a trained generator: makes that many integers
EVENS = range(0, 128, 2)
FIVES = range(0, 50, 5)


def encode_bits(integer: int) -> Tensor:
    """Seven bits, the most significant first: 6 is 0000110."""
    return torch.tensor([float(bit) for bit in f"{integer:07b}"])


def decode_bits(codes: Tensor) -> list[int]:
    """The integers of codes `[batch, 7]`. G writes numbers between 0 and 1: above one half a bit is on."""
    return ((codes > 0.5) * 2 ** torch.arange(6, -1, -1)).sum(-1).tolist()


def one_hot(position: int, depth: int) -> Tensor:
    """A vector of zeros with a single one."""
    vector = torch.zeros(depth)
    vector[position] = 1
    return vector


def encode_one_hots(integer: int) -> Tensor:
    """The quotient by five (one of 20) beside the remainder (one of 5): 25 numbers, two of which are 1."""
    return torch.cat([one_hot(integer // 5, 20), one_hot(integer % 5, 5)])


def decode_one_hots(codes: Tensor) -> list[int]:
    """The integers of codes `[batch, 25]`: the largest of the first 20 numbers, and of the last 5."""
    return (codes[:, :20].argmax(-1) * 5 + codes[:, 20:].argmax(-1)).tolist()


def descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Takes one optimizer step. A loss leaves gradients in both networks; each zeroes its own before it steps."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def show(step: int, discriminator_loss: Tensor, generator_loss: Tensor, integers: list[int]) -> None:
    """Prints the losses beside what G makes: the losses alone do not say whether it is right."""
    samples = " ".join(map(str, integers[:10]))
    print(f"step {step:5}  D {discriminator_loss.item():.3f}  G {generator_loss.item():.3f}  {samples}")


def train_evens(steps: int) -> Sample:
    """Even numbers below 128: G steps first, then D steps on the same fakes."""
    generator = nn.Sequential(nn.Linear(7, 7), nn.Sigmoid())
    discriminator = nn.Sequential(nn.Linear(7, 1), nn.Sigmoid())
    generator_adam = torch.optim.Adam(generator.parameters(), lr=1e-3)
    discriminator_adam = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
    bce, real, fake = nn.BCELoss(), torch.ones(16, 1), torch.zeros(16, 1)
    for step in range(steps):
        reals = torch.stack([encode_bits(integer) for integer in random.choices(EVENS, k=16)])
        fakes = generator(torch.randint(2, (16, 7)).float())
        generator_loss = bce(discriminator(fakes), real)  # small where D takes fakes for real
        descend(generator_loss, generator_adam)

        # detach() cuts the fakes off from G: this loss trains D alone
        discriminator_loss = (bce(discriminator(reals), real) + bce(discriminator(fakes.detach()), fake)) / 2
        descend(discriminator_loss, discriminator_adam)
        if step % 100 == 0:
            show(step, discriminator_loss, generator_loss, decode_bits(fakes))
    return lambda count: decode_bits(generator(torch.randint(2, (count, 7)).float()))


def train_fives(steps: int) -> Sample:
    """Multiples of five below 50: D steps on reals, then on fakes, then G steps on fresh fakes."""
    generator = nn.Sequential(nn.Linear(100, 25), nn.ReLU())
    discriminator = nn.Sequential(nn.Linear(25, 1), nn.Sigmoid())
    generator_adam = torch.optim.Adam(generator.parameters(), lr=1e-3)
    discriminator_adam = torch.optim.Adam(discriminator.parameters(), lr=1e-3)
    bce, real, fake = nn.BCELoss(), torch.ones(10, 1), torch.zeros(10, 1)
    for step in range(steps):
        reals = torch.stack([encode_one_hots(integer) for integer in random.sample(FIVES, 10)])  # each once
        descend(bce(discriminator(reals), real), discriminator_adam)
        discriminator_loss = bce(discriminator(generator(torch.randn(10, 100))), fake)
        descend(discriminator_loss, discriminator_adam)
        fakes = generator(torch.randn(10, 100))
        generator_loss = bce(discriminator(fakes), real)
        descend(generator_loss, generator_adam)
        if step % 100 == 0:
            show(step, discriminator_loss, generator_loss, decode_one_hots(fakes))
    return lambda count: decode_one_hots(generator(torch.randn(count, 100)))


RECIPES = {"evens": (train_evens, 500, EVENS), "fives": (train_fives, 10_000, FIVES)}


def main() -> None:
    """Trains, then counts: how many of 10 000 integers are right, and how many of the right ones come up at all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=RECIPES, help="even numbers, or multiples of five")
    parser.add_argument("--steps", type=int, help="GAN steps (500 for evens, 10000 for fives)")
    parser.add_argument("--seed", type=int, default=1, help="makes the run repeatable (1)")
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    torch.manual_seed(arguments.seed)
    train, steps, support = RECIPES[arguments.recipe]
    integers = train(arguments.steps or steps)(10_000)
    valid = [integer for integer in integers if integer in support]
    print(f"validity {len(valid) / len(integers):.3f}  modes {len(set(valid))}/{len(support)}")


if __name__ == "__main__":
    main()
