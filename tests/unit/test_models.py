"""Each way to compute a model against autograd and the cells' definitions; initial weights."""

import math
import os
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from devices import device_or_skip
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tweetrnn.grid import Combination
from tweetrnn.training import by_hand, loop, recurrent, torch_kernels
from tweetrnn.training.cells import CELLS, LSTM, Cell
from tweetrnn.training.initializers import glorot_uniform, orthogonal
from tweetrnn.training.models import ACCELERATORS, Dense, Dropout, build

pytestmark = pytest.mark.usefixtures("one_thread")

RECURRENT = {cell: definition for cell, definition in CELLS.items() if definition.recurrent}
cells = pytest.mark.parametrize("cell", list(RECURRENT))

# The three ways to compute a recurrent layer, as ``accelerators`` of a model.
PATHS = {
    "definition": {},
    "by_hand": by_hand.LAYERS,
    "torch_kernels": torch_kernels.LAYERS,
}
CASES = [
    (cell, path)
    for cell, definition in RECURRENT.items()
    for path, layers in PATHS.items()
    if path == "definition" or (definition.both_directions or definition) in layers
]
paths = pytest.mark.parametrize(
    ("cell", "path"), [pytest.param(*case, id="-".join(case)) for case in CASES]
)
paths_and_devices = pytest.mark.parametrize(
    ("cell", "path", "device"),
    [
        pytest.param(*case, device, id="-".join((*case, device)), marks=marks)
        for case in CASES
        for device, marks in (("cpu", ()), ("cuda", pytest.mark.gpu))
    ],
)


