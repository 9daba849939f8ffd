"""One attempt at a run: read the split, train from the checkpoint or afresh, write the outputs."""

import json
import logging
import platform
import time
from dataclasses import asdict

import numpy as np
import safetensors
import torch

from tweetrnn.errors import Stopped, UserError
from tweetrnn.files import check_digest, load_array, read_json
from tweetrnn.grid import Combination, run_seed
from tweetrnn.machine import processor_name
from tweetrnn.parts import PARTS
from tweetrnn.training import checkpoint, loop, outputs
from tweetrnn.training.cells import CELLS
from tweetrnn.training.models import build

log = logging.getLogger("tweetrnn")


def read_part(options, part, digests):
    """Return a part's Examples, memory-mapped; ``digests`` are the split's, by array.

    Raises:
        UserError: an array is absent or not what the split wrote, or has no tweets to learn from.
    """
    paths = {kind: getattr(options, f"{part}_{kind}") for kind in ("sequences", "labels")}
    for kind, path in paths.items():
        check_digest(path, digests[f"{part}_{kind}"])
    examples = loop.Examples(*map(load_array, paths.values()))
    if not len(examples) and part != "test":
        raise UserError(
            f"{paths['labels']}: no tweets; give this part a larger share in split.fractions"
        )
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


def versions():
    """Return the versions on which a result's last digits depend."""
    modules = {"torch": torch, "numpy": np, "safetensors": safetensors}
    return {
        "python": platform.python_version(),
        **{name: module.__version__ for name, module in modules.items()},
    }


class Clock:
    """Seconds of finished epochs, of the one at hand, and in all: summed over attempts."""

    def __init__(self):
        self.epochs, self._epoch, self._total = [], 0.0, 0.0
        self._since = self._epoch_since = time.monotonic()

    def end_epoch(self):
        """Note that an epoch ends now; return its seconds."""
        now = time.monotonic()
        self.epochs.append(self._epoch + now - self._epoch_since)
        self._epoch, self._epoch_since = 0.0, now
        return self.epochs[-1]

    def state(self):
        """Return what a checkpoint keeps."""
        now = time.monotonic()
        return {
            "epochs": self.epochs,
            "epoch": self._epoch + now - self._epoch_since,
            "total": self._total + now - self._since,
        }

    def restore(self, state):
        """Add an earlier attempt's ``state``."""
        self.epochs, self._epoch, self._total = state["epochs"], state["epoch"], state["total"]


def fit(options, poll):
    """Train the run that ``options`` (train's) describe; ``poll`` raises Stopped when it must end.

    Raises:
        Stopped: with a checkpoint left behind.
        UserError: the input does not fit, or the loss is not finite and that is no result.
    """
    clock = Clock()
    config = json.loads(options.config)
    settings = config["training"]
    combination = Combination.parse(options.combination)
    if options.cell not in CELLS:
        raise UserError(f"--cell: {options.cell!r} is not one of {', '.join(CELLS)}")
    facts = read_json(options.facts)
    width, classes = facts["width"], len(facts["labels"])
    parts = {part: read_part(options, part, facts["sha256"]) for part in PARTS}
    device = choose_device(settings["device"])
    torch.set_num_threads(1)  # a step is too small to share; what can be shared, Trainer shares
    run = {
        "cell": options.cell,
        "combination": combination.name,
        "replicate": options.replicate,
        "config": config | {"training": settings | {"device": device}},
        "code": options.code_digest,
        "versions": versions(),
    }
    arrays = [
        getattr(options, f"{part}_{kind}") for part in PARTS for kind in ("sequences", "labels")
    ]
    key = checkpoint.key_of([options.facts, *arrays], run)
    path = options.checkpoint_dir / "checkpoint.safetensors"
    seed = run_seed(config["seed"], options.cell, combination.name, options.replicate)
    model = build(
        options.cell, combination, width, classes, seed=seed, device=device, **config["model"]
    )
    trainer = loop.Trainer(
        model,
        parts["train"],
        parts["validation"],
        combination.learning_rate,
        settings["batch_size"],
        settings["adam"],
        seed + 1,
        settings["threads"],
    )
    saved = checkpoint.load(path, key)
    if saved:
        tensors, state = saved
        trainer.restore(tensors, state["trainer"])
        clock.restore(state["clock"])
        log.info(
            "resumed from %s: %d of %d epochs done, %d of %d steps of the next",
            path, trainer.epoch, settings["epochs"], trainer.position, trainer.batches,
        )  # fmt: skip

    def save():
        tensors, state = trainer.state()
        checkpoint.save(path, key, tensors, {"trainer": state, "clock": clock.state()})

    status = "finished"
    try:
        run_epochs(trainer, settings["epochs"], clock, save, poll)
    except loop.Diverged as error:
        if options.on_divergence == "fail":
            path.unlink(missing_ok=True)
            raise UserError(
                f"{options.cell} {combination.name}, replicate {options.replicate}: {error}; "
                "take a smaller grid.learning_rate, or set training.on_divergence: record "
                "to let the other runs go on and list this one as diverged"
            ) from None
        log.warning("%s; the run is recorded as diverged", error)
        status = "diverged"

    predictions = {}
    if trainer.best_epoch:
        model.load(trainer.best)
        for part in PARTS[1:]:
            predictions[part] = np.exp(loop.predict(model, parts[part], poll))
    outputs.write(
        {name: getattr(options, name) for name in outputs.OUTPUTS},
        trainer,
        predictions,
        {part: parts[part].labels for part in predictions},
        parameters={
            "status": status,
            "cell": options.cell,
            "combination": combination.name,
            **asdict(combination),
            "replicate": options.replicate,
            "seed": config["seed"],
            **config["model"],
            **{name: settings[name] for name in ("epochs", "batch_size", "adam")},
            "width": width,
            "sequence_length": parts["train"].ids.shape[1],
            "classes": classes,
            "parameters": model.count_parameters(),
            "best_epoch": trainer.best_epoch or None,
        },
        timing={name: clock.state()[name] for name in ("epochs", "total")},
        provenance={
            "code": options.code_digest,
            **versions(),
            "device": device,
            "processor": torch.cuda.get_device_name() if device == "cuda" else processor_name(),
            "threads": settings["threads"],
        },
    )
    # The checkpoint stays: Snakemake deletes the outputs of a job that is ended a second from now.


def run_epochs(trainer, epochs, clock, save, poll):
    """Train until ``epochs`` are done; ``save`` leaves a checkpoint after each, and on Stopped.

    Raises:
        Stopped, Diverged: as ``Trainer.run_epoch`` does.
    """
    try:
        while trainer.epoch < epochs:
            row = trainer.run_epoch(poll)
            seconds = clock.end_epoch()
            log.info(
                "epoch %d of %d: loss %.4f, accuracy %.4f; "
                "validation loss %.4f, accuracy %.4f (%.1f s)",
                row["epoch"], epochs, row["train_loss"], row["train_accuracy"],
                row["validation_loss"], row["validation_accuracy"], seconds,
            )  # fmt: skip
            save()
    except Stopped:
        save()
        log.info("checkpoint after %d epochs and %d steps", trainer.epoch, trainer.position)
        raise
