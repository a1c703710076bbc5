"""Writes dtypes.safetensors, a tiny VGG in four number formats, and dtypes.json, its values as NumPy reads them.

python3 make_dtypes.py        (needs NumPy)
"""
import json
import struct

import numpy as np

rng = np.random.default_rng(20150826)


def f16(*shape):
    v = rng.standard_normal(shape).astype("<f2")
    v.flat[:6] = 65504, -65504, 2**-24, -(2**-15), 2**-14, -0.0  # the ends, subnormals, the least normal
    return "F16", v, v.astype("<f4")


def bf16(*shape):
    v = rng.standard_normal(shape).astype("<f4").view("<u4") & 0xFFFF0000
    return "BF16", (v >> 16).astype("<u2"), v.view("<f4")


def f32(*shape):
    v = rng.standard_normal(shape).astype("<f4")
    return "F32", v, v


def f64(*shape):
    v = rng.standard_normal(shape).astype("<f8")
    v.flat[:3] = 1 + 2**-24, 1 + 3 * 2**-24, 1e-45  # two ties and a subnormal of float32
    return "F64", v, v.astype("<f4")


def other(dtype, values, kind):
    return dtype, np.array(values, kind), None


# In no order, and with tensors that are not the network's in between.
tensors = {
    "conv2_1.bias": f32(2),
    "conv1_2.weight": f16(3, 2, 3, 3),
    "mask": other("BOOL", [1, 0, 1], "u1"),  # what follows is not aligned
    "conv1_1.weight": f32(2, 3, 3, 3),
    "classifier.6.weight": other("F32", [[np.nan, np.inf]], "<f4"),
    "conv1_1.bias": bf16(2),
    "conv2_1.weight": f64(2, 3, 3, 3),
    "conv1_2.bias": f64(3),
    "steps": other("I64", 7, "<i8"),
    "conv2_2.weight": bf16(1, 2, 3, 3),
    "conv2_2.bias": f32(1),
    "empty": other("F32", [], "<f4"),
}

metadata = {
    "name": 'dtypes "é" \U0001f3a8',  # json.dumps escapes all of it
    "version": "2",
    "license": "MIT",
    "channels": "bgr",
    "range": "0..255",
    "mean": "103.939, 116.779, 123.68",
    "std": "1,1,1",
    "pooling": "max",
    "trainer": "not understood, so not kept",
}

data, header = b"", {}
for name, (dtype, raw, _) in tensors.items():
    header[name] = {"dtype": dtype, "shape": raw.shape, "data_offsets": [len(data), len(data) + raw.nbytes]}
    data += raw.tobytes()
header = dict(sorted(header.items()), __metadata__=metadata)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open("dtypes.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + data)
with open("dtypes.json", "w") as f:
    values = {name: v.ravel().tolist() for name, (_, _, v) in tensors.items() if v is not None}
    json.dump(values, f, indent=0)
