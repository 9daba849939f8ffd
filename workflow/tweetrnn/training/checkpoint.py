"""Checkpoints: one safetensors file each, complete or absent, valid for one key only."""

import hashlib
import json
import logging
import zlib

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialize

from tweetrnn.files import replacing

log = logging.getLogger("tweetrnn")


def key_of(facts):
    """Return a digest of everything that a training depends on; ``facts`` is a dict for JSON."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _checksum(tensors, facts):
    value = zlib.crc32(json.dumps(facts).encode())
    for name, tensor in sorted(tensors.items()):
        value = zlib.crc32(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode(), value)
        value = zlib.crc32(tensor.numpy().data, value)
    return value


def save(path, key, tensors, facts):
    """Write tensors (name: tensor) and facts (a dict for JSON) to ``path``, replacing it."""
    tensors = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    header = {"key": key, "checksum": _checksum(tensors, facts), "facts": facts}
    with replacing(path) as temporary:
        temporary.write_bytes(serialize(tensors, {"checkpoint": json.dumps(header)}))


def load(path, key):
    """Return a checkpoint's (tensors, facts); log why and return None if it cannot be used."""
    try:
        with safe_open(path, "pt") as file:
            header = json.loads(file.metadata()["checkpoint"])
            if header["key"] != key:
                log.info("%s: ignored, made from other data, parameters, code or versions", path)
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if _checksum(tensors, header["facts"]) != header["checksum"]:
                raise ValueError("wrong checksum")
            return tensors, header["facts"]
    except FileNotFoundError:
        return None
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        log.warning("%s: ignored, damaged (%s)", path, error)
        return None
