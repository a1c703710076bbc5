"""Starts a network from a trained one of the same layers, some of them wider.

Of a wider layer those channels are kept that tell most of what the next layer computes. The layer after it is fitted:
by ridge regression, from what it sees now, to what the trained one computes before its ReLU. All others are taken over.
Batch norms are put in by measuring each channel's mean and deviation over pictures, so that the network computes what
it did without them.
"""
from __future__ import annotations

from typing import Dict, List, Tuple

import numpy as np
import torch
from torch.nn import functional as F

from network import Features, block_of, layer_names

# Of the ridge regression, relative to the mean square of what it fits from.
RIDGE = 1e-3


def before_relu(tensors: Dict[str, np.ndarray], inputs: torch.Tensor) -> Dict[str, torch.Tensor]:
    """Runs the network of an exported file on normalised pictures (N, 3, H, W), keeping each layer before its ReLU."""
    maps, block, outputs = inputs, 1, {}
    for name in [key[: -len(".weight")] for key in tensors if key.endswith(".weight")]:
        if block_of(name) > block:
            maps, block = F.avg_pool2d(maps, 2), block_of(name)
        outputs[name] = F.conv2d(maps, *kernel_of(tensors, name), padding=1)
        maps = F.relu(outputs[name])
    return outputs


def kernel_of(tensors: Dict[str, np.ndarray], name: str) -> Tuple[torch.Tensor, torch.Tensor]:
    """Returns a layer's weight (out, in, 3, 3) and bias (out)."""
    return torch.from_numpy(tensors[f"{name}.weight"]), torch.from_numpy(tensors[f"{name}.bias"])


class Regression:
    """Fits 3x3 convolutions from maps (N, in, H, W) to wanted maps (N, out, H, W), by least squares with a ridge."""

    def __init__(self, maps: torch.Tensor, wanted: torch.Tensor) -> None:
        self.channels, outputs = maps.shape[1], wanted.shape[1]
        size = 9 * self.channels + 1
        self.normal = torch.zeros(size, size, dtype=torch.float64)
        self.right = torch.zeros(size, outputs, dtype=torch.float64)
        for m, w in zip(maps.split(16), wanted.split(16)):
            patches = F.unfold(m, 3, padding=1).transpose(1, 2).reshape(-1, size - 1)
            patches = torch.cat([patches, torch.ones(len(patches), 1)], 1)
            self.normal += (patches.T @ patches).double()
            self.right += (patches.T @ w.permute(0, 2, 3, 1).reshape(-1, outputs)).double()
        self.normal.diagonal()[:-1] += RIDGE * self.normal.diagonal()[:-1].mean()

    def _solve(self, channels: List[int]) -> Tuple[torch.Tensor, float]:
        """Returns the solution (9 x channels + 1, out) from some channels, and how much of the squares it explains."""
        rows = torch.tensor([9 * c + tap for c in channels for tap in range(9)] + [9 * self.channels])
        solution = torch.linalg.solve(self.normal[rows][:, rows], self.right[rows])
        return solution, float((solution * self.right[rows]).sum())

    def fit(self) -> Tuple[torch.Tensor, torch.Tensor]:
        """Returns the weight (out, in, 3, 3) and the bias (out)."""
        solution = self._solve(list(range(self.channels)))[0].float()
        return solution[:-1].T.reshape(-1, self.channels, 3, 3).contiguous(), solution[-1]

    def select(self, count: int) -> List[int]:
        """Returns which channels tell most of what is wanted, chosen one by one, in their order."""
        chosen: List[int] = []
        for _ in range(count):
            left = [c for c in range(self.channels) if c not in chosen]
            chosen.append(max(left, key=lambda c: self._solve([*chosen, c])[1]))
        return sorted(chosen)


def pooled(maps: torch.Tensor, name: str, before: str) -> torch.Tensor:
    """Returns maps (N, C, H, W) as the layer of that name sees those of the layer before."""
    return F.avg_pool2d(maps, 2) if block_of(name) > block_of(before) else maps


@torch.no_grad()
def warm_start(features: Features, tensors: Dict[str, np.ndarray], inputs: torch.Tensor) -> None:
    """Sets the features from an exported network of the same layers, by what it computes for normalised pictures
    (N, 3, H, W)."""
    trained = before_relu(tensors, inputs)
    names = layer_names(features.blocks)
    if list(trained) != names:
        raise SystemExit(f"cannot start from a network of the layers {' '.join(trained)}: expected {' '.join(names)}")
    maps, whole = inputs, True
    for position, name in enumerate(names):
        layer, wanted = getattr(features, name), trained[name]
        width = layer.conv.out_channels
        seen = pooled(maps, name, names[position - 1]) if position else maps
        kept = list(range(width))
        if width < wanted.shape[1]:
            following = names[position + 1]
            kept = Regression(pooled(F.relu(wanted), following, name), trained[following]).select(width)
        if whole:
            weight, bias = (part[kept] for part in kernel_of(tensors, name))
        else:
            weight, bias = Regression(seen, wanted[:, kept]).fit()
        whole = width == wanted.shape[1]
        outputs = F.conv2d(seen, weight, padding=1)
        mean, var = outputs.mean((0, 2, 3)), outputs.var((0, 2, 3), unbiased=False)
        # The norm undoes the weight's scale: give it the one that training begins with.
        scale = layer.conv.weight.pow(2).mean().sqrt() / weight.pow(2).mean().sqrt()
        layer.conv.weight.copy_(weight * scale)
        layer.norm.running_mean.copy_(mean * scale)
        layer.norm.running_var.copy_(var * scale**2)
        layer.norm.weight.copy_(var.add(layer.norm.eps).sqrt())
        layer.norm.bias.copy_(mean + bias)
        maps = F.relu(outputs + bias.view(1, -1, 1, 1))
