"""A checkpoint that is not whole is never taken for one."""

import random
import signal

import pytest
import torch

from patterngan.storage.checkpoints import load, read, write
from patterngan.validation import UsageError
from tests.faults.conftest import PLAIN
from tests.support.commands import environment
from tests.support.differences import differences
from tests.support.kills import Victim
from tests.support.processes import Script


def test_what_is_cut_off_or_overwritten_anywhere_is_not_read(tmp_path):
    source, file, weights = random.Random(0), tmp_path / "last.ckpt", torch.randn(300)
    write({"weights": weights, "step": 3}, file)
    whole, data = file.read_bytes(), weights.numpy().tobytes()
    assert torch.equal(load(file)["weights"], weights)
    for _ in range(100):
        cut = source.randrange(len(whole) - 30)
        at = whole.index(data) + source.randrange(len(data))
        flipped = whole[:at] + bytes([whole[at] ^ 1 << source.randrange(8)]) + whole[at + 1 :]
        for damaged in (whole[:cut], flipped, whole[:cut] + bytes(len(whole) - cut)):
            file.write_bytes(damaged)
            with pytest.raises(UsageError, match="not a readable checkpoint"):
                load(file)


def test_a_run_whose_last_checkpoint_is_half_written_goes_on_from_its_best(finished, tmp_path):
    process = Script("train.py", Victim(PLAIN, tmp_path / "run").line, tmp_path, environment())
    process.until("step    300")
    process.send(signal.SIGKILL)
    assert process.ended().returncode == -signal.SIGKILL
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:3000])
    step = torch.load(last.with_name("best.ckpt"), weights_only=True)["global_step"]
    done = Script("train.py", ["ckpt_path=run"], tmp_path, environment()).ended()
    assert done.returncode == 0
    told = f"last.ckpt: not a readable checkpoint (damaged, truncated or a foreign file); best.ckpt, of step {step}, "
    assert done.stderr == f"run/checkpoints/{told}takes its place\n"
    assert differences(tmp_path / "run", finished) == []


def test_with_no_other_a_damaged_checkpoint_is_refused_and_another_file_has_none_in_its_place(finished, tmp_path):
    for name in ("last.ckpt", "copy.ckpt"):
        (tmp_path / name).write_bytes(b"junk")
    with pytest.raises(UsageError, match=r"last.ckpt: not a readable checkpoint"):
        read(tmp_path / "last.ckpt")
    (tmp_path / "best.ckpt").write_bytes((finished / "checkpoints" / "best.ckpt").read_bytes())
    assert read(tmp_path / "last.ckpt").path == tmp_path / "best.ckpt"
    with pytest.raises(UsageError, match=r"copy.ckpt: not a readable checkpoint"):
        read(tmp_path / "copy.ckpt")
