"""A complex steerable pyramid and the statistics of textures that are taken of it.

Simoncelli and Freeman 1995; Portilla and Simoncelli, "A parametric texture model based on joint statistics of complex
wavelet coefficients", 2000. Bands are made by masks in the frequency domain: raised cosines of the logarithm of the
radius, an octave each, times cos^3 of the angle to the band's direction, on one half of the plane.
"""
from __future__ import annotations

import math
from typing import Dict, List, Tuple

import torch
from torch.nn import functional as F

SCALES = 5
DIRECTIONS = 4
# Autocorrelations reach this many places to each side.
REACH = 3

# Luma of Rec. 601 and two differences of colour.
OPPONENT = ((0.299, 0.587, 0.114), (0.5, -0.5, 0.0), (0.25, 0.25, -0.5))


def opponent(picture: torch.Tensor) -> torch.Tensor:
    """Takes a picture (1, 3, H, W) in RGB to luma and two differences of colour, of that shape."""
    return torch.einsum("oc,nchw->nohw", torch.tensor(OPPONENT), picture)


def polar(height: int, width: int) -> Tuple[torch.Tensor, torch.Tensor]:
    """Returns the frequency, 1 at the highest of an axis, and the angle of each Fourier coefficient (H, W)."""
    y = torch.fft.fftfreq(height).view(-1, 1).expand(height, width) * 2
    x = torch.fft.fftfreq(width).view(1, -1).expand(height, width) * 2
    return (x**2 + y**2).sqrt(), torch.atan2(y, x)


def octave(radius: torch.Tensor, centre: float) -> torch.Tensor:
    """Returns a mask: 1 at the centre, a raised cosine of the octaves from it, 0 from one octave on."""
    away = (radius.clamp(min=1e-6) / centre).log2().clamp(-1, 1)
    return torch.cos(away * math.pi / 2)


def bands(luma: torch.Tensor) -> List[torch.Tensor]:
    """Returns the complex bands of luma (H, W), one tensor (DIRECTIONS, h, w) for each scale, the finest first.

    Each scale has half the resolution of the one before.
    """
    found = []
    for _ in range(SCALES):
        height, width = luma.shape
        radius, angle = polar(height, width)
        spectrum = torch.fft.fft2(luma) * octave(radius, 0.5)
        scale = []
        for direction in range(DIRECTIONS):
            away = torch.remainder(angle - math.pi * direction / DIRECTIONS + math.pi, 2 * math.pi) - math.pi
            scale.append(torch.fft.ifft2(spectrum * 2 * torch.cos(away).clamp(min=0) ** (DIRECTIONS - 1)))
        found.append(torch.stack(scale))
        luma = F.avg_pool2d(luma[None, None], 2)[0, 0]
    return found


def moments(values: torch.Tensor) -> torch.Tensor:
    """Returns mean, deviation, skewness and kurtosis of each row of values (C, N), flat."""
    mean, std = values.mean(1, keepdim=True), values.std(1, keepdim=True, unbiased=False).clamp(min=1e-6)
    standard = (values - mean) / std
    return torch.cat([mean, std, standard.pow(3).mean(1, keepdim=True), standard.pow(4).mean(1, keepdim=True)], 1).flatten()


def autocorrelation(maps: torch.Tensor) -> torch.Tensor:
    """Returns the autocorrelations of maps (C, h, w), up to REACH places away: (C, 2 REACH + 1, 2 REACH + 1).

    Smaller maps are continued by their mean.
    """
    maps = maps - maps.mean((1, 2), keepdim=True)
    maps = F.pad(maps, (0, max(0, 2 * REACH + 1 - maps.shape[2]), 0, max(0, 2 * REACH + 1 - maps.shape[1])))
    power = torch.fft.fft2(maps).abs() ** 2
    around = torch.fft.ifft2(power).real / maps.pow(2).sum((1, 2), keepdim=True).clamp(min=1e-12)
    around = torch.roll(around, (REACH, REACH), (1, 2))
    return around[:, : 2 * REACH + 1, : 2 * REACH + 1]


def correlations(rows: torch.Tensor) -> torch.Tensor:
    """Returns the correlations (C, C) of rows (C, N)."""
    rows = rows - rows.mean(1, keepdim=True)
    return F.normalize(rows, dim=1) @ F.normalize(rows, dim=1).T


def texture_statistics(picture: torch.Tensor) -> Dict[str, torch.Tensor]:
    """Returns the statistics of a picture (1, 3, H, W) in groups: moments of pixels, covariances of colours, moments of
    the bands' magnitudes, autocorrelations of each band, and correlations of the bands of neighbouring scales."""
    channels = opponent(picture)[0]
    found = bands(channels[0])
    magnitudes = [band.abs() for band in found]
    across = []
    for fine, coarse in zip(magnitudes, magnitudes[1:]):
        enlarged = F.interpolate(coarse[None], size=fine.shape[-2:], mode="bilinear", align_corners=False)[0]
        across.append(correlations(torch.cat([fine, enlarged]).flatten(1)))
    return {
        "pixels": moments(channels.flatten(1)),
        "colours": torch.cov(channels.flatten(1)).flatten(),
        "magnitudes": torch.cat([moments(m.flatten(1)).view(-1, 4)[:, :2].flatten() for m in magnitudes]),
        "repetition": torch.cat([autocorrelation(m).flatten() for m in magnitudes]),
        "luma repetition": torch.cat([autocorrelation(band.real).flatten() for band in found]),
        "in common": torch.cat([c.flatten() for c in across]),
    }


def band_energies(picture: torch.Tensor) -> List[torch.Tensor]:
    """Returns maps of the edges of a picture (1, 3, H, W): the roots of the magnitudes (DIRECTIONS, h, w) of the coarser
    scales, each smoothed over 3 x 3 places and relative to its mean."""
    found = []
    for band in bands(opponent(picture)[0, 0])[2:]:
        smooth = F.avg_pool2d(band.abs()[None], 3, 1, 1, count_include_pad=False)[0]
        found.append((smooth / smooth.mean().clamp(min=1e-12)).sqrt())
    return found
