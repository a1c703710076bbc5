#!/usr/bin/env python3
"""Measures one iteration of style transfer against PyTorch, on one machine,
in turn.

    python3 bench/compare.py [--size 512] [--threads 2] [--rounds 5] [--avx2]

An iteration is the whole of what moves the picture once: VGG-19 forward from
a picture of size x size pixels to conv5_1, the costs of five Gram matrices
(conv1_1 to conv5_1), the content cost of conv4_2, the gradient of their sum
back to the pixels, and one step of Adam, with random weights and average
pooling. pastiche computes it in float32 and, where its kernel has that, in
bfloat16 (pastiche bench). PyTorch is measured as it is commonly used, in eager mode
with ReLU in place, in float32 and with bfloat16 autocast in its channels-last
layout.

With --avx2 both do without AVX-512, in float32 alone.

The sides take turns, so that whatever else the machine does falls on all.
Printed are the median and the least of the seconds of one iteration, the peak
of resident memory, and ratios of the medians: what pastiche's float32 takes of
each.

On Debian and Ubuntu, PyTorch is one command away:

    sudo apt-get install python3-torch

and runs under /usr/bin/python3.
"""

import argparse
import contextlib
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

# VGG-19 as far as conv5_1: convolutions and their channels, block by block.
BLOCKS = [(2, 64), (2, 128), (4, 256), (4, 512), (1, 512)]
STYLE_LAYERS = ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"]
CONTENT_LAYER = "conv4_2"
WARM_UP = 2  # iterations that are not measured, before those of each turn

# What keeps PyTorch and its oneDNN from instructions beyond AVX2.
TORCH_AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}


class Torch:
    """The iteration in PyTorch."""

    def __init__(self, torch, size, bfloat16):
        self.torch = torch
        self.bfloat16 = bfloat16
        self.format = torch.channels_last if bfloat16 else torch.contiguous_format
        torch.manual_seed(1)
        self.layers, channels = [], 3
        for block, (convs, width) in enumerate(BLOCKS, 1):
            for i in range(1, convs + 1):
                bound = (6 / (9 * channels)) ** 0.5
                weight = torch.empty(width, channels, 3, 3).uniform_(-bound, bound)
                bias = torch.zeros(width)
                self.layers.append((f"conv{block}_{i}", weight.to(memory_format=self.format), bias))
                channels = width
        with torch.no_grad():
            style, content = self.forward(self.picture(size)), self.forward(self.picture(size))
        self.grams = {name: self.gram(style[name]) for name in STYLE_LAYERS}
        self.content = content[CONTENT_LAYER].clone()
        self.pixels = self.picture(size).requires_grad_()
        self.adam = torch.optim.Adam([self.pixels], lr=0.02)

    def picture(self, size):
        picture = self.torch.empty(1, 3, size, size).uniform_(-1, 1)
        return picture.contiguous(memory_format=self.format)

    def precision(self):
        if self.bfloat16:
            return self.torch.autocast("cpu", dtype=self.torch.bfloat16)
        return contextlib.nullcontext()

    def forward(self, x):
        functional, taps = self.torch.nn.functional, {}
        for name, weight, bias in self.layers:
            if name.endswith("_1") and name != "conv1_1":
                x = functional.avg_pool2d(x, 2)
            x = functional.relu_(functional.conv2d(x, weight, bias, padding=1))
            if name in STYLE_LAYERS or name == CONTENT_LAYER:
                taps[name] = x
        return taps

    def gram(self, features):
        flat = features.flatten(2)[0]
        return (flat @ flat.t()).float() / flat.shape[1]

    def iteration(self):
        self.adam.zero_grad()
        with self.precision():
            taps = self.forward(self.pixels)
            cost = (taps[CONTENT_LAYER].float() - self.content).square().mean()
            for name in STYLE_LAYERS:
                cost = cost + (self.gram(taps[name]) - self.grams[name]).square().mean()
        cost.backward()
        self.adam.step()


def measure_torch(args):
    """What a process of its own prints for --torch: seconds and peak memory."""
    import torch

    torch.set_num_threads(args.threads)
    side = Torch(torch, args.size, args.torch == "bfloat16")
    seconds = []
    for i in range(WARM_UP + args.iterations):
        start = time.perf_counter()
        side.iteration()
        if i >= WARM_UP:
            seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"name": f"PyTorch {torch.__version__} {args.torch}", "seconds": seconds, "peak": peak}))


def run(command, environment):
    result = subprocess.run(command, cwd=ROOT, env=dict(os.environ, **environment), capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{result.stderr}")
    return json.loads(result.stdout.splitlines()[-1])


def turns(args, folder):
    """The sides: each a function that takes a turn and returns name, seconds, peak."""
    binary = os.path.join(folder, "pastiche")
    subprocess.run(["go", "build", "-o", binary, "./cmd/pastiche"], cwd=ROOT, check=True)

    def pastiche(precision):
        report = run([binary, "bench", "--json", "--network=vgg19-random", f"--size={args.size}",
                      f"--precision={precision}", f"--threads={args.threads}", f"--iterations={args.iterations}"],
                     {"PASTICHE_KERNEL": "avx2"} if args.avx2 else {})
        name = f"pastiche {report['kernel']} {report['precision']}"
        return name, [report["seconds_per_iteration"]["median"]], report["peak_memory_bytes"]

    def torch(precision):
        report = run([sys.executable, __file__, f"--torch={precision}", f"--size={args.size}",
                      f"--threads={args.threads}", f"--iterations={args.iterations}"],
                     TORCH_AVX2 if args.avx2 else {})
        return report["name"], report["seconds"], report["peak"]

    sides = [lambda: pastiche("float32"), lambda: torch("float32")]
    if not args.avx2:  # neither side has bfloat16 without AVX-512
        sides.append(lambda: torch("bfloat16"))
        version = subprocess.run([binary, "version"], capture_output=True, text=True, check=True).stdout
        if "bfloat16" in version:
            sides.append(lambda: pastiche("bfloat16"))
    return sides


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512, help="side of the picture in pixels")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5, help="turns of each side")
    parser.add_argument("--iterations", type=int, default=3, help="iterations in each turn")
    parser.add_argument("--avx2", action="store_true", help="do without AVX-512")
    parser.add_argument("--torch", choices=["float32", "bfloat16"], help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.torch:
        return measure_torch(args)
    try:
        import torch  # noqa: F401
    except ImportError:
        sys.exit("PyTorch is missing: sudo apt-get install python3-torch, and run this with /usr/bin/python3")

    seconds, peaks = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        sides = turns(args, folder)
        for _ in range(args.rounds):
            for side in sides:
                name, measured, peak = side()
                seconds.setdefault(name, []).extend(measured)
                peaks[name] = max(peaks.get(name, 0), peak)

    print(f"one iteration of VGG-19 at {args.size} x {args.size}, {args.threads} threads, "
          f"{args.rounds} rounds of {args.iterations}")
    ours = statistics.median(next(iter(seconds.values())))
    for name, values in seconds.items():
        median = statistics.median(values)
        print(f"{name:31} median {median:.3f} s, least {min(values):.3f} s, "
              f"at most {peaks[name] / 1e6:.0f} MB, pastiche in float32 takes {ours / median:.2f} of it")


if __name__ == "__main__":
    main()
