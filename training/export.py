"""Exports a checkpoint as the network file that pastiche reads.

    python3 export.py --data FOLDER --checkpoint RUN/checkpoint.pt --out builtin.safetensors

The mean over weights is what is exported. Batch norms, measured anew for it, are folded into the convolutions; then
each layer is scaled by one number so that its activations over photographs are 1 in the mean. One number for a layer,
not one for each channel: that would lift hardly active channels, and they paint noise.
"""
from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Dict, Tuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import safetensors
from data import augment, load, to_levels
from network import MEAN, STD, Features, block_of, layer_names, normalize

METADATA = {
    "family": "vgg", "name": "builtin", "version": "3", "license": "MIT", "pooling": "avg", "channels": "rgb", "range": "0..1",
    "mean": ",".join(map(str, MEAN)), "std": ",".join(map(str, STD)),
}

# Pictures that batch norms are measured on, and how many at once.
MEASURED, BATCH = 4096, 256


@torch.no_grad()
def measure_norms(features: Features, pixels: torch.Tensor) -> None:
    """Sets the norms' mean and variance to those over pictures (N, s, s, 3) in bytes, seen as in training."""
    norms = [module for module in features.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean over all batches
    features.train()
    for part in pixels.split(BATCH):
        features(normalize(augment(part, pixels.shape[1])))
    features.eval()


@torch.no_grad()
def fold(features: Features) -> Dict[str, Tuple[torch.Tensor, torch.Tensor]]:
    """Returns each layer's weight (out, in, 3, 3) and bias (out), its norm folded in."""
    folded = {}
    for name in layer_names(features.blocks):
        layer = getattr(features, name)
        factor = layer.norm.weight / (layer.norm.running_var + layer.norm.eps).sqrt()
        weight = layer.conv.weight * factor.view(-1, 1, 1, 1)
        folded[name] = (weight, layer.norm.bias - layer.norm.running_mean * factor)
    return folded


@torch.no_grad()
def balance(layers: Dict[str, Tuple[torch.Tensor, torch.Tensor]], pixels: torch.Tensor) -> Dict[str, np.ndarray]:
    """Scales each layer to a mean activation of 1 over pictures (N, s, s, 3) in bytes, and returns its tensors.

    Each picture is continued by reflections to twice its side, so that none of what is measured sees the padding.
    """
    side = pixels.shape[1]
    maps = F.pad(normalize(to_levels(pixels)), (side // 2,) * 4, mode="reflect")
    block, before, tensors = 1, 1.0, {}
    for name, (weight, bias) in layers.items():
        if block_of(name) > block:
            maps, block = F.avg_pool2d(maps, 2), block_of(name)
        maps = F.relu(F.conv2d(maps, weight, bias, padding=1))
        quarter = maps.shape[-1] // 4
        mean = float(maps[..., quarter:-quarter, quarter:-quarter].mean())
        # The layer will see maps that were divided by the mean before.
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = (weight * (before / mean)).numpy(), (bias / mean).numpy()
        before = mean
    return tensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with train/<class>/*.JPEG and val/<class>/*.JPEG")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.manual_seed(0)
    state = {key[len("features.") :]: value for key, value in torch.load(args.checkpoint, map_location="cpu")["mean"].items()
             if key.startswith("features.")}
    features = Features()
    features.load_state_dict(state)
    train, val = load(args.data / "train").pixels, load(args.data / "val").pixels
    measure_norms(features, train[torch.randperm(len(train))[:MEASURED]])
    safetensors.write(args.out, balance(fold(features), val[:: len(val) // 200]), METADATA)
    print(hashlib.sha256(args.out.read_bytes()).hexdigest(), args.out)


if __name__ == "__main__":
    main()
