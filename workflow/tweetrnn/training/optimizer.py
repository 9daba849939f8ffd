"""Keras's Adam (Kingma & Ba 2015, with epsilon outside the bias correction), in three forms.

At step t, for gradient g::

    m += (1 - b1) (g - m)        v += (1 - b2) (g g - v)
    w -= a_t m / (sqrt(v) + eps)      a_t = lr sqrt(1 - b2^t) / (1 - b1^t)

``Adam`` does that for one tensor. The table, one row per word, has two optimizers to choose from:
a batch contains few of its rows, but Adam moves the others too, as long as their m is not zero.

- ``DenseTable`` updates every row at each step. L2, whose gradient is dense, needs it.
- ``RowwiseTable`` updates a batch's rows, after it has applied the steps that they missed.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import torch

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
FUSED = dict(beta1=BETA_1, beta2=BETA_2, eps=EPSILON, amsgrad=False, maximize=False)


@lru_cache(maxsize=1)  # each step needs it up to three times
def step_size(learning_rate, step):
    """Return a_t for step number ``step``, in float32's precision, as Keras computes it.

    float32's b2 differs from 0.999 by 1e-8, which changes 1 - b2 by 1e-5 of itself: more than all
    other rounding, so without it a training would drift from Keras's.
    """
    power_1, power_2 = (np.float32(float(np.float32(b)) ** step) for b in (BETA_1, BETA_2))
    return float(np.float32(learning_rate) * np.sqrt(1 - power_2) / (1 - power_1))


def adam_(w, g, m, v, learning_rate, step, l2=0.0):
    """Take step number ``step`` (from 1) on w, m and v in place; ``2 l2 w`` is added to g.

    torch's fused kernel does it in one pass. Its own bias correction would include epsilon, which
    Keras's does not. At an infinite step it corrects nothing, which leaves it to a_t.
    """
    infinite = torch.full((), torch.inf, device=w.device)
    size, decay = step_size(learning_rate, step), 2 * l2
    torch._fused_adam_([w], [g], [m], [v], [], [infinite], lr=size, weight_decay=decay, **FUSED)


class Adam:
    """Keras's Adam for one tensor."""

    def __init__(self, weight, learning_rate):
        self.weight, self.learning_rate = weight, learning_rate
        self.m, self.v = torch.zeros_like(weight), torch.zeros_like(weight)

    def update(self, gradient, step):
        """Take step number ``step``, from 1."""
        adam_(self.weight, gradient, self.m, self.v, self.learning_rate, step)

    def state(self):
        """Return the tensors that belong in a checkpoint."""
        return {"m": self.m, "v": self.v}


def fetch(table, rows):
    """Return ``table[rows]`` and below it a row of zeros, for the all-zero one-hot vector."""
    fetched = table.new_empty(len(rows) + 1, table.shape[1])
    torch.index_select(table, 0, rows, out=fetched[:-1])
    fetched[-1].zero_()
    return fetched


