"""The network that is trained (the student) and the network that it learns from (the teacher).

Shapes: a picture is (N, 3, H, W) in levels of 0 to 1; the activations of block b, counted from one, are
(N, width of b, H / 2^(b-1), W / 2^(b-1)).
"""
from __future__ import annotations

from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import torch
from torch import nn
from torch.nn import functional as F

# Each block's convolutions and their channels: VGG-19 to conv5_1, much slimmer.
BLOCKS: Tuple[Tuple[int, int], ...] = ((2, 16), (2, 48), (4, 96), (4, 128), (1, 128))

# Channels of the real VGG-19, block by block.
VGG19 = (64, 128, 256, 512, 512)

# The layers of the real VGG-19 that the teacher predicts.
REAL = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")

# Mean and deviation of ImageNet's pictures, per channel of RGB in levels of 0 to 1.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

# The activations of layers by name, (N, C, h, w), or rows (places, C) of them.
Activations = Dict[str, torch.Tensor]


def layer_names(blocks: Tuple[Tuple[int, int], ...] = BLOCKS) -> List[str]:
    """Returns the names of the convolutions in order, conv1_1 first."""
    return [f"conv{b}_{i}" for b, (convs, _) in enumerate(blocks, 1) for i in range(1, convs + 1)]


def block_of(name: str) -> int:
    """Returns the block, counted from one, of a layer such as conv4_2."""
    return int(name[len("conv") : name.index("_")])


def normalize(pictures: torch.Tensor) -> torch.Tensor:
    """Takes pictures (N, 3, H, W) in 0..1 to what the student sees: mean 0, deviation 1."""
    mean = pictures.new_tensor(MEAN).view(1, 3, 1, 1)
    return (pictures - mean) / pictures.new_tensor(STD).view(1, 3, 1, 1)


class Student(nn.Module):
    """The network that is exported: 3x3 convolutions with zero padding, ReLU, and 2x2 max pooling between blocks."""

    def __init__(self) -> None:
        super().__init__()
        channels = 3
        for name in layer_names():
            width = BLOCKS[block_of(name) - 1][1]
            conv = nn.Conv2d(channels, width, 3, padding=1)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)
            self.add_module(name, conv)
            channels = width

    def forward(self, pictures: torch.Tensor) -> Activations:
        """Returns every layer's activations for pictures (N, 3, H, W) in 0..1."""
        maps, block, found = normalize(pictures), 1, {}
        for name in layer_names():
            if block_of(name) > block:
                maps, block = F.max_pool2d(maps, 2), block_of(name)
            maps = found[name] = F.relu(getattr(self, name)(maps))
        return found


class Lesson(NamedTuple):
    """What the teacher says of places in pictures, rows (places, C) for each layer."""

    hidden: Activations  # of its own layers
    real: Activations  # its predictions of the real VGG-19's, at the layers of REAL


class Teacher(nn.Module):
    """The distilled VGG-19 of Wang et al. (2020), read from its authors' file. It continues pictures and maps by
    reflection, as it was trained to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        weights = torch.load(file, map_location="cpu")["model"]
        for key in sorted({key.split(".")[0] for key in weights}):
            weight, bias = weights[f"{key}.weight"], weights[f"{key}.bias"]
            conv = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2])
            conv.weight.data, conv.bias.data = weight, bias
            self.add_module(key, conv)
        self.requires_grad_(False)

    def widths(self) -> Dict[str, int]:
        """Returns how many channels each layer has, by the student's names."""
        return {name: self._layer(name).out_channels for name in layer_names()}

    def _layer(self, name: str) -> nn.Conv2d:
        return getattr(self, name.replace("_", ""))

    def forward(self, pictures: torch.Tensor) -> Activations:
        """Returns every layer's activations for pictures (N, 3, H, W) in 0..1."""
        maps, block, found = self.conv0(pictures), 1, {}
        for name in layer_names():
            if block_of(name) > block:
                maps, block = F.max_pool2d(maps, 2), block_of(name)
            maps = found[name] = F.relu(self._layer(name)(F.pad(maps, (1, 1, 1, 1), mode="reflect")))
        return found

    def real(self, rows: Activations) -> Activations:
        """Returns the predictions of the real network for the teacher's own activations, rows (places, C)."""
        found = {}
        for name in REAL:
            aux = getattr(self, name.replace("_", "") + "_aux")
            found[name] = F.relu(F.linear(rows[name], aux.weight[:, :, 0, 0], aux.bias))
        return found


class Readout(nn.Module):
    """1x1 convolutions, here of rows, that tell the teacher's activations from the student's. Training throws them away."""

    def __init__(self, widths: Dict[str, int]) -> None:
        super().__init__()
        for name in layer_names():
            width = BLOCKS[block_of(name) - 1][1]
            self.add_module(f"{name}_hidden", nn.Linear(width, widths[name]))
            if name in REAL:
                self.add_module(f"{name}_real", nn.Linear(width, VGG19[block_of(name) - 1]))

    def forward(self, rows: Activations) -> Lesson:
        """Returns what the student's activations, rows (places, C), say of the teacher's."""
        hidden = {name: getattr(self, f"{name}_hidden")(seen) for name, seen in rows.items()}
        return Lesson(hidden, {name: F.relu(getattr(self, f"{name}_real")(rows[name])) for name in REAL})
