"""A judge's eyes: Inception v3 as fetch_judge.sh leaves it, of another family and trained by others on other pictures."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, List

import numpy as np
import torch
from torch.nn import functional as F


class Inception:
    """Computes activations of the Keras model in FOLDER/inception.json, its weights in FOLDER/inception.bin."""

    def __init__(self, folder: Path) -> None:
        if not (folder / "inception.json").exists():
            raise SystemExit(f"{folder}: no inception.json; run fetch_judge.sh {folder}")
        model = json.loads((folder / "inception.json").read_text())
        raw = np.fromfile(folder / "inception.bin", np.uint8)
        self.layers = model["layers"]
        self.weights: Dict[str, torch.Tensor] = {}
        offset = 0
        for entry in model["weights"]:
            count = int(np.prod(entry["shape"]))
            levels = raw[offset : offset + count].astype(np.float32)
            values = levels * entry["quantization"]["scale"] + entry["quantization"]["min"]
            self.weights[entry["name"]] = torch.from_numpy(values.reshape(entry["shape"]))
            offset += count

    @torch.no_grad()
    def __call__(self, picture: torch.Tensor, names: List[str]) -> Dict[str, torch.Tensor]:
        """Returns the maps (1, C, h, w) of the named layers for a picture (1, 3, H, W) in levels of 0 to 1."""
        maps = {self.layers[0]["name"]: picture}
        for layer in self.layers[1:]:
            maps[layer["name"]] = self._run(layer, [maps[name] for name in layer["inputs"]])
            if all(name in maps for name in names):
                break
        return {name: maps[name] for name in names}

    def _run(self, layer: Dict, inputs: List[torch.Tensor]) -> torch.Tensor:
        kind, config, name = layer["class"], layer["config"], layer["name"]
        if kind == "Conv2D":
            kernel = self.weights[f"{name}/kernel"].permute(3, 2, 0, 1)
            padding = [k // 2 if config["padding"] == "same" else 0 for k in kernel.shape[2:]]
            return F.conv2d(inputs[0], kernel, stride=config["strides"], padding=padding)
        if kind == "BatchNormalization":
            mean, var, beta = (self.weights[f"{name}/{part}"] for part in ("moving_mean", "moving_variance", "beta"))
            return F.batch_norm(inputs[0], mean, var, None, beta, eps=config["epsilon"])
        if kind == "Activation":
            return F.relu(inputs[0])
        if kind == "Concatenate":
            return torch.cat(inputs, 1)
        if kind == "MaxPooling2D":
            return F.max_pool2d(inputs[0], config["pool_size"], config["strides"])
        if kind == "AveragePooling2D":
            return F.avg_pool2d(inputs[0], config["pool_size"], config["strides"], padding=1, count_include_pad=False)
        raise ValueError(f"{name}: no layer of kind {kind} was expected before the last blocks")
