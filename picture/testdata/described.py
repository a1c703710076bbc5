#!/usr/bin/python3
"""Prints what described_test.go holds: colours of known spaces as levels of sRGB.

Needs liblcms2-utils (transicc), with which the profiles are read in floating
point. The profiles are written as in profiles.py: curves by their parameters and
primaries that Bradford's matrix adapts to D50.
"""
import os
import struct
import subprocess
import tempfile

import numpy as np

PALE = [(0, 0, 0), (255, 255, 255), (128, 128, 128), (32, 32, 32), (160, 112, 96), (80, 144, 128), (120, 112, 176)]
D65, D50 = (0.3127, 0.3290), np.array([0.9642, 1, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
SRGB = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
BT1886 = (2.4,)
PRIMARIES = {
    "sRGB": [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)],
    "P3": [(0.68, 0.32), (0.265, 0.69), (0.15, 0.06)],
    "BT2020": [(0.708, 0.292), (0.17, 0.797), (0.131, 0.046)],
    "Adobe": [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)],
}


def xyz(xy):
    return np.array([xy[0] / xy[1], 1, (1 - xy[0] - xy[1]) / xy[1]])


def columns(primaries):
    m = np.stack([xyz(p) for p in PRIMARIES[primaries]], 1)
    m = m * np.linalg.solve(m, xyz(D65))
    adapt = np.linalg.inv(BRADFORD) @ np.diag((BRADFORD @ D50) / (BRADFORD @ xyz(D65))) @ BRADFORD
    return (adapt @ m).T


def numbers(*values):
    return struct.pack(f">{len(values)}i", *[round(65536 * v) for v in values])


def profile(primaries, parameters):
    kind = {1: 0, 5: 3}[len(parameters)]
    trc = b"para" + bytes(4) + struct.pack(">HH", kind, 0) + numbers(*parameters)
    tags = [(b"wtpt", b"XYZ " + bytes(4) + numbers(*D50))]
    for letter, column in zip((b"r", b"g", b"b"), columns(primaries)):
        tags += [(letter + b"XYZ", b"XYZ " + bytes(4) + numbers(*column)), (letter + b"TRC", trc)]
    table, data, begin = b"", b"", 128 + 4 + 12 * len(tags)
    for signature, body in tags:
        table += signature + struct.pack(">II", begin + len(data), len(body))
        data += body
    header = struct.pack(">I4xI4s4s4s12x4s", begin + len(data), 4 << 24, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    header += bytes(28) + numbers(*D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


with tempfile.TemporaryDirectory() as folder:
    def save(name, *space):
        path = os.path.join(folder, name)
        with open(path, "wb") as f:
            f.write(profile(*space))
        return path

    srgb = save("srgb.icc", "sRGB", SRGB)
    for name, *space in [("P3", "P3", SRGB), ("BT709", "sRGB", BT1886), ("BT2020", "BT2020", BT1886),
                         ("Linear", "sRGB", (1.0,)), ("Adobe", "Adobe", (2.2,))]:
        path = save(name + ".icc", *space)
        lines = "".join(f"{c}\n" for rgb in PALE for c in rgb)
        out = subprocess.run(["transicc", "-n", "-c0", "-t1", "-i" + path, "-o" + srgb],
                             input=lines + "q\n", capture_output=True, text=True, check=True).stdout
        values = [float(v) for v in out.split()][:3 * len(PALE)]
        rows = ", ".join("{%.3f, %.3f, %.3f}" % tuple(values[i:i + 3]) for i in range(0, len(values), 3))
        print(f"var described{name} = [][colors]float64{{{rows}}}")