@contextmanager
def double_precision():
    """Let layers and models compute in float64, so that only a wrong formula makes a difference."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def close(a, b):
    return torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def equip(layer, seed, device="cpu"):
    """Give a layer random weights, as a model would; return copies of them for autograd.

    The copies are {(part, name): weight}, in order.
    """
    copies = {}
    for part in layer.parts:
        for name, shape in part.shapes.items():
            weight = normal(seed + 100 * len(copies), *shape).to(device)
            setattr(part, name, weight)
            setattr(part, f"{name}_gradient", torch.zeros(shape, device=device))
            copies[part, name] = weight.clone().requires_grad_()
    return copies


def unrolled(cell, x, weights):
    """Return what a cell's definition makes of a sequence: (T, B, inputs) to (T, B, outputs).

    ``weights`` are those of each part in turn: kernel, recurrent kernel, bias.
    """
    kernel, recurrent_kernel, bias, *others = weights
    if cell.both_directions:
        cell = cell.both_directions
        backward = unrolled(cell, x.flip(0), others).flip(0)
        return torch.cat([unrolled(cell, x, weights[:3]), backward], 2)
    bias, *recurrent_bias = bias if cell.recurrent_bias else [bias]
    state = [x.new_zeros(x.shape[1], len(recurrent_kernel)) for _ in range(cell.states)]
    outputs = []
    for at_t in x:
        state = cell.step(at_t @ kernel + bias, *state, recurrent_kernel, *recurrent_bias)
        state = state if cell.states > 1 else [state]
        outputs.append(state[0])
    return torch.stack(outputs)


def at_the_end(cell, outputs):
    """Return what a layer passes on that does not pass on every step: (B, outputs)."""
    if cell.both_directions:  # the second part ends at the first step
        units = outputs.shape[2] // 2
        return torch.cat([outputs[-1, :, :units], outputs[0, :, units:]], 1)
    return outputs[-1]


def one_hot(ids, width):
    """(T, B) to (T, B, width); the id ``width`` is all zeros."""
    return torch.nn.functional.one_hot(ids, width + 1)[..., :width].to(torch.get_default_dtype())


def layer_of(cell, path, *arguments):
    return recurrent.layer_of(CELLS[cell], PATHS[path], "layer", *arguments)


sizes = st.integers(1, 6)
seeds = st.integers(0, 2**31)


@pytest.mark.slow
@pytest.mark.parametrize("relu", [False, True])
@given(seed=seeds, batch=sizes, inputs=sizes, units=sizes)
def test_dense_has_autograd_s_gradients(relu, seed, batch, inputs, units):
    with double_precision():
        layer = Dense("dense", inputs, units, relu)
        weights = equip(layer, seed)
        x, dy = normal(seed + 8, batch, inputs), normal(seed + 9, batch, units)
        y, dx = layer.forward(x, training=True), layer.backward(dy)
        x.requires_grad_()
        kernel, bias = weights.values()
        expected = x @ kernel + bias
        expected = expected.relu() if relu else expected
        expected.backward(dy)
        close(y, expected.detach())
        close(dx, x.grad)
        for (part, name), weight in weights.items():
            close(getattr(part, f"{name}_gradient"), weight.grad)


def check_gradients(cell, path, device, sequences, seed, steps, batch, inputs, units):
    """Compare a layer's outputs and gradients with autograd's by the definition."""
    with double_precision():
        layer = layer_of(cell, path, inputs, units, False, sequences)
        weights = equip(layer, seed, device)
        x = normal(seed + 8, steps, batch, inputs).to(device)
        shape = (steps, batch, layer.outputs) if sequences else (batch, layer.outputs)
        dy = normal(seed + 9, *shape).to(device)
        y = layer.forward(x, training=True).clone()
        dx = layer.backward(dy).clone()
        x.requires_grad_()
        expected = unrolled(CELLS[cell], x, [*weights.values()])
        expected = expected if sequences else at_the_end(CELLS[cell], expected)
        expected.backward(dy)
        close(y, expected.detach())
        close(dx, x.grad)
        for (part, name), weight in weights.items():
            close(getattr(part, f"{name}_gradient"), weight.grad)


@paths_and_devices
@pytest.mark.parametrize("sequences", [False, True])
@given(seed=seeds, steps=sizes, batch=sizes, inputs=sizes, units=sizes)
def test_a_recurrent_layer_has_the_definition_s_gradients(
    cell, path, device, sequences, seed, steps, batch, inputs, units
):
    device_or_skip(device)
    check_gradients(cell, path, device, sequences, seed, steps, batch, inputs, units)


@paths
@given(seed=seeds, steps=sizes, batch=sizes, width=sizes, units=sizes)
def test_the_first_layer_looks_up_what_one_hot_would_multiply(
    cell, path, seed, steps, batch, width, units
):
    with double_precision():
        layer = layer_of(cell, path, width, units, True, False)
        weights = equip(layer, seed)
        kernels = torch.cat([part.kernel for part in layer.parts], 1)
        table = torch.cat([kernels, torch.zeros(1, kernels.shape[1])])
        ids = torch.from_numpy(np.random.default_rng(seed).integers(0, width + 1, (steps, batch)))
        dy = normal(seed + 9, batch, layer.outputs)
        y = layer.forward((table, ids), training=True).clone()
        d_rows = layer.backward(dy).view(steps * batch, -1)
        gradient = torch.zeros_like(table).index_add_(0, ids.view(-1), d_rows)
        expected = unrolled(CELLS[cell], one_hot(ids, width), [*weights.values()])
        expected = at_the_end(CELLS[cell], expected)
        expected.backward(dy)
        close(y, expected.detach())
        kernels = [weight.grad for (_, name), weight in weights.items() if name == "kernel"]
        close(gradient[:width], torch.cat(kernels, 1))
        for (part, name), weight in weights.items():
            if name != "kernel":
                close(getattr(part, f"{name}_gradient"), weight.grad)


def by_definition(model, weights, ids, masks):
    """Return (logits, penalties) of a Keras model, from its weights by name and dropout's masks."""
    weights, masks = list(weights.values()), list(masks)
    drop = (lambda x: x * masks.pop(0)) if masks else (lambda x: x)
    combination, penalties = model.combination, 0.0
    cell, x = CELLS[model.cell], one_hot(ids, model.width)
    several = 3 * (2 if cell.both_directions else 1)
    for _ in range(combination.recurrent_layers):
        penalties = penalties + model.l2 * sum((w**2).sum() for w in weights[:several:3])
        outputs = unrolled(cell, x, weights[:several])
        del weights[:several]
        last = len(weights) == 2 * (combination.dense_layers + 1)
        x = drop(at_the_end(cell, outputs) if last else outputs)
    for _ in range(combination.dense_layers):
        penalties = penalties + model.l2 * (weights[0] ** 2).sum()
        x = drop((x @ weights[0] + weights[1]).relu())
        del weights[:2]
    kernel, bias = weights
    assert not masks
    return x @ kernel + bias, penalties


