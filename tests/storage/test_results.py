import json
from dataclasses import replace

import pytest

from patterngan.storage.results import FILE, FILM, PAGE, Result, has_completed, read, remove_result
from patterngan.validation import UsageError

RESULT = Result("completed", 3, 20, 1.5, 0.5, ["seed=3"], metrics={"tv": 0.5, "kl": None, "marginals": [0.5]})


def test_a_result_is_read_as_it_was_written(tmp_path):
    RESULT.write(tmp_path)
    content = read(tmp_path)
    seconds = ["wall_seconds", "share_seconds"]
    assert list(content) == ["status", "seed", "steps", *seconds, "overrides", "error", "ended", "metrics"]
    assert (content["status"], content["metrics"]["tv"]) == ("completed", 0.5)


def test_a_folder_without_a_result_is_told_from_one_with_a_wrong_one(tmp_path):
    with pytest.raises(FileNotFoundError):
        read(tmp_path)
    for text in ("", "[]", "{}", "[" * 10**5):
        (tmp_path / FILE).write_text(text)
        with pytest.raises(UsageError, match=r"result\.json: is no result of a run"):
            read(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "lost"},
        {"status": ["completed"]},
        {"seed": "0"},
        {"steps": "many"},
        {"overrides": "lr=1"},
        {"overrides": [1]},
        {"error": 3},
        {"metrics": {"tv": "low"}},
        {"metrics": {"tv": {}}},
        {"metrics": [1]},
        {"wall_seconds": None},
        {"share_seconds": "1"},
        {"ended": 3},
    ],
)
def test_what_is_no_result_is_refused(tmp_path, change):
    RESULT.write(tmp_path)
    content = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(content | change))
    with pytest.raises(UsageError, match="is no result of a run"):
        read(tmp_path)


def test_a_result_of_before_that_has_no_share_of_the_time_is_one(tmp_path):
    RESULT.write(tmp_path)
    content = json.loads((tmp_path / FILE).read_text())
    del content["share_seconds"], content["ended"]
    (tmp_path / FILE).write_text(json.dumps(content))
    assert read(tmp_path) == content


@pytest.mark.parametrize(("text", "completed"), [(None, True), ("{}", False), ("", False)])
def test_a_run_has_completed_where_a_result_says_so(tmp_path, text, completed):
    assert not has_completed(tmp_path)
    RESULT.write(tmp_path)
    if text is not None:
        (tmp_path / FILE).write_text(text)
    assert has_completed(tmp_path) is completed
    replace(RESULT, status="failed").write(tmp_path)
    assert not has_completed(tmp_path)


def test_a_run_that_goes_on_loses_what_says_how_it_ended(tmp_path):
    for name in (FILE, PAGE, FILM, "train.log"):
        (tmp_path / name).touch()
    remove_result(tmp_path)
    remove_result(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["train.log"]
