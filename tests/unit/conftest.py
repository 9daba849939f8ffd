"""What unit tests share."""

import pytest


@pytest.fixture(scope="module")
def one_thread():
    """Let torch compute with one thread, as a training does: small tensors gain nothing by more."""
    import torch  # costs seconds, which only tests that need it shall pay

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
