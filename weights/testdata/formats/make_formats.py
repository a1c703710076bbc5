"""Writes the same tiny VGG in every format, each by its own library, and what
PyTorch computes with it under each input convention.

python3 make_formats.py        (needs NumPy, SciPy, h5py and PyTorch)

tiny.safetensors holds the weights that every other file has to be read to. The
activations go into ../../../paint/testdata/formats.json.
"""
import json
import struct
import sys

import h5py
import numpy as np
import torch
import torch.nn.functional as F

sys.path.append("..")
from stable import save_legacy, savemat

rng = np.random.default_rng(1508_06576)

# Name, inputs, outputs, position in torchvision's sequence of layers.
CONVS = [
    ("conv1_1", 3, 4, 0), ("conv1_2", 4, 4, 2),
    ("conv2_1", 4, 6, 5), ("conv2_2", 6, 6, 7),
    ("conv3_1", 6, 5, 10),
]

weight, bias = {}, {}
for name, inputs, outputs, _ in CONVS:
    scale = np.sqrt(2 / (9 * inputs))
    weight[name] = (rng.standard_normal((outputs, inputs, 3, 3)) * scale).astype("f4")
    bias[name] = (rng.standard_normal(outputs) * 0.1).astype("f4")
fc = rng.standard_normal((2, 5, 7, 7)).astype("f4")
fc_bias = rng.standard_normal(2).astype("f4")

RGB_MEAN = [123.68, 116.779, 103.939]


# safetensors: the reference.

def write_safetensors(path):
    data, header = b"", {}
    for name, *_ in CONVS:
        for key, v in ((name + ".weight", weight[name]), (name + ".bias", bias[name])):
            header[key] = {"dtype": "F32", "shape": v.shape, "data_offsets": [len(data), len(data) + v.nbytes]}
            data += v.tobytes()
    header["__metadata__"] = {"channels": "rgb", "range": "0..1", "mean": "0.485,0.456,0.406", "std": "0.229,0.224,0.225"}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


write_safetensors("tiny.safetensors")


# MATLAB, as MatConvNet writes it: its filters are H x W x In x Out.

def cells(items):
    c = np.empty((1, len(items)), dtype=object)
    for i, item in enumerate(items):
        c[0, i] = item
    return c


def row(v):
    return np.asarray(v).reshape(1, -1)


def mat_layers(conv, relu, pool):
    layers = []
    for name, *_ in CONVS:
        if layers and name.endswith("_1"):
            layers.append(pool("pool" + str(int(name[4]) - 1)))
        layers.append(conv(name, weight[name].transpose(2, 3, 1, 0), row(bias[name])))
        layers.append(relu(name.replace("conv", "relu")))
    layers.append(conv("fc6", fc.transpose(2, 3, 1, 0), row(fc_bias)))
    layers.append({"type": "softmax", "name": "prob"})
    return layers


ones, zeros = row([1.0, 1.0]), row([0.0] * 4)

# As in imagenet-vgg-verydeep-19.mat of today.
current = {
    "layers": cells(mat_layers(
        lambda name, w, b: {"name": name, "type": "conv", "weights": cells([w, b]), "size": row([float(n) for n in w.shape]),
                            "pad": row([1.0] * 4), "stride": ones, "precious": 0.0, "dilate": 1.0, "opts": cells([])},
        lambda name: {"name": name, "type": "relu", "leak": 0.0, "weights": cells([]), "precious": 0.0},
        lambda name: {"name": name, "type": "pool", "method": "max", "pool": row([2.0, 2.0]), "stride": row([2.0, 2.0]), "pad": zeros},
    )),
    "meta": {
        "inputs": {"name": "data", "size": row([224.0, 224.0, 3.0, 10.0])},
        "classes": {"name": cells(["n01440764", "n01443537"]), "description": cells(["tench", "goldfish"])},
        "normalization": {"imageSize": row([224.0, 224.0, 3.0, 10.0]), "averageImage": np.array(RGB_MEAN, "f4").reshape(1, 1, 3),
                          "interpolation": "bilinear", "keepAspect": 1.0},
    },
}
# As in its beta16 release.
beta16 = {
    "layers": cells(mat_layers(
        lambda name, w, b: {"weights": cells([w, b]), "pad": zeros + 1, "type": "conv", "name": name, "stride": ones},
        lambda name: {"type": "relu", "name": name},
        lambda name: {"name": name, "stride": ones * 2, "pad": zeros, "type": "pool", "method": "max", "pool": ones * 2},
    )),
    "classes": {"name": cells(["n01440764"]), "description": cells(["tench"])},
    "normalization": {"imageSize": row([224.0, 224.0, 3.0]), "averageImage": np.ones((6, 5, 3)) * RGB_MEAN,
                      "border": row([32.0, 32.0]), "keepAspect": 1.0, "interpolation": "bicubic"},
}
# Older still, in double precision.
beta8 = {
    "layers": cells(mat_layers(
        lambda name, w, b: {"filters": w.astype("f8"), "biases": b.astype("f8"), "pad": 1.0, "stride": 1.0, "type": "conv", "name": name},
        lambda name: {"type": "relu", "name": name},
        lambda name: {"type": "pool", "name": name, "method": "max", "pool": ones * 2, "stride": 2.0, "pad": 0.0},
    )),
    "normalization": {"averageImage": np.ones((2, 3, 3), "f4") * np.array(RGB_MEAN, "f4")},
}
# Saved whole in one variable, the layers as an array of structures.
fields = ["type", "name", "weights", "method"]
array = np.empty((1, len(current["layers"][0])), dtype=[(f, object) for f in fields])
for i, layer in enumerate(current["layers"][0]):
    for f in fields:
        array[0, i][f] = layer.get(f, np.zeros((0, 0)))
