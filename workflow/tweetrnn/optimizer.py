"""Keras's Adam (Kingma & Ba 2015, with epsilon outside the bias correction), in three forms.

At step t, for gradient g::

    m += (1 - b1) (g - m)        v += (1 - b2) (g g - v)
    w -= a_t m / (sqrt(v) + eps)      a_t = lr sqrt(1 - b2^t) / (1 - b1^t)

``Adam`` does that for a tensor. The table, one row a word, has two optimizers of its own: a batch
holds few of its rows, but Adam moves the others too, as long as their m is not zero.

- ``DenseTable`` visits every row at each step. L2, whose gradient is dense, needs it.
- ``RowwiseTable`` visits a batch's rows, and first makes up for the steps since their last visit.
"""

import numpy as np
import torch

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7


def step_size(learning_rate, step):
    """Return a_t, with both bias corrections; steps count from 1."""
    return learning_rate * (1 - BETA_2**step) ** 0.5 / (1 - BETA_1**step)


def adam_(w, g, m, v, size):
    """Update w, m and v in place by one step of the given size."""
    m.lerp_(g, 1 - BETA_1)
    v.mul_(BETA_2).addcmul_(g, g, value=1 - BETA_2)
    w.addcdiv_(m, v.sqrt().add_(EPSILON), value=-size)


class Adam:
    """Keras's Adam for one tensor."""

    def __init__(self, weight, learning_rate):
        self.weight, self.learning_rate = weight, learning_rate
        self.m, self.v = torch.zeros_like(weight), torch.zeros_like(weight)

    def update(self, gradient, step):
        """Take step number ``step`` (from 1)."""
        adam_(self.weight, gradient, self.m, self.v, step_size(self.learning_rate, step))

    def state(self):
        """Return the tensors that a checkpoint keeps."""
        return {"m": self.m, "v": self.v}


class DenseTable:
    """Adam over the whole table, (rows + 1, columns); the last row is the zero vector's.

    ``fetch`` gives a batch its rows, ``update`` takes their gradient. L2 of strength ``l2`` joins
    the gradient in torch's fused kernel, as weight decay does. That kernel computes
    ``sqrt(v) / sqrt(1 - b2^t) + epsilon``, so Keras's epsilon is handed to it divided likewise.
    """

    def __init__(self, table, learning_rate, l2=0.0):
        self.table = table.requires_grad_(False)
        self.gradient = torch.zeros_like(table)  # stays zero but for the rows of the batch at hand
        self.m, self.v = torch.zeros_like(table), torch.zeros_like(table)
        self._steps = torch.zeros((), device=table.device)
        self.learning_rate, self.l2 = learning_rate, l2

    def fetch(self, rows, step):
        """Return (len(rows) + 1, columns): the batch's rows, and zeros for the zero vector."""
        return fetch(self.table, rows)

    def update(self, rows, gradient, step):
        """Take step number ``step``; ``gradient`` (len(rows) + 1, columns), its last row ignored."""
        self.gradient.index_copy_(0, rows, gradient[:-1])
        torch._fused_adam_(
            [self.table],
            [self.gradient],
            [self.m],
            [self.v],
            [],
            [self._steps.fill_(step)],
            lr=self.learning_rate,
            beta1=BETA_1,
            beta2=BETA_2,
            weight_decay=2 * self.l2,
            eps=EPSILON / (1 - BETA_2**step) ** 0.5,
            amsgrad=False,
            maximize=False,
        )
        self.gradient.index_fill_(0, rows, 0)

    def flush(self, step):
        """Nothing is outstanding."""

    def state(self):
        """Return the tensors that a checkpoint keeps."""
        return {"m": self.m, "v": self.v}


def fetch(table, rows):
    """Return ``table[rows]`` with a row of zeros below."""
    local = table.new_empty(len(rows) + 1, table.shape[1])
    torch.index_select(table, 0, rows, out=local[:-1])
    local[-1].zero_()
    return local


