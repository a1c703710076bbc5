"""Three judges of paintings, none of which is a network of pastiche.

Each measures how far a picture is from a style, by statistics that forget places, and from a content, by what is
where whatever it looks like. A picture is (1, 3, H, W), RGB in levels of 0 to 1.
"""
from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Protocol

import torch
from torch.nn import functional as F

from inception import Inception
from pyramid import band_energies, texture_statistics

# Places compared with one another by self_similarity, at most.
PLACES = 32 * 32


class Judge(Protocol):
    """What measures pictures. Distances are 0 for alike, and comparable with others of the same judge alone."""

    name: str

    def style(self, picture: torch.Tensor, style: torch.Tensor) -> float:
        """Returns how far the picture's manner is from the style's."""

    def content(self, picture: torch.Tensor, content: torch.Tensor) -> float:
        """Returns how far what the picture shows is from what the content does, both of one size."""


def root(matrix: torch.Tensor) -> torch.Tensor:
    """Returns the square root of a symmetric matrix (C, C) without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * values.clamp(min=0).sqrt() @ vectors.T


def frechet(a: torch.Tensor, b: torch.Tensor) -> float:
    """Returns the Fréchet distance of the activations (1, C, h, w) of two pictures, taken as normal distributions,
    relative to the variance of b's (Heusel et al. 2017, eq. 6)."""
    columns = [maps[0].flatten(1).double() for maps in (a, b)]
    means = [c.mean(1) for c in columns]
    covariances = [(c - m[:, None]) @ (c - m[:, None]).T / c.shape[1] for c, m in zip(columns, means)]
    half = root(covariances[1])
    shared = root(half @ covariances[0] @ half).trace()
    distance = (means[0] - means[1]).pow(2).sum() + covariances[0].trace() + covariances[1].trace() - 2 * shared
    return float(distance / covariances[1].trace())


def self_similarity(a: torch.Tensor, b: torch.Tensor) -> float:
    """Returns how differently the places of two activations (1, C, h, w) are like each other (Kolkin et al. 2019, eq. 7).

    Of each, the cosine distances of all pairs of places, each place's divided by their sum; then the mean over places
    of half the sum of differences: 0 for alike, at most 1.
    """
    similar = []
    for maps in (a, b):
        while maps.shape[2] * maps.shape[3] > PLACES:
            maps = F.avg_pool2d(maps, 2)
        columns = F.normalize(maps[0].flatten(1) - maps[0].flatten(1).mean(1, keepdim=True), dim=0)
        distances = (1 - columns.T @ columns).clamp(min=0)
        similar.append(distances / distances.sum(0).clamp(min=1e-12))
    return float((similar[0] - similar[1]).abs().sum(0).mean() / 2)


class Trained:
    """Inception v3: recognises things, and was never asked to paint."""

    name = "inception"
    STYLE = ["activation_3", "activation_5", "mixed1", "mixed4"]
    CONTENT = ["mixed2", "mixed6"]

    def __init__(self, folder: Path) -> None:
        self.network = Inception(folder)

    def style(self, picture: torch.Tensor, style: torch.Tensor) -> float:
        maps = [self.network(p, self.STYLE) for p in (picture, style)]
        return sum(frechet(maps[0][name], maps[1][name]) for name in self.STYLE) / len(self.STYLE)

    def content(self, picture: torch.Tensor, content: torch.Tensor) -> float:
        maps = [self.network(p, self.CONTENT) for p in (picture, content)]
        return sum(self_similarity(maps[0][name], maps[1][name]) for name in self.CONTENT) / len(self.CONTENT)


class Untrained:
    """One layer of random filters of many sizes and a ReLU (Ustyuzhaninov et al. 2016): sees texture, knows nothing."""

    name = "random filters"
    SIZES = (3, 5, 7, 11, 15, 23)
    FILTERS = 48

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(0)
        self.kernels = []
        for size in self.SIZES:
            kernel = torch.randn(self.FILTERS, 3, size, size, generator=generator)
            kernel -= kernel.mean((1, 2, 3), keepdim=True)
            self.kernels.append(kernel / kernel.flatten(1).norm(dim=1).view(-1, 1, 1, 1))

    def maps(self, picture: torch.Tensor) -> List[torch.Tensor]:
        """Returns the maps (1, FILTERS, h, w) of each size of filter, every half a filter's width."""
        return [F.relu(F.conv2d(picture, kernel, stride=max(1, kernel.shape[-1] // 4))) for kernel in self.kernels]

    def style(self, picture: torch.Tensor, style: torch.Tensor) -> float:
        pairs = list(zip(self.maps(picture), self.maps(style)))
        return sum(frechet(a, b) for a, b in pairs) / len(pairs)

    def content(self, picture: torch.Tensor, content: torch.Tensor) -> float:
        pairs = [(a, b) for a, b in zip(self.maps(picture), self.maps(content))][3:]
        return sum(self_similarity(a, b) for a, b in pairs) / len(pairs)


class Statistics:
    """The statistics of a steerable pyramid that Portilla and Simoncelli (2000) hold to make a texture."""

    name = "pyramid"

    def style(self, picture: torch.Tensor, style: torch.Tensor) -> float:
        a, b = texture_statistics(picture), texture_statistics(style)
        return sum(float((a[group] - b[group]).norm() / b[group].norm()) for group in b) / len(b)

    def content(self, picture: torch.Tensor, content: torch.Tensor) -> float:
        """1 minus the correlation of where edges of each direction are, in a mean over sizes of edges."""
        pairs = list(zip(band_energies(picture), band_energies(content)))
        return sum(1 - correlation(a, b) for a, b in pairs) / len(pairs)


def correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    """Returns Pearson's correlation of two tensors of one shape."""
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (a.norm() * b.norm()).clamp(min=1e-12))


def panel(folder: Path) -> List[Judge]:
    """Returns the judges; the trained one is read from the folder that fetch_judge.sh filled."""
    return [Trained(folder), Statistics(), Untrained()]


def distances(judge: Judge, painting: torch.Tensor, content: torch.Tensor, style: torch.Tensor) -> Dict[str, float]:
    """Returns a painting's style and content distance and their sum, each relative to the furthest that it could do:
    1 is the style distance of the untouched photo, and the content distance of the style picture itself."""
    shrunk = F.interpolate(style, size=content.shape[-2:], mode="bicubic", align_corners=False, antialias=True).clamp(0, 1)
    told = {
        "style": judge.style(painting, style) / judge.style(content, style),
        "content": judge.content(painting, content) / judge.content(shrunk, content),
    }
    told["sum"] = told["style"] + told["content"]
    return told
