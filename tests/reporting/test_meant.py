import pytest

from patterngan.reporting.meant import meant


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("logger=null", "logger=none"),
        ("callbacks=default,null", "callbacks=default,none"),
        ("ckpt_path=null", "ckpt_path=null"),
        ("encoding=null", "encoding=null"),
        ("logger.csv.name=null", "logger.csv.name=null"),
    ],
)
def test_null_is_the_option_none_of_a_group_that_has_it(typed, taken):
    assert meant(typed) == taken


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("steps=1e3", "steps=1000"),
        ("steps=1.5E+3", "steps=1500"),
        ("steps=1e3,20,2e3", "steps=1000,20,2000"),
        ("encoding.capacity=1e12", "encoding.capacity=1000000000000"),
        ("steps=1.5e0", "steps=1.5e0"),
        ("steps=1e-3", "steps=1e-3"),
        ("steps=1e999", "steps=1e999"),
        ("lr=1e1", "lr=1e1"),
        ("+nothing=1e3", "+nothing=1e3"),
        ("-m", "-m"),
    ],
)
def test_whole_numbers_may_be_typed_with_an_exponent(typed, taken):
    assert meant(typed) == taken
