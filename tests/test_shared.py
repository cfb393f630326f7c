import pytest


def test_a_shared_folder_is_filled_once_and_started_again_where_filling_it_failed(shared):
    tried = []

    def fill(folder):
        tried.append([path.name for path in folder.iterdir()])
        (folder / "half").touch()
        if len(tried) == 1:
            raise RuntimeError("no such luck")

    with pytest.raises(RuntimeError, match="no such luck"):
        shared("of a test", fill)
    folder = shared("of a test", fill)
    assert shared("of a test", fill) == folder
    assert tried == [[], []]
    assert [path.name for path in folder.iterdir()] == ["half"]
