import logging

import pytest
from pytorch_lightning.loggers import Logger

from patterngan.training.adapters import Adapter, Place
from patterngan.validation import UsageError

QUICK = ("experiment=plain", "steps=20", "evaluate_every=10", "evaluation.samples=100")
RECORD = {"settings": {"lr": 0.5, "pattern": {"k": 2}}, "overrides": []}


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path, tmp_path, "seed=1", in_sweep=False, purge_step=0)


class Failing(Logger):
    """Fails at the calls that it is told to."""

    name = version = None

    def __init__(self, error, *calls):
        super().__init__()
        self.calls, self.error, self.closed = calls, error, []

    def _call(self, name):
        if name in self.calls:
            raise self.error

    def log_hyperparams(self, params, *args, **kwargs):
        self._call("start")

    def log_metrics(self, metrics, step=None):
        self._call("write")

    def finalize(self, status):
        self.closed.append(status)
        self._call("close")


def test_a_logger_that_cannot_be_opened_is_the_users_mistake(place):
    adapter = Adapter("mine", Failing(ValueError("no key\nmore"), "start"), place, set())
    with pytest.raises(UsageError, match="^logger=mine: no key$"):
        adapter.start(RECORD)


@pytest.mark.parametrize("call", ["write", "close"])
def test_a_logger_that_fails_in_training_is_lost_to_all_members_and_said_once(place, caplog, call):
    lost = set()
    mine, twin = (Adapter("mine", Failing(ConnectionError("gone"), call), place, lost) for _ in range(2))
    other = Adapter("other", Failing(None), place, lost)
    with caplog.at_level(logging.WARNING, "patterngan"):
        for adapter in (mine, twin, other):
            adapter.start(RECORD)
            adapter.log_metrics({"a": 1.0}, 1)
            adapter.finish("success")
    assert caplog.messages == ["logger=mine: takes no more: gone"]
    assert (mine.is_lost, twin.is_lost, other.is_lost) == (True, True, False)
    assert twin.logger.closed == []
    assert other.logger.closed == ["success"]


def test_errors_of_the_disk_are_raised_with_a_path(place):
    adapter = Adapter("mine", Failing(OSError(28, "No space left on device"), "start", "write", "close"), place, set())
    for call in (lambda: adapter.start(RECORD), lambda: adapter.log_metrics({"a": 1.0}, 1)):
        with pytest.raises(OSError, match="No space") as raised:
            call()
        assert raised.value.filename == str(place.folder)
    with pytest.raises(OSError, match="No space"):
        adapter.finish("success")
    adapter.finish("failed")


def test_a_resumed_run_keeps_the_csv_that_it_wrote_before(typed, tmp_path):
    typed("train", *QUICK, "logger=csv", "~callbacks.pictures", "hydra.run.dir=run")
    versions = [tmp_path / "run" / "csv" / f"version_{version}" for version in (0, 1)]
    before = (versions[0] / "metrics.csv").read_text()
    typed("train", "ckpt_path=run", "logger=csv", "steps=40", "~callbacks.pictures")
    assert (versions[0] / "metrics.csv").read_text() == before
    for folder, steps in zip(versions, (["0", "10", "10", "20", "20"], ["30", "30", "40", "40"]), strict=True):
        head, *rows = (folder / "metrics.csv").read_text().splitlines()
        assert head.split(",")[-1] == "step"
        assert [row.split(",")[-1] for row in rows] == steps
        assert "pattern.k: 2\n" in (folder / "hparams.yaml").read_text()
    assert not any((tmp_path / "run").rglob("events*"))
