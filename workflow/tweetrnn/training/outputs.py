"""Write a run's outputs, all of them or none."""

import csv
import json
from contextlib import ExitStack

import numpy as np

from tweetrnn.files import json_text, naming, parquet_writer, replacing, sha256_of
from tweetrnn.metrics import HISTORY


def write(paths, trainer, predictions, labels, parameters, timing, provenance):
    """Write a run's outputs to ``paths`` (by the names of RUN_FILES): all of them or none.

    ``predictions`` are the best epoch's probabilities (N, classes) by set, ``labels`` (N,) by set;
    the sha256 of the other files is added to ``parameters``.
    """
    model = trainer.model
    with ExitStack() as stack:
        temporary = {name: stack.enter_context(replacing(path)) for name, path in paths.items()}

        def put(name, writer, *content):
            with naming(paths[name]):
                writer(temporary[name], *content)

        put("history", write_history, trainer.history)
        put("best", write_weights, trainer.best, model)
        put("last", write_weights, trainer.last, model)
        put("predictions", write_predictions, predictions, labels, model.classes)
        put("architecture", write_object, model.summary(trainer.training.ids.shape[1]))
        written = ("history", "best", "last", "predictions", "architecture")
        digests = {name: sha256_of(temporary[name]) for name in written}
        put("parameters", write_object, parameters | {"sha256": digests})
        put("timing", write_object, timing)
        put("provenance", write_object, provenance)


def write_object(path, value):
    path.write_text(json_text(value), "utf-8")


def write_weights(path, weights, model):
    """Write weights by name as safetensors, with the model that they belong to as metadata."""
    from safetensors.torch import save  # with torch, which costs seconds

    tensors = {name: weight.cpu().contiguous() for name, weight in weights.items()}
    path.write_bytes(save(tensors, metadata(model)))


def metadata(model):
    """Return a weights file's metadata, which describe its model, always in the same bytes."""
    facts = {"cell": model.cell, "combination": model.combination.name}
    names = ("width", "classes", "units", "dense_units", "dropout_rate", "l2")
    facts |= {name: getattr(model, name) for name in names}
    facts["weights"] = list(model.weights())
    return {"model": json.dumps(facts)}  # one key: safetensors writes several in random order


def write_history(path, history):
    """Write the metrics of every epoch (dicts) as CSV."""
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, HISTORY, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def write_predictions(path, predictions, labels, classes):
    """Write probabilities (N, classes) and labels (N,), each by set, as one Parquet table."""
    import pyarrow as pa

    def column(values, kind):
        # pa.array of a numpy array imports pandas, a third of a second for each training.
        return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])

    sizes = [len(set_labels) for set_labels in labels.values()]
    rows = np.concatenate([np.empty(0, np.int64), *map(np.arange, sizes)])
    known = np.concatenate([np.empty(0, np.int32), *labels.values()]).astype(np.int32)
    p = np.concatenate([np.empty((0, classes), np.float32), *predictions.values()])
    table = pa.table(
        {
            "part": pa.array(np.repeat(list(labels), sizes).tolist(), pa.string()),
            "row": column(rows, pa.int64()),
            "label": column(known, pa.int32()),
            **{
                f"p{k}": column(np.ascontiguousarray(p[:, k]), pa.float32()) for k in range(classes)
            },
        }
    )
    with parquet_writer(path, table.schema) as writer:
        writer.write_table(table)