@paths
@given(
    seed=seeds,
    layers=st.tuples(st.integers(1, 3), st.integers(0, 3)),
    dropout=st.booleans(),
    regularization=st.booleans(),
    shape=st.tuples(sizes, sizes),
    width=st.integers(1, 9),
    classes=st.integers(2, 4),
    units=sizes,
)
def test_a_model_has_autograd_s_gradients(
    cell, path, seed, layers, dropout, regularization, shape, width, classes, units
):
    with double_precision():
        combination = Combination(*layers, dropout, regularization, 1e-3)
        model = build(
            cell,
            combination,
            width,
            classes,
            seed,
            units=units,
            dense_units=(5, 4, 3),
            l2=0.05,
            accelerators=PATHS[path],
        )
        model.generator.manual_seed(seed)
        model.load({name: normal(seed, *w.shape) for name, w in model.weights().items()})
        ids = torch.from_numpy(np.random.default_rng(seed).integers(0, width + 1, shape))
        d_logits = normal(seed + 1, shape[1], classes)
        logits = model.forward(model.table, ids, training=True)
        d_rows = model.backward(d_logits)
        penalties = model.add_penalty()
        d_table = torch.zeros_like(model.table).index_add_(0, ids.view(-1), d_rows)
        d_table += 2 * model.l2 * model.table  # left to the table's optimizer

        weights = {name: w.clone().requires_grad_() for name, w in model.weights().items()}
        masks = [layer.mask for layer in model.layers if isinstance(layer, Dropout)]
        expected, expected_penalties = by_definition(model, weights, ids, masks)
        ((expected * d_logits).sum() + expected_penalties).backward()
        close(logits, expected.detach())
        close(float(penalties), expected_penalties.item())
        close(float(model.penalty()), expected_penalties.item())
        first = [f"{part.name}/kernel" for part in model.layers[0].parts]
        close(d_table[:width], torch.cat([weights.pop(name).grad for name in first], 1))
        close(model.flat_gradient, torch.cat([w.grad.flatten() for w in weights.values()]))


WORDS = Combination(1, 2, True, True, 1e-3)
PADDING = 2  # the column of padding in the tests of MeanOfWords


def mean_of_words(seed=0, width=9, classes=3, combination=WORDS, **settings):
    """Return a MeanOfWords."""
    settings = {"units": 4, "dense_units": (5, 4), "l2": 0.05} | settings
    return build("MeanOfWords", combination, width, classes, seed, padding_id=PADDING, **settings)


def averaged(x, weights):
    """Return what MeanOfWords makes of one-hot words: (T, B, width) to (B, units).

    ``weights`` are those of its layer; a step of zeros is no word.
    """
    kernel, bias = weights
    return (x @ kernel).sum(0) / x.sum((0, 2)).clamp(min=1).unsqueeze(1) + bias


