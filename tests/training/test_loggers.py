import pytest

from patterngan.reporting.history import history
from patterngan.training.loggers import TensorBoard


def test_points_are_in_the_file_once_they_are_saved(tmp_path):
    logger = TensorBoard(tmp_path, purge_step=0)
    logger.log_metrics({"metrics/tv": 0.5}, step=50)
    assert list(tmp_path.iterdir()) == []
    logger.save()
    assert history(tmp_path).curves == {"metrics/tv": {50: 0.5}}


def test_a_failed_run_says_nothing_more_of_a_full_disk(tmp_path, monkeypatch):
    logger = TensorBoard(tmp_path, purge_step=0)

    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(logger.file, "flush", full)
    logger.finalize("failed")
    with pytest.raises(OSError, match="No space"):
        logger.finalize("success")