class DenseTable(Adam):
    """Adam over the whole table, (rows + 1, columns), with L2 of strength ``l2``.

    ``fetch`` returns a batch's rows, ``update`` takes their gradient. On a CPU up to ``threads``
    threads share the table; their number does not change a bit of the result.
    """

    TOGETHER = 64  # pieces are multiples of it, since vector instructions round differently
    WORTHWHILE = 1 << 17  # numbers below which another thread (40 us to start) saves no time

    def __init__(self, table, learning_rate, l2=0.0, threads=1):
        super().__init__(table, learning_rate)
        self.l2 = l2
        self.gradient = torch.zeros_like(table)  # zero except in the current batch's rows
        most = table.numel() // self.WORTHWHILE if table.device.type == "cpu" else 1
        pieces = max(1, min(threads, most))
        size = -(-table.numel() // (pieces * self.TOGETHER)) * self.TOGETHER
        tensors = (self.weight, self.gradient, self.m, self.v)
        self._pieces = list(zip(*(t.view(-1).split(size) for t in tensors), strict=True))
        self._pool = ThreadPoolExecutor(len(self._pieces) - 1) if len(self._pieces) > 1 else None

    def fetch(self, rows, step):
        """Return (len(rows) + 1, columns): the batch's rows, and zeros."""
        return fetch(self.weight, rows)

    def update(self, rows, gradient, step):
        """Take step number ``step``; the gradient's last row, for the zeros, is ignored."""
        self.gradient.index_copy_(0, rows, gradient[:-1])
        first, *others = self._pieces
        waiting = [self._pool.submit(self._step, piece, step) for piece in others]
        self._step(first, step)
        for piece in waiting:
            piece.result()
        self.gradient.index_fill_(0, rows, 0)

    def _step(self, piece, step):
        adam_(*piece, self.learning_rate, step, self.l2)

    def flush(self, step):
        """Do nothing: every row is up to date."""


class RowwiseTable(Adam):
    """Adam over the rows of each batch; the steps that a row missed are applied in closed form.

    A row last updated at step s has had gradients of zero since: at step i, m is b1^(i-s) m_s and
    v is b2^(i-s) v_s. With r = b1 / sqrt(b2) and q = 1 / sqrt(b2), it would have moved by::

        - sum_i a_i b1^(i-s) m_s / (sqrt(b2^(i-s) v_s) + eps)
        = - m_s sum_i a_i r^(i-s) / (sqrt(v_s) + eps q^(i-s))
        ~ - m_s D[s] / (sqrt(v_s) + eps E[s] / D[s])

        D[s] = sum_i a_i r^(i-s)      E[s] = sum_i a_i r^(i-s) q^(i-s)

    The last line replaces q^(i-s) by its mean; the error is below 1e-4 of the movement, and none
    where eps is small against sqrt(v_s). ``sums`` holds D and E for each s since the last flush, in
    float64; a step changes only those of the last ``REACH`` steps, since r^REACH is 2e-12. The
    table is flushed after ``CAPACITY`` steps at the latest.
    """

    REACH = 256
    CAPACITY = 1024
    NOTHING = 1e-200  # 0 in float32, yet E / D is 1
    FLUSHED = 1024  # rows at a time, which fit into a processor's cache

    def __init__(self, table, learning_rate):
        super().__init__(table, learning_rate)
        # The step of each row's last update, counted from the last flush; -1 before any.
        self.visited = torch.full((len(table),), -1, device=table.device)
        self.start = torch.zeros((), dtype=torch.int64)  # the step of the last flush
        double = {"dtype": torch.float64, "device": table.device}
        self.sums = torch.full((self.CAPACITY + 1, 2), self.NOTHING, **double)
        past = np.arange(self.REACH, 0, -1)[:, None]
        powers = (BETA_1 / BETA_2**0.5) ** past * np.hstack([past**0, BETA_2 ** (-past / 2)])
        self._powers = torch.tensor(powers, **double)
        missed = np.arange(len(self.sums))[:, None]
        self._decays = torch.tensor(np.array([BETA_1, BETA_2]) ** missed, **double).float()

    def _catch_up(self, w, m, v, visited, now):
        """Bring rows updated at ``visited`` to step ``now`` (both since the flush), in place."""
        visited = visited.clamp(min=0)
        d, e = self.sums.index_select(0, visited).unbind(1)  # D and E above
        epsilon = e.div_(d).mul_(EPSILON).float().unsqueeze(1)
        d = d.float().unsqueeze(1)
        decay = self._decays.index_select(0, now - visited)
        w.addcdiv_(m * d, v.sqrt().add_(epsilon), value=-1)
        m.mul_(decay[:, :1])
        v.mul_(decay[:, 1:])

    def fetch(self, rows, step):
        """Return (len(rows) + 1, columns): the batch's rows as of before ``step``, and zeros."""
        self._w = fetch(self.weight, rows)
        self._m, self._v = self.m.index_select(0, rows), self.v.index_select(0, rows)
        visited = self.visited.index_select(0, rows)
        self._catch_up(self._w[:-1], self._m, self._v, visited, step - 1 - int(self.start))
        return self._w

    def update(self, rows, gradient, step):
        """Take step number ``step`` on the rows just fetched; the zeros' gradient is ignored."""
        adam_(self._w[:-1], gradient[:-1], self._m, self._v, self.learning_rate, step)
        now = step - int(self.start)
        self._put(rows, self._w[:-1], self._m, self._v, now)
        size = step_size(self.learning_rate, step)
        reach = min(now, self.REACH)
        self.sums[now - reach : now].add_(self._powers[self.REACH - reach :], alpha=size)
        if now == self.CAPACITY:
            self.flush(step)

    def _put(self, rows, w, m, v, now):
        self.weight.index_copy_(0, rows, w)
        self.m.index_copy_(0, rows, m)
        self.v.index_copy_(0, rows, v)
        self.visited.index_fill_(0, rows, now)

    def flush(self, step):
        """Bring every row that was ever updated to ``step``, and count steps from there."""
        for rows in (self.visited >= 0).nonzero().view(-1).split(self.FLUSHED):
            kept = (self.weight, self.m, self.v, self.visited)
            w, m, v, visited = (tensor.index_select(0, rows) for tensor in kept)
            self._catch_up(w, m, v, visited, step - int(self.start))
            self._put(rows, w, m, v, 0)
        self.sums.fill_(self.NOTHING)
        self.start.fill_(step)

    def state(self):
        """Return the tensors that belong in a checkpoint."""
        more = {"visited": self.visited, "sums": self.sums, "start": self.start}
        return super().state() | more


def for_table(table, learning_rate, mode, l2, threads=1):
    """Return the table's optimizer; with L2 it is always dense, as every row has a gradient."""
    if mode == "rowwise" and not l2:
        return RowwiseTable(table, learning_rate)
    return DenseTable(table, learning_rate, l2, threads)
