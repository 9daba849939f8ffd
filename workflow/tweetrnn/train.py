"""Train one run: a cell and a combination of the grid, with the seed that their names give it."""

import csv
import json
import logging
import platform
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from tweetrnn import training
from tweetrnn.errors import UserError
from tweetrnn.files import damaged, load_array, read_json, replacing
from tweetrnn.grid import Combination, run_seed
from tweetrnn.models import CELLS, build

log = logging.getLogger("tweetrnn")

PARTS = ("train", "validation", "test")
METRICS = ("loss", "accuracy", "binary_accuracy", "macro_f1")
HISTORY = ["epoch", *(f"{part}_{name}" for part in PARTS[:2] for name in METRICS)]
OUTPUTS = {
    "history": "the figures of every epoch (.csv)",
    "best": "the weights of the epoch with the highest validation accuracy (.safetensors)",
    "last": "the weights of the last epoch (.safetensors)",
    "predictions": "the best weights' validation and test predictions (.parquet)",
    "architecture": "the layers, as Keras's summary lists them (.json)",
    "parameters": "all that the run was made with (.json)",
    "timing": "seconds (.json)",
    "provenance": "code, versions and processor (.json)",
}


def add_arguments(parser):
    """Declare the stage's options."""
    parser.add_argument("--cell", required=True, help=" or ".join(CELLS))
    parser.add_argument(
        "--combination", required=True, help="such as rnn2-dense2-dropout0-reg1-lr1e-3"
    )
    parser.add_argument("--replicate", type=int, default=1, help="number from 1; default 1")
    for part in PARTS:
        for kind in ("sequences", "labels"):
            parser.add_argument(f"--{part}-{kind}", required=True, metavar="FILE", type=Path)
    parser.add_argument("--facts", required=True, metavar="FILE", help="the split's facts.json")
    for name, what in OUTPUTS.items():
        parser.add_argument(f"--{name}", required=True, metavar="FILE", type=Path, help=what)
    parser.add_argument("--checkpoint-dir", metavar="DIR", type=Path, help="where checkpoints go")
    parser.add_argument("--supervisor", metavar="PID", type=int, help="stop when it is gone")
    parser.add_argument("--code-digest", default="", help="a checkpoint of other code is not used")
    parser.add_argument("--config", required=True, help="JSON: model, training, seed")


def read_part(options, part, width, classes):
    """Return a part's Examples, memory-mapped.

    Raises:
        UserError: arrays do not fit one another or the facts.
    """
    sequences, labels = (getattr(options, f"{part}_{kind}") for kind in ("sequences", "labels"))
    examples = training.Examples(load_array(sequences), load_array(labels))
    if examples.ids.ndim != 2 or examples.labels.shape != examples.ids.shape[:1]:
        raise damaged(sequences, f"shapes {examples.ids.shape} and {examples.labels.shape}")
    if len(examples):
        for path, array, last in (
            (sequences, examples.ids, width),
            (labels, examples.labels, classes - 1),
        ):
            if array.min() < 0 or array.max() > last:
                raise damaged(path, f"ids must lie in 0 to {last}")
    elif part != "test":
        raise UserError(f"{labels}: no tweets; give this part a larger share in split.fractions")
    return examples


def choose_device(word):
    """Return the torch device for auto, cpu or cuda.

    Raises:
        UserError: cuda is asked for and absent.
    """
    if word == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "training.device: cuda, but torch sees no CUDA device here; set it to auto or cpu"
        )
    return "cuda" if word != "cpu" and torch.cuda.is_available() else "cpu"


