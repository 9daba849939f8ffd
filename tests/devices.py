"""The devices on which tests train; one that this machine lacks skips the test."""

import pytest
import torch


def device_or_skip(device):
    """Return ``device``, a name such as ``cpu``; skip where it is ``cuda`` and there is none."""
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device: run it on a machine that has one")
    return device
