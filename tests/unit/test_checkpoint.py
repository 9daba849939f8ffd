"""A checkpoint is loaded exactly as it was saved, or not at all."""

import json
import logging
import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.training import checkpoint

FACTS = {"trainer": {"step": 7, "history": [{"loss": 0.1 + 0.2}]}, "clock": {"total": 1 / 3}}


def tensors():
    """One tensor of each kind that a training keeps: weights, order, a number, generators."""
    torch.manual_seed(1)
    return {
        "flat": torch.randn(5, 3),
        "sums": torch.randn(2, 2, dtype=torch.float64),
        "order": torch.randperm(9),
        "start": torch.tensor(4),
        "shuffling": torch.Generator().manual_seed(2).get_state()[:64],
        "none": torch.zeros(0, 3),
    }


@pytest.fixture
def saved(tmp_path):
    """The path of a checkpoint with the key ``key``."""
    path = tmp_path / "checkpoint.safetensors"
    checkpoint.save(path, "key", tensors(), FACTS)
    return path


@pytest.fixture
def log(caplog, monkeypatch):
    """What the package logs."""
    logger = logging.getLogger("tweetrnn")
    monkeypatch.setattr(logger, "propagate", True)
    caplog.set_level(logging.INFO, "tweetrnn")
    return caplog


def same(loaded):
    """Whether the checkpoint's content is what was saved."""
    restored, facts = loaded
    expected = tensors()
    return (
        facts == FACTS
        and restored.keys() == expected.keys()
        and all(
            restored[name].dtype == expected[name].dtype
            and torch.equal(restored[name], expected[name])
            for name in expected
        )
    )


def test_checkpoint_is_loaded_exactly_as_it_was_saved(saved):
    assert same(checkpoint.load(saved, "key"))


def test_transposed_tensor_keeps_its_values(tmp_path):
    wide = torch.arange(6.0).view(2, 3).T
    checkpoint.save(tmp_path / "c", "key", {"w": wide}, {})
    restored, _ = checkpoint.load(tmp_path / "c", "key")
    assert torch.equal(restored["w"], wide)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_facts_are_loaded_exactly_as_they_were_saved(tmp_path_factory, facts):
    path = tmp_path_factory.mktemp("c") / "c"
    checkpoint.save(path, "key", {}, facts)
    assert checkpoint.load(path, "key") == ({}, facts)


def test_missing_checkpoint_is_no_checkpoint_and_logs_nothing(tmp_path, log):
    assert checkpoint.load(tmp_path / "c", "key") is None
    assert not log.messages


def test_checkpoint_with_another_key_is_ignored_with_a_message(saved, log):
    assert checkpoint.load(saved, "other") is None
    assert log.messages == [f"{saved}: ignored, made from other data, parameters, code or versions"]


@pytest.mark.parametrize("kept", [0, 7, 8, 100, -64, -1])
def test_truncated_checkpoint_is_ignored_with_a_message(saved, log, kept):
    saved.write_bytes(saved.read_bytes()[:kept])
    assert checkpoint.load(saved, "key") is None
    assert f"{saved}: ignored, damaged" in log.text


@pytest.mark.parametrize("metadata", [None, {"a": "b"}, {"checkpoint": "["}, {"checkpoint": "[]"}])
def test_file_that_is_not_a_checkpoint_is_ignored_with_a_message(saved, log, metadata):
    from safetensors.torch import save_file

    save_file(tensors(), saved, metadata)
    assert checkpoint.load(saved, "key") is None
    assert f"{saved}: ignored, damaged" in log.text


def test_checkpoint_with_a_flipped_bit_is_never_loaded(saved):
    # The header as well: a wrong step or a wrong value in the history would be resumed silently.
    whole = saved.read_bytes()
    chance = random.Random(3)
    header = 8 + int.from_bytes(whole[:8], "little")
    for place in [*range(header), *chance.sample(range(header, len(whole)), 50)]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        saved.write_bytes(damaged)
        loaded = checkpoint.load(saved, "key")
        assert loaded is None or same(loaded), f"byte {place}, {whole[place : place + 1]}"


def test_failed_save_leaves_the_earlier_checkpoint(saved):
    with pytest.raises(TypeError):
        checkpoint.save(saved, "key", tensors(), {"step": object()})
    assert same(checkpoint.load(saved, "key"))
    assert list(saved.parent.iterdir()) == [saved]


def test_key_depends_on_facts_and_not_on_their_order():
    key = checkpoint.key_of({"x": 1, "y": 2})
    assert key == checkpoint.key_of({"y": 2, "x": 1})
    assert key != checkpoint.key_of({"x": 1, "y": 3})
    assert key != checkpoint.key_of({"x": 1})


def test_key_differs_when_two_files_are_swapped():
    digests = {"train": "a" * 64, "validation": "b" * 64}
    swapped = {"train": "b" * 64, "validation": "a" * 64}
    assert checkpoint.key_of({"sha256": digests}) != checkpoint.key_of({"sha256": swapped})


def test_header_can_be_read_by_any_reader_of_safetensors(saved):
    from safetensors import safe_open

    with safe_open(saved, "numpy") as file:
        header = json.loads(file.metadata()["checkpoint"])
        assert header["key"] == "key" and header["facts"] == FACTS
        assert file.get_tensor("order").tolist() == tensors()["order"].tolist()
