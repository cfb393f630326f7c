import threading

import pytest
import torch

from patterngan.population.threads import in_threads


@pytest.mark.parametrize("threads", [1, 2])
def test_work_is_done_in_order_on_so_many_threads(threads):
    before = torch.get_num_threads()
    seen = in_threads(lambda item: (item * 2, threading.current_thread()), range(50), threads)
    assert [value for value, _ in seen] == list(range(0, 100, 2))
    assert (threading.current_thread() in {thread for _, thread in seen}) is (threads == 1)
    assert torch.get_num_threads() == before


def test_an_error_comes_through():
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda item: 1 / item, [1, 0], 2)
