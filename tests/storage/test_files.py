import errno
import multiprocessing

import pytest

from patterngan.storage.files import (
    is_disk_error,
    locked,
    naming,
    read_yaml,
    remove_temporary_files,
    write_atomically,
)
from patterngan.validation import UsageError


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "folder" / "file"
    write_atomically(path, b"before")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left") as raised:
        write_atomically(path, b"after")
    assert raised.value.filename == str(path)
    assert path.read_bytes() == b"before"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_was_deleted_does_not_come_back(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "gone" / "checkpoints" / "last.ckpt", b"")


def test_temporary_files_of_a_killed_process_are_removed(tmp_path):
    (tmp_path / ".last.ckpt.tmp").write_bytes(b"half")
    (tmp_path / "last.ckpt").write_bytes(b"whole")
    remove_temporary_files(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["last.ckpt"]


def test_an_error_names_the_file():
    with pytest.raises(OSError, match="No space") as raised, naming("x/y"):
        raise OSError(errno.ENOSPC, "No space")
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, "x/y")


def test_what_is_an_error_of_the_disk(tmp_path):
    assert is_disk_error(OSError(errno.ENOSPC, "full"), tmp_path)
    assert is_disk_error(FileNotFoundError(errno.ENOENT, "gone", str(tmp_path / "a")), tmp_path)
    assert not is_disk_error(FileNotFoundError(errno.ENOENT, "gone", "/elsewhere"), tmp_path)
    assert not is_disk_error(ValueError(), tmp_path)


def hold(folder, held, release):
    with locked(folder):
        held.set()
        release.wait(60)


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    context = multiprocessing.get_context("fork")
    held, release = context.Event(), context.Event()
    process = context.Process(target=hold, args=(tmp_path, held, release))
    process.start()
    held.wait(60)
    try:
        with pytest.raises(UsageError, match="another process trains here"), locked(tmp_path):
            pass
    finally:
        release.set()
        process.join()
    with locked(tmp_path), locked(tmp_path / "absent"):
        pass


@pytest.mark.parametrize("text", ["a: [", "!!python/object/apply:os.system [ls]", "[" * 10**4])
def test_yaml_of_anything_but_plain_values_is_refused(tmp_path, text):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError, match="is not YAML of plain values"):
        read_yaml(tmp_path / "a.yaml")
