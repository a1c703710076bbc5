#!/usr/bin/env python3
"""Writes reference.json: what VGGs with random weights compute in PyTorch.

    sudo apt-get install python3-torch
    /usr/bin/python3 internal/vgg/testdata/reference.py

Everything is computed in float64 from inputs that float32 holds exactly, so
that the only rounding a test sees is its own. PyTorch 1.13 wrote the file in
the repository.

A case is a network, a picture and a cost of its activations. All three come
from the generator that vgg.Random documents: noise(seed, stream) is a stream
of uniform numbers in [-1, 1). The weights are Random(architecture, 1). Under
the seed of the case,

    stream 0        the picture, in levels: 127.5 + 127.5 noise
    stream l        r, the linear part of the cost at layer l, counted from 1
    stream 100      the projection of the gradient
    stream 100 + l  the projection of the activation of layer l

The cost is the sum over the taps, with a factor for each, of r.a + a.a/2.

reference.json holds for each case what to build (architecture, pooling, what
lies beyond the picture's edges, input), the factor of each tap, and a summary
of every layer's activation and of the cost's gradient to the picture, in
levels, both flat in the order channel, row, column:

    rms         the root mean square
    projection  the sum over i of noise[i] value[i], over sqrt(n)
    samples     value[k (n-1) / (count-1)], rounded down, for k < count

A gradient of ReLU or of a maximum jumps where the input crosses zero or two
inputs are equal, and there rounding would decide what it is. The seed of a
case is therefore the first under which nothing comes nearer to that than
MARGIN times the root mean square of its layer.
"""

import json
import pathlib

import numpy
import torch
from torch.nn import functional

WEIGHTS_SEED = 1
SAMPLES = 128
MARGIN = 1e-5

ARCHITECTURES = {
    "vgg16": [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)],
    "vgg19": [(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)],
    "vgg19-slim": [(2, 16), (2, 48), (4, 96), (4, 128), (1, 128)],
}

# The factors weigh the taps so that each shows in the gradient.
COST = {"conv1_1": 1, "conv2_1": 2, "conv3_1": 3, "conv4_1": 8, "conv4_2": 4, "conv5_1": 20}

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
INPUTS = {
    # torchvision's: levels over 255, standardised.
    "rgb": {"scale": [1 / (255 * d) for d in DEVIATION],
            "offset": [-m / d for m, d in zip(MEAN, DEVIATION)], "bgr": False},
    # Caffe's: levels less their mean, blue first.
    "bgr": {"scale": [1, 1, 1], "offset": [-123.68, -116.779, -103.939], "bgr": True},
}

# architecture, width, height, pooling, replicate, input
CASES = [
    ("vgg19", 67, 45, "max", False, "rgb"),
    ("vgg19", 67, 45, "avg", False, "rgb"),
    ("vgg19", 67, 45, "avg-rescaled", True, "bgr"),
    ("vgg19", 64, 64, "max", True, "bgr"),
    ("vgg16", 33, 50, "max", True, "rgb"),
    ("vgg16", 67, 45, "avg", False, "bgr"),
    ("vgg19-slim", 31, 70, "max", False, "rgb"),
    ("vgg19-slim", 67, 45, "avg-rescaled", True, "rgb"),
]

GOLDEN = 0x9E3779B97F4A7C15


def mix(z):
    z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return z ^ (z >> numpy.uint64(31))


def noise(seed, stream, count):
    """The numbers of a stream, as vgg.Random documents them."""
    with numpy.errstate(over="ignore"):
        golden = numpy.uint64(GOLDEN)
        key = mix(mix(numpy.uint64(seed) + golden) + numpy.uint64(stream) * golden)
        bits = mix(key + numpy.arange(1, count + 1, dtype=numpy.uint64) * golden)
    return (bits >> numpy.uint64(40)).astype(numpy.float32) / numpy.float32(1 << 23) - numpy.float32(1)


def random_network(architecture):
    """The layers of vgg.Random: name, weight, bias."""
    layers, channels = [], 3
    for block, (convs, width) in enumerate(ARCHITECTURES[architecture], 1):
        for i in range(1, convs + 1):
            count = width * channels * 9
            values = noise(WEIGHTS_SEED, len(layers) + 1, count + width)
            weight = values[:count] * numpy.float32((6 / (9 * channels)) ** 0.5)
            bias = values[count:] * numpy.float32(0.1)
            layers.append((f"conv{block}_{i}",
                           torch.from_numpy(weight.reshape(width, channels, 3, 3)).double(),
                           torch.from_numpy(bias).double()))
            channels = width
    return layers


