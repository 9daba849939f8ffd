"""The training loop: steps, epochs, history; a resumed training is the same to the bit."""

import itertools
import json

import numpy as np
import pytest
import torch
from devices import device_or_skip
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn import metrics
from tweetrnn.grid import Combination
from tweetrnn.training import loop, optimizer
from tweetrnn.training.cells import CELLS
from tweetrnn.training.loop import Diverged, Examples, Trainer
from tweetrnn.training.models import build

pytestmark = pytest.mark.usefixtures("one_thread")

WIDTH, LENGTH, CLASSES = 20, 6, 3
cells = pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM"])


def examples_of(seed, number, width=WIDTH):
    """Return padded sequences whose last word mostly determines the label."""
    random = np.random.default_rng(seed)
    ids = random.integers(0, width, (number, LENGTH)).astype(np.int32)
    ids[np.arange(LENGTH) < random.integers(0, LENGTH, (number, 1))] = width
    labels = np.where(random.random(number) < 0.8, ids[:, -1] % CLASSES, 0).astype(np.int32)
    return Examples(ids, labels)


def trainer_of(cell="LSTM", dropout=False, l2=False, learning_rate=0.01, seed=5, **options):
    """Return a small Trainer: 23 examples in batches of 5, the last of which has 3."""
    device = options.pop("device", "cpu")
    layers = 2 if CELLS[cell].recurrent else 1
    model = build(
        cell,
        Combination(layers, 2, dropout, l2, learning_rate),
        WIDTH,
        CLASSES,
        seed=seed,
        units=4,
        device=device,
    )
    options = {"batch_size": 5, "seed": seed + 1} | options
    return Trainer(model, examples_of(1, 23), examples_of(2, 11), learning_rate, **options)


class Interrupted(Exception):
    """What poll raises to interrupt a training."""


def interrupt_after(calls):
    """Return a poll that raises at its call number ``calls`` (from 0)."""
    count = itertools.count()

    def poll():
        if next(count) == calls:
            raise Interrupted

    return poll


def result(trainer):
    """Return all results of a training, as bytes by name."""
    tensors, facts = trainer.state()
    tensors |= {f"best weights/{name}": weight for name, weight in trainer.best.items()}
    tensors |= {f"last weights/{name}": weight for name, weight in trainer.last.items()}
    results = {name: tensor.cpu().numpy().tobytes() for name, tensor in tensors.items()}
    results["predictions"] = loop.predict(trainer.model, trainer.validation).tobytes()
    return results | {"facts": json.dumps(facts)}


EPOCHS = 3
UNINTERRUPTED = {}  # results of a training, by its options


def uninterrupted(**options):
    key = tuple(options.items())
    if key not in UNINTERRUPTED:
        trainer = trainer_of(**options)
        for _ in range(EPOCHS):
            trainer.run_epoch()
        UNINTERRUPTED[key] = result(trainer)
    return UNINTERRUPTED[key]


@pytest.mark.slow
@cells
@pytest.mark.parametrize(("adam", "l2"), [("rowwise", False), ("dense", False), ("dense", True)])
@given(stops=st.lists(st.integers(0, 8), min_size=1, max_size=4))
def test_restored_at_any_step_it_is_an_uninterrupted_training(cell, adam, l2, stops):
    """``stops``: after how many polls each attempt is interrupted; an epoch has seven, and 5 steps.

    A table whose sums are full after eight steps is flushed within epochs too.
    """
    run = {"cell": cell, "dropout": True, "l2": l2, "adam": adam}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimizer.RowwiseTable, "CAPACITY", 8)
        expected = uninterrupted(**run)
        trainer = trainer_of(**run)
        for stop in stops:
            poll = interrupt_after(stop)
            try:
                while trainer.epoch < EPOCHS:
                    trainer.run_epoch(poll)
            except Interrupted:
                tensors, facts = trainer.state()
                tensors = {name: tensor.clone() for name, tensor in tensors.items()}
                trainer = trainer_of(**run)
                trainer.restore(tensors, json.loads(json.dumps(facts)))
        while trainer.epoch < EPOCHS:
            trainer.run_epoch()
    results = result(trainer)
    assert results.keys() == expected.keys()
    assert [name for name in results if results[name] != expected[name]] == []


def test_interrupted_within_an_epoch_it_can_continue_in_the_same_process():
    run = {"cell": "LSTM", "dropout": True}
    trainer = trainer_of(**run)
    for stop in (3, 0, 1):
        with pytest.raises(Interrupted):
            trainer.run_epoch(interrupt_after(stop))
    assert (trainer.epoch, trainer.position, trainer.step) == (0, 4, 4)
    for _ in range(EPOCHS):
        trainer.run_epoch()
    assert result(trainer) == uninterrupted(**run)


