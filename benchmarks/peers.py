"""The sides of the comparison. Each runs in a separate process and reads one order per line.

``python peers.py SIDE`` reads JSON lines from standard input, such as
``{"cell": "LSTM", "layers": 2, "l2": false}``, trains that network for a share of an epoch (the
first time it builds it and warms it up) and answers with one JSON line: the measured seconds of a
whole ``epoch`` (training and validation) or of one ``step``. The process runs only one side, so
that threads and settings do not leak.

All sides train the same network on the same tweets: words or one-hot vectors, 1 or 2 recurrent
layers of 32 units, hidden dense layers of 32 and 16 (ReLU), softmax over 3 classes; Adam, batches
of 32 shuffled tweets, and a validation pass, like Keras's ``fit``. No dropout.
"""

import argparse
import json
import os
import sys
import time
from itertools import pairwise

import numpy as np
import words

UNITS, DENSE, LEARNING_RATE, L2 = 32, (32, 16), 1e-3, 1e-3


def share_of_epoch(share):
    """Return the training and the validation set, cut to a share of their batches."""
    _, sequences, labels = words.corpus()
    parts = []
    for part in (slice(0, words.TRAINING), slice(words.TRAINING, None)):
        x, y = sequences[part], labels[part]
        if share < 1:
            batches = max(1, round(len(x) / words.BATCH * share))
            x, y = x[: batches * words.BATCH], y[: batches * words.BATCH]
        parts.append((np.ascontiguousarray(x), np.ascontiguousarray(y)))
    return parts


