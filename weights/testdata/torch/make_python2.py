"""Writes files as PyTorch and NumPy did in Python 2, whose cPickle counts the
objects of its memo from 1 and keeps texts as bytes.

python2.7 make_python2.py        (needs neither: it stands in for both)

The weights of a layer are the multiples of 1/16 from -30/16 to 30/16, again and
again, and so are its biases.
"""
import cPickle
import collections
import struct
import sys
import types

LAYERS = [("conv1_1", 0, 3, 4), ("conv1_2", 2, 4, 4), ("conv2_1", 5, 4, 2)]


def module(name, **members):
    m = sys.modules[name] = types.ModuleType(name)
    for key, value in members.items():
        value.__module__ = name
        setattr(m, key, value)
    return m


class FloatStorage(object):
    def __init__(self, values):
        self.values = values


class ndarray(object):
    def __init__(self, shape, data, objects=None):
        self.shape, self.data, self.objects = shape, data, objects

    def __reduce__(self):
        if self.objects is not None:
            return _reconstruct, (ndarray, (0,), "b"), (1, self.shape, dtype("O8"), False, self.objects)
        return _reconstruct, (ndarray, (0,), "b"), (1, self.shape, dtype("f4"), False, self.data)


class dtype(object):
    def __init__(self, kind):
        self.kind = kind

    def __reduce__(self):
        if self.kind == "O8":
            return dtype, (self.kind, 0, 1), (3, "|", None, None, None, -1, -1, 63)
        return dtype, (self.kind, 0, 1), (3, "<", None, None, None, -1, -1, 0)

    def __setstate__(self, state):
        pass


def _rebuild_tensor(*arguments):
    pass


def _reconstruct(*arguments):
    pass


module("torch", FloatStorage=FloatStorage)
module("torch._utils", _rebuild_tensor=_rebuild_tensor)
module("numpy", dtype=dtype, ndarray=ndarray)
module("numpy.core")
module("numpy.core.multiarray", _reconstruct=_reconstruct)


def values(count):
    return [(i * 7 % 61 - 30) / 16.0 for i in range(count)]


class Tensor(object):
    def __init__(self, *shape):
        count = 1
        strides = []
        for d in reversed(shape):
            strides.insert(0, count)
            count *= d
        self.shape, self.strides, self.storage = shape, tuple(strides), FloatStorage(values(count))

    def __reduce__(self):
        return _rebuild_tensor, (self.storage, 0, self.shape, self.strides)


def save(path, value):
    storages = []

    def identify(o):
        if isinstance(o, FloatStorage):
            if o not in storages:
                storages.append(o)
            return "storage", FloatStorage, str(storages.index(o)), "cpu", len(o.values), None

    with open(path, "wb") as f:
        cPickle.dump(0x1950A86A20F9469CFC6C, f, protocol=2)
        cPickle.dump(1001, f, protocol=2)
        cPickle.dump({"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}, f, protocol=2)
        pickler = cPickle.Pickler(f, 2)
        pickler.persistent_id = identify
        pickler.dump(value)
        cPickle.dump([str(i) for i in range(len(storages))], f, protocol=2)
        f.flush()
        for s in storages:
            f.write(struct.pack("<q%df" % len(s.values), len(s.values), *s.values))


state = collections.OrderedDict()
arrays = {}
for name, position, channels, width in LAYERS:
    state["features.%d.weight" % position] = Tensor(width, channels, 3, 3)
    state["features.%d.bias" % position] = Tensor(width)
    # height, width, inputs, outputs: from the values of the order above
    w = values(width * channels * 9)
    w = [w[(o * channels + i) * 9 + k] for k in range(9) for i in range(channels) for o in range(width)]
    arrays[name] = [ndarray((3, 3, channels, width), struct.pack("<%df" % len(w), *w)),
                    ndarray((width,), struct.pack("<%df" % width, *values(width)))]
save("python2.pth", {"epoch": 3, "state_dict": state})
with open("python2.npy", "wb") as f:
    header = "{'descr': '|O', 'fortran_order': False, 'shape': (), }"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    f.write("\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    cPickle.dump(ndarray((), None, [arrays]), f, protocol=2)
