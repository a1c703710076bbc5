"""Exports a checkpoint as the network file that pastiche reads.

    python3 export.py --photos FOLDER --checkpoint RUN/checkpoint.pt --out builtin.safetensors

The mean over weights is what is exported, each layer scaled by one number so that its activations over photographs
are 1 in the mean, and the next layer made up for it. One number for a layer, not one for each channel: that would lift
hardly active channels, and they paint noise.
"""
from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Dict

import numpy as np
import torch

import safetensors
from data import crop, read
from network import MEAN, STD, Student

METADATA = {
    "family": "vgg", "name": "builtin", "version": "4", "license": "MIT", "pooling": "max", "channels": "rgb", "range": "0..1",
    "mean": ",".join(map(str, MEAN)), "std": ",".join(map(str, STD)),
}

# Photographs that layers are scaled by.
MEASURED = 200


@torch.no_grad()
def balance(student: Student, pictures: torch.Tensor) -> Dict[str, np.ndarray]:
    """Returns the student's tensors, each layer scaled to a mean activation of 1 over pictures (N, 3, H, W) in 0..1.

    The mean is over the inner half of each map, so that hardly any of it sees the padding.
    """
    before, tensors = 1.0, {}
    for name, maps in student(pictures).items():
        conv, quarter = getattr(student, name), maps.shape[-1] // 4
        mean = float(maps[..., quarter:-quarter, quarter:-quarter].mean())
        # The layer will see maps that were divided by the mean before.
        tensors[f"{name}.weight"] = (conv.weight * (before / mean)).numpy()
        tensors[f"{name}.bias"] = (conv.bias / mean).numpy()
        before = mean
    return tensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, required=True, help="folder with *.jpg")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    student = Student()
    student.load_state_dict(torch.load(args.checkpoint, map_location="cpu")["mean"])
    files = sorted(args.photos.glob("*.jpg"))
    random = np.random.default_rng(0)
    crops = np.stack([crop(photo, random) for photo in read(files[:: max(1, len(files) // MEASURED)], "photographs")])
    pictures = torch.from_numpy(crops).permute(0, 3, 1, 2)
    safetensors.write(args.out, balance(student, pictures), METADATA)
    print(hashlib.sha256(args.out.read_bytes()).hexdigest(), args.out)


if __name__ == "__main__":
    main()
