"""Train one run on the sets that the stage split wrote, from a checkpoint or from the start."""

import logging
import platform
import time
from dataclasses import asdict

import numpy as np
import safetensors
import torch

from tweetrnn.errors import Stopped, UserError
from tweetrnn.files import load_array, read_json
from tweetrnn.grid import Combination
from tweetrnn.machine import processor_name
from tweetrnn.sets import SETS
from tweetrnn.training import loop
from tweetrnn.training.cells import CELLS
from tweetrnn.training.checkpoint import key_of, load, save
from tweetrnn.training.models import build
from tweetrnn.training.outputs import write

log = logging.getLogger("tweetrnn")


def read_set(name, arrays, digests):
    """Return the Examples of a set, memory-mapped.

    ``arrays`` (paths) and ``digests`` (the sha256 of what split wrote) are by the names of
    SPLIT_ARRAYS.

    Raises:
        UserError: an array is missing or damaged, or the training or validation set is empty.
    """
    sequences, labels = f"{name}_sequences", f"{name}_labels"
    examples = loop.Examples(*(load_array(arrays[f], digests[f]) for f in (sequences, labels)))
    if not len(examples) and name != "test":
        raise UserError(
            f"{arrays[labels]}: no tweets; give this set a larger share in split.fractions"
        )
    return examples


def choose_device(word):
    """Return the torch device for auto, cpu or cuda; raise UserError if cuda is not there."""
    if word == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "training.device: cuda, but torch sees no CUDA device here; set it to auto or cpu"
        )
    return "cuda" if word != "cpu" and torch.cuda.is_available() else "cpu"


def versions():
    """Return the versions that may affect a result's last digits."""
    modules = {module.__name__: module.__version__ for module in (torch, np, safetensors)}
    return {"python": platform.python_version(), **modules}


class Clock:
    """Seconds of finished epochs, of the current one, and in total, summed over attempts."""

    def __init__(self):
        self.epochs, self._epoch, self._total = [], 0.0, 0.0
        self._since = self._epoch_since = time.monotonic()

    def end_epoch(self):
        """End the current epoch now; return its seconds."""
        now = time.monotonic()
        self.epochs.append(self._epoch + now - self._epoch_since)
        self._epoch, self._epoch_since = 0.0, now
        return self.epochs[-1]

    def state(self):
        """Return what a checkpoint stores, a dict for JSON."""
        now = time.monotonic()
        return {
            "epochs": self.epochs,
            "epoch": self._epoch + now - self._epoch_since,
            "total": self._total + now - self._since,
        }

    def restore(self, state):
        """Continue from an earlier attempt's ``state``."""
        self.epochs, self._epoch, self._total = state["epochs"], state["epoch"], state["total"]


def fit(
    run, config, arrays, split_facts, outputs,
    *, checkpoint, code_digest="", on_divergence="fail", poll=lambda: None,
):  # fmt: skip
    """Train a run from its checkpoint or from the start, and write its outputs.

    Args:
        config: the config's model, training and seed.
        arrays, outputs: paths by the names of SPLIT_ARRAYS and RUN_FILES.
        split_facts, checkpoint: paths.
        code_digest: of the code that trains; a checkpoint of other code is not used.
        on_divergence: ``fail``, or ``record`` to write the outputs as of the epoch before.
        poll: raises Stopped when the training must end.

    Raises:
        Stopped: after writing a checkpoint.
        UserError: an input is damaged, or the loss is not finite and ``on_divergence`` is fail.
    """
    clock, settings = Clock(), config["training"]
    if run.cell not in CELLS:
        raise UserError(f"unknown cell {run.cell!r}; expected one of {', '.join(CELLS)}")
    facts = read_json(split_facts)
    sets = {name: read_set(name, arrays, facts["sha256"]) for name in SETS}
    device = choose_device(settings["device"])
    torch.set_num_threads(1)  # steps are too small to share; Trainer shares the table's update
    settings = settings | {"device": device}
    depends_on = {"run": str(run), "split": facts, "config": config | {"training": settings}}
    key = key_of(depends_on | {"code": code_digest, "versions": versions()})
    trainer = new_trainer(run, config, facts, sets, device)

    def save_checkpoint():
        tensors, state = trainer.state()
        save(checkpoint, key, tensors, {"trainer": state, "clock": clock.state()})

    resume(trainer, clock, checkpoint, key, settings["epochs"])
    try:
        run_epochs(trainer, settings["epochs"], clock, save_checkpoint, poll)
        status = "finished"
    except loop.Diverged as error:
        if on_divergence == "fail":
            checkpoint.unlink(missing_ok=True)
            raise UserError(
                f"{run.cell} {run.combination}, replicate {run.replicate}: {error}; "
                "choose a smaller grid.learning_rate, or set training.on_divergence: record "
                "to let the other runs continue and list this one as diverged"
            ) from None
        log.warning("%s; the run is recorded as diverged", error)
        status = "diverged"

    predictions = predict(trainer, sets, poll)
    write(
        outputs,
        trainer,
        predictions,
        {name: sets[name].labels for name in predictions},
        parameters=parameters(status, run, config, trainer),
        timing={name: clock.state()[name] for name in ("epochs", "total")},
        provenance=provenance(code_digest, device, settings["threads"]),
    )
    # The checkpoint stays: if the job is killed before it exits, Snakemake deletes its outputs.


