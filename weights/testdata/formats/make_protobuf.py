"""Writes the tiny VGG of make_formats.py as ONNX and Caffe write it, by the
libraries of protocol buffers and of ONNX.

/usr/bin/python3 make_protobuf.py        (needs NumPy, ONNX and protoc; run after make_formats.py)

external.onnx     weights in external.onnx.data, as torch.onnx.export writes since 2.9
constants.onnx    weights as Constant nodes, biases added behind the convolutions
v1.caffemodel     the layers of Caffe to 2014, with a classifier
v2.caffemodel     its layers since, in double precision
"""
import importlib
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

file = Path("tiny.safetensors").read_bytes()
length = struct.unpack("<Q", file[:8])[0]
tensors = {
    name: np.frombuffer(file, "<f4", np.prod(e["shape"], dtype=int), 8 + length + e["data_offsets"][0]).reshape(e["shape"])
    for name, e in json.loads(file[8 : 8 + length]).items()
    if name != "__metadata__"
}
CONVS = ["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1"]

# ONNX

onnx.save_model(onnx.load("tiny.onnx"), "external.onnx", save_as_external_data=True, location="external.onnx.data", size_threshold=0)

nodes, last = [], "data"
for name in CONVS:
    if name.endswith("_1") and nodes:
        nodes.append(helper.make_node("MaxPool", [last], [name + "_in"], kernel_shape=[2, 2], strides=[2, 2]))
        last = name + "_in"
    layer = "block" + name[4] + "_conv" + name[6]  # as keras2onnx calls them
    weight, bias = tensors[name + ".weight"], tensors[name + ".bias"].reshape(1, -1, 1, 1)
    nodes += [
        helper.make_node("Constant", [], [layer + "/kernel:0"], value=numpy_helper.from_array(weight)),
        helper.make_node("Conv", [last, layer + "/kernel:0"], [name], pads=[1, 1, 1, 1], strides=[1, 1]),
        helper.make_node("Constant", [], [layer + "/bias:0"], value=numpy_helper.from_array(bias)),
        helper.make_node("Add", [name, layer + "/bias:0"], [name + "_biased"]),
        helper.make_node("Relu", [name + "_biased"], [name + "_relu"]),
    ]
    last = name + "_relu"
graph = helper.make_graph(
    nodes, "tiny",
    [helper.make_tensor_value_info("data", onnx.TensorProto.FLOAT, [1, 3, 8, 8])],
    [helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, [1, 5, 2, 2])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
onnx.checker.check_model(model)
onnx.save_model(model, "constants.onnx")

# Caffe: the fields of caffe.proto that a VGG uses, with their numbers.

PROTO = """
syntax = "proto2";
message BlobShape { repeated int64 dim = 1 [packed = true]; }
message BlobProto {
  optional int64 num = 1; optional int64 channels = 2; optional int64 height = 3; optional int64 width = 4;
  repeated float data = 5 [packed = true]; repeated float diff = 6 [packed = true];
  optional BlobShape shape = 7; repeated double double_data = 8 [packed = true];
}
message ConvolutionParameter {
  optional uint32 num_output = 1; repeated uint32 pad = 3; repeated uint32 kernel_size = 4; repeated uint32 stride = 6;
}
message PoolingParameter { optional int32 pool = 1; optional uint32 kernel_size = 2; optional uint32 stride = 3; }
message V1LayerParameter {
  repeated string bottom = 2; repeated string top = 3; optional string name = 4; optional int32 type = 5;
  repeated BlobProto blobs = 6; repeated float blobs_lr = 7;
  optional ConvolutionParameter convolution_param = 10; optional PoolingParameter pooling_param = 19;
}
message LayerParameter {
  optional string name = 1; optional string type = 2; repeated string bottom = 3; repeated string top = 4;
  repeated BlobProto blobs = 7; optional int32 phase = 10;
  optional ConvolutionParameter convolution_param = 106; optional PoolingParameter pooling_param = 121;
}
message NetParameter {
  optional string name = 1; repeated V1LayerParameter layers = 2; repeated string input = 3; repeated int64 input_dim = 4;
  repeated LayerParameter layer = 100;
}
"""
with tempfile.TemporaryDirectory() as folder:
    Path(folder, "caffe_vgg.proto").write_text(PROTO)
    subprocess.run(["protoc", "--python_out=.", "caffe_vgg.proto"], cwd=folder, check=True)
    sys.path.insert(0, folder)
    pb = importlib.import_module("caffe_vgg_pb2")


def save(path, layers, typ, blob, average=False):
    net = pb.NetParameter(name="TINY_VGG")
    net.input.append("data")
    net.input_dim.extend([10, 3, 224, 224])
    last = "data"

    def add(name, kind):
        nonlocal last
        layer = getattr(net, layers).add(name=name, type=typ[kind])
        layer.bottom.append(last)
        if kind != "relu":
            last = name
        layer.top.append(last)
        return layer

    for name in CONVS:
        if name.endswith("_1") and last != "data":
            pool = add("pool" + str(int(name[4]) - 1), "pool").pooling_param
            pool.pool, pool.kernel_size, pool.stride = int(average), 2, 2
        layer = add(name, "conv")
        weight, bias = tensors[name + ".weight"], tensors[name + ".bias"]
        layer.convolution_param.num_output = len(bias)
        layer.convolution_param.pad.append(1)
        layer.convolution_param.kernel_size.append(3)
        blob(layer.blobs.add(), weight)
        blob(layer.blobs.add(), bias)
        add("relu" + name[4:], "relu")
    blob(add("fc6", "fc").blobs.add(), np.ones((2, 3), "f4"))
    Path(path).write_bytes(net.SerializeToString())


def old(b, v):
    b.num, b.channels, b.height, b.width = (1,) * (4 - v.ndim) + v.shape
    b.data.extend(v.ravel().tolist())


def new(b, v):
    b.shape.dim.extend(v.shape)
    b.double_data.extend(v.ravel().tolist())


save("v1.caffemodel", "layers", {"conv": 4, "relu": 18, "pool": 17, "fc": 14}, old)
save("v2.caffemodel", "layer", {"conv": "Convolution", "relu": "ReLU", "pool": "Pooling", "fc": "InnerProduct"}, new, average=True)
