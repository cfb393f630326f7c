import os

from patterngan.reporting.choosing import run_in
from tests.reporting.test_sweep import run


def checkpoint(folder, modified=0):
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    (folder / "checkpoints" / "last.ckpt").touch()
    os.utime(folder / "checkpoints" / "last.ckpt", (modified, modified))


def test_a_sweep_has_a_best_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number, tv in enumerate((0.5, 0.1, 0.2, 0.3)):
        run(tmp_path / "s" / str(number), overrides=[f"seed={number}"], validity=1.0, tv=tv)
        if number != 1:
            checkpoint(tmp_path / "s" / str(number), number)
    (tmp_path / "s" / "sweep.csv").touch()
    assert run_in(tmp_path / "s") == "the best run of this sweep is s/2"
    (tmp_path / "s" / "0" / "result.json").write_text("damaged")
    assert run_in(tmp_path / "s") == "the newest run in it is s/3"


def test_another_folder_has_a_newest_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_in(tmp_path) is None
    for name, modified in (("outputs/monday/a", 1), ("outputs/friday/b", 9), ("outputs/sunday/c", 5)):
        checkpoint(tmp_path / name, modified)
    (tmp_path / "outputs" / "c" / "checkpoints").mkdir(parents=True)
    (tmp_path / "outputs" / "c" / "checkpoints" / "last.ckpt").symlink_to("gone")
    assert run_in(tmp_path / "outputs") == "the newest run in it is outputs/friday/b"
    checkpoint(tmp_path / "outputs/multirun/monday/noon/7", 10)
    assert run_in(tmp_path / "outputs") == "the newest run in it is outputs/multirun/monday/noon/7"
    checkpoint(tmp_path / "outputs/far/too/far/below/it", 11)
    assert run_in(tmp_path / "outputs") == "the newest run in it is outputs/multirun/monday/noon/7"