def test_the_best_weights_survive_a_restart(monkeypatch):
    """Also where they are not the last ones, between epochs and within one."""
    monkeypatch.setattr(loop, "evaluate", lambda *_: {"loss": 1.0, "accuracy": 0.5})
    trainer = trainer_of()
    trainer.run_epoch()
    best = {name: weight.clone() for name, weight in trainer.best.items()}
    trainer.run_epoch()
    last = {name: weight.clone() for name, weight in trainer.last.items()}
    assert trainer.best_epoch == 1
    for calls in (0, 3):
        with pytest.raises(Interrupted):
            trainer.run_epoch(interrupt_after(calls))
        tensors, facts = trainer.state()
        trainer = trainer_of()
        trainer.restore({name: tensor.clone() for name, tensor in tensors.items()}, facts)
        for kept, expected in ((trainer.best, best), (trainer.last, last)):
            assert all(torch.equal(kept[name], weight) for name, weight in expected.items())


def test_threads_do_not_change_a_bit(monkeypatch):
    monkeypatch.setattr(optimizer.DenseTable, "WORTHWHILE", 1)
    one, more = (trainer_of(l2=True, adam="dense", threads=threads) for threads in (1, 2))
    assert one.run_epoch() == more.run_epoch()
    assert result(one) == result(more)


def test_a_seed_determines_the_training():
    first, same, other = (trainer_of(dropout=True, seed=seed) for seed in (5, 5, 6))
    assert first.run_epoch() == same.run_epoch() != other.run_epoch()


def test_examples_are_shuffled_each_epoch():
    trainer = trainer_of()
    orders = []
    for _ in range(3):
        orders.append(trainer.order.tolist())
        trainer.run_epoch()
    assert all(sorted(order) == list(range(23)) for order in orders)
    assert len({tuple(order) for order in orders}) == 3


@cells
@pytest.mark.parametrize("l2", [False, True])
def test_train_metrics_are_those_of_each_batch_before_its_step(cell, l2):
    """As Keras's ``fit`` reports them; a batch of fewer examples counts for fewer."""
    trainer, other = trainer_of(cell, l2=l2), trainer_of(cell, l2=l2)
    labels, probabilities, losses, sizes = [], [], [], []
    for start in range(0, 23, 5):
        chosen = other.order.numpy()[start : start + 5]
        part = Examples(other.training.ids[chosen], other.training.labels[chosen])
        with torch.inference_mode():
            other.table.flush(other.step)
        log_p = loop.predict(other.model, part)
        loss = -log_p[np.arange(len(part)), part.labels].mean() + float(other.model.penalty())
        (batch,) = loop.batches(part, np.arange(len(part)), 5, WIDTH)
        assert float(other.train_on(batch)) == pytest.approx(loss, abs=1e-6)
        labels.append(part.labels)
        probabilities.append(np.exp(log_p))
        losses.append(loss)
        sizes.append(len(part))
    row = trainer.run_epoch()
    assert sizes == [5, 5, 5, 5, 3]
    assert row["train_loss"] == pytest.approx(np.average(losses, weights=sizes), abs=1e-6)
    for name, value in metrics.scores(
        np.concatenate(probabilities), np.concatenate(labels)
    ).items():
        assert row[f"train_{name}"] == pytest.approx(value, abs=1e-12)


def test_a_smaller_batch_has_the_gradient_of_its_mean_loss():
    smaller, whole = (trainer_of(batch_size=size) for size in (5, 3))
    (batch,) = loop.batches(smaller.training, np.arange(3), 3, WIDTH)
    for trainer in (smaller, whole):
        trainer.train_on(batch)
    assert torch.equal(smaller.adam.m, whole.adam.m)
    assert torch.equal(smaller.table.m, whole.table.m)


def test_gradients_of_words_are_summed_in_order_on_cuda_as_on_a_cpu():
    """By the operation that CUDA is given, here on a CPU."""
    generator = torch.Generator().manual_seed(3)
    d_words, rows = torch.randn(40, 6, generator=generator), torch.zeros(8, 6)
    places = torch.randint(8, (40,), generator=generator)
    expected = torch.stack([d_words[places == row].sum(0) for row in range(8)])
    for in_order in (False, True):
        sums = loop.sum_by_row(d_words, places, rows, in_order)
        torch.testing.assert_close(sums, expected)


@cells
def test_row_wise_and_dense_train_alike(cell):
    """To float32's rounding, at the end of each epoch, when the table is up to date."""
    dense, rowwise = (trainer_of(cell, dropout=True, adam=adam) for adam in ("dense", "rowwise"))
    for _ in range(EPOCHS):
        expected = dense.run_epoch()
        assert rowwise.run_epoch() == pytest.approx(expected, abs=1e-5)
        for name, weight in dense.last.items():
            np.testing.assert_allclose(rowwise.last[name], weight, rtol=0, atol=1e-5)


