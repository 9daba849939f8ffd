"""The training loop: epochs of shuffled batches, evaluation, history. It can resume at any step."""

from dataclasses import dataclass

import numpy as np
import torch

from tweetrnn import metrics
from tweetrnn.training.optimizer import Adam, for_table

EVALUATED = 512  # examples predicted at a time
PREPARED = 64  # batches counted and moved to the device at a time


class Diverged(Exception):
    """A loss is not finite."""

    def __init__(self, epoch):
        super().__init__(f"the loss is not a finite number in epoch {epoch}")
        self.epoch = epoch


@dataclass
class Examples:
    """Sequences (N, T) of one-hot columns, where ``width`` means all-zero, and labels (N,).

    Arrays may be memory-mapped: only the examples of a few batches at a time are converted.
    """

    ids: np.ndarray
    labels: np.ndarray

    def __len__(self):
        return len(self.labels)


@dataclass
class Batch:
    """A batch's distinct columns (without ``width``), each word's place among them, and the labels.

    ``rows`` (distinct,), ``places`` (T, B) and ``labels`` (B,), all int64; the place ``len(rows)``
    means all-zero.
    """

    rows: torch.Tensor
    places: torch.Tensor
    labels: torch.Tensor


def columns(ids, width, left_out):
    """Return ids (N, T) as (T, N) int64, with ``width``, all-zero, in place of ``left_out``."""
    ids = ids.T.astype(np.int64, order="C")
    if left_out is not None:
        ids[ids == left_out] = width
    return torch.from_numpy(ids)


def batches(examples, order, size, width, device="cpu", left_out=None):
    """Yield the Batches of ``size`` examples in the given order; the last may be smaller.

    The column ``left_out`` is read as all-zero.
    The distinct columns are computed on the CPU and moved to the device for many batches at once,
    so that no step waits for it.
    """
    for start in range(0, len(order), size * PREPARED):
        rows, places, labels, shapes = [], [], [], []
        for first in range(start, min(start + size * PREPARED, len(order)), size):
            chosen = order[first : first + size]
            ids = columns(examples.ids[chosen], width, left_out)
            distinct, place = torch.unique(ids, return_inverse=True)
            rows.append(distinct[:-1] if distinct[-1] == width else distinct)
            places.append(place.view(-1))
            labels.append(torch.from_numpy(examples.labels[chosen].astype(np.int64)))
            shapes.append(ids.shape)
        moved = (
            torch.cat(parts).to(device, non_blocking=True).split([len(part) for part in parts])
            for parts in (rows, places, labels)
        )
        for row, place, label, shape in zip(*moved, shapes, strict=True):
            yield Batch(row, place.view(shape), label)


def sum_by_row(d_words, places, rows, in_order):
    """Return the gradient of ``rows`` (R, columns) from that of each word, (T B, columns).

    ``in_order`` is for CUDA, where index_add_ adds in varying order, so that rounding varies.
    """
    if in_order:
        return torch.ops.aten.embedding_dense_backward(d_words, places, len(rows), -1, False)
    return torch.zeros_like(rows).index_add_(0, places, d_words)


@torch.inference_mode()
def predict(model, examples, poll=lambda: None):
    """Return log-probabilities (N, classes), float32; ``poll`` is called between batches."""
    parts = [torch.empty(0, model.classes)]
    for start in range(0, len(examples), EVALUATED):
        ids = columns(examples.ids[start : start + EVALUATED], model.width, model.left_out)
        logits = model.forward(model.table, ids.to(model.device))
        parts.append(torch.log_softmax(logits, 1).cpu())
        poll()
    return torch.cat(parts).numpy()


def evaluate(model, examples, poll=lambda: None):
    """Return the loss (penalties included, as Keras reports it), and all metrics, by name."""
    log_p = predict(model, examples, poll)
    with torch.inference_mode():
        penalty = float(model.penalty())
    picked = log_p[np.arange(len(log_p)), np.asarray(examples.labels)]
    loss = float(-picked.mean(dtype=np.float64)) + penalty
    return {"loss": loss, **metrics.scores(np.exp(log_p), examples.labels)}


