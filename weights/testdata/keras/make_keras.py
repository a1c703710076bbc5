"""Writes tiny networks as Keras 3 names their layers in HDF5, and small files of
the versions and layouts of HDF5 that Keras leaves to h5py.

python3 make_keras.py        (needs NumPy and h5py; these are of h5py 3.7, HDF5 1.10)

Each .safetensors file holds the weights that the files beside it have to be read
to, with batch norms folded in.
"""
import ctypes
import ctypes.util
import json
import struct

import h5py
import numpy as np

rng = np.random.default_rng(1409_1556)
BLOCKS = {"vgg16": [2, 2, 3, 3, 3], "vgg19": [2, 2, 4, 4, 4]}
WIDTH = 2


def convs(blocks):
    """Yields name, kernel (H x W x In x Out) and bias of each convolution."""
    inputs = 3
    for b, count in enumerate(blocks):
        for i in range(count):
            kernel = rng.standard_normal((3, 3, inputs, WIDTH)).astype("f4")
            yield "conv%d_%d" % (b + 1, i + 1), kernel, rng.standard_normal(WIDTH).astype("f4")
            inputs = WIDTH


def norm():
    """Returns gamma, beta, the mean and the variance of a batch norm."""
    return [rng.standard_normal(WIDTH).astype("f4"), rng.standard_normal(WIDTH).astype("f4"),
            rng.standard_normal(WIDTH).astype("f4"), rng.uniform(0.5, 2, WIDTH).astype("f4")]


def write_safetensors(path, layers):
    data, header = b"", {}
    for name, kernel, bias in layers:
        for key, v in ((name + ".weight", kernel.transpose(3, 2, 0, 1)), (name + ".bias", bias)):
            header[key] = {"dtype": "F32", "shape": v.shape, "data_offsets": [len(data), len(data) + v.nbytes]}
            data += np.ascontiguousarray(v, "<f4").tobytes()
    header["__metadata__"] = {"channels": "rgb", "range": "0..1", "mean": "0,0,0", "std": "1,1,1"}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


class Model:
    """Saves layers as keras.src.saving.saving_lib does, which names them by their
    classes: conv2d, conv2d_1 and so on. Every layer is a group with a group of
    its variables, also one that has none."""

    def __init__(self, group):
        self.group, self.used = group, {}

    def add(self, cls, *variables):
        name = cls
        if cls in self.used:
            self.used[cls] += 1
            name = "%s_%d" % (cls, self.used[cls])
        else:
            self.used[cls] = 0
        group = self.group.create_group(name).create_group("vars")
        for i, v in enumerate(variables):
            group[str(i)] = v


# Plain, with a classifier and an optimiser, as Keras writes it.

with h5py.File("vgg16.weights.h5", "w") as f:
    layers = list(convs(BLOCKS["vgg16"]))
    write_safetensors("vgg16.safetensors", layers)
    model = Model(f.create_group("layers"))
    model.add("input_layer")
    for name, kernel, bias in layers:
        if name.endswith("_1") and name != "conv1_1":
            model.add("max_pooling2d")
        model.add("conv2d", kernel, bias)
    model.add("flatten")
    model.add("dense", np.zeros((4, 2), "f4"), np.zeros(2, "f4"))
    f.create_group("optimizer/vars")["0"] = np.int64(7)

# With batch norms, one model within another beside a decoder, in the latest
# version of the format. The layers are so many that the B-tree of their names
# has two levels, and the heap several blocks.

with h5py.File("vgg19-norms-latest.weights.h5", "w", libver="latest") as f:
    outer = Model(f.create_group("layers"))
    outer.add("input_layer")
    outer.add("conv2d", np.zeros((3, 3, WIDTH, 3), "f4"), np.zeros(3, "f4"))
    model = Model(f.create_group("layers/functional/layers"))
    model.add("input_layer")
    folded = []
    for name, kernel, bias in convs(BLOCKS["vgg19"]):
        if name.endswith("_1") and name != "conv1_1":
            model.add("max_pooling2d")
        gamma, beta, mean, variance = norm()
        model.add("conv2d", kernel, bias)
        model.add("batch_normalization", gamma, beta, mean, variance)
        model.add("activation")
        factor = gamma.astype("f8") / np.sqrt(variance.astype("f8") + 1e-3)
        folded.append((name, (kernel * factor).astype("f4"), ((bias.astype("f8") - mean) * factor + beta).astype("f4")))
    write_safetensors("vgg19-norms.safetensors", folded)

# The same first layer in files of each kind.

kernel = (np.arange(27) - 13).astype("f4").reshape(3, 3, 3, 1)
write_safetensors("one.safetensors", [("conv1_1", kernel, np.full(1, 0.5, "f4"))])


def write_one(f, layout=None):
    group = f.create_group("block1_conv1")
    for name, v in (("kernel:0", kernel), ("bias:0", np.full(1, 0.5, "f4"))):
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        if layout is not None:
            properties.set_layout(layout)
        space = h5py.h5s.create_simple(v.shape)
        h5py.h5d.create(group.id, name.encode(), h5py.h5t.IEEE_F32LE, space, properties).write(h5py.h5s.ALL, h5py.h5s.ALL, v)
    f["alias"] = h5py.SoftLink("/block1_conv1")
    f["elsewhere"] = h5py.ExternalLink("other.h5", "/block1_conv1")
    # Attributes that come later continue the header.
    for i in range(6):
        group.attrs["attribute%d" % i] = "x" * 40


with h5py.File("one-latest-compact.h5", "w", libver="latest") as f:
    write_one(f, h5py.h5d.COMPACT)
with h5py.File("one-v108.h5", "w", libver=("v108", "v108")) as f:
    write_one(f)
with h5py.File("one-ordered.h5", "w", track_order=True) as f:
    write_one(f)
# Another size of the B-trees of chunks makes version 1 of the superblock, which
# h5py has no function for.
creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
library = ctypes.CDLL(ctypes.util.find_library("hdf5_serial") or "libhdf5.so")
library.H5Pset_istore_k.argtypes = [ctypes.c_int64, ctypes.c_uint]
assert library.H5Pset_istore_k(creation.id, 64) >= 0
with h5py.File(h5py.h5f.create(b"one-superblock1.h5", h5py.h5f.ACC_TRUNC, creation)) as f:
    write_one(f)