def test_validation_metrics_are_those_after_the_epoch():
    trainer = trainer_of(l2=True, dropout=True)
    row = trainer.run_epoch()
    values = loop.evaluate(trainer.model, trainer.validation)
    assert {name: row[f"validation_{name}"] for name in values} == values
    assert row["epoch"] == trainer.epoch == 1
    assert trainer.history == [row]


def test_evaluation_takes_all_examples_and_the_penalties():
    trainer = trainer_of(l2=True)
    examples = examples_of(3, 2 * loop.EVALUATED + 7)
    polls = []
    log_p = loop.predict(trainer.model, examples, lambda: polls.append(1))
    assert len(polls) == 3
    np.testing.assert_allclose(np.exp(log_p).sum(1), 1, atol=1e-6)
    some = [0, loop.EVALUATED, len(examples) - 1]
    few = loop.predict(trainer.model, Examples(examples.ids[some], examples.labels[some]))
    np.testing.assert_allclose(few, log_p[some], atol=1e-6)
    values = loop.evaluate(trainer.model, examples)
    loss = -log_p[np.arange(len(examples)), examples.labels].mean()
    penalty = 1e-3 * sum(
        float((weight**2).sum())
        for name, weight in trainer.model.weights().items()
        if name in ("lstm/kernel", "lstm_1/kernel", "dense/kernel", "dense_1/kernel")
    )
    assert values["loss"] == pytest.approx(loss + penalty, abs=1e-6)
    assert values["accuracy"] == (log_p.argmax(1) == examples.labels).mean()


def test_no_examples_have_no_predictions():
    assert loop.predict(trainer_of().model, examples_of(1, 0)).shape == (0, CLASSES)


@pytest.mark.parametrize(
    ("accuracies", "best"),
    [([0.5, 0.5, 0.5], 1), ([0.5, 0.7, 0.7, 0.6], 2), ([0.0, 0.0], 1), ([0.4, 0.3, 0.5], 3)],
)
def test_the_best_epoch_is_the_earliest_of_equals(monkeypatch, accuracies, best):
    trainer, after = trainer_of(), []
    assert trainer.best_epoch == 0
    for accuracy in accuracies:
        scores = {"loss": 1.0, "accuracy": accuracy, "binary_accuracy": 0.5, "macro_f1": 0.5}
        monkeypatch.setattr(loop, "evaluate", lambda *_, scores=scores: scores)
        trainer.run_epoch()
        after.append({name: w.clone() for name, w in trainer.model.weights().items()})
    assert trainer.best_epoch == best
    for kept, epoch in ((trainer.best, best), (trainer.last, len(accuracies))):
        assert all(torch.equal(kept[name], weight) for name, weight in after[epoch - 1].items())


@cells
@pytest.mark.parametrize("adam", ["dense", "rowwise"])
def test_a_loss_that_is_not_finite_ends_the_training(cell, adam):
    """In the second epoch; the results of the first stay."""
    trainer = trainer_of(cell, adam=adam)
    row = trainer.run_epoch()
    kept = {name: weight.clone() for name, weight in trainer.last.items()}
    with torch.inference_mode():
        trainer.model.flat[-1] = torch.inf
    with pytest.raises(Diverged, match="not a finite number in epoch 2") as raised:
        trainer.run_epoch()
    assert raised.value.epoch == 2
    assert trainer.history == [row]
    assert trainer.best_epoch == 1
    assert all(torch.equal(trainer.last[name], weight) for name, weight in kept.items())
    assert trainer.best is trainer.last


def test_one_loss_that_is_not_finite_is_enough():
    """Even where the losses of all later batches are finite."""
    trainer = trainer_of()
    step, steps = trainer.train_on, itertools.count()

    def train_on(*arguments):
        loss = step(*arguments)
        return loss * torch.nan if next(steps) == 1 else loss

    trainer.train_on = train_on
    with pytest.raises(Diverged):
        trainer.run_epoch()


def test_a_last_step_that_makes_validation_infinite_ends_the_training():
    trainer = trainer_of(learning_rate=1e30, batch_size=23)  # one step, whose loss is still finite
    with pytest.raises(Diverged) as raised:
        trainer.run_epoch()
    assert torch.isfinite(trainer.losses).all()
    assert raised.value.epoch == 1
    assert (trainer.history, trainer.best_epoch) == ([], 0)