def processor(device):
    """Return the name of the GPU's or the CPU's model."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(
            line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
        )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def metadata(model):
    """Return what a weights file says about its model: one JSON text, its bytes always the same."""
    facts = {
        "cell": model.cell,
        "combination": model.combination.name,
        "width": model.width,
        "classes": model.classes,
        "units": model.units,
        "dense_units": model.dense_units,
        "dropout_rate": model.dropout_rate,
        "l2": model.l2,
        "weights": list(model.weights()),
    }
    return {"model": json.dumps(facts)}  # one key: safetensors writes several in any order


def write_history(path, history):
    """Write the epochs' figures as CSV."""
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, HISTORY, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def write_predictions(path, predictions):
    """Write ``predictions`` (part: labels and probabilities (N, classes)) as Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sizes = [len(labels) for labels, _ in predictions.values()]
    columns = {
        "part": np.repeat(list(predictions), sizes),
        "row": np.concatenate([np.arange(size) for size in sizes]),
        "label": np.concatenate([labels for labels, _ in predictions.values()]).astype(np.int32),
    }
    probabilities = np.concatenate([p for _, p in predictions.values()])
    columns |= {f"p{k}": column for k, column in enumerate(probabilities.T)}
    table = pa.table({name: pa.array(column) for name, column in columns.items()})
    pq.write_table(table, path, compression="zstd", write_page_checksum=True)


def main(options):
    """Train, and write all outputs at the end."""
    began = time.monotonic()
    config = json.loads(options.config)
    settings = config["training"]
    combination = Combination.parse(options.combination)
    if options.cell not in CELLS:
        raise UserError(f"--cell: {options.cell!r} is not one of {', '.join(CELLS)}")
    facts = read_json(options.facts)
    width, classes = facts["width"], len(facts["labels"])
    parts = {part: read_part(options, part, width, classes) for part in PARTS}
    torch.set_num_threads(settings["threads"])
    device = choose_device(settings["device"])
    seed = run_seed(config["seed"], options.cell, combination.name, options.replicate)
    model = build(
        options.cell, combination, width, classes, seed=seed, device=device, **config["model"]
    )
    trainer = training.Trainer(
        model,
        parts["train"],
        parts["validation"],
        combination.learning_rate,
        settings["batch_size"],
        settings["adam"],
        seed + 1,
    )
    seconds = []
    while trainer.epoch < settings["epochs"]:
        since = time.monotonic()
        row = trainer.run_epoch()
        seconds.append(time.monotonic() - since)
        log.info(
            "epoch %d of %d: loss %.4f, accuracy %.4f; validation loss %.4f, accuracy %.4f (%.1f s)",
            row["epoch"],
            settings["epochs"],
            row["train_loss"],
            row["train_accuracy"],
            row["validation_loss"],
            row["validation_accuracy"],
            seconds[-1],
        )
    model.load(trainer.best)
    predictions = {
        part: (parts[part].labels, np.exp(training.predict(model, parts[part])))
        for part in PARTS[1:]
    }
    length = parts["train"].ids.shape[1]
    architecture = [asdict(row) for row in model.summary()]
    for row in architecture:
        row["output_shape"] = row["output_shape"].format(T=length)
    parameters = {
        "status": "finished",
        "cell": options.cell,
        "combination": combination.name,
        **asdict(combination),
        "replicate": options.replicate,
        "seed": config["seed"],
        **config["model"],
        **{key: settings[key] for key in ("epochs", "batch_size", "adam")},
        "width": width,
        "sequence_length": length,
        "classes": classes,
        "parameters": model.count_parameters(),
        "best_epoch": trainer.best_epoch,
    }
    timing = {"epochs": seconds, "total": time.monotonic() - began}
    provenance = {
        "code": options.code_digest,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "device": device,
        "processor": processor(device),
        "threads": settings["threads"],
    }
    with ExitStack() as stack:  # nothing takes its name before everything is written
        beside = {name: stack.enter_context(replacing(getattr(options, name))) for name in OUTPUTS}
        write_history(beside["history"], trainer.history)
        for name in ("best", "last"):
            weights = {k: v.cpu().contiguous() for k, v in getattr(trainer, name).items()}
            save_file(weights, beside[name], metadata(model))
        write_predictions(beside["predictions"], predictions)
        for name, value in (
            ("architecture", architecture),
            ("parameters", parameters),
            ("timing", timing),
            ("provenance", provenance),
        ):
            beside[name].write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
