"""The cells that ``grid.cell`` offers: a class each, which defines one time step.

A subclass of ``Cell`` is all that is needed: the config accepts its name, autograd trains it, and
``predict`` uses it. ``by_hand`` and ``torch_kernels`` compute some cells faster and are tested
against the definitions here. ``MeanOfWords`` has no time steps: it is a baseline that is trained as
the cells are.

This module imports nothing, so that the config knows the cells without loading torch. A step gets
tensors, and tensors have what it needs: ``@``, ``.tanh()``, ``.sigmoid()``, ``.relu()``,
``.chunk(gates, -1)``.

Shapes: B examples, U units, G gates (SimpleRNN 1, GRU 3, LSTM 4).
"""

CELLS = {}  # class by name, in the order of definition


class Cell:
    """A recurrent cell; subclasses define ``step(x, h, kernel)``, the state after one time step.

    ``x`` (B, G U) is the inputs' share, inputs @ kernel + bias; ``h`` (B, U) the state before the
    step, zeros at first; ``kernel`` (U, G U) the recurrent kernel. A cell of several ``states``
    gets them all and returns them all, the layer's output first. With ``recurrent_bias`` a bias
    (G U,) of the recurrent part is the last argument.
    """

    gates = 1
    states = 1
    recurrent_bias = False
    initial_bias = None  # one number per gate; zeros unless given
    both_directions = None  # a cell, of which one copy reads forwards and one backwards
    recurrent = True

    def __init_subclass__(cls):
        CELLS[cls.__name__] = cls
        cls.kind = vars(cls).get("kind", cls.__name__)  # what Keras calls the layer


class SimpleRNN(Cell):
    """Keras's SimpleRNN."""

    @staticmethod
    def step(x, h, kernel):
        """Return the next state."""
        return (x + h @ kernel).tanh()


class LSTM(Cell):
    """Keras's LSTM; the gates are input, forget, cell and output, in this order."""

    gates = 4
    states = 2
    initial_bias = (0, 1, 0, 0)  # Jozefowicz 2015: remember at first

    @staticmethod
    def step(x, h, c, kernel):
        """Return the next output and the next cell state."""
        i, f, g, o = (x + h @ kernel).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class GRU(Cell):
    """Keras's GRU (``reset_after=True``); the gates are update, reset and candidate."""

    gates = 3
    recurrent_bias = True

    @staticmethod
    def step(x, h, kernel, bias):
        """Return the next state."""
        x_z, x_r, x_g = x.chunk(3, -1)
        h_z, h_r, h_g = (h @ kernel + bias).chunk(3, -1)
        z, r = (x_z + h_z).sigmoid(), (x_r + h_r).sigmoid()
        return z * h + (1 - z) * (x_g + r * h_g).tanh()


class BidirectionalLSTM(Cell):
    """Keras's ``Bidirectional(LSTM(units))``: two LSTMs, their outputs side by side."""

    kind = "Bidirectional"
    both_directions = LSTM


class MeanOfWords(Cell):
    """The mean of the words' trained vectors, whatever their order: no recurrence.

    With the dense layers it is the deep averaging network of Iyyer, Manjunatha, Boyd-Graber &
    Daumé III, "Deep unordered composition rivals syntactic methods for text classification" (ACL
    2015). It takes the place of one recurrent layer.
    """

    recurrent = False

    @staticmethod
    def mean(words, known):
        """Return (B, U): the mean over the time steps, 0 without any known word.

        ``words`` (T, B, U) are the words' vectors, zeros where there is none; ``known`` (T, B, 1)
        is 1 where there is a word with a vector, and 0 elsewhere.
        """
        return words.sum(0) / known.sum(0).clamp(min=1)