@given(seed=seeds, shape=st.tuples(sizes, sizes), dropout=st.booleans(), l2=st.booleans())
def test_a_mean_of_words_has_autograd_s_gradients(seed, shape, dropout, l2):
    with double_precision():
        model = mean_of_words(seed, combination=Combination(1, 2, dropout, l2, 1e-3))
        model.load({name: normal(seed, *w.shape) for name, w in model.weights().items()})
        ids = torch.from_numpy(np.random.default_rng(seed).integers(0, 10, shape))
        d_logits = normal(seed + 1, shape[1], 3)
        logits = model.forward(model.table, ids, training=True)
        d_table = torch.zeros_like(model.table)
        d_table.index_add_(0, ids.view(-1), model.backward(d_logits))
        d_table += 2 * model.l2 * model.table
        penalty = model.add_penalty()

        first, *dense = pairs(w.clone().requires_grad_() for w in model.weights().values())
        masks = [layer.mask for layer in model.layers if isinstance(layer, Dropout)]
        masks += [1.0] * (len(dense) - len(masks))
        x = averaged(one_hot(ids, model.width), first) * masks[0]
        for (kernel, bias), mask in zip(dense[:-1], masks[1:], strict=True):
            x = (x @ kernel + bias).relu() * mask
        expected = x @ dense[-1][0] + dense[-1][1]
        penalized = [kernel for kernel, _ in (first, *dense[:-1])]
        expected_penalty = model.l2 * sum((kernel**2).sum() for kernel in penalized)
        ((expected * d_logits).sum() + expected_penalty).backward()
        close(logits, expected.detach())
        close(float(penalty), expected_penalty.item() if l2 else 0.0)
        close(d_table[: model.width], first[0].grad)
        others = [first[1], *(weight for layer in dense for weight in layer)]
        close(model.flat_gradient, torch.cat([weight.grad.flatten() for weight in others]))


def pairs(weights):
    """Return [(kernel, bias)] of the weights of layers."""
    weights = list(weights)
    return list(zip(weights[::2], weights[1::2], strict=True))


def logits_of(model, *sequences):
    """Return what a model makes of sequences as loop.predict reads them."""
    ids = np.array(sequences)
    return loop.predict(model, loop.Examples(ids, np.zeros(len(ids), dtype=int)))


def test_a_mean_of_words_depends_neither_on_order_nor_on_padding_nor_on_unknown_words():
    model, unknown = mean_of_words(), 9  # a word without a column is all-zero
    first, *others = logits_of(
        model,
        [PADDING, PADDING, PADDING, 4, 7],
        [7, 4, PADDING, PADDING, PADDING],
        [unknown, 4, unknown, 7, PADDING],
        [4, 4, 7, 7, PADDING],
    )
    for other in others:
        np.testing.assert_allclose(other, first, rtol=0, atol=1e-6)
    different = logits_of(model, [4, 4, 4, 7, PADDING])
    assert np.abs(different - first).max() > 1e-4


def test_of_a_tweet_without_a_known_word_only_the_biases_speak():
    model = mean_of_words()
    one, other = logits_of(model, [PADDING] * 5, [9] * 5)
    for name, weight in model.weights().items():
        if name == "mean_of_words/kernel":
            weight.zero_()
    assert np.array_equal(one, other)
    assert np.array_equal(logits_of(model, [1, 2, 3, 4, 5])[0], one)


@pytest.mark.parametrize("adam", ["dense", "rowwise"])
def test_a_mean_of_words_learns_which_word_says_the_answer_and_leaves_padding_alone(adam):
    random = np.random.default_rng(3)
    labels = random.integers(0, 3, 60)
    ids = random.integers(6, 20, (60, 6))
    ids[:, 0] = PADDING
    ids[np.arange(60), random.integers(1, 6, 60)] = labels + 3
    examples = loop.Examples(ids, labels)
    model = mean_of_words(2, 20, combination=Combination(1, 1, False, False, 0.02), units=8)
    padding = model.table[PADDING].clone()
    trainer = loop.Trainer(model, examples, examples, 0.02, batch_size=16, adam=adam)
    rows = [trainer.run_epoch() for _ in range(15)]
    assert rows[-1]["validation_accuracy"] > 0.95
    assert torch.equal(model.table[PADDING], padding)


