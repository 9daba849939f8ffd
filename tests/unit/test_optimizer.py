"""Adam is Keras's, and row-wise Adam is within its stated distance of the dense one."""

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from tweetrnn.training.optimizer import Adam, DenseTable, RowwiseTable, adam_, for_table, step_size

pytestmark = pytest.mark.usefixtures("one_thread")

seeds = st.integers(0, 2**31)
learning_rates = st.sampled_from([1e-4, 1e-3, 1e-2])
ROWS, COLUMNS = 12, 6

# The error of the row-wise form as a part of the path that a weight travels: see RowwiseTable.
ERROR = 1e-4


class KerasAdam:
    """Keras's formula in float64, one step after the other, on every element."""

    def __init__(self, w, learning_rate):
        self.w, self.learning_rate, self.t = w.double().numpy().copy(), learning_rate, 0
        self.m, self.v = np.zeros_like(self.w), np.zeros_like(self.w)

    def step(self, g):
        self.t += 1
        self.m += (1 - 0.9) * (g - self.m)
        self.v += (1 - 0.999) * (g * g - self.v)
        alpha = step_size(self.learning_rate, self.t)
        moved = alpha * self.m / (np.sqrt(self.v) + 1e-7)
        self.w -= moved
        return np.abs(moved)


def table_of(seed, dtype=torch.float64):
    """Return a table of ROWS words and the row of zeros."""
    generator = torch.Generator().manual_seed(seed)
    table = torch.randn(ROWS + 1, COLUMNS, generator=generator, dtype=dtype)
    table[-1] = 0
    return table


def visits(seed, steps, scale, share=0.3, dtype=torch.float64):
    """Yield (step, rows, their gradient and that of the zeros): some words are rarer than others.

    ``scale`` is the gradients' typical size, and each word has its own.
    """
    random = np.random.default_rng(seed)
    chances = share ** random.uniform(0.3, 5, ROWS)
    sizes = scale * 10.0 ** random.uniform(-2, 1, (ROWS + 1, 1))
    for step in range(1, steps + 1):
        rows = torch.from_numpy(np.flatnonzero(random.random(ROWS) < chances))
        gradient = random.standard_normal((ROWS + 1, COLUMNS)) * sizes
        yield step, rows, torch.from_numpy(gradient[[*rows.tolist(), ROWS]]).to(dtype)


def spread(rows, gradient):
    """Return the gradient by the whole table of which the batch's is a part."""
    whole = np.zeros((ROWS + 1, COLUMNS))
    whole[rows] = gradient[:-1]
    return whole


@pytest.mark.parametrize(
    ("step", "size"),
    [  # of 0.001, computed by Keras 3.15.1 on TensorFlow 2.21.0
        (1, 0.00031622566166333854),
        (2, 0.0002353143790969625),
        (3, 0.0002020098763750866),
        (7, 0.00016012934793252498),
        (30, 0.00017956750525627285),
        (200, 0.000425850972533226),
        (1000, 0.0007951728766784072),
        (4000, 0.0009908179054036736),
        (20000, 0.0010000000474974513),
    ],
)
def test_the_step_size_equals_keras_s_to_the_last_digit(step, size):
    assert step_size(0.001, step) == size


