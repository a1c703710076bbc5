#!/usr/bin/env python3
"""Measures the forward pass of VGG-19 against onnxruntime and PyTorch, on one
machine, in turn.

    sudo apt-get install python3-torch nodejs npm
    npm ci --ignore-scripts --prefix bench/forward
    /usr/bin/python3 bench/forward.py [--size 512] [--threads 2] [--rounds 5] [--passes 5]

The network is VGG-19 to conv5_1 with random weights and average pooling, in
float32. The picture is size x size random pixels. PyTorch writes the network as
an ONNX file, which onnxruntime and pastiche read. Each turn of a side is a
process of its own. All sides have the same processors and the same number of
threads. Each turn makes two passes before those that it times.

The bench measures two sets of outputs: the five activations that style costs
use (conv1_1 to conv5_1, after ReLU), and conv5_1 alone. onnxruntime writes its
outputs in C x H x W order, into buffers that it is given. pastiche hands out
its activations in the layout of its engine, where its costs use them. conv5_1
alone is so small that this difference does not count.

After each turn the bench compares the outputs with PyTorch's. It fails where
they differ by more than 1e-4 of the layer's greatest activation.

It prints the median and the least of the seconds of one pass, and the ratio of
pastiche's median to that of each side.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from compare import BLOCKS, ROOT, STYLE_LAYERS, WARM_UP, run

TOLERANCE = 1e-4  # of the greatest activation of a layer
SIDES = ROOT / "bench" / "forward"


def network(torch, outputs):
    """VGG-19 as far as conv5_1, whose outputs are those layers."""

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.convs, channels = torch.nn.ModuleDict(), 3
            for block, (convs, width) in enumerate(BLOCKS, 1):
                for i in range(1, convs + 1):
                    conv = torch.nn.Conv2d(channels, width, 3, padding=1)
                    torch.nn.init.kaiming_uniform_(conv.weight, nonlinearity="relu")
                    torch.nn.init.uniform_(conv.bias, -0.1, 0.1)
                    self.convs[f"conv{block}_{i}"] = conv
                    channels = width

        def forward(self, x):
            seen = []
            for name, conv in self.convs.items():
                if name.endswith("_1") and name != "conv1_1":
                    x = torch.nn.functional.avg_pool2d(x, 2)
                x = torch.nn.functional.relu_(conv(x))
                if name in outputs:
                    seen.append(x)
            return tuple(seen)

    torch.manual_seed(1)
    return Network().eval()


def prepare(torch, model, picture, activations, size, outputs):
    """Writes the network, a picture and the outputs for it."""
    net = network(torch, outputs)
    pixels = torch.empty(1, 3, size, size).uniform_(-1, 1)
    picture.write_bytes(pixels.numpy().tobytes())
    with torch.inference_mode():
        activations.write_bytes(b"".join(a.numpy().tobytes() for a in net(pixels)))
    torch.onnx.export(net, pixels, str(model), input_names=["picture"], output_names=outputs, opset_version=13)


def measure_torch(torch, args):
    """Prints the seconds of PyTorch's passes, in a process of its own."""
    torch.set_num_threads(args.threads)
    net = network(torch, args.torch)
    pixels = torch.empty(1, 3, args.size, args.size).uniform_(-1, 1)
    seconds = []
    with torch.inference_mode():
        for i in range(WARM_UP + args.passes):
            start = time.perf_counter()
            net(pixels)
            if i >= WARM_UP:
                seconds.append(time.perf_counter() - start)
    print(json.dumps({"name": f"PyTorch {torch.__version__}", "seconds": seconds}))


def difference(torch, expected, found, outputs, size):
    """The greatest difference of the outputs, relative to the greatest activation of each."""
    a, b = (torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.float32) for path in (expected, found))
    if a.shape != b.shape:
        sys.exit(f"{found.name}: {len(b)} activations: expected {len(a)}")
    greatest, begin = 0.0, 0
    for name in outputs:
        block = int(name[len("conv")])
        side = size >> (block - 1)
        end = begin + BLOCKS[block - 1][1] * side * side
        error = (a[begin:end] - b[begin:end]).abs().max() / a[begin:end].abs().max()
        greatest, begin = max(greatest, float(error)), end
    return greatest


def compare(torch, args, binary, folder, outputs):
    """Measures the sides with those outputs and prints what they took."""
    model, picture, expected, found = (folder / n for n in ("model.onnx", "picture.f32", "expected.f32", "found.f32"))
    prepare(torch, model, picture, expected, args.size, outputs)
    files = [str(model), str(picture), str(found)]
    numbers = [str(n) for n in (args.size, args.threads, WARM_UP, args.passes)]
    sides = [
        [str(binary), *files, *numbers, *outputs],
        ["node", str(SIDES / "onnxruntime.mjs"), *files, *numbers],
        [sys.executable, __file__, f"--size={args.size}", f"--threads={args.threads}", f"--passes={args.passes}",
         "--torch", *outputs],
    ]
    seconds, differences = {}, {}
    for _ in range(args.rounds):
        for command in sides:
            found.unlink(missing_ok=True)
            report = run(command, {})
            name = report["name"]
            seconds.setdefault(name, []).extend(report["seconds"])
            if found.exists():
                differences[name] = difference(torch, expected, found, outputs, args.size)
                if not differences[name] <= TOLERANCE:
                    sys.exit(f"{name}: outputs differ from PyTorch's by {differences[name]:.1e} of the greatest "
                             f"activation: expected at most {TOLERANCE:.0e}")

    print(f"VGG-19 forward to conv5_1 at {args.size} x {args.size}, {args.threads} threads, float32, "
          f"{args.rounds} rounds of {args.passes}, outputs {', '.join(outputs)}")
    ours = statistics.median(next(iter(seconds.values())))
    for name, values in seconds.items():
        median = statistics.median(values)
        apart = f", differs from PyTorch by {differences[name]:.0e}" if name in differences else ""
        print(f"{name:32} median {median:.3f} s, least {min(values):.3f} s, "
              f"pastiche takes {ours / median:.2f} of it{apart}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512, help="side of the picture in pixels")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side")
    parser.add_argument("--passes", type=int, default=5, help="passes that each turn times")
    parser.add_argument("--torch", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    try:
        import torch
    except ImportError:
        sys.exit("PyTorch is missing: sudo apt-get install python3-torch, and run this with /usr/bin/python3")
    if args.torch:
        return measure_torch(torch, args)
    if not (SIDES / "node_modules").exists():
        sys.exit("onnxruntime is missing: npm ci --ignore-scripts --prefix bench/forward")

    # The sides inherit these processors.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:args.threads])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        binary = folder / "forward"
        subprocess.run(["go", "build", "-o", binary, "./bench/forward"], cwd=ROOT, check=True)
        for outputs in STYLE_LAYERS, STYLE_LAYERS[-1:]:
            compare(torch, args, binary, folder, outputs)


if __name__ == "__main__":
    main()