def test_summary_of_a_mean_of_words():
    model = build("MeanOfWords", WORDS, width=100, classes=3)
    assert [tuple(row.values()) for row in model.summary(50)] == [
        ("mean_of_words (MeanOfWords)", "(None, 32)", 3_232),
        ("dropout (Dropout)", "(None, 32)", 0),
        ("dense (Dense)", "(None, 32)", 1_056),
        ("dropout_1 (Dropout)", "(None, 32)", 0),
        ("dense_1 (Dense)", "(None, 16)", 528),
        ("dropout_2 (Dropout)", "(None, 16)", 0),
        ("dense_2 (Dense)", "(None, 3)", 51),
    ]
    assert model.count_parameters() == 100 * 32 + 32 + 1_056 + 528 + 51


def test_a_mean_of_words_is_no_layer_among_several():
    with pytest.raises(ValueError, match="MeanOfWords cannot be one of several"):
        build("MeanOfWords", Combination(2, 1, False, False, 1e-3), width=10, classes=3)


def test_a_seed_determines_the_initial_vectors_of_a_mean_of_words():
    first, same, other = (mean_of_words(seed) for seed in (3, 3, 4))
    assert torch.equal(first.table, same.table) and torch.equal(first.flat, same.flat)
    assert not torch.equal(first.table, other.table)
    assert not first.table[9].any()
    limit = math.sqrt(6 / (9 + 4))
    assert 0.8 * limit < first.table.abs().max() <= limit


@paths
def test_evaluation_drops_nothing_and_does_not_depend_on_the_batch(cell, path):
    combination = Combination(2, 3, True, False, 1e-3)
    model = build(cell, combination, 20, 3, seed=4, accelerators=PATHS[path])
    ids = torch.from_numpy(np.random.default_rng(4).integers(0, 21, (7, 30)))
    with torch.inference_mode():
        together = model.forward(model.table, ids).clone()
        single = [model.forward(model.table, ids[:, i : i + 1].contiguous()) for i in range(30)]
        expected, _ = by_definition(model, model.weights(), ids, [])
    torch.testing.assert_close(together, torch.cat(single), rtol=0, atol=1e-6)
    torch.testing.assert_close(together, expected, rtol=0, atol=1e-6)


def test_l2_falls_on_input_kernels_and_hidden_dense_kernels_alone():
    model = build("LSTM", Combination(2, 2, False, True, 1e-3), width=11, classes=3, l2=0.01)
    names = ["lstm/kernel", "lstm_1/kernel", "dense/kernel", "dense_1/kernel"]
    for name, weight in model.weights().items():
        for other in model.weights().values():
            other.zero_()
        weight.fill_(2)
        expected = 0.01 * 4 * weight.numel() if name in names else 0
        assert float(model.penalty()) == pytest.approx(expected, rel=1e-6)


def test_without_regularization_there_is_no_penalty():
    model = build("SimpleRNN", Combination(1, 2, False, False, 1e-3), width=11, classes=3, l2=0.01)
    model.flat_gradient.zero_()
    assert model.penalty() == model.add_penalty() == 0.0
    assert not model.flat_gradient.any()


@pytest.mark.parametrize("shape", [(22020, 32), (32, 128), (16, 3)])
def test_glorot_uniform_is_uniform_below_its_limit(shape):
    kernel = glorot_uniform(*shape, torch.Generator().manual_seed(1)).numpy()
    limit = math.sqrt(6 / sum(shape))
    assert kernel.shape == shape
    assert np.abs(kernel).max() <= limit
    test = stats.kstest(kernel.ravel(), stats.uniform(-limit, 2 * limit).cdf)
    assert test.pvalue > 1e-3


