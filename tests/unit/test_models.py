"""The hand-written passes against autograd, the initialisers and dropout against definitions."""

import math
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tweetrnn.config import load_schema
from tweetrnn.grid import Combination
from tweetrnn.training.cells import CELLS, glorot_uniform, orthogonal
from tweetrnn.training.models import Dense, Dropout, build

pytestmark = pytest.mark.usefixtures("one_thread")

cells = pytest.mark.parametrize("cell", list(CELLS))


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


def equip(layer, seed):
    """Give a layer random weights, as a model would; return them for autograd, and as they are.

    Both are {(part, name): weight}, in order.
    """
    copies = {}
    for part in layer.parts:
        for name, shape in part.shapes.items():
            weight = normal(seed + 100 * len(copies), *shape)
            setattr(part, name, weight)
            setattr(part, f"{name}_gradient", torch.zeros(shape))
            copies[part, name] = weight.clone().requires_grad_()
    return copies


def simple_rnn(x, weights):
    """SimpleRNN by its definition: (T, B, inputs) to (T, B, U)."""
    kernel, recurrent_kernel, bias = weights
    h, states = torch.zeros(x.shape[1], len(recurrent_kernel)), []
    for each in x:
        h = torch.tanh(each @ kernel + h @ recurrent_kernel + bias)
        states.append(h)
    return torch.stack(states)


def lstm(x, weights):
    """Keras's LSTM by its definition: (T, B, inputs) to (T, B, U)."""
    kernel, recurrent_kernel, bias = weights
    h = c = torch.zeros(x.shape[1], len(recurrent_kernel))
    states = []
    for each in x:
        i, f, g, o = (each @ kernel + h @ recurrent_kernel + bias).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        states.append(h)
    return torch.stack(states)


def gru(x, weights):
    """Keras's GRU, its reset gate after the multiplication: (T, B, inputs) to (T, B, U)."""
    kernel, recurrent_kernel, (bias, recurrent_bias) = weights
    h, states = torch.zeros(x.shape[1], len(recurrent_kernel)), []
    for each in x:
        z, r, g = (each @ kernel + bias).chunk(3, 1)
        by_z, by_r, by_g = (h @ recurrent_kernel + recurrent_bias).chunk(3, 1)
        z, r = torch.sigmoid(z + by_z), torch.sigmoid(r + by_r)
        h = z * h + (1 - z) * torch.tanh(g + r * by_g)
        states.append(h)
    return torch.stack(states)


def bidirectional_lstm(x, weights):
    """Keras's Bidirectional(LSTM): (T, B, inputs) to (T, B, 2 U)."""
    weights = list(weights)
    return torch.cat([lstm(x, weights[:3]), lstm(x.flip(0), weights[3:]).flip(0)], 2)


DEFINITIONS = {
    "SimpleRNN": simple_rnn,
    "LSTM": lstm,
    "GRU": gru,
    "BidirectionalLSTM": bidirectional_lstm,
}


def at_the_end(cell, states):
    """Return what a layer hands on that does not hand on every step: (B, outputs)."""
    if cell == "BidirectionalLSTM":  # each direction ends at another side
        units = states.shape[2] // 2
        return torch.cat([states[-1, :, :units], states[0, :, units:]], 1)
    return states[-1]


def one_hot(ids, width):
    """(T, B) to (T, B, width); the id ``width`` is all zeros."""
    return torch.nn.functional.one_hot(ids, width + 1)[..., :width].to(torch.get_default_dtype())


def test_the_config_offers_every_cell():
    grid = load_schema()["properties"]["grid"]["properties"]
    assert grid["cell"]["items"]["enum"] == list(CELLS)


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


@cells
@pytest.mark.parametrize("sequences", [False, True])
@given(seed=seeds, steps=sizes, batch=sizes, inputs=sizes, units=sizes)
def test_a_recurrent_layer_has_autograd_s_gradients(
    cell, sequences, seed, steps, batch, inputs, units
):
    with double_precision():
        layer = CELLS[cell]("layer", inputs, units, first=False, sequences=sequences)
        weights = equip(layer, seed)
        x = normal(seed + 8, steps, batch, inputs)
        dy = normal(seed + 9, *((steps,) if sequences else ()), batch, layer.outputs)
        y = layer.forward(x, training=True).clone()
        dx = layer.backward(dy).clone()
        x.requires_grad_()
        expected = DEFINITIONS[cell](x, weights.values())
        expected = expected if sequences else at_the_end(cell, expected)
        expected.backward(dy)
        close(y, expected.detach())
        close(dx, x.grad)
        for (part, name), weight in weights.items():
            close(getattr(part, f"{name}_gradient"), weight.grad)


