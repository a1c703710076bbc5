#!/usr/bin/env python3
"""Measures how fast network files are read, and checks that every format of
the same network is read to the same bits.

    sudo apt-get install python3-torch python3-scipy python3-h5py python3-onnx
    /usr/bin/python3 bench/formats.py [--rounds 5]

A whole VGG-19 of random weights, classifier and all, is written in each format
by the library that its users use. Then 'pastiche networks inspect', which reads
and checks a file and takes its SHA-256, is run on each, warm. Printed are
the median and the least of the seconds, and the peak of resident memory, of
the whole process; the last line is the same network after 'networks import'.
It takes 6 GB in the folder of temporary files.
"""

import argparse
import hashlib
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCKS = [(2, 64), (2, 128), (4, 256), (4, 512), (4, 512)]
INPUT = ["--channels", "rgb", "--range", "0..255", "--mean", "123.68,116.779,103.939", "--std", "1,1,1"]


def network(torch):
    """A VGG-19 as torchvision has it."""
    nn, layers, channels = torch.nn, [], 3
    for count, width in BLOCKS:
        for _ in range(count):
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    model = nn.Sequential()
    model.features = nn.Sequential(*layers)
    model.classifier = nn.Sequential(
        nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 1000))
    model.forward = lambda x: model.classifier(model.features(x).flatten(1))
    return model.eval()


def matconvnet(np, convs, dense, beta16):
    """The variables of MatConvNet's files, in their layout of today or beta 16's."""

    def cells(items):
        c = np.empty((1, len(items)), object)
        for i, item in enumerate(items):
            c[0, i] = item
        return c

    def conv(name, weight, bias):
        layer = {"type": "conv", "name": name, "weights": cells([weight, bias.reshape(1, -1)])}
        return layer if beta16 else layer | {"precious": 0.0, "dilate": 1.0, "opts": cells([])}

    layers = []
    for name, weight, bias in convs:
        if layers and name.endswith("_1"):
            layers.append({"type": "pool", "name": "pool", "method": "max"})
        layers += [conv(name, weight.transpose(2, 3, 1, 0), bias), {"type": "relu", "name": "relu"}]
    layers.append({"type": "pool", "name": "pool5", "method": "max"})
    for i, (weight, bias) in enumerate(dense):
        inputs = weight.reshape(len(weight), 512, 7, 7) if i == 0 else weight[:, :, None, None]
        layers.append(conv("fc%d" % (6 + i), inputs.transpose(2, 3, 1, 0), bias))
    mean = np.array([123.68, 116.779, 103.939], "f4").reshape(1, 1, 3)
    if beta16:
        return {"layers": cells(layers), "normalization": {"averageImage": np.ones((224, 224, 3)) * mean}}
    return {"layers": cells(layers), "meta": {"normalization": {"averageImage": mean}}}


# The files, in the order in which they are measured.
FILES = [
    "torch.pth", "torch-legacy.pth", "matconvnet.mat", "matconvnet-compressed.mat", "matconvnet-beta16.mat",
    "matconvnet-beta16-compressed.mat", "all.safetensors", "numpy.npz", "keras.h5", "torch.onnx",
]


def write_all(folder):
    """Writes the files."""
    import h5py
    import numpy as np
    import scipy.io
    import torch

    torch.manual_seed(1)
    model = network(torch)
    state = model.state_dict()
    values = {name: v.numpy() for name, v in state.items()}
    names = ["conv%d_%d" % (b + 1, i + 1) for b, (count, _) in enumerate(BLOCKS) for i in range(count)]
    places = [i for i, m in enumerate(model.features) if isinstance(m, torch.nn.Conv2d)]
    convs = [(n, values[f"features.{p}.weight"], values[f"features.{p}.bias"]) for n, p in zip(names, places)]
    dense = [(values[f"classifier.{p}.weight"], values[f"classifier.{p}.bias"]) for p in (0, 3, 6)]

    torch.save(state, folder / "torch.pth")
    torch.save(state, folder / "torch-legacy.pth", _use_new_zipfile_serialization=False)
    for name, beta16 in (("matconvnet", False), ("matconvnet-beta16", True)):
        variables = matconvnet(np, convs, dense, beta16)
        scipy.io.savemat(folder / f"{name}.mat", variables)
        scipy.io.savemat(folder / f"{name}-compressed.mat", variables, do_compression=True)

    header, at = {}, 0
    for name, v in values.items():
        header[name] = {"dtype": "F32", "shape": v.shape, "data_offsets": [at, at + v.nbytes]}
        at += v.nbytes
    text = json.dumps(header).encode()
    with open(folder / "all.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for v in values.values():
            f.write(v.tobytes())
    np.savez(folder / "numpy.npz", **values)
    with h5py.File(folder / "keras.h5", "w") as f:
        for name, weight, bias in convs:
            layer = "block%s_conv%s" % (name[4], name[6])
            f[f"{layer}/{layer}/kernel:0"] = np.ascontiguousarray(weight.transpose(2, 3, 1, 0))
            f[f"{layer}/{layer}/bias:0"] = bias
    torch.onnx.export(model, torch.zeros(1, 3, 224, 224), folder / "torch.onnx")


def run(binary, *arguments):
    """Returns the seconds and the peak MB of a command, and what it prints."""
    begin = time.perf_counter()
    process = subprocess.Popen([binary, "networks", *arguments], stdout=subprocess.PIPE, text=True)
    text = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"pastiche networks {' '.join(map(str, arguments))}: exit code {process.returncode}")
    return time.perf_counter() - begin, used.ru_maxrss / 1000, text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=pathlib.Path, help="only write the files into a folder")
    arguments = parser.parse_args()
    rounds = arguments.rounds
    if arguments.write:
        write_all(arguments.write)
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        os.environ["PASTICHE_HOME"] = str(folder / "home")
        binary = folder / "pastiche"
        subprocess.run(["go", "build", "-o", binary, "./cmd/pastiche"], cwd=ROOT, check=True)

        def measure(what, label, size):
            runs = [run(binary, "inspect", what) for _ in range(rounds)]
            seconds = [r[0] for r in runs]
            print(f"{label:32} {size / 1e6:5.0f} MB  median {statistics.median(seconds):.2f} s  least {min(seconds):.2f} s"
                  f"  peak {max(r[1] for r in runs):.0f} MB", flush=True)

        # In a process of its own: a child's peak includes what its parent had.
        subprocess.run([sys.executable, __file__, "--write", folder], stderr=subprocess.DEVNULL, check=True)
        sums = set()
        for number, path in enumerate(folder / name for name in FILES):
            size = path.stat().st_size
            run(binary, "inspect", path)  # to warm the file
            measure(path, path.name, size)
            run(binary, "import", path, "--as", f"n{number}", "--quiet", *INPUT)
            kept = pathlib.Path(run(binary, "path", f"n{number}")[2].strip())
            with open(kept, "rb") as f:
                f.seek(struct.unpack("<Q", f.read(8))[0], os.SEEK_CUR)
                sums.add(hashlib.file_digest(f, "sha256").hexdigest())
                imported = f.tell()
            if number > 0:
                run(binary, "remove", f"n{number}")
        measure("n0", "imported", imported)
        if len(sums) != 1:
            sys.exit(f"the formats were read to {len(sums)} different networks")
        print("every format was read to the same bits")


if __name__ == "__main__":
    main()