class RowwiseTable:
    """Adam over the rows of each batch, the steps that a row missed made up for in closed form.

    A row last visited at step s has missed gradients of zero since: at step i, m is b1^(i-s) m_s
    and v is b2^(i-s) v_s. With r = b1 / sqrt(b2), q = 1 / sqrt(b2) and S = sqrt(v_s), it would have
    moved by::

        - sum_i a_i b1^(i-s) m_s / (sqrt(b2^(i-s)) S + eps)
        = - m_s sum_i a_i r^(i-s) / (S + eps q^(i-s))
        ~ - m_s / (S + eps) (D0[s] - eps / (S + eps) D1[s])

        D0[s] = sum_i a_i r^(i-s)      D1[s] = sum_i a_i r^(i-s) (q^(i-s) - 1)

    to first order in eps (q^(i-s) - 1) / (S + eps), whose square is below 3e-5 where it matters.
    ``D`` holds both sums for each s since the last flush, in float64; a step changes those of the
    last ``REACH`` s only, r^REACH being 2e-12.
    """

    REACH = 256
    FLUSHED = 1024  # rows at a time: what a processor's cache holds

    def __init__(self, table, learning_rate, steps_between_flushes):
        self.table, self.learning_rate = table, learning_rate
        self.m, self.v = torch.zeros_like(table), torch.zeros_like(table)
        self.visited = torch.zeros(len(table), dtype=torch.int64, device=table.device)
        self.start = 0  # the step of the last flush; ``visited`` and ``D`` count from it
        double = {"dtype": torch.float64, "device": table.device}
        self.D = torch.zeros(2, steps_between_flushes + 1, **double)
        past = np.arange(self.REACH, 0, -1)
        powers = (BETA_1 / BETA_2**0.5) ** past
        self._powers = torch.tensor(
            np.stack([powers, powers * (BETA_2 ** (-past / 2) - 1)]), **double
        )
        decays = np.array([BETA_1, BETA_2])[:, None] ** np.arange(self.D.shape[1])
        self._decays = torch.tensor(decays, **double)

    def _catch_up(self, w, m, v, visited, now):
        """Bring rows visited at ``visited`` to step ``now`` (both since the flush), in place."""
        movement = self.D[:, visited].float().unsqueeze(-1)
        decays = self._decays[:, now - visited].float().unsqueeze(-1)
        spread = v.sqrt().add_(EPSILON)
        ratio = m / spread
        w.addcmul_(ratio, movement[0], value=-1)
        w.addcmul_(ratio.div_(spread), movement[1], value=EPSILON)
        m.mul_(decays[0])
        v.mul_(decays[1])

    def fetch(self, rows, step):
        """Return (len(rows) + 1, columns): the batch's rows as of before ``step``, and zeros."""
        self._w = fetch(self.table, rows)
        self._m, self._v = self.m[rows], self.v[rows]
        now = step - 1 - self.start
        self._catch_up(self._w[:-1], self._m, self._v, self.visited[rows], now)
        return self._w

    def update(self, rows, gradient, step):
        """Take step number ``step`` on the rows just fetched; the gradient's last row is ignored."""
        size, now = step_size(self.learning_rate, step), step - self.start
        adam_(self._w[:-1], gradient[:-1], self._m, self._v, size)
        self.table.index_copy_(0, rows, self._w[:-1])
        self.m.index_copy_(0, rows, self._m)
        self.v.index_copy_(0, rows, self._v)
        self.visited.index_fill_(0, rows, now)
        reach = min(now, self.REACH)
        self.D[:, now - reach : now].add_(self._powers[:, self.REACH - reach :], alpha=size)

    def flush(self, step):
        """Bring every row to ``step``; the counting starts afresh."""
        pieces = (t.split(self.FLUSHED) for t in (self.table, self.m, self.v, self.visited))
        for piece in zip(*pieces, strict=True):
            self._catch_up(*piece, step - self.start)
        self.visited.zero_()
        self.D.zero_()
        self.start = step

    def state(self):
        """Return the tensors that a checkpoint keeps."""
        return {"m": self.m, "v": self.v, "visited": self.visited, "D": self.D}


def for_table(table, learning_rate, mode, l2, steps_between_flushes):
    """Return the table's optimizer; with L2 ``rowwise`` means ``dense``, every row having a gradient."""
    if mode == "rowwise" and not l2:
        return RowwiseTable(table, learning_rate, steps_between_flushes)
    return DenseTable(table, learning_rate, l2)
