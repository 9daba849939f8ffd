"""What unit tests share."""

import os

import pytest
from hypothesis import settings

# Few examples of each property while one works, many in CI.
settings.register_profile("quick", max_examples=8, deadline=None)
settings.register_profile("thorough", max_examples=100, deadline=None)
settings.load_profile("thorough" if os.environ.get("NO_SKIPS") else "quick")


@pytest.fixture(scope="module")
def one_thread():
    """Let torch compute with one thread, as a training does: small tensors gain nothing by more."""
    import torch  # costs seconds, which only tests that need it shall pay

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