class Trainer:
    """Trains a model as Keras's ``fit`` does: Adam, cross-entropy, examples shuffled each epoch.

    ``run_epoch`` calls ``poll`` between steps, which may raise to interrupt it. The next
    ``run_epoch`` then continues from there, in this process or, through ``state`` and ``restore``,
    in another.

    Attributes: ``epoch`` (finished epochs), ``position`` (finished steps of the current epoch),
    ``step`` (finished steps in all), ``history`` (one dict per epoch), ``best`` and ``last``
    (weights by name after the best and the last epoch; the initial ones before the first),
    ``best_epoch`` (0 before the first).
    """

    FACTS = ("epoch", "position", "step", "best_epoch", "history")

    def __init__(
        self, model, training, validation, learning_rate,
        batch_size=32, adam="rowwise", seed=0, threads=1,
    ):  # fmt: skip
        self.model, self.training, self.validation = model, training, validation
        self.batch_size = batch_size
        self.generator = torch.Generator().manual_seed(seed)
        model.generator.manual_seed(int(torch.randint(2**62, (), generator=self.generator)))
        examples, device = len(training), model.device
        self.batches = -(-examples // batch_size)
        self.adam = Adam(model.flat, learning_rate)
        self.table = for_table(model.table, learning_rate, adam, model.l2, threads)
        self.epoch = self.position = self.step = self.best_epoch = 0
        self.history = []
        self.order = torch.randperm(examples, generator=self.generator)
        # Kept on the device until the epoch's end: each batch's loss and log-probabilities.
        self.losses = torch.zeros(self.batches, device=device)
        self.log_p = torch.zeros(examples, model.classes, device=device)
        self.best = self._copy_weights()
        self.last = self.best

    def _copy_weights(self):
        return {name: weight.clone() for name, weight in self.model.weights().items()}

    @torch.inference_mode()
    def train_on(self, batch, log_p=None):
        """Take one step; return the batch's loss as a tensor, penalties included.

        ``log_p`` (B, classes), if given, receives the log-probabilities before the step.
        """
        step = self.step + 1
        rows = self.table.fetch(batch.rows, step)
        loss, d_rows = self.gradients(rows, batch, log_p)
        self.adam.update(self.model.flat_gradient, step)
        self.table.update(batch.rows, d_rows, step)
        self.step = step
        return loss

    def gradients(self, rows, batch, log_p=None):
        """Return the loss and the gradient of ``rows``; that of the other weights is the model's.

        ``rows`` are the batch's rows of the table; ``log_p`` is as in ``train_on``.
        """
        model, labels = self.model, batch.labels.unsqueeze(1)
        log_p = torch.log_softmax(model.forward(rows, batch.places, training=True), 1, out=log_p)
        picked = log_p.gather(1, labels)
        minus_one = picked.new_full((), -1.0).expand_as(picked)
        d_logits = log_p.exp().scatter_add_(1, labels, minus_one).div_(len(labels))
        d_words = model.backward(d_logits)
        d_rows = sum_by_row(d_words, batch.places.view(-1), rows, d_words.is_cuda)
        return model.add_penalty() - picked.sum() / len(labels), d_rows

    def run_epoch(self, poll=lambda: None):
        """Finish an epoch: train, evaluate; return the new row of ``history``.

        Raises:
            Diverged: a loss is not finite; ``history``, ``best`` and ``last`` stay as they were.
        """
        start = self.position * self.batch_size
        rest = self.order.numpy()[start:]
        what = self.model.width, self.model.device, self.model.left_out
        for batch in batches(self.training, rest, self.batch_size, *what):
            poll()
            stop = start + len(batch.labels)
            self.losses[self.position] = self.train_on(batch, self.log_p[start:stop])
            self.position += 1
            start = stop
        poll()
        return self._finish_epoch(poll)

    def _finish_epoch(self, poll):
        with torch.inference_mode():
            self.table.flush(self.step)
        row = {"epoch": self.epoch + 1}
        sizes = np.full(self.batches, self.batch_size)
        sizes[-1] = len(self.order) - self.batch_size * (self.batches - 1)
        losses = self.losses.cpu().double().numpy()
        log_p = self.log_p.cpu().numpy()
        if not (np.isfinite(losses).all() and np.isfinite(np.exp(log_p)).all()):
            raise Diverged(self.epoch + 1)
        labels = np.asarray(self.training.labels)[self.order.numpy()]
        row["train_loss"] = float(np.average(losses, weights=sizes))
        row |= {f"train_{k}": value for k, value in metrics.scores(np.exp(log_p), labels).items()}
        evaluated = evaluate(self.model, self.validation, poll)
        row |= {f"validation_{name}": value for name, value in evaluated.items()}
        if not np.isfinite(row["validation_loss"]):
            raise Diverged(self.epoch + 1)
        self.last = self._copy_weights()
        if row["validation_accuracy"] > self._best_accuracy():
            self.best, self.best_epoch = self.last, row["epoch"]
        self.history.append(row)
        self.epoch, self.position = self.epoch + 1, 0
        # Drawn now, since the next epoch may be interrupted before its first step.
        torch.randperm(len(self.order), generator=self.generator, out=self.order)
        return row

    def _best_accuracy(self):
        return self.history[self.best_epoch - 1]["validation_accuracy"] if self.best_epoch else -1.0

    def _tensors(self):
        tensors = {name: getattr(self, name) for name in ("order", "losses", "log_p")}
        tensors |= {"flat": self.model.flat, "table": self.model.table}
        for name, optimizer in (("adam", self.adam), ("table_adam", self.table)):
            tensors |= {f"{name}/{key}": tensor for key, tensor in optimizer.state().items()}
        return tensors

    def state(self):
        """Return (tensors by name, facts for JSON) from which another Trainer can continue."""
        tensors = self._tensors()
        tensors["shuffling"] = self.generator.get_state()
        tensors["dropout"] = self.model.generator.get_state()
        if self.position:  # between epochs the last one's weights are the model's
            tensors |= {f"last/{name}": weight for name, weight in self.last.items()}
        if self.best is not self.last:
            tensors |= {f"best/{name}": weight for name, weight in self.best.items()}
        return tensors, {name: getattr(self, name) for name in self.FACTS}

    def restore(self, tensors, facts):
        """Continue from the ``state`` of a Trainer that was given the same arguments."""
        for name, tensor in self._tensors().items():
            tensor.copy_(tensors[name])
        self.generator.set_state(tensors["shuffling"])
        self.model.generator.set_state(tensors["dropout"])
        for name in self.FACTS:
            setattr(self, name, facts[name])
        self.last = self._restored(tensors, "last")
        saved_best = any(name.startswith("best/") for name in tensors)
        self.best = self._restored(tensors, "best") if saved_best else self.last

    def _restored(self, tensors, kind):
        """Return the ``last`` or ``best`` weights: those of the checkpoint, or the model's."""
        weights = self._copy_weights()
        for name, weight in weights.items():
            weight.copy_(tensors.get(f"{kind}/{name}", weight))
        return weights
