#!/usr/bin/python3
"""Makes the fixtures of package picture that carry ICC profiles.

Needs Pillow >= 9.4 with WebP, libtiff and littlecms, and NumPy. Run it in this
directory. The profiles are written here, but for sRGB's, which is littlecms's
own; the reference pixels beside each fixture (make.py says what they hold) are
what littlecms makes of it in sRGB, with relative colorimetry.
"""
import io
import struct

import numpy as np
from PIL import Image, ImageCms

W, H = 23, 17
RELATIVE, UNOPTIMISED = 1, 0x0100


def scene():
    """All of the cube of colours, corners among them, with no symmetry."""
    y, x = np.mgrid[0:H, 0:W].astype(float)
    rgb = np.stack([x / (W - 1), y / (H - 1), ((3 * x + 5 * y) % 11) / 10], -1)
    return np.round(255 * rgb).astype(np.uint8)


def tag(kind, body):
    return kind + bytes(4) + body


def numbers(*values):
    return struct.pack(f">{len(values)}i", *[round(65536 * v) for v in values])


def text(words):
    units = words.encode("utf-16-be")
    return tag(b"mluc", struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(units), 28) + units)


def old_text(words):
    words = words.encode() + b"\0"
    return tag(b"desc", struct.pack(">I", len(words)) + words + bytes(78))


def curve(*samples):
    return tag(b"curv", struct.pack(f">I{len(samples)}H", len(samples), *samples))


def parametric(kind, *parameters):
    return tag(b"para", struct.pack(">HH", kind, 0) + numbers(*parameters))


def profile(space, connection, tags, version=4):
    table, data = b"", b""
    begin = 128 + 4 + 12 * len(tags)
    for signature, body in tags:
        table += signature + struct.pack(">II", begin + len(data), len(body))
        data += body + bytes(-len(body) % 4)
    header = struct.pack(">I4xI4s4s4s12x4s", begin + len(data), version << 24, b"mntr", space, connection, b"acsp")
    header += bytes(28) + numbers(0.9642, 1, 0.8249)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + data


def rgb_profile(name, columns, curves, version=4):
    write = text if version == 4 else old_text
    tags = [(b"desc", write(name)), (b"wtpt", tag(b"XYZ ", numbers(0.9642, 1, 0.8249)))]
    for letter, column, trc in zip(b"rgb", columns, curves):
        letter = bytes([letter])
        tags += [(letter + b"XYZ", tag(b"XYZ ", numbers(*column))), (letter + b"TRC", trc)]
    return profile(b"RGB ", b"XYZ ", tags, version)


# Primaries adapted to D50, each a column (Lindbloom; Display P3 as Apple has it).
P3 = [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)]
ADOBE = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]
PROPHOTO = [(0.79767, 0.28804, 0.0), (0.13519, 0.71187, 0.0), (0.03135, 0.00009, 0.82490)]
SRGB_CURVE = parametric(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
SAMPLES = [round(65535 * (i / 63) ** 1.8) for i in range(64)]

PROFILES = {
    "p3": rgb_profile("Display P3", P3, [SRGB_CURVE] * 3),
    "gamma": rgb_profile("Gamma 2.2 (Adobe)", ADOBE, [curve(563)] * 3, version=2),
    "sampled": rgb_profile("Wide, of 64 samples", PROPHOTO, [curve(*SAMPLES)] * 3, version=2),
    "linear": rgb_profile("Linear", P3, [curve()] * 3),
    "kinds": rgb_profile("A kind of curve each", P3, [
        parametric(1, 2.0, 0.9, 0.1), parametric(2, 2.2, 0.9, 0.05, 0.02),
        parametric(4, 2.4, 0.94, 0.055, 0.06, 0.04, 0.001, 0.002)]),
}
GREY = profile(b"GRAY", b"XYZ ", [(b"desc", text("Grey, gamma 1.8")), (b"kTRC", curve(461))])
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
SRGB_BYTES = SRGB.tobytes()
# Ones that are not understood: what counts is what is said of them.
CMYK = profile(b"CMYK", b"Lab ", [(b"desc", text("A press")), (b"A2B0", tag(b"mft2", bytes(40)))])
TABLE = profile(b"RGB ", b"Lab ", [(b"desc", old_text("A scanner")), (b"A2B0", tag(b"mft2", bytes(40)))], version=2)


def want(name, rgb):
    h, w, _ = rgb.shape
    pixels = np.dstack([rgb.astype(np.uint16) * 257, np.full((h, w), 65535, np.uint16)])
    with open(name + ".want", "wb") as f:
        f.write(struct.pack("<HH", w, h) + pixels.astype("<u2").tobytes())


def save(name, image, icc, **options):
    image.save(name, icc_profile=icc, **options)
    stored = Image.open(name)
    assert stored.info.get("icc_profile") == icc, name
    if icc in (CMYK, TABLE):
        return want(name, np.asarray(stored.convert("RGB")))
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    managed = ImageCms.profileToProfile(stored, source, SRGB, RELATIVE, "RGB", flags=UNOPTIMISED)
    want(name, np.asarray(managed))


def split(name, icc):
    """Splits the segment of a profile into two, the second one first."""
    data = open(name, "rb").read()
    label, half = b"ICC_PROFILE\0", len(icc) // 2
    whole = label + b"\1\1" + icc
    parts = [label + b"\2\2" + icc[half:], label + b"\1\2" + icc[:half]]
    segment = lambda body: b"\xff\xe2" + struct.pack(">H", 2 + len(body)) + body
    assert segment(whole) in data
    with open(name, "wb") as f:
        f.write(data.replace(segment(whole), b"".join(map(segment, parts))))
    assert Image.open(name).info["icc_profile"] == icc


rgb = Image.fromarray(scene())
grey = Image.fromarray(scene()[..., 0])
for label, icc in PROFILES.items():
    save(f"profile-{label}.png", rgb, icc)
save("profile-grey.png", grey, GREY)
save("profile-p3.tif", rgb, PROFILES["p3"], compression="tiff_adobe_deflate")
save("profile-p3.webp", rgb, PROFILES["p3"], lossless=True)
# Smooth and pale, as JPEG decoders differ on edges and the ends of a gamut amplify
# that, and with the profile in two segments.
smooth = Image.fromarray(90 + np.sort(np.sort(scene(), 0), 1) // 4)
save("profile-parts.jpg", smooth, PROFILES["gamma"], quality=100, subsampling=0)
split("profile-parts.jpg", PROFILES["gamma"])
save("profile-srgb.png", rgb, SRGB_BYTES)
save("profile-cmyk.png", rgb, CMYK)
save("profile-table.tif", rgb, TABLE)
