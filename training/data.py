"""Labelled pictures, and how they are enlarged, turned and lit for training."""
from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

# The sides of the canvases that training draws from, in pixels, and how many pictures of each make a batch: of
# about the same cost.
CANVASES = ((64, 128), (64, 128), (96, 56), (128, 32))

# A picture is enlarged by this factor at most.
ENLARGEMENT = 3.0


class Pictures(NamedTuple):
    """Pictures (N, side, side, 3) in bytes, and labels (N)."""

    pixels: torch.Tensor
    labels: torch.Tensor


def load(folder: Path) -> Pictures:
    """Reads FOLDER/<class>/*.JPEG, square and all of one size. Labels count the classes in alphabetical order."""
    classes = sorted(p for p in Path(folder).iterdir() if p.is_dir())
    pixels, labels = [], []
    for label, path in enumerate(classes):
        for file in sorted(path.glob("*.JPEG")):
            with Image.open(file) as picture:
                pixels.append(np.asarray(picture.convert("RGB")))
            labels.append(label)
    if not pixels:
        raise SystemExit(f"{folder}: no pictures; expected {folder}/<class>/*.JPEG")
    return Pictures(torch.from_numpy(np.stack(pixels)), torch.tensor(labels))


def to_levels(pixels: torch.Tensor) -> torch.Tensor:
    """Takes bytes (N, H, W, 3) to levels of 0 to 1 (N, 3, H, W)."""
    return pixels.permute(0, 3, 1, 2).float() / 255


def augment(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Draws canvases (N, 3, side, side) in 0..1 from pictures (N, s, s, 3) in bytes.

    A canvas shows a rectangle of the picture, enlarged by a factor between side / s, or 1, and ENLARGEMENT: half of the
    time by the least, so that the network sees sharp pictures too, otherwise by any, the logarithms alike. Its aspect
    is changed by up to 25 %, its brightness by 25 %, its colour balance by 10 %; half are mirrored.
    """
    count, source = pixels.shape[0], pixels.shape[1]
    smallest = max(1.0, side / source)
    factor = smallest * (ENLARGEMENT / smallest) ** (torch.rand(count) * 2 - 1).clamp(min=0)
    shown = side / (factor * source)
    aspect = torch.exp(torch.empty(count).uniform_(-0.25, 0.25) / 2)
    width, height = (shown * aspect).clamp(max=1), (shown / aspect).clamp(max=1)
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0], matrix[:, 1, 1] = width * mirror, height
    matrix[:, 0, 2] = (torch.rand(count) * 2 - 1) * (1 - width)
    matrix[:, 1, 2] = (torch.rand(count) * 2 - 1) * (1 - height)
    grid = F.affine_grid(matrix, [count, 3, side, side], align_corners=False)
    canvases = F.grid_sample(to_levels(pixels), grid, mode="bicubic", padding_mode="reflection", align_corners=False)
    light = torch.empty(count, 1, 1, 1).uniform_(0.75, 1.25) * torch.empty(count, 3, 1, 1).uniform_(0.9, 1.1)
    return canvases.mul_(light).clamp_(0, 1)