def pool(x, kind):
    if kind == "max":
        return functional.max_pool2d(x, 2)
    return functional.avg_pool2d(x, 2) * {"avg": 1, "avg-rescaled": 2}[kind]


def rms(x):
    return x.square().mean().sqrt().item()


def tie(x):
    """How near the two largest of a 2x2 window come, where they are positive."""
    height, width = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    windows = functional.unfold(x[:, :, :height, :width].transpose(0, 1), 2, stride=2)
    first, second = windows.topk(2, dim=1).values.unbind(1)
    return torch.where(first > 0, first - second, first.max()).min().item()


def forward(layers, picture, kind, replicate, convention, margin=0):
    """The activation of each layer, or nothing where a gradient's jump is
    nearer than margin."""
    scale, offset = (torch.from_numpy(numpy.float32(convention[name])).double().view(1, 3, 1, 1)
                     for name in ("scale", "offset"))
    x = picture * scale + offset
    if convention["bgr"]:
        x = x.flip(1)
    activations = {}
    for name, weight, bias in layers:
        if name == "conv1_1":
            x = functional.pad(x, (1, 1, 1, 1), "replicate" if replicate else "constant")
            x = functional.conv2d(x, weight, bias)
        else:
            if name.endswith("_1"):
                if margin and kind == "max" and tie(x) < margin * rms(x):
                    return None
                x = pool(x, kind)
            x = functional.conv2d(x, weight, bias, padding=1)
        before, x = x, functional.relu(x)
        if margin and before.abs().min().item() < margin * rms(x):
            return None
        activations[name] = x
    return activations


def levels(seed, height, width):
    picture = numpy.float32(127.5) + numpy.float32(127.5) * noise(seed, 0, 3 * height * width)
    return torch.from_numpy(picture.reshape(1, 3, height, width)).double()


def find_seed(layers, height, width, *conditions):
    deepest = max(COST)  # names sort by depth
    tapped = [name for name, _, _ in layers].index(deepest) + 1
    seed = 1
    while forward(layers[:tapped], levels(seed, height, width), *conditions, margin=MARGIN) is None:
        seed += 1
    return seed


def summary(values, seed, stream):
    flat = values.detach().numpy().ravel()
    projection = flat @ noise(seed, stream, len(flat)).astype(float) / len(flat) ** 0.5
    samples = flat[numpy.arange(SAMPLES) * (len(flat) - 1) // (SAMPLES - 1)]
    # Nine digits tell any two float32 apart.
    return {"rms": float(f"{rms(values):.9g}"), "projection": float(f"{projection:.9g}"),
            "samples": [float(f"{v:.9g}") for v in samples]}


def compute(architecture, width, height, kind, replicate, convention):
    layers = random_network(architecture)
    conditions = (kind, replicate, INPUTS[convention])
    with torch.no_grad():
        seed = find_seed(layers, height, width, *conditions)
    picture = levels(seed, height, width).requires_grad_()
    activations = forward(layers, picture, *conditions)
    parts = []
    for number, (name, a) in enumerate(activations.items(), 1):
        if name in COST:
            r = torch.from_numpy(noise(seed, number, a.numel())).double().view_as(a)
            part = COST[name] * (r * a + a * a / 2).sum()
            parts += torch.autograd.grad(part, picture, retain_graph=True)
    gradient = sum(parts)
    name = " ".join([architecture, f"{width}x{height}", kind,
                     "replicate" if replicate else "zero", convention])
    shares = ", ".join(f"{tap} {rms(part) / rms(gradient):.2g}" for tap, part in zip(COST, parts))
    print(f"{name}: seed {seed}; shares of the gradient: {shares}", flush=True)
    return {
        "name": name, "architecture": architecture, "width": width, "height": height,
        "pooling": kind, "replicate": replicate, "input": INPUTS[convention],
        "seed": seed, "cost": COST,
        "layers": {name: summary(a, seed, 100 + number) for number, (name, a) in enumerate(activations.items(), 1)},
        "gradient": summary(gradient, seed, 100),
    }


def main():
    cases = [compute(*case) for case in CASES]
    with open(pathlib.Path(__file__).with_name("reference.json"), "w") as file:
        # A line for each case.
        file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
