import json

import pytest

from patterngan.storage.results import FILE, FILM, PAGE, Result, read, remove_result
from patterngan.validation import UsageError

RESULT = Result("completed", 3, 20, 1.5, ["seed=3"], metrics={"tv": 0.5, "kl": None, "marginals": [0.5]})


def test_a_result_is_read_as_it_was_written(tmp_path):
    RESULT.write(tmp_path)
    content = read(tmp_path)
    assert list(content) == ["status", "seed", "steps", "wall_seconds", "overrides", "error", "metrics"]
    assert (content["status"], content["metrics"]["tv"]) == ("completed", 0.5)


def test_a_folder_without_a_result_is_told_from_one_with_a_wrong_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path)
    (tmp_path / FILE).write_text("[" * 10**5)
    with pytest.raises(UsageError, match="is no result of a run"):
        read(tmp_path)


@pytest.mark.parametrize(
    "change",
    [{"status": "lost"}, {"steps": "many"}, {"overrides": "lr=1"}, {"metrics": {"tv": "low"}}, {"wall_seconds": None}],
)
def test_what_is_no_result_is_refused(tmp_path, change):
    RESULT.write(tmp_path)
    content = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(content | change))
    with pytest.raises(UsageError, match="is no result of a run"):
        read(tmp_path)


def test_a_run_that_goes_on_loses_what_says_how_it_ended(tmp_path):
    for name in (FILE, PAGE, FILM, "train.log"):
        (tmp_path / name).touch()
    remove_result(tmp_path)
    remove_result(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["train.log"]