def batches(parts):
    """Return the numbers of batches in the training and the validation set."""
    return [-(-len(x) // words.BATCH) for x, _ in parts]


def epoch_seconds(seconds, done):
    """Scale the seconds of a short epoch (``done`` batches of each set) up to a whole one."""
    whole = -(-words.TRAINING // words.BATCH) + -(-words.VALIDATION // words.BATCH)
    return seconds * whole / sum(done)


# ---------------------------------------------------------------------------------- Keras


def _keras_model(cell, layers, l2, embedding):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    keras.utils.set_random_seed(1)
    penalty = keras.regularizers.L2(L2) if l2 else None
    model = keras.Sequential()
    if embedding:
        model.add(keras.Input((words.LENGTH,), dtype="int32"))
        model.add(keras.layers.Embedding(words.WIDTH, 32, embeddings_regularizer=penalty))
    else:
        model.add(keras.Input((words.LENGTH, words.WIDTH)))
    for number in range(layers):
        layer = getattr(keras.layers, cell)
        sequences = number < layers - 1
        model.add(layer(UNITS, return_sequences=sequences, kernel_regularizer=penalty))
    for units in DENSE:
        model.add(keras.layers.Dense(units, activation="relu", kernel_regularizer=penalty))
    model.add(keras.layers.Dense(words.CLASSES, activation="softmax"))
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def keras_onehot(cell, layers, l2, share):
    """The reference's method: a generator makes one-hot batches 22,020 wide."""
    import keras

    class OneHotBatches(keras.utils.PyDataset):
        def __init__(self, x, y):
            super().__init__()
            self.x, self.y, self.order = x, y, np.arange(len(x))

        def __len__(self):
            return -(-len(self.x) // words.BATCH)

        def __getitem__(self, number):
            rows = self.order[number * words.BATCH : (number + 1) * words.BATCH]
            return (
                keras.utils.to_categorical(self.x[rows], words.WIDTH),
                keras.utils.to_categorical(self.y[rows], words.CLASSES),
            )

        def on_epoch_end(self):
            np.random.shuffle(self.order)

    model = _keras_model(cell, layers, l2, embedding=False)
    parts = share_of_epoch(share)
    training, validation = (OneHotBatches(*part) for part in parts)

    def run():
        start = time.perf_counter()
        model.fit(training, validation_data=validation, epochs=1, verbose=0)
        return {"epoch": epoch_seconds(time.perf_counter() - start, batches(parts))}

    return run


def keras_embedding(cell, layers, l2, share):
    """Keras with integer words and an Embedding layer."""
    import keras

    model = _keras_model(cell, layers, l2, embedding=True)
    parts = share_of_epoch(share)
    (x, y), (x_val, y_val) = [(x, keras.utils.to_categorical(y, words.CLASSES)) for x, y in parts]

    def run():
        start = time.perf_counter()
        model.fit(x, y, words.BATCH, validation_data=(x_val, y_val), epochs=1, verbose=0)
        return {"epoch": epoch_seconds(time.perf_counter() - start, batches(parts))}

    return run


# ---------------------------------------------------------------------------------- plain torch


def _torch(threads):
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    return torch


def _head(nn):
    """Hidden dense layers and the output, as a torch module."""
    sizes = [UNITS, *DENSE]
    layers = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], words.CLASSES))


def plain_torch(cell, layers, l2, share, fused=False):
    """nn.Embedding(32), nn.LSTM or nn.RNN, and Adam over dense gradients, one thread."""
    torch = _torch(1)
    nn = torch.nn
    embedding = nn.Embedding(words.WIDTH, 32)
    recurrent = {"LSTM": nn.LSTM, "SimpleRNN": nn.RNN}[cell](32, UNITS, layers, batch_first=True)
    head = _head(nn)
    modules = nn.ModuleList([embedding, recurrent, head])
    penalised = [embedding.weight]
    penalised += [p for name, p in recurrent.named_parameters() if name.startswith("weight_ih")]
    penalised += [m.weight for m in head if isinstance(m, nn.Linear)][:-1]
    optimizer = torch.optim.Adam(modules.parameters(), LEARNING_RATE, eps=1e-7, fused=fused or None)
    parts = share_of_epoch(share)
    (x, y), (x_val, y_val) = [(torch.tensor(x), torch.tensor(y).long()) for x, y in parts]
    loss_of = nn.CrossEntropyLoss()

    def loss_and_hits(ids, labels):
        outputs, _ = recurrent(embedding(ids))
        logits = head(outputs[:, -1])
        loss = loss_of(logits, labels)
        if l2:
            loss = loss + L2 * sum((p * p).sum() for p in penalised)
        return loss, (logits.argmax(1) == labels).sum()

    def run():
        start = time.perf_counter()
        loss_sum, hits = 0.0, 0
        for rows in torch.randperm(len(x)).split(words.BATCH):
            loss, hit = loss_and_hits(x[rows], y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum, hits = loss_sum + loss.detach(), hits + hit
        with torch.no_grad():
            for ids, labels in zip(x_val.split(words.BATCH), y_val.split(words.BATCH), strict=True):
                loss, hit = loss_and_hits(ids, labels)
                loss_sum, hits = loss_sum + loss, hits + hit
        float(loss_sum), int(hits)
        return {"epoch": epoch_seconds(time.perf_counter() - start, batches(parts))}

    return run


def plain_torch_fused(cell, layers, l2, share):
    """Like plain_torch, with torch's fused Adam."""
    return plain_torch(cell, layers, l2, share, fused=True)


def floor(cell, layers, l2, share):
    """torch's recurrent kernel and the head only: forward and backward, no table, no Adam.

    The inputs are given, 32 wide, and get a gradient, which any look-up of words needs. (torch has
    a fused LSTM for batches that are not packed; its nn.RNN is a loop of operations in C++.)
    """
    torch = _torch(1)
    nn = torch.nn
    recurrent = {"LSTM": nn.LSTM, "SimpleRNN": nn.RNN}[cell](32, UNITS, layers, batch_first=True)
    head = _head(nn)
    weights = [*recurrent.parameters(), *head.parameters()]
    x = torch.randn(words.BATCH, words.LENGTH, 32, requires_grad=True)
    labels = torch.randint(words.CLASSES, (words.BATCH,))
    steps = max(5, round(289 * share))

    def run():
        start = time.perf_counter()
        for _ in range(steps):
            outputs, _ = recurrent(x)
            loss = nn.functional.cross_entropy(head(outputs[:, -1]), labels)
            torch.autograd.grad(loss, [x, *weights])
        return {"step": (time.perf_counter() - start) / steps}

    return run


# ---------------------------------------------------------------------------------- ours


def _ours(cell, layers, l2, width):
    from tweetrnn.grid import Combination
    from tweetrnn.training import models

    combination = Combination(layers, len(DENSE), False, l2, LEARNING_RATE)
    settings = {"units": UNITS, "dense_units": list(DENSE), "l2": L2, "device": "cpu"}
    return models.build(cell, combination, width, words.CLASSES, seed=1, **settings)


def ours(cell, layers, l2, share, threads=1):
    """This pipeline's training loop, one thread."""
    _torch(1)
    from tweetrnn.training.loop import Examples, Trainer

    parts = share_of_epoch(share)
    examples = [Examples(*part) for part in parts]
    model = _ours(cell, layers, l2, words.WIDTH)
    trainer = Trainer(model, *examples, LEARNING_RATE, words.BATCH, threads=threads)

    def run():
        start = time.perf_counter()
        trainer.run_epoch()
        return {"epoch": epoch_seconds(time.perf_counter() - start, batches(parts))}

    return run


def ours_all_threads(cell, layers, l2, share):
    """Like ours, with all cores for one training."""
    return ours(cell, layers, l2, share, threads=len(os.sched_getaffinity(0)))


def ours_step(cell, layers, l2, share, width=words.WIDTH, zipf=False):
    """Only the steps of this pipeline's training: batches included, evaluation not.

    Row-wise Adam updates all rows at the end of an epoch: ``flush``, in seconds.
    """
    torch = _torch(1)
    from tweetrnn.training.loop import Examples, Trainer, batches

    examples = Examples(*(words.zipf(words.TRAINING, width) if zipf else share_of_epoch(1)[0]))
    trainer = Trainer(_ours(cell, layers, l2, width), examples, examples, LEARNING_RATE)
    order = np.random.default_rng(1).permutation(len(examples))
    steps = max(5, round(trainer.batches * share))
    order = order[: steps * words.BATCH]

    def run():
        start = time.perf_counter()
        for batch in batches(examples, order, words.BATCH, width):
            trainer.train_on(batch)
        middle = time.perf_counter()
        with torch.inference_mode():
            trainer.table.flush(trainer.step)
        return {"step": (middle - start) / steps, "flush": time.perf_counter() - middle}

    return run


def ours_narrow(cell, layers, l2, share):
    """Like ours_step, on words drawn from Zipf's law over 22,020."""
    return ours_step(cell, layers, l2, share, zipf=True)


def ours_wide(cell, layers, l2, share):
    """Like ours_step, on words drawn from Zipf's law over 1,000,000."""
    return ours_step(cell, layers, l2, share, width=1_000_000, zipf=True)


SIDES = {
    "keras-onehot": keras_onehot,
    "keras-embedding": keras_embedding,
    "plain-torch": plain_torch,
    "plain-torch-fused": plain_torch_fused,
    "floor": floor,
    "ours": ours,
    "ours-all-threads": ours_all_threads,
    "ours-step": ours_step,
    "ours-narrow": ours_narrow,
    "ours-wide": ours_wide,
}


def serve(side, share):
    """Answer orders until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not be taken for an answer
    built = {}
    for line in sys.stdin:
        order = json.loads(line)
        key = order["cell"], order["layers"], order["l2"]
        if key not in built:
            built.clear()  # one at a time: a large table takes gigabytes
            built[key] = SIDES[side](*key, share)
            built[key]()
        answers.write(json.dumps(built[key]()) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("--share", type=float, default=1.0, help="the share of an epoch to run")
    serve(**vars(parser.parse_args()))