net = {"net": {"layers": array, "meta": current["meta"]}}

savemat("current.mat", current)
savemat("current-compressed.mat", current, do_compression=True)
savemat("beta16.mat", beta16)
savemat("beta16-compressed.mat", beta16, do_compression=True)
savemat("beta8-double-compressed.mat", beta8, do_compression=True)
savemat("net.mat", net)


# PyTorch and ONNX, under torchvision's names.

class Tiny(torch.nn.Module):
    def __init__(self):
        super().__init__()
        layers = []
        for name, inputs, outputs, position in CONVS:
            if position > len(layers):
                layers.append(torch.nn.MaxPool2d(2))
            conv = torch.nn.Conv2d(inputs, outputs, 3, padding=1)
            conv.weight.data, conv.bias.data = torch.from_numpy(weight[name]), torch.from_numpy(bias[name])
            layers += [conv, torch.nn.ReLU(inplace=True)]
        self.features = torch.nn.Sequential(*layers)
        self.classifier = torch.nn.Sequential(torch.nn.Linear(5, 2))
        self.classifier[0].weight.data = torch.from_numpy(np.ascontiguousarray(fc[:, :, 0, 0]))
        self.classifier[0].bias.data = torch.from_numpy(fc_bias)

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


tiny = Tiny()
torch.save(tiny.state_dict(), "tiny.pth")
save_legacy("tiny-legacy.pth", tiny.state_dict())
torch.onnx.export(tiny, torch.zeros(1, 3, 8, 8), "tiny.onnx", input_names=["data"])


# NumPy, named as Caffe's layers, H x W x In x Out as TensorFlow has them.

named = {}
for name, *_ in CONVS:
    named[name + "_W"] = np.ascontiguousarray(weight[name].transpose(2, 3, 1, 0))
    named[name + "_b"] = bias[name]
named["fc6_W"], named["fc6_b"] = fc.reshape(2, -1).T.copy(), fc_bias
np.savez("tiny.npz", **named)
np.savez_compressed("tiny-compressed.npz", **named)


# Keras, whose groups of layers hold their weights.

def keras_name(name):
    return "block%s_conv%s" % (name[4], name[6])


def write_keras(group, weight_name, bias_name):
    layers = ["input_1"]
    for name, *_ in CONVS:
        if name.endswith("_1") and name != "conv1_1":
            layers.append("block%d_pool" % (int(name[4]) - 1))
        layers.append(keras_name(name))
    group.attrs["layer_names"] = [n.encode() for n in layers]
    group.attrs["backend"] = b"tensorflow"
    group.attrs["keras_version"] = b"2.2.4"
    for layer in layers:
        group.create_group(layer).attrs["weight_names"] = np.zeros(0, "S1")
    for name, *_ in CONVS:
        layer = keras_name(name)
        names = [weight_name % layer, bias_name % layer]
        group[layer].attrs["weight_names"] = [n.encode() for n in names]
        group[layer][names[0]] = weight[name].transpose(2, 3, 1, 0)
        group[layer][names[1]] = bias[name]


with h5py.File("keras1.h5", "w") as f:
    write_keras(f, "%s_W_1:0", "%s_b_1:0")
with h5py.File("keras2.h5", "w") as f:
    write_keras(f, "%s/kernel:0", "%s/bias:0")
with h5py.File("keras-model.h5", "w") as f:
    f.attrs["model_config"] = b"{}"
    write_keras(f.create_group("model_weights"), "%s/kernel:0", "%s/bias:0")
    f.create_group("optimizer_weights")["Adam/block1_conv1/kernel/m:0"] = np.zeros((3, 3, 3, 4), "f4")


# The activations: in float64, with the input that each convention asks for.

WIDTH, HEIGHT = 13, 9


def level(c, y, x):
    return (37 * x + 59 * y + 101 * c + 7 * x * y + 11 * c * x) % 256


picture = np.array([[[level(c, y, x) for x in range(WIDTH)] for y in range(HEIGHT)] for c in range(3)], "f8")


def activations(channels, top, mean, std):
    x = picture[::-1] if channels == "bgr" else picture
    x = (x * top / 255 - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    x = torch.from_numpy(x.copy())[None]
    for name, *_ in CONVS:
        if name.endswith("_1") and name != "conv1_1":
            x = F.max_pool2d(x, 2)
        x = F.relu(F.conv2d(x, torch.from_numpy(weight[name]).double(), torch.from_numpy(bias[name]).double(), padding=1))
    return {"shape": list(x.shape[1:]), "values": x.flatten().tolist()}


with open("../../../paint/testdata/formats.json", "w") as f:
    json.dump({
        "torchvision": activations("rgb", 1, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        "matconvnet": activations("rgb", 255, RGB_MEAN, [1, 1, 1]),
        "caffe": activations("bgr", 255, RGB_MEAN[::-1], [1, 1, 1]),
    }, f, indent=0)
