import threading

import pytest
import torch

from patterngan.threads import in_threads


@pytest.mark.parametrize("threads", [1, 2])
def test_work_is_done_in_order_on_as_many_threads_as_torch_has(threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        seen = in_threads(lambda item: (item * 2, threading.current_thread()), range(50), torch.device("cpu"))
        assert [value for value, _ in seen] == list(range(0, 100, 2))
        assert (threading.current_thread() in {thread for _, thread in seen}) is (threads == 1)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


def test_an_error_comes_through():
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda item: 1 / item, [1, 0], torch.device("cpu"))
