import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from patterngan.reporting.events import EventFile
from patterngan.reporting.history import history, read_curves, sweep_curves
from patterngan.validation import UsageError
from tests.reporting.test_events import PORTRAIT


def written(folder, purge_step, steps, **changes):
    file = EventFile(folder, purge_step)
    for step in steps:
        file.scalars({"losses/generator": purge_step + step / 10}, step)
        tensors = PORTRAIT._replace(**changes)._asdict()
        file.tensors({f"portrait/{name}": tensor for name, tensor in tensors.items()}, step)
    file.flush()


def test_what_a_resumed_run_wrote_twice_counts_once(tmp_path):
    written(tmp_path / "lr=1", 0, [0, 10, 20, 30])
    written(tmp_path / "lr=1", 20, [20, 30])
    past = history(tmp_path)
    curve = past.curves["losses/generator"]
    assert list(curve) == list(past.portraits) == [0, 10, 20, 30]
    assert list(curve.values()) == pytest.approx([0, 1, 22, 23])
    assert read_curves(tmp_path) == past.curves
    for ours, theirs in zip(past.portraits[10], PORTRAIT, strict=True):
        assert torch.equal(ours, theirs)
    assert not past.pictured


@pytest.mark.parametrize("purge_step", [None, 0, 15, 20, 99])
def test_curves_are_those_that_tensorboard_reads(tmp_path, purge_step):
    for purge, steps, value in ((None, [0, 10, 20, 30], 1.5), (purge_step, [15, 20], 2.5)):
        file = EventFile(tmp_path, purge)
        for step in steps:
            file.scalars({"a": value + step, **({"b": value} if purge is None else {})}, step)
        file.images({"c": b"png"}, 15)
        file.flush()
    events = EventAccumulator(str(tmp_path), size_guidance={"scalars": 0}).Reload()
    theirs = {tag: {event.step: event.value for event in events.Scalars(tag)} for tag in events.Tags()["scalars"]}
    assert history(tmp_path) == (theirs, {}, True)


@pytest.mark.parametrize(
    "changes",
    [
        {"law": torch.ones(7)},
        {"d_scores": torch.ones(9)},
        {"target": torch.zeros(4)},
        {"law": torch.tensor([float("nan")] * 4)},
        {"codes": torch.ones(3, 5)},
        {"codes": torch.ones(2)},
        {"integers": torch.ones(2, 2)},
        {"integers": torch.tensor([1.0, 2.0])},
        {"integers": torch.tensor([1, -9])},
        {"integers": torch.ones(0, dtype=torch.int64), "codes": torch.ones(0, 5)},
        {"codes": torch.ones(2, 5, dtype=torch.complex64)},
        {"codes": torch.full((2, 5), float("inf"))},
        {"law": torch.tensor([1e30, 0, 0, 0])},
        {"target": torch.tensor([1e-30, 0, 0, 0])},
        {"held": torch.zeros(4)},
        {"held": torch.zeros(3, dtype=torch.bool)},
        {"symbols": torch.tensor([3, 3])},
        {"symbols": torch.tensor([9, -4])},
        {"symbols": torch.tensor([2**62, 2**62, 2**62, 2**62, 5])},
        {"symbols": torch.tensor([[5]])},
    ],
)
def test_a_portrait_that_cannot_be_drawn_is_left_out(tmp_path, changes):
    written(tmp_path, 0, [0], **changes)
    assert history(tmp_path).portraits == {}


def test_portraits_that_lack_a_part_are_left_out(tmp_path):
    file = EventFile(tmp_path, 0)
    tensors = PORTRAIT._asdict()
    del tensors["held"]
    file.tensors({f"portrait/{name}": tensor for name, tensor in tensors.items()}, 0)
    file.flush()
    assert history(tmp_path).portraits == {}


def test_a_folder_without_events_has_no_history(tmp_path):
    assert history(tmp_path) == ({}, {}, False)
    with pytest.raises(UsageError, match="no such folder"):
        history(tmp_path / "nowhere")


def test_curves_of_a_sweep_are_finite_and_a_damaged_run_has_none(tmp_path):
    file = EventFile(tmp_path / "0", None)
    for step, values in enumerate(({"a": 1.0, "b": float("nan")}, {"a": float("inf")}, {"a": 2.0})):
        file.scalars(values, step)
    file.flush()
    (tmp_path / "1" / "events.out.tfevents.1").mkdir(parents=True)
    assert sweep_curves(tmp_path, ["0", "1", "2"]) == {"0": {"a": {0: 1.0, 2: 2.0}}, "1": {}, "2": {}}


def test_half_a_file_tells_what_is_whole(tmp_path):
    written(tmp_path, 0, [0, 10])
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-20])
    assert list(history(tmp_path).curves["losses/generator"]) == [0, 10]
    file.write_bytes(b"no events" * 99)
    assert history(tmp_path).curves == {}


def test_damaged_events_are_refused_in_one_line(tmp_path):
    file = EventFile(tmp_path, 0)
    file.tensors({f"portrait/{name}": tensor for name, tensor in PORTRAIT._asdict().items()}, 0)
    file._events[-1].summary.value[0].tensor.tensor_shape.dim[0].size = 9
    file.flush()
    with pytest.raises(UsageError, match=r"its event files are damaged \(ValueError\)"):
        history(tmp_path)
