"""The network that is trained: a VGG of few convolutions, with what it is trained by on top.

Shapes: a picture is (N, 3, H, W) in levels of 0 to 1; the map of block b, counted from one, is
(N, width of b, H / 2^(b-1), W / 2^(b-1)).
"""
from __future__ import annotations

from typing import List, Tuple

import torch
from torch import nn
from torch.nn import functional as F

# Each block's convolutions and their channels.
Blocks = Tuple[Tuple[int, int], ...]

# The built-in network's, since version 2.
BLOCKS: Blocks = ((2, 16), (2, 64), (2, 128), (2, 256), (1, 256))

# Per channel of RGB, of ImageNet's pictures in levels of 0 to 1.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)


def normalize(pictures: torch.Tensor) -> torch.Tensor:
    """Takes pictures (N, 3, H, W) in 0..1 to what the network sees: mean 0, deviation 1."""
    mean = pictures.new_tensor(MEAN).view(1, 3, 1, 1)
    return (pictures - mean) / pictures.new_tensor(STD).view(1, 3, 1, 1)


def layer_names(blocks: Blocks) -> List[str]:
    """Returns the names of the convolutions in order, conv1_1 first."""
    return [f"conv{b}_{i}" for b, (convs, _) in enumerate(blocks, 1) for i in range(1, convs + 1)]


def block_of(name: str) -> int:
    """Returns the block, counted from one, of a layer such as conv4_2."""
    return int(name[len("conv") : name.index("_")])


class Convolution(nn.Module):
    """3x3 convolution, batch norm and ReLU: (N, in, H, W) to (N, out, H, W)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels_out)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out")

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return F.relu(self.norm(self.conv(maps)))


class Features(nn.Module):
    """What is exported: the blocks, with 2x2 average pooling between them."""

    def __init__(self, blocks: Blocks = BLOCKS) -> None:
        super().__init__()
        self.blocks = blocks
        channels = 3
        for name in layer_names(blocks):
            width = blocks[block_of(name) - 1][1]
            self.add_module(name, Convolution(channels, width))
            channels = width

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Returns the deepest activations (N, C, h, w) for normalised pictures (N, 3, H, W)."""
        maps, block = inputs, 1
        for name in layer_names(self.blocks):
            if block_of(name) > block:
                maps, block = F.avg_pool2d(maps, 2), block_of(name)
            maps = getattr(self, name)(maps)
        return maps


class Head(nn.Module):
    """What the features are trained by: a convolution more, and labels told from a mean over all places."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.last = Convolution(channels, channels)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Returns logits (N, classes) for the deepest maps (N, channels, h, w)."""
        return self.classifier(F.dropout(self.last(maps).mean((2, 3)), 0.2, self.training))


class Trainee(nn.Module):
    """The features under their head."""

    def __init__(self, classes: int, blocks: Blocks = BLOCKS) -> None:
        super().__init__()
        self.features = Features(blocks)
        self.head = Head(blocks[-1][1], classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Returns logits (N, classes) for normalised pictures (N, 3, H, W)."""
        return self.head(self.features(inputs))
