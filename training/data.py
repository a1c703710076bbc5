"""What the network is trained on: square crops of photographs, of paintings, and of mixtures of both.

A canvas on its way from a photograph to a painting is neither, so a part of the crops are mixtures and a part have
noise: the network must see there what its teacher sees.
"""
from __future__ import annotations

from pathlib import Path
from typing import List, NamedTuple, Sequence

import numpy as np
import torch
from PIL import Image

# The side of a crop in pixels.
SIDE = 128

# A crop shows a square of the picture of at most this many times its own side, and is made smaller to fit; small
# pictures are enlarged.
SHRINK = 2.25

# How many crops of a batch of 16 come of photographs, of small pictures (enlarged), of paintings, and of mixtures.
PHOTOS, SMALL, PAINTINGS, MIXTURES = 7, 2, 3, 4
BATCH = PHOTOS + SMALL + PAINTINGS + MIXTURES

# Small pictures that are read, in the order of their names, evenly spread.
SMALL_READ = 20_000


class Pictures(NamedTuple):
    """Pictures as (H, W, 3) bytes, by kind."""

    photos: List[np.ndarray]
    small: List[np.ndarray]
    paintings: List[np.ndarray]


def read(files: Sequence[Path], kind: str) -> List[np.ndarray]:
    """Reads picture files as RGB."""
    pictures = []
    for file in files:
        with Image.open(file) as picture:
            pictures.append(np.asarray(picture.convert("RGB")))
    if not pictures:
        raise SystemExit(f"no {kind} found; README.md says what is expected where")
    return pictures


def load(photos: Path, small: Path, paintings: Sequence[Path]) -> Pictures:
    """Reads all pictures: PHOTOS/*.jpg, SMALL/train/<class>/*.JPEG, and the painting files."""
    of_small = sorted(small.glob("train/*/*.JPEG"))
    return Pictures(read(sorted(photos.glob("*.jpg")), "photographs"),
                    read(of_small[:: max(1, len(of_small) // SMALL_READ)], "small pictures"),
                    read(sorted(paintings), "paintings"))


def crop(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns a random square part of a picture as (SIDE, SIDE, 3) in 0..1, in half of the cases mirrored."""
    height, width = picture.shape[:2]
    largest = min(SHRINK * SIDE, height, width)
    smallest = min(SIDE, largest / 2)
    side = smallest * (largest / smallest) ** random.random()
    aspect = np.exp(random.uniform(-0.1, 0.1))
    w, h = min(width, side * aspect), min(height, side / aspect)
    left, top = random.uniform(0, width - w), random.uniform(0, height - h)
    box = (left, top, left + w, top + h)
    part = np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.BICUBIC, box=box), np.float32) / 255
    return part[:, ::-1] if random.random() < 0.5 else part


def light(part: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Changes brightness by up to 30 %, contrast by 30 %, and the balance of colours by 15 %."""
    mean = part.mean((0, 1), keepdims=True)
    part = mean + (part - mean) * random.uniform(0.7, 1.3)
    return part * random.uniform(0.7, 1.3) * random.uniform(0.85, 1.15, (1, 1, 3))


def batch(pictures: Pictures, seed: int) -> torch.Tensor:
    """Draws the crops (BATCH, 3, SIDE, SIDE) in 0..1 that belong to a seed."""
    random = np.random.default_rng(seed)

    def one(of: List[np.ndarray]) -> np.ndarray:
        return crop(of[random.integers(len(of))], random)

    parts = [one(pictures.photos) for _ in range(PHOTOS)]
    parts += [one(pictures.small) for _ in range(SMALL)]
    parts += [one(pictures.paintings) for _ in range(PAINTINGS)]
    for _ in range(MIXTURES):
        share = random.uniform(0.2, 0.8)
        mixed = share * one(pictures.photos) + (1 - share) * one(pictures.paintings)
        parts.append(mixed + random.normal(0, random.uniform(0, 0.12), mixed.shape))
    lit = np.stack([light(part, random) for part in parts]).clip(0, 1).astype(np.float32)
    return torch.from_numpy(lit).permute(0, 3, 1, 2)
