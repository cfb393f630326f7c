import pytest

from tests.reporting.test_sweep import run


@pytest.fixture
def told(command):
    """What `python scripts/report.py` answers to wrong arguments."""

    def answer(*arguments):
        done = command("scripts/report.py", *map(str, arguments), check=False)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        return done.stderr

    return answer


def test_what_is_asked_of_the_wrong_folder_is_refused(told, tmp_path):
    run(tmp_path / "sweep" / "0", overrides=["seed=0"], validity=0.5, tv=0.5)
    (tmp_path / "waiting" / ".hydra").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    assert "--all: is for a sweep" in told("sweep/0", "--all")
    assert "--animate: is for a run" in told("sweep", "--animate")
    assert "waiting: holds no result.json; a run that has ended" in told("waiting")
    assert "empty: holds no run" in told("empty")
    assert "nowhere: no such folder" in told("nowhere")
    assert not list((tmp_path / "waiting").glob("report.html"))


def test_a_run_without_portraits_has_a_page_but_no_film(command, tmp_path):
    run(tmp_path / "0", overrides=["seed=0"], validity=0.5, tv=0.5)
    done = command("scripts/report.py", "0", "--animate", check=False)
    assert done.returncode == 2
    assert done.stdout == "0/report.html\n"
    assert done.stderr.startswith("error: 0: has no portraits to animate")
