"""Real processes, killed at random moments and started again with the command that they printed."""

import shutil

import pytest
import torch
from benchmark_faults import CASES, Victim, differences, faults, printed

KILLS = {"run": 8, "sweep": 8, "groups": 4}


@pytest.mark.parametrize("case", KILLS)
def test_20_kills_leave_no_difference_to_undisturbed_twins(case):
    victims = list(faults(KILLS[case], seed=1, cases=(case,)))
    assert sum(killed for _, killed, _ in victims) == KILLS[case]
    assert [found for _, _, found in victims if found] == []


@pytest.fixture
def run(tmp_path):
    victim = Victim(("steps=40", *CASES["run"][1:], "evaluate_every=20"), tmp_path / "run")
    victim.run(iter(()))
    shutil.copytree(victim.folder, tmp_path / "other")
    return victim.folder, tmp_path / "other"


def spoil_weights(other):
    file = other / "checkpoints" / "last.ckpt"
    content = torch.load(file, weights_only=True)
    next(iter(content["state_dict"].values())).view(-1)[0] += 1e-6
    torch.save(content, file)


def spoil_result(other):
    file = other / "result.json"
    file.write_text(file.read_text().replace('"steps": 40', '"steps": 41'))


def spoil_curves(other):
    from patterngan.reporting.events import EventFile

    events = EventFile(other, None)
    events.scalars({"metrics/tv": 0.5}, 40)
    events.flush()


def spoil_files(other):
    (other / "checkpoints" / ".last.ckpt.tmp").touch()


def spoil_all(other):
    (other / "result.json").unlink()


@pytest.mark.parametrize("spoil", [spoil_weights, spoil_result, spoil_curves, spoil_files, spoil_all])
def test_a_difference_is_seen(run, spoil):
    ours, theirs = run
    assert differences(ours, theirs) == []
    spoil(theirs)
    assert differences(ours, theirs)


def test_the_command_to_go_on_is_read_from_what_was_printed():
    assert printed("step 0\n") is None
    said = "if it is stopped, go on with: python ../train.py 'ckpt_path=a b'\nstep 50\n"
    assert printed(said) == ["ckpt_path=a b"]
