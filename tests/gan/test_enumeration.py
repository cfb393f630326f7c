import itertools

import pytest
import torch

from patterngan.gan.enumeration import choices, every_code, every_symbol, places, prefix_places

LIKE = torch.zeros(())


@pytest.mark.parametrize("symbols", [(1, 1, 1), (3, 1, 2), (4,), (1,), ()])
def test_every_code_stands_at_its_place(symbols):
    codes = every_code(symbols, LIKE)
    assert codes.shape == (choices(symbols), sum(symbols))
    assert places(codes, symbols).tolist() == list(range(choices(symbols)))
    parts = [every_symbol(size, LIKE).tolist() for size in symbols]
    assert codes.tolist() == [list(itertools.chain(*code)) for code in itertools.product(*parts)]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_prefixes_of_one_symbol_and_more_have_places(dtype, monkeypatch):
    codes = every_code((3, 1, 2), LIKE.to(dtype))
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)  # as Lightning does for a run's precision
    try:
        found = prefix_places(codes, (3, 1, 2))
    finally:
        torch.set_default_dtype(before)
    assert found.tolist() == [[place // 4, place // 2, place] for place in range(12)]


def test_places_above_two_to_the_24_are_exact():
    code = torch.zeros(2**12 + 2**13)
    code[-1] = code[2**12 - 1] = 1
    assert places(code, (2**12, 2**13)) == 2**25 - 1