@pytest.mark.parametrize("shape", [(32, 32), (32, 128), (128, 32), (1, 4)])
def test_orthogonal_has_orthonormal_rows_or_columns(shape):
    kernel = orthogonal(*shape, torch.Generator().manual_seed(1))
    assert kernel.shape == shape
    assert kernel.dtype == torch.float32
    kernel = kernel if shape[0] <= shape[1] else kernel.T
    torch.testing.assert_close(kernel @ kernel.T, torch.eye(len(kernel)), rtol=0, atol=1e-6)


def test_orthogonal_is_uniform_over_all_orthogonal_matrices():
    generator = torch.Generator().manual_seed(1)
    draws = torch.stack([orthogonal(2, 2, generator) for _ in range(600)])
    for row in (0, 1):
        angles = torch.atan2(draws[:, row, 1], draws[:, row, 0]).numpy()
        test = stats.kstest(angles, stats.uniform(-math.pi, 2 * math.pi).cdf)
        assert test.pvalue > 1e-3
    reflections = int((torch.linalg.det(draws) < 0).sum())
    assert stats.binomtest(reflections, len(draws)).pvalue > 1e-3


@cells
def test_initial_weights_are_drawn_as_keras_draws_them(cell):
    combination = Combination(2, 3, True, True, 1e-3)
    model = build(cell, combination, width=50, classes=3, seed=6, units=8)
    assert not model.table[50].any()
    for name, weight in model.weights().items():
        if name.endswith("recurrent_kernel"):
            torch.testing.assert_close(weight @ weight.T, torch.eye(8), rtol=0, atol=1e-6)
        elif name.endswith("kernel"):
            limit = math.sqrt(6 / sum(weight.shape))
            assert 0.8 * limit < weight.abs().max() <= limit
        else:
            expected = torch.zeros(weight.shape)
            if "lstm" in name:
                expected[8:16] = 1  # the forget gate's
            elif CELLS[cell].initial_bias and not name.startswith("dense"):
                expected = torch.tensor(CELLS[cell].initial_bias).repeat_interleave(8).float()
            assert torch.equal(weight, expected)


@cells
def test_a_seed_determines_the_initial_weights(cell):
    first, same, other = (
        build(cell, Combination(1, 2, False, False, 1e-3), width=9, classes=2, seed=seed)
        for seed in (3, 3, 4)
    )
    assert torch.equal(first.flat, same.flat) and torch.equal(first.table, same.table)
    assert not torch.equal(first.flat, other.flat)
    assert not torch.equal(first.table, other.table)


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.5, 0.9])
def test_dropout_keeps_its_share_and_lets_the_rest_grow(rate):
    layer = Dropout("dropout", rate, torch.Generator().manual_seed(2))
    x = normal(3, 30, 32, 200).abs() + 1
    y = layer.forward(x, training=True)
    kept = y != 0
    torch.testing.assert_close(y[kept], x[kept] / (1 - rate))
    assert stats.binomtest(int(kept.sum()), kept.numel(), 1 - rate).pvalue > 1e-3
    # Nowhere more than elsewhere: each time step, example and unit keeps its share.
    for axis in range(3):
        counts = kept.movedim(axis, 0).flatten(1).sum(1).numpy()
        assert stats.chisquare(counts).pvalue > 1e-3


def test_dropout_differs_at_each_step_and_between_neighbours_independently():
    layer = Dropout("dropout", 0.5, torch.Generator().manual_seed(2))
    x = torch.ones(30, 32, 32)
    first, second = (layer.forward(x, training=True) != 0 for _ in range(2))
    for a, b in (
        (first, second),
        (first[1:], first[:-1]),
        (first[:, 1:], first[:, :-1]),
        (first[..., 1:], first[..., :-1]),
    ):
        assert stats.binomtest(int((a == b).sum()), a.numel()).pvalue > 1e-3