@given(seed=seeds, magnitude=st.integers(-12, 3), learning_rate=learning_rates)
def test_adam_is_keras_s_formula(seed, magnitude, learning_rate):
    """Also where epsilon, which Keras adds to the uncorrected root, is larger than the root."""
    random = np.random.default_rng(seed)
    w = torch.from_numpy(random.standard_normal(20))
    expected, adam = KerasAdam(w, learning_rate), Adam(w, learning_rate)
    for step in range(1, 40):
        g = random.standard_normal(20) * 10.0**magnitude
        expected.step(g)
        adam.update(torch.from_numpy(g), step)
    np.testing.assert_allclose(w, expected.w, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(adam.m, expected.m, rtol=1e-12, atol=1e-25)
    np.testing.assert_allclose(adam.v, expected.v, rtol=1e-12, atol=1e-40)


@given(seed=seeds, l2=st.sampled_from([1e-4, 1e-3, 0.1]))
def test_l2_is_part_of_the_gradient(seed, l2):
    random = np.random.default_rng(seed)
    w = torch.from_numpy(random.standard_normal(20))
    expected, m, v = KerasAdam(w, 1e-3), torch.zeros_like(w), torch.zeros_like(w)
    for step in range(1, 40):
        g = random.standard_normal(20)
        expected.step(g + 2 * l2 * expected.w)
        adam_(w, torch.from_numpy(g), m, v, 1e-3, step, l2)
    np.testing.assert_allclose(w, expected.w, rtol=1e-12, atol=1e-15)


def test_adam_in_float32_stays_within_rounding():
    random = np.random.default_rng(1)
    w = torch.from_numpy(random.standard_normal(1000)).float()
    expected, adam = KerasAdam(w, 1e-3), Adam(w, 1e-3)
    for step in range(1, 201):
        g = torch.from_numpy(random.standard_normal(1000)).float()
        expected.step(g.double().numpy())
        adam.update(g, step)
    np.testing.assert_allclose(w, expected.w, rtol=0, atol=3e-6)


@given(seed=seeds, l2=st.sampled_from([0.0, 1e-3]), learning_rate=learning_rates)
def test_the_dense_table_is_keras_s_formula_on_every_row(seed, l2, learning_rate):
    table = table_of(seed)
    expected, dense = KerasAdam(table, learning_rate), DenseTable(table, learning_rate, l2)
    for step, rows, gradient in visits(seed, 30, 1.0):
        assert np.array_equal(dense.fetch(rows, step)[:-1], table[rows])
        expected.step(spread(rows, gradient) + 2 * l2 * expected.w)
        dense.update(rows, gradient, step)
    dense.flush(30)
    np.testing.assert_allclose(table, expected.w, rtol=1e-12, atol=1e-15)


def distances(seed, magnitude, learning_rate, steps, flushes=()):
    """Return (distances from Keras's formula, paths travelled) of a row-wise table's weights.

    Distances are the largest of any fetch and of the end.
    """
    table = torch.zeros(ROWS + 1, COLUMNS, dtype=torch.float64)
    expected, rowwise = KerasAdam(table, learning_rate), RowwiseTable(table, learning_rate)
    path = np.zeros_like(expected.w)
    largest = np.zeros_like(expected.w)

    def compare(rows, weights):
        distance = np.abs(weights.numpy() - expected.w[rows])
        largest[rows] = np.maximum(largest[rows], distance)

    for step, rows, gradient in visits(seed, steps, 10.0**magnitude):
        compare(rows, rowwise.fetch(rows, step)[:-1])
        path += expected.step(spread(rows, gradient))
        rowwise.update(rows, gradient, step)
        if step in flushes:
            rowwise.flush(step)
            compare(np.arange(ROWS + 1), table)
    rowwise.flush(steps)
    compare(np.arange(ROWS + 1), table)
    return largest, path


@given(
    seed=seeds,
    magnitude=st.integers(-12, 2),
    learning_rate=learning_rates,
    steps=st.integers(1, 150),
    flushes=st.sets(st.integers(1, 150), max_size=4),
)
@example(seed=1, magnitude=-12, learning_rate=1e-3, steps=150, flushes={40, 41})
def test_row_wise_stays_near_dense(seed, magnitude, learning_rate, steps, flushes):
    distance, path = distances(seed, magnitude, learning_rate, steps, flushes)
    assert (distance <= ERROR * path).all()


@pytest.mark.slow
def test_row_wise_stays_near_dense_beyond_reach_and_capacity():
    """More steps than CAPACITY without a flush, and words absent for longer than REACH."""
    steps = RowwiseTable.CAPACITY + 300
    distance, path = distances(7, -7, 1e-3, steps)
    assert (distance <= ERROR * path).all()
    absences = []
    last = np.zeros(ROWS, dtype=int)
    for step, rows, _ in visits(7, steps, 1.0):
        absences.extend((step - last[rows.numpy()]).tolist())
        last[rows.numpy()] = step
    assert max(absences) > RowwiseTable.REACH


def test_row_wise_is_dense_to_rounding_where_epsilon_is_small():
    distance, path = distances(3, 0, 1e-3, 400)
    assert (distance <= 1e-6 * path).all()


def test_row_wise_in_float32_stays_within_rounding_of_dense():
    tables = table_of(5, torch.float32), table_of(5, torch.float32)
    rowwise, dense = RowwiseTable(tables[0], 1e-3), DenseTable(tables[1], 1e-3)
    for step, rows, gradient in visits(5, 600, 1e-2, dtype=torch.float32):
        for optimizer in (rowwise, dense):
            optimizer.fetch(rows, step)
            optimizer.update(rows, gradient, step)
    rowwise.flush(600)
    np.testing.assert_allclose(*tables, rtol=0, atol=1e-5)


def test_row_wise_changes_no_other_rows_until_flushed():
    table = table_of(1)
    rowwise = RowwiseTable(table, 1e-3)
    for step, rows in enumerate(([2, 5], [3], [4]), 1):
        rows = torch.tensor(rows)
        before = table.clone()
        rowwise.fetch(rows, step)
        rowwise.update(rows, torch.ones(len(rows) + 1, COLUMNS, dtype=torch.float64), step)
        others = [row for row in range(ROWS + 1) if row not in rows.tolist()]
        assert torch.equal(table[others], before[others])
        assert not torch.equal(table[rows], before[rows])
    before = table.clone()
    rowwise.flush(3)
    moved = (table != before).any(1).nonzero().view(-1).tolist()
    assert moved == [2, 3, 5]  # row 4 is up to date, the others never had a gradient


def test_a_second_flush_changes_nothing():
    table = table_of(1)
    rowwise = RowwiseTable(table, 1e-3)
    for step, rows, gradient in visits(1, 50, 1.0):
        rowwise.fetch(rows, step)
        rowwise.update(rows, gradient, step)
    rowwise.flush(50)
    before = {name: tensor.clone() for name, tensor in rowwise.state().items()} | {"w": table + 0}
    rowwise.flush(50)
    after = rowwise.state() | {"w": table}
    assert all(torch.equal(before[name], after[name]) for name in before)


OPTIMIZERS = {
    "dense": DenseTable,
    "dense with L2": lambda table, learning_rate: DenseTable(table, learning_rate, 1e-3),
    "row-wise": RowwiseTable,
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_row_of_zeros_stays_zero(name):
    table = table_of(2, torch.float32)
    optimizer = OPTIMIZERS[name](table, 1e-2)
    for step, rows, gradient in visits(2, 30, 1.0, dtype=torch.float32):
        assert not optimizer.fetch(rows, step)[-1].any()
        optimizer.update(rows, gradient, step)  # the zeros have a gradient, which is ignored
    optimizer.flush(30)
    assert not table[-1].any()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_batch_of_no_words_is_a_step(name):
    """All its words are the all-zero vector; other rows still move, by what m holds."""
    table = table_of(2)
    expected, optimizer = KerasAdam(table, 1e-2), OPTIMIZERS[name](table, 1e-2)
    l2 = 1e-3 if name == "dense with L2" else 0.0
    for step, rows in enumerate(([0, 1, 2], [], []), 1):
        rows = torch.tensor(rows, dtype=torch.int64)
        gradient = torch.ones(len(rows) + 1, COLUMNS, dtype=torch.float64)
        expected.step(spread(rows, gradient) + 2 * l2 * expected.w)
        assert len(optimizer.fetch(rows, step)) == len(rows) + 1
        optimizer.update(rows, gradient, step)
    optimizer.flush(3)
    np.testing.assert_allclose(table, expected.w, rtol=0, atol=1e-7)


@pytest.mark.parametrize("name", OPTIMIZERS)
@given(seed=seeds, at=st.integers(0, 60))
def test_continues_from_its_state_to_the_same_bytes(name, seed, at):
    table = table_of(seed, torch.float32)
    optimizer = OPTIMIZERS[name](table, 1e-3)
    for step, rows, gradient in visits(seed, 60, 1.0, dtype=torch.float32):
        if step == at + 1:
            saved = {key: tensor.clone() for key, tensor in optimizer.state().items()}
            table = table.clone()
            other = OPTIMIZERS[name](table, 1e-3)
            for key, tensor in other.state().items():
                tensor.copy_(saved[key])
            uninterrupted, optimizer = optimizer, other
        if step > at:
            uninterrupted.fetch(rows, step)
            uninterrupted.update(rows, gradient, step)
        optimizer.fetch(rows, step)
        optimizer.update(rows, gradient, step)
        if step == 30:
            optimizer.flush(step)
            if step > at:
                uninterrupted.flush(step)
    optimizer.flush(60)
    if at < 60:
        uninterrupted.flush(60)
        assert table.numpy().tobytes() == uninterrupted.weight.numpy().tobytes()
        for key, tensor in optimizer.state().items():
            assert tensor.numpy().tobytes() == uninterrupted.state()[key].numpy().tobytes()


@pytest.mark.parametrize("threads", [2, 3, 50])
@pytest.mark.parametrize("columns", [32, 128, 7])
def test_threads_change_no_bit_of_the_table(threads, columns, monkeypatch):
    monkeypatch.setattr(DenseTable, "WORTHWHILE", 1)
    random = np.random.default_rng(4)
    start = torch.from_numpy(random.standard_normal((38, columns))).float()
    one, more = start.clone(), start.clone()
    alone, shared = DenseTable(one, 1e-3, 1e-3), DenseTable(more, 1e-3, 1e-3, threads)
    for step in range(1, 6):
        rows = torch.from_numpy(np.flatnonzero(random.random(37) < 0.3))
        gradient = torch.from_numpy(random.standard_normal((len(rows) + 1, columns))).float()
        for optimizer in (alone, shared):
            optimizer.fetch(rows, step)
            optimizer.update(rows, gradient, step)
    assert one.numpy().tobytes() == more.numpy().tobytes()


@pytest.mark.parametrize("rows, threads, pieces", [(500, 8, 1), (22021, 2, 2), (22021, 8, 5)])
def test_no_thread_gets_too_small_a_piece(rows, threads, pieces):
    assert len(DenseTable(torch.zeros(rows, 32), 1e-3, 1e-3, threads)._pieces) == pieces


@pytest.mark.parametrize(
    ("mode", "l2", "kind"),
    [
        ("rowwise", 0.0, RowwiseTable),
        ("dense", 0.0, DenseTable),
        ("dense", 1e-3, DenseTable),
        ("rowwise", 1e-3, DenseTable),
    ],
)
def test_l2_needs_the_dense_table(mode, l2, kind):
    optimizer = for_table(table_of(1), 1e-3, mode, l2)
    assert type(optimizer) is kind
    assert getattr(optimizer, "l2", 0.0) == l2
