"""Writes the network of exact.safetensors in checkpoints as training leaves them.

python3 make_checkpoints.py        (needs NumPy and PyTorch)
"""
import argparse
import collections
import enum
import json
import struct
import sys

import numpy as np
import torch
from torch import nn

sys.path.append("..")
from stable import save_legacy

torch.manual_seed(20150827)
WIDTHS = [[4, 4], [6], [5, 5]]


def read_safetensors(path):
    with open(path, "rb") as f:
        (length,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(length))
        data = f.read()
    header.pop("__metadata__")
    tensors = {}
    for name, t in header.items():
        begin, end = t["data_offsets"]
        tensors[name] = torch.from_numpy(np.frombuffer(data[begin:end], "<f4").reshape(t["shape"]).copy())
    return tensors


class Net(nn.Module):
    def __init__(self, tensors):
        super().__init__()
        layers, channels, values = [], 3, iter(tensors.values())
        for b, widths in enumerate(WIDTHS):
            if b > 0:
                layers.append(nn.MaxPool2d(2))
            for width in widths:
                conv = nn.Conv2d(channels, width, 3, padding=1)
                conv.weight.data, conv.bias.data = next(values), next(values)
                layers += [conv, nn.ReLU()]
                channels = width
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.zeros(3))
        self.settings = argparse.Namespace(rate=0.1)

    def forward(self, x):
        return self.features(x)


class Stage(enum.Enum):
    TRAINING = 1


class Settings(dict):
    pass


def save(name, value):
    torch.save(value, name + ".pth")
    save_legacy(name + "-legacy.pth", value)


net = Net(read_safetensors("exact.safetensors"))
state = collections.OrderedDict(
    (name.replace("features.", "features.module."), value) for name, value in net.state_dict().items())
training = {
    "epoch": 90, "arch": "vgg11", "best_acc1": np.float64(71.5), "losses": np.arange(3.0), "args": argparse.Namespace(lr=0.1, dist=None),
    "hyper_parameters": Settings(rate=0.1), "stage": Stage.TRAINING, "shape": torch.Size([3, 4]), "dtype": torch.float16,
    "device": torch.device("cpu"), "seed": 1 << 90, "classes": {1, 2}, "frozen": frozenset([3]), "raw": bytearray(b"abc"),
    "callbacks": collections.defaultdict(list, early=[1.5]), "complex": torch.zeros(2, dtype=torch.complex64),
    "quantised": torch.quantize_per_tensor(torch.rand(3, 3, 3, 3), 0.1, 0, torch.qint8),
    "optimizer": {"state": {0: {"step": 3, "exp_avg": torch.rand(4, 3, 3, 3)}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
    "state_dict": state,
}
save("training", training)
save("module", {"teacher": nn.DataParallel(net)})
torch.save(training, "training-protocol5.pth", pickle_protocol=5)
torch.jit.trace(net, torch.zeros(1, 3, 4, 4)).save("script.pth")

# As pretrained VGG-19s in TensorFlow: a dictionary of lists, kernels with the
# height and the width first.
arrays = {}
for block, widths in enumerate(WIDTHS):
    for index in range(len(widths)):
        name = "conv%d_%d" % (block + 1, index + 1)
        weight, bias = read_safetensors("exact.safetensors")[name + ".weight"], read_safetensors("exact.safetensors")[name + ".bias"]
        arrays[name] = [weight.numpy().transpose(2, 3, 1, 0).copy(), bias.numpy()]
arrays["fc6"] = [np.zeros((2, 2), "f4"), np.zeros(2, "f4")]
np.save("dictionary.npy", arrays)