def test_dropout_s_gradient_passes_where_its_input_passed():
    layer = Dropout("dropout", 0.2, torch.Generator().manual_seed(2))
    x, dy = normal(3, 6, 5), normal(4, 6, 5)
    y = layer.forward(x, training=True)
    torch.testing.assert_close(layer.backward(dy), dy * (y / x))


def test_dropout_is_the_identity_in_evaluation():
    x = normal(3, 6, 5)
    layer = Dropout("dropout", 0.2, torch.Generator().manual_seed(2))
    assert torch.equal(layer.forward(x, training=False), x)


def test_summary_of_the_reference_s_lstm():
    model = build("LSTM", Combination(2, 2, False, True, 1e-3), width=22020, classes=3)
    assert [tuple(row.values()) for row in model.summary(50)] == [
        ("lstm (LSTM)", "(None, 50, 32)", 2_822_784),
        ("lstm_1 (LSTM)", "(None, 32)", 8_320),
        ("dense (Dense)", "(None, 32)", 1_056),
        ("dense_1 (Dense)", "(None, 16)", 528),
        ("dense_2 (Dense)", "(None, 3)", 51),
    ]
    assert model.count_parameters() == 2_832_739
    assert sum(row["parameters"] for row in model.summary(50)) == 2_832_739


def test_summary_with_dropout_after_each_layer_but_the_last():
    model = build("SimpleRNN", Combination(2, 3, True, False, 1e-3), width=100, classes=2)
    assert [tuple(row.values()) for row in model.summary(50)] == [
        ("simple_rnn (SimpleRNN)", "(None, 50, 32)", 4_256),
        ("dropout (Dropout)", "(None, 50, 32)", 0),
        ("simple_rnn_1 (SimpleRNN)", "(None, 32)", 2_080),
        ("dropout_1 (Dropout)", "(None, 32)", 0),
        ("dense (Dense)", "(None, 32)", 1_056),
        ("dropout_2 (Dropout)", "(None, 32)", 0),
        ("dense_1 (Dense)", "(None, 16)", 528),
        ("dropout_3 (Dropout)", "(None, 16)", 0),
        ("dense_2 (Dense)", "(None, 8)", 136),
        ("dropout_4 (Dropout)", "(None, 8)", 0),
        ("dense_3 (Dense)", "(None, 2)", 18),
    ]


@pytest.mark.parametrize(
    "cell, rows",
    [
        (
            "GRU",
            [
                ("gru (GRU)", "(None, 50, 32)", 12_864),
                ("gru_1 (GRU)", "(None, 32)", 6_336),
                ("dense (Dense)", "(None, 32)", 1_056),
            ],
        ),
        (
            "BidirectionalLSTM",
            [
                ("bidirectional (Bidirectional)", "(None, 50, 64)", 34_048),
                ("bidirectional_1 (Bidirectional)", "(None, 64)", 24_832),
                ("dense (Dense)", "(None, 32)", 2_080),
            ],
        ),
    ],
)
def test_summary_of_other_cells_is_keras_s(cell, rows):
    model = build(cell, Combination(2, 2, False, True, 1e-3), width=100, classes=3)
    summary = [tuple(row.values()) for row in model.summary(50)]
    assert summary[:3] == rows


def test_weights_have_keras_s_names_order_and_shapes():
    model = build("LSTM", Combination(1, 2, True, False, 1e-3), width=10, classes=3, units=4)
    assert {name: tuple(weight.shape) for name, weight in model.weights().items()} == {
        "lstm/kernel": (10, 16),
        "lstm/recurrent_kernel": (4, 16),
        "lstm/bias": (16,),
        "dense/kernel": (4, 32),
        "dense/bias": (32,),
        "dense_1/kernel": (32, 16),
        "dense_1/bias": (16,),
        "dense_2/kernel": (16, 3),
        "dense_2/bias": (3,),
    }


