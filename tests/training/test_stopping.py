import signal

import pytest
from pytorch_lightning.utilities.exceptions import SIGTERMException

from patterngan.training.callbacks import StopAtSignals
from patterngan.training.stopping import (
    StoppedBetweenBlocksError,
    StoppedError,
    exit_code,
    restored_handlers,
    stop_at_once,
    unclaimed_signals,
)


def lightnings(code):
    """What Lightning makes of Ctrl-C."""
    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise SystemExit(code)  # noqa: B904
    except SystemExit as exit_:
        return exit_


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (StoppedError(signal.SIGTERM), 143),
        (StoppedBetweenBlocksError(signal.SIGINT), 130),
        (SIGTERMException(), 143),
        (SystemExit(7), 7),
        (SystemExit("no number"), 1),
        (lightnings(1), 130),
    ],
)
def test_what_ended_a_process_has_its_exit_code(error, code):
    assert exit_code(error) == code


def test_a_signal_is_obeyed_where_the_next_block_would_begin_or_after_the_last():
    stop = StopAtSignals()
    stop.on_train_batch_start(None, None, None, 0)
    stop.note.raise_if_caught()
    stop.note(signal.SIGTERM, None)
    with pytest.raises(StoppedBetweenBlocksError) as stopped:
        stop.on_train_batch_start(None, None, None, 0)
    assert stopped.value.code == 143
    with pytest.raises(StoppedError):
        stop.note.raise_if_caught()
    with pytest.raises(StoppedError) as at_once:
        stop.note(signal.SIGINT, None)
    assert at_once.value.code == 130


def test_handlers_of_others_stay():
    before = signal.getsignal(signal.SIGTERM)
    with restored_handlers():
        signal.signal(signal.SIGTERM, lambda *_: None)
        assert signal.SIGTERM not in unclaimed_signals()
    assert signal.getsignal(signal.SIGTERM) == before
    with restored_handlers():
        signal.signal(signal.SIGTERM, stop_at_once)
        assert signal.SIGTERM in unclaimed_signals()
