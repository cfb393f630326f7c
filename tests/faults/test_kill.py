"""Real processes, killed at random moments and started again with the command that they printed."""

import shutil

import pytest
import torch

from tests.support.differences import differences
from tests.support.kills import kill_and_compare, resume_arguments

KILLS = {"run": 2, "sweep": 2, "groups": 2}
"""Case → kills. scripts/benchmarks/faults.py kills hundreds."""


@pytest.mark.parametrize("case", KILLS)
def test_kills_leave_no_difference_to_undisturbed_twins(case):
    victims = list(kill_and_compare(KILLS[case], seed=1, cases=(case,)))
    assert sum(kills for _, kills, _ in victims) == KILLS[case]
    assert [lines for _, _, lines in victims if lines] == []


def spoil_weights(other):
    file = other / "checkpoints" / "last.ckpt"
    content = torch.load(file, weights_only=True)
    next(iter(content["state_dict"].values())).view(-1)[0] += 1e-6
    torch.save(content, file)


def spoil_result(other):
    file = other / "result.json"
    file.write_text(file.read_text().replace('"steps": 600', '"steps": 601'))


def spoil_curves(other):
    from patterngan.reporting.events import EventFile

    events = EventFile(other, None)
    events.scalars({"metrics/tv": 0.5}, 600)
    events.flush()


def spoil_files(other):
    (other / "checkpoints" / ".last.ckpt.tmp").touch()


def spoil_all(other):
    (other / "result.json").unlink()


@pytest.mark.parametrize("spoil", [spoil_weights, spoil_result, spoil_curves, spoil_files, spoil_all])
def test_a_difference_is_seen(finished, tmp_path, spoil):
    other = tmp_path / "run"
    shutil.copytree(finished, other)
    assert differences(finished, other) == []
    spoil(other)
    assert differences(finished, other)


def test_the_command_to_go_on_is_read_from_what_was_printed():
    assert resume_arguments("step 0\n") is None
    printed = "if it is stopped, go on with: python ../train.py 'ckpt_path=a b'\nstep 50\n"
    assert resume_arguments(printed) == ["ckpt_path=a b"]