def test_loaded_weights_are_the_model_s():
    combination = Combination(1, 2, False, False, 1e-3)
    giver, taker = (build("LSTM", combination, width=10, classes=3, seed=seed) for seed in (1, 2))
    taker.load(giver.weights())
    assert torch.equal(taker.table, giver.table)
    assert torch.equal(taker.flat, giver.flat)


@pytest.mark.parametrize("cell", ["SimpleRNN", "LSTM", "GRU", "BidirectionalLSTM"])
def test_what_is_fastest_on_a_device_is_chosen(cell):
    combination = Combination(2, 1, False, False, 1e-3)
    parts = build(cell, combination, width=10, classes=3, units=4).parts
    layers = [type(part) for part in parts if not isinstance(part, Dense)]
    assert layers and set(layers) <= set(by_hand.LAYERS.values())
    assert ACCELERATORS["cuda"].keys() == by_hand.LAYERS.keys()


def test_a_changed_cell_is_not_computed_by_what_was_made_for_the_other(new_cell):
    class Leaky(LSTM):
        """An LSTM that forgets more."""

        @staticmethod
        def step(x, h, c, kernel):
            return LSTM.step(x, h, c / 2, kernel)

    new_cell(Leaky)
    model = build("Leaky", Combination(1, 1, False, False, 1e-3), width=10, classes=3, units=4)
    assert type(model.layers[0]) is recurrent.Recurrent
    assert model.summary(50)[0]["layer"] == "leaky (Leaky)"


@pytest.fixture
def new_cell():
    """Return a function that takes note of a cell, which is forgotten after the test."""
    added = []
    yield added.append
    for cell in added:
        del CELLS[cell.__name__]


@pytest.fixture
def minimal(new_cell):
    """A cell that no Keras has, and whose recurrent kernel does not only multiply the state."""

    class Minimal(Cell):
        """The minimal gated unit (Zhou 2016); its gates are forget and candidate."""

        gates = 2

        @staticmethod
        def step(x, h, kernel):
            """Return the next state."""
            x_f, x_g = x.chunk(2, -1)
            kernel_f, kernel_g = kernel.chunk(2, -1)
            f = (x_f + h @ kernel_f).sigmoid()
            g = (x_g + (f * h) @ kernel_g).tanh()
            return (1 - f) * h + f * g

    new_cell(Minimal)
    return "Minimal"


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_cell_that_is_only_defined_trains_and_predicts(minimal, layers, device):
    random = np.random.default_rng(3)
    labels = random.integers(0, 3, 60)
    ids = random.integers(3, 20, (60, 6))
    ids[:, 2] = labels  # the word that says the answer
    examples = loop.Examples(ids, labels)
    combination = Combination(layers, 1, True, True, 0.02)
    settings = {"units": 8, "l2": 1e-4, "device": device_or_skip(device)}
    model = build(minimal, combination, 20, 3, seed=2, **settings)
    trainer = loop.Trainer(model, examples, examples, 0.02, batch_size=16)
    rows = [trainer.run_epoch() for _ in range(15)]
    assert rows[-1]["train_loss"] < 0.5 * rows[0]["train_loss"]
    assert rows[-1]["validation_accuracy"] > 0.9
    assert (model.layers[0].kind, model.layers[0].name) == ("Minimal", "minimal")
    restored = build(minimal, combination, 20, 3, seed=9, **settings)
    restored.load(trainer.last)
    assert np.array_equal(loop.predict(restored, examples), loop.predict(model, examples))


def test_a_cell_whose_kernel_multiplies_more_than_the_state_has_autograd_s_gradients(minimal):
    for sequences in (False, True):
        check_gradients(minimal, "definition", "cpu", sequences, 5, 6, 4, 3, 2)


@pytest.mark.gpu
def test_cuda_computes_in_full_float32_and_repeats_its_bytes():
    build("LSTM", Combination(1, 1, False, False, 1e-3), 10, 3, device=device_or_skip("cuda"))
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
    assert torch.backends.cudnn.deterministic
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] in (":16:8", ":4096:8")