def new_trainer(run, config, facts, sets, device):
    """Return the Trainer of a run that has not begun; ``facts`` are the split's."""
    seed, combination = run.seed(config["seed"]), Combination.parse(run.combination)
    shape = facts["width"], len(facts["labels"])
    settings = config["model"] | {"device": device, "padding_id": facts["padding_id"]}
    model = build(run.cell, combination, *shape, seed=seed, **settings)
    options = {name: config["training"][name] for name in ("batch_size", "adam", "threads")}
    rate = combination.learning_rate
    return loop.Trainer(model, sets["train"], sets["validation"], rate, seed=seed + 1, **options)


def resume(trainer, clock, checkpoint, key, epochs):
    """Restore a new trainer and its clock from the checkpoint, if there is a usable one."""
    saved = load(checkpoint, key)
    if saved is None:
        return
    tensors, state = saved
    trainer.restore(tensors, state["trainer"])
    clock.restore(state["clock"])
    log.info(
        "resumed from %s: %d of %d epochs done, %d of %d steps of the next",
        checkpoint, trainer.epoch, epochs, trainer.position, trainer.batches,
    )  # fmt: skip


def run_epochs(trainer, epochs, clock, save_checkpoint, poll):
    """Train until ``epochs`` are done; save a checkpoint after each, and when stopped."""
    try:
        while trainer.epoch < epochs:
            row = trainer.run_epoch(poll)
            seconds = clock.end_epoch()  # not below: the code digest ignores arguments of log.info
            log.info(
                "epoch %d of %d: loss %.4f, accuracy %.4f; "
                "validation loss %.4f, accuracy %.4f (%.1f s)",
                row["epoch"], epochs, row["train_loss"], row["train_accuracy"],
                row["validation_loss"], row["validation_accuracy"], seconds,
            )  # fmt: skip
            save_checkpoint()
    except Stopped:
        save_checkpoint()
        log.info("checkpoint after %d epochs and %d steps", trainer.epoch, trainer.position)
        raise


def predict(trainer, sets, poll):
    """Return the best epoch's probabilities (N, classes) by set; {} if no epoch was finished."""
    if not trainer.best_epoch:
        return {}
    trainer.model.load(trainer.best)
    return {name: np.exp(loop.predict(trainer.model, sets[name], poll)) for name in SETS[1:]}


def parameters(status, run, config, trainer):
    """Return the run's status, settings and size, a dict for JSON."""
    settings, model = config["training"], trainer.model
    return {
        "status": status,
        **asdict(run),
        **asdict(model.combination),
        "seed": config["seed"],
        **config["model"],
        **{name: settings[name] for name in ("epochs", "batch_size", "adam")},
        "width": model.width,
        "sequence_length": trainer.training.ids.shape[1],
        "classes": model.classes,
        "parameters": model.count_parameters(),
        "best_epoch": trainer.best_epoch or None,
    }


def provenance(code_digest, device, threads):
    """Return the code, versions and hardware that the results may depend on, a dict for JSON."""
    return {
        "code": code_digest,
        **versions(),
        "device": device,
        "processor": torch.cuda.get_device_name() if device == "cuda" else processor_name(),
        "threads": threads,
    }
