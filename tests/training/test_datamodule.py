import types

import pytest
import torch
from pytorch_lightning.callbacks import ModelCheckpoint, OnExceptionCheckpoint

from patterngan.data.encodings import Binary
from patterngan.data.patterns import Multiples
from patterngan.training.datamodule import PatternData, iid, permutation
from patterngan.validation import InvalidValueError

CHECKPOINTS = [ModelCheckpoint(every_n_train_steps=60), OnExceptionCheckpoint(".")]


def module(steps=100, evaluate_every=30, batch_size=4, sampling="iid", stop=20, at=0, **trainer):
    data = PatternData(Multiples(2, stop), Binary(2**40), batch_size, sampling, 0, steps, evaluate_every)
    strategy = types.SimpleNamespace(root_device=torch.device("cpu"))
    usual = {"max_steps": steps, "max_epochs": -1, "log_every_n_steps": 50, "checkpoint_callbacks": []}
    data.trainer = types.SimpleNamespace(global_step=at, strategy=strategy, **usual | trainer)
    return data


@pytest.mark.parametrize(
    ("steps", "evaluate_every", "at", "ends"),
    [(777, 500, 0, 500), (777, 500, 500, 777), (1, 1, 0, 1), (10, 100, 0, 10), (1000, 500, 777, 1000)],
)
def test_blocks_end_at_the_next_evaluation_or_the_last_step(steps, evaluate_every, at, ends):
    blocks = module(steps, evaluate_every, at=at).train_dataloader()
    made = list(blocks)
    assert len(made) == len(blocks)
    assert sum(len(block) for block in made) == ends - at


@pytest.mark.parametrize(
    ("trainer", "ends"),
    [
        ({}, [50, 100, 130]),
        ({"log_every_n_steps": 40}, [40, 50, 80, 100, 120, 130]),
        ({"log_every_n_steps": 120}, [50, 100, 120, 130]),
        ({"log_every_n_steps": 0}, [50, 100, 130]),
        (
            {"checkpoint_callbacks": [ModelCheckpoint(every_n_train_steps=60), OnExceptionCheckpoint(".")]},
            [50, 60, 100, 120, 130],
        ),
        ({"max_steps": 2, "max_epochs": 1}, [2]),  # fast_dev_run=2
        ({"max_steps": 200, "max_epochs": 1}, [50, 100, 150, 200]),
    ],
)
def test_blocks_end_where_the_trainer_wants_them_to(trainer, ends):
    blocks = module(steps=1000, evaluate_every=130, **trainer).train_dataloader()
    assert blocks.edges == [0, *ends]


def test_a_block_holds_codes_of_the_pattern():
    (block,) = module(steps=30).train_dataloader()
    assert block.shape == (30, 4, 40)
    integers = Binary(2**40).decode(block)
    assert Multiples(2, 20).contains(integers).all()
    assert len(integers.unique()) == 10


def test_reals_do_not_depend_on_how_often_a_run_evaluates():
    whole = torch.cat(list(module(evaluate_every=100).train_dataloader()))
    late = torch.cat(list(module(evaluate_every=30, at=60).train_dataloader()))
    assert torch.equal(late, whole[60:90])


def test_a_support_of_2_to_the_39_streams_too():
    assert len(next(iter(module(stop=2**40).train_dataloader()))) == 30


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"batch_size": 0}, "batch_size=0: "),
        ({"sampling": "random"}, "sampling=random: must be one of iid, permutation"),
        ({"sampling": "permutation", "stop": 2**40}, "sampling=permutation: "),
    ],
)
def test_impossible_data_names_the_value(options, named):
    with pytest.raises(InvalidValueError, match=f"^{named}"):
        module(**options)


def test_iid_is_uniform_over_the_support():
    ranks = iid(Multiples(5, 50), 1000, 10, torch.Generator().manual_seed(0))
    assert ranks.flatten().bincount().tolist() == pytest.approx([1000] * 10, abs=120)


def test_a_batch_as_large_as_the_support_is_a_permutation_of_it():
    ranks = permutation(Multiples(5, 50), 20, 10, torch.Generator().manual_seed(0))
    assert (ranks.sort(-1).values == torch.arange(10)).all()
    assert len({tuple(row) for row in ranks.tolist()}) == 20


def test_a_batch_of_another_size_is_dealt_from_one_deck_after_another():
    ranks = permutation(Multiples(5, 50), 5, 4, torch.Generator().manual_seed(0))
    assert ranks.flatten().bincount().tolist() == [2] * 10
