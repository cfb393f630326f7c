import sys

import pytest
import torch

from scripts import plain_gan


@pytest.fixture
def plain(monkeypatch, capsys):
    """Runs `python scripts/plain_gan.py ARGUMENTS` in this process; returns the lines it prints."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["plain_gan.py", *arguments])
        plain_gan.main()
        return capsys.readouterr().out.splitlines()

    return call


@pytest.mark.parametrize(("recipe", "modes"), [("evens", "64"), ("fives", "10")])
def test_both_recipes_print_losses_and_integers_and_end_with_figures(plain, recipe, modes):
    first, second, last = plain(recipe, "--steps", "101")
    assert first.startswith("step     0  D 0.")
    assert second.startswith("step   100  D 0.")
    assert all(word.isdecimal() for word in second.split()[6:])
    assert last.startswith("validity 0.")
    assert last.endswith(f"/{modes}")


def test_500_steps_learn_to_be_even(plain):
    first, last = (float(plain("evens", "--steps", steps)[-1].split()[1]) for steps in ("1", "500"))
    assert first < 0.2
    assert last > 0.8


def test_a_seed_repeats_a_run(plain):
    first, second, other = (plain("fives", "--steps", "3", "--seed", seed) for seed in "112")
    assert first == second != other


@pytest.mark.parametrize(
    ("encode", "decode", "count"),
    [
        (plain_gan.encode_bits, plain_gan.decode_bits, 128),
        (plain_gan.encode_one_hots, plain_gan.decode_one_hots, 100),
    ],
)
def test_codes_can_be_read_back(encode, decode, count):
    assert decode(torch.stack([encode(integer) for integer in range(count)])) == list(range(count))
