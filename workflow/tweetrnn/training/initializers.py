"""How Keras draws initial kernels."""

import math

import torch


def glorot_uniform(fan_in, fan_out, generator):
    """Return (fan_in, fan_out), uniform below sqrt(6 / (fan_in + fan_out)): Glorot 2010, eq. 16."""
    limit = math.sqrt(6 / (fan_in + fan_out))
    return torch.empty(fan_in, fan_out).uniform_(-limit, limit, generator=generator)


def orthogonal(rows, columns, generator):
    """Return (rows, columns) with orthonormal rows (or columns, if these are fewer), as Keras does.

    The Q of a normal matrix's QR factorisation, its signs chosen so that it is uniformly
    distributed: Saxe 2013; Mezzadri 2007.
    """
    shape = max(rows, columns), min(rows, columns)
    normal = torch.empty(shape, dtype=torch.float64).normal_(generator=generator)
    q, r = torch.linalg.qr(normal)
    q *= r.diagonal().sign()
    return (q.T if rows < columns else q).float()
