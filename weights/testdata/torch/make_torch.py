"""Writes a tiny VGG in the ways that PyTorch's users save networks.

python3 make_torch.py        (needs NumPy and PyTorch)

Every value is a multiple of 1/16 below 16, which all number formats hold, so
that exact.safetensors has the weights of every file but those with batch norms:
theirs, folded in float64, are in folded.safetensors.
"""
import json
import struct
import sys

import numpy as np
import torch
from torch import nn

sys.path.append("..")
from stable import save_legacy

torch.manual_seed(20150826)
WIDTHS = [[4, 4], [6], [5, 5]]
MEAN, STD = "0.485,0.456,0.406", "0.229,0.224,0.225"


def sequence(before=(), norm=False, padding=False):
    layers = list(before)
    channels = 3
    for b, widths in enumerate(WIDTHS):
        if b > 0:
            layers.append(nn.MaxPool2d(2))
        for width in widths:
            if padding:
                layers.append(nn.ReflectionPad2d(1))
            layers.append(nn.Conv2d(channels, width, 3, padding=0 if padding else 1))
            if norm:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.ReLU())
            channels = width
    return nn.Sequential(*layers)


def convs(layers):
    return [m for m in layers if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]


def names():
    return ["conv%d_%d" % (b + 1, i + 1) for b, widths in enumerate(WIDTHS) for i in range(len(widths))]


def write_safetensors(path, tensors):
    data, header = b"", {"__metadata__": {"channels": "rgb", "range": "0..1", "mean": MEAN, "std": STD}}
    for name, v in tensors.items():
        v = v.detach().numpy().astype("<f4")
        header[name] = {"dtype": "F32", "shape": v.shape, "data_offsets": [len(data), len(data) + v.nbytes]}
        data += v.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


class Net(nn.Module):
    def __init__(self, **kind):
        super().__init__()
        self.features = sequence(**kind)
        self.classifier = nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Dropout(), nn.Linear(3, 2))


net = Net()
for conv in convs(net.features):
    for p in conv.parameters():
        p.data = torch.randint(-255, 256, p.shape).float() / 16
exact = {}
for name, conv in zip(names(), convs(net.features)):
    exact[name + ".weight"], exact[name + ".bias"] = conv.weight.data, conv.bias.data
write_safetensors("exact.safetensors", exact)


def copied(to):
    for a, b in zip(convs(net.features), convs(to)):
        b.weight.data, b.bias.data = a.weight.data.clone(), a.bias.data.clone()
    return to


def save(path, value):
    torch.save(value, path + ".pth")
    save_legacy(path + "-legacy.pth", value)


state = net.state_dict()

# Number formats, one after the other.
formats = [torch.float16, torch.bfloat16, torch.float64, torch.float32]
save("formats", {k: v.to(formats[i % 4]) for i, (k, v) in enumerate(state.items())})

# All tensors parts of one storage, which has more: one behind the other, in
# another order of dimensions, every second number of every third row.
size = sum(v.numel() for v in state.values())
storage, at, views = torch.full((3 * size,), float("nan")), 5, {}
for i, (k, v) in enumerate(state.items()):
    part = storage[at:at + v.numel()]
    if i == 0:
        part = part.view(v.shape)
    elif i == 2:
        part = part.view(3, 3, v.shape[1], v.shape[0]).permute(3, 2, 0, 1)
    elif i == 4:
        part = storage[at:at + 2 * v.numel()].view(*v.shape[:3], 2 * v.shape[3])[:, :, :, ::2]
    else:
        part = part.view(v.shape)
    part.copy_(v)
    views[k] = part
    at += v.numel() * (2 if i == 4 else 1)
save("views", views)
save("channels-last", net.to(memory_format=torch.channels_last).state_dict())
net = net.to(memory_format=torch.contiguous_format)

# A checkpoint of training on several devices.
parallel = nn.DataParallel(net)
adam = torch.optim.Adam(parallel.parameters())
net.classifier[0].weight.sum().backward()
adam.step()
save("checkpoint", {"epoch": 3, "arch": "tiny", "best": 0.25, "state_dict": parallel.state_dict(), "optimizer": adam.state_dict()})

save("parameters", dict(net.named_parameters()))
save("features", net.features.state_dict())
save("named", exact)

# Batch norms.
normed = Net(norm=True)
copied(normed.features)
folded = {}
norms = [m for m in normed.features if isinstance(m, nn.BatchNorm2d)]
for name, conv, norm in zip(names(), convs(normed.features), norms):
    norm.weight.data.uniform_(-2, 2)
    norm.bias.data.normal_()
    norm.running_mean.normal_()
    norm.running_var.uniform_(0, 3)
    factor = norm.weight.double() / (norm.running_var.double() + 1e-5).sqrt()
    folded[name + ".weight"] = conv.weight.double() * factor[:, None, None, None]
    folded[name + ".bias"] = norm.bias.double() + (conv.bias.double() - norm.running_mean.double()) * factor
save("norms", normed.state_dict())
write_safetensors("folded.safetensors", folded)

# A normalised VGG, whose 1x1 convolution makes Caffe's input of RGB 0..1, as
# AdaIN's: a sequence with paddings.
normalised = sequence(before=[nn.Conv2d(3, 3, 1)], padding=True)
copied(normalised)
normalised[0].weight.data = torch.tensor([[0, 0, 255.0], [0, 255, 0], [255, 0, 0]]).view(3, 3, 1, 1)
normalised[0].bias.data = -torch.tensor([103.939, 116.779, 123.68])
save("normalised", normalised.state_dict())
