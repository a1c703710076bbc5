"""Writes files that are the same each time: scipy puts the date into a MAT-file,
and torch.save into one of before version 1.6 where in memory its storages were.
"""
import pickle

import scipy.io
import torch


def savemat(path, variables, **options):
    scipy.io.savemat(path, variables, **options)
    with open(path, "r+b") as f:  # the text of the header has 116 bytes
        f.write(b"MATLAB 5.0 MAT-file Platform: posix, Created on: a day".ljust(116))


class Listing(pickle.Unpickler):
    """Lists the storages of a pickle, as key, numbers and bytes of a number."""

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def persistent_load(self, name):
        if name[0] == "module":
            return name[1]
        _, kind, key, _, count = name[:5]
        self.storages[key] = count, torch.empty(0, dtype=kind.dtype).element_size()

    def find_class(self, module, name):
        if module == "torch._utils":
            return lambda *arguments: None
        return super().find_class(module, name)


def save_legacy(path, value):
    torch.save(value, path, _use_new_zipfile_serialization=False)
    with open(path, "rb") as f:
        for _ in range(3):  # a magic number, the version, the system
            pickle.load(f)
        begin = f.tell()
        listing = Listing(f)
        listing.load()
        end = f.tell()
        keys = pickle.load(f)
        data = {}
        for key in keys:
            count, size = listing.storages[key]
            data[key] = f.read(8 + count * size)
        assert f.read() == b""
    with open(path, "rb") as f:
        file = f.read()
    # The storages are numbered in the order in which the pickle names them.
    text = file[begin:end]
    for number, key in enumerate(listing.storages):
        name = b"X" + len(key).to_bytes(4, "little") + key.encode()
        assert name in text
        short = str(number)
        text = text.replace(name, b"X" + len(short).to_bytes(4, "little") + short.encode())
    with open(path, "wb") as f:
        f.write(file[:begin] + text)
        f.write(pickle.dumps([str(number) for number in range(len(keys))], protocol=2))
        f.write(b"".join(data[key] for key in listing.storages))