@pytest.mark.parametrize(("adam", "l2"), [("rowwise", False), ("dense", True)])
def test_the_all_zero_word_is_never_trained(adam, l2):
    trainer = trainer_of(adam=adam, l2=l2)
    for _ in range(2):
        trainer.run_epoch()
    assert (trainer.training.ids == WIDTH).any()
    assert not trainer.model.table[WIDTH].any()
    assert trainer.model.table[:WIDTH].any(1).all()


@pytest.mark.parametrize("adam", ["dense", "rowwise"])
def test_words_that_training_lacks_keep_their_rows(adam):
    """Their gradient is zero at every step, and without L2 so is what Adam makes of it."""
    trainer = trainer_of(adam=adam)
    lacking = sorted(set(range(WIDTH)) - set(trainer.training.ids.ravel().tolist()))
    before = trainer.model.table.clone()
    trainer.run_epoch()
    unchanged = (trainer.model.table == before).all(1)
    assert lacking
    assert unchanged.nonzero().view(-1).tolist() == [*lacking, WIDTH]


def test_training_learns():
    trainer = trainer_of(learning_rate=0.02)
    rows = [trainer.run_epoch() for _ in range(40)]
    assert rows[-1]["train_loss"] < 0.5 * rows[0]["train_loss"]
    assert rows[-1]["train_accuracy"] > 0.9


@given(
    seed=st.integers(0, 2**31),
    number=st.integers(1, 40),
    size=st.integers(1, 9),
    width=st.integers(1, 12),
    prepared=st.integers(1, 4),
)
def test_batches_hold_every_example_once_in_order(seed, number, size, width, prepared):
    examples = examples_of(seed, number, width)
    order = np.random.default_rng(seed).permutation(number)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "PREPARED", prepared)
        batches = list(loop.batches(examples, order, size, width))
    sizes = [len(batch.labels) for batch in batches]
    assert sizes[:-1] == [size] * (len(batches) - 1)
    assert sum(sizes) == number
    assert np.concatenate([batch.labels for batch in batches]).tolist() == list(
        examples.labels[order]
    )
    ids = []
    for batch in batches:
        rows = batch.rows.tolist()
        assert rows == sorted(set(rows) - {width})
        assert batch.places.is_contiguous()
        ids.append(torch.cat([batch.rows, torch.tensor([width])])[batch.places].T)
        assert set(torch.unique(ids[-1]).tolist()) - {width} == set(rows)
    assert np.array_equal(torch.cat(ids), examples.ids[order])


@pytest.fixture
def cuda():
    return device_or_skip("cuda")


every_cell = pytest.mark.parametrize("cell", list(CELLS))


@pytest.mark.gpu
@every_cell
@pytest.mark.parametrize(("adam", "l2"), [("rowwise", False), ("dense", True)])
def test_trains_on_cuda_as_on_a_cpu(cuda, cell, adam, l2):
    """And continues there from a state that was taken within an epoch."""
    run = {"cell": cell, "adam": adam, "l2": l2}
    on_cpu, on_cuda = trainer_of(**run), trainer_of(**run, device=cuda)
    on_cpu.run_epoch()
    with pytest.raises(Interrupted):
        on_cuda.run_epoch(interrupt_after(3))
    tensors, facts = on_cuda.state()
    resumed = trainer_of(**run, device=cuda)
    resumed.restore({name: tensor.cpu().clone() for name, tensor in tensors.items()}, facts)
    resumed.run_epoch()
    assert on_cpu.history[0] == pytest.approx(resumed.history[0], abs=1e-5)
    for name, weight in on_cpu.last.items():
        np.testing.assert_allclose(resumed.last[name].cpu(), weight, rtol=0, atol=1e-4)


@pytest.mark.gpu
@every_cell
@pytest.mark.parametrize(("adam", "l2"), [("rowwise", False), ("dense", True)])
def test_two_trainings_on_cuda_are_the_same_to_the_bit(cuda, cell, adam, l2):
    first, second = (
        trainer_of(cell, dropout=True, l2=l2, adam=adam, device=cuda) for _ in range(2)
    )
    for _ in range(EPOCHS):
        assert first.run_epoch() == second.run_epoch()
    assert result(first) == result(second)


@pytest.mark.gpu
@every_cell
def test_a_step_does_not_wait_for_cuda(cuda, cell):
    trainer = trainer_of(cell, dropout=True, device=cuda)
    examples = trainer.training
    first, *others = loop.batches(examples, np.arange(len(examples)), 5, WIDTH, cuda)
    trainer.train_on(first)  # allocates
    torch.cuda.set_sync_debug_mode("error")
    try:
        for batch in others[:-1]:
            trainer.train_on(batch)
    finally:
        torch.cuda.set_sync_debug_mode("default")