@cells
@given(seed=seeds, steps=sizes, batch=sizes, width=sizes, units=sizes)
def test_the_first_layer_looks_up_what_one_hot_would_multiply(
    cell, seed, steps, batch, width, units
):
    with double_precision():
        layer = CELLS[cell]("layer", width, units, first=True, sequences=False)
        weights = equip(layer, seed)
        kernels = torch.cat([part.kernel for part in layer.parts], 1)
        table = torch.cat([kernels, torch.zeros(1, kernels.shape[1])])
        ids = torch.from_numpy(np.random.default_rng(seed).integers(0, width + 1, (steps, batch)))
        dy = normal(seed + 9, batch, layer.outputs)
        y = layer.forward((table, ids), training=True).clone()
        d_rows = layer.backward(dy).view(steps * batch, -1)
        gradient = torch.zeros_like(table).index_add_(0, ids.view(-1), d_rows)
        expected = DEFINITIONS[cell](one_hot(ids, width), weights.values())
        expected = at_the_end(cell, expected)
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
    x = one_hot(ids, model.width)
    several = 3 * (2 if model.cell == "BidirectionalLSTM" else 1)
    for _ in range(combination.recurrent_layers):
        penalties = penalties + model.l2 * sum((w**2).sum() for w in weights[:several:3])
        states = DEFINITIONS[model.cell](x, weights[:several])
        del weights[:several]
        last = len(weights) == 2 * (combination.dense_layers + 1)
        x = drop(at_the_end(model.cell, states) if last else states)
    for _ in range(combination.dense_layers):
        penalties = penalties + model.l2 * (weights[0] ** 2).sum()
        x = drop((x @ weights[0] + weights[1]).relu())
        del weights[:2]
    kernel, bias = weights
    assert not masks
    return x @ kernel + bias, penalties


@cells
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
    cell, seed, layers, dropout, regularization, shape, width, classes, units
):
    with double_precision():
        combination = Combination(*layers, dropout, regularization, 1e-3)
        dense_units = (5, 4, 3)
        model = build(
            cell, combination, width, classes, seed, units=units, dense_units=dense_units, l2=0.05
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


@cells
def test_evaluation_drops_nothing_and_does_not_depend_on_the_batch(cell):
    model = build(cell, Combination(2, 3, True, False, 1e-3), width=20, classes=3, seed=4)
    ids = torch.from_numpy(np.random.default_rng(4).integers(0, 21, (7, 30)))
    with torch.inference_mode():
        together = model.forward(model.table, ids).clone()
        apart = [model.forward(model.table, ids[:, i : i + 1].contiguous()) for i in range(30)]
        expected, _ = by_definition(model, model.weights(), ids, [])
    torch.testing.assert_close(together, torch.cat(apart), rtol=0, atol=1e-6)
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
    found = stats.kstest(kernel.ravel(), stats.uniform(-limit, 2 * limit).cdf)
    assert found.pvalue > 1e-3


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
        found = stats.kstest(angles, stats.uniform(-math.pi, 2 * math.pi).cdf)
        assert found.pvalue > 1e-3
    reflections = int((torch.linalg.det(draws) < 0).sum())
    assert stats.binomtest(reflections, len(draws)).pvalue > 1e-3


@cells
def test_fresh_weights_are_of_keras_s_kinds(cell):
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
            assert torch.equal(weight, expected)


@cells
def test_a_seed_says_what_the_fresh_weights_are(cell):
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
    # Nowhere else more than elsewhere: each time step, example and unit keeps its share.
    for axis in range(3):
        counts = kept.movedim(axis, 0).flatten(1).sum(1).numpy()
        assert stats.chisquare(counts).pvalue > 1e-3


def test_dropout_drops_anew_at_each_step_and_independently_between_neighbours():
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
    assert [(row.layer, row.output_shape, row.parameters) for row in model.summary()] == [
        ("lstm (LSTM)", "(None, {T}, 32)", 2_822_784),
        ("lstm_1 (LSTM)", "(None, 32)", 8_320),
        ("dense (Dense)", "(None, 32)", 1_056),
        ("dense_1 (Dense)", "(None, 16)", 528),
        ("dense_2 (Dense)", "(None, 3)", 51),
    ]
    assert model.count_parameters() == 2_832_739
    assert sum(weight.numel() for weight in model.weights().values()) == 2_832_739


def test_summary_with_dropout_after_each_layer_but_the_last():
    model = build("SimpleRNN", Combination(2, 3, True, False, 1e-3), width=100, classes=2)
    assert [(row.layer, row.output_shape, row.parameters) for row in model.summary()] == [
        ("simple_rnn (SimpleRNN)", "(None, {T}, 32)", 4_256),
        ("dropout (Dropout)", "(None, {T}, 32)", 0),
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
                ("gru (GRU)", "(None, {T}, 32)", 12_864),
                ("gru_1 (GRU)", "(None, 32)", 6_336),
                ("dense (Dense)", "(None, 32)", 1_056),
            ],
        ),
        (
            "BidirectionalLSTM",
            [
                ("bidirectional (Bidirectional)", "(None, {T}, 64)", 34_048),
                ("bidirectional_1 (Bidirectional)", "(None, 64)", 24_832),
                ("dense (Dense)", "(None, 32)", 2_080),
            ],
        ),
    ],
)
def test_summary_of_other_cells_is_keras_s(cell, rows):
    model = build(cell, Combination(2, 2, False, True, 1e-3), width=100, classes=3)
    summary = [(row.layer, row.output_shape, row.parameters) for row in model.summary()]
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
