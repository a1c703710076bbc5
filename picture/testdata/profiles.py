#!/usr/bin/python3
"""Makes the fixtures of package picture that carry ICC profiles.

Needs Pillow >= 9.4 with WebP, libtiff and littlecms, and NumPy. Run it in this
directory. The profiles are written here, but for sRGB's, which is littlecms's
own; the reference pixels beside each fixture (make.py says what they hold) are
what littlecms makes of it in sRGB: with relative colorimetry, but with the
perceptual intent where the profile is of version 4 and has a table.
"""
import io
import struct

import numpy as np
from PIL import Image, ImageCms

W, H = 23, 17
PERCEPTUAL, RELATIVE, UNOPTIMISED = 0, 1, 0x0100


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


def lab(xyz):
    """CIELAB of XYZ, in which the white of profiles is (0.9642, 1, 0.8249)."""
    t = np.asarray(xyz) / (0.9642, 1, 0.8249)
    f = np.where(t > (24 / 116) ** 3, np.cbrt(t), t * 841 / 108 + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def grid(*sides):
    """The corners of a table, 0 to 1, of which the last channel runs fastest."""
    return np.stack(np.meshgrid(*[np.linspace(0, 1, n) for n in sides], indexing="ij"), -1).reshape(-1, len(sides))


def of_light(light):
    return lab(light @ np.array(ADOBE))


def of_inks(cmyk):
    """A press whose black is no more than dark."""
    inks = np.array([(0.12, 0.45, 0.75), (0.7, 0.1, 0.25), (0.95, 0.8, 0.08), (0.06, 0.055, 0.05)])
    return of_light(np.prod(1 - cmyk[..., None] * (1 - inks), -2))


def table16(corners, sides, values, *curves):
    """A lut16Type to Lab in its old encoding, with a curve of samples per channel."""
    l, a, b = (values + (0, 128, 128)).T * 256
    coded = np.round(np.clip(np.stack([l * 255 / 100, a, b], -1), 0, 65535)).astype(">u2")
    entries = np.round(65535 * np.array(curves)).astype(">u2")
    head = struct.pack(">BBBx", corners.shape[-1], 3, sides) + numbers(1, 0, 0, 0, 1, 0, 0, 0, 1)
    out = np.array([[0, 65535]] * 3, ">u2")
    return tag(b"mft2", head + struct.pack(">HH", entries.shape[1], 2) + entries.tobytes() + coded.tobytes() + out.tobytes())


def table8(corners, sides, values):
    """A lut8Type to Lab."""
    l, a, b = (values + (0, 128, 128)).T
    coded = np.round(np.clip(np.stack([l * 255 / 100, a, b], -1), 0, 255)).astype("u1")
    head = struct.pack(">BBBx", corners.shape[-1], 3, sides) + numbers(1, 0, 0, 0, 1, 0, 0, 0, 1)
    line = bytes(range(256))
    return tag(b"mft1", head + line * corners.shape[-1] + coded.tobytes() + line * 3)


def modular(sides, values):
    """A lutAToBType to XYZ with all its parts."""
    b = parametric(0, 1.0) * 3
    matrix = numbers(0.98, 0.01, 0.005, 0.0, 0.97, 0.01, 0.005, 0.01, 0.96, 0.0005, 0.0005, 0.0005)
    m = parametric(0, 1.1) * 2 + curve(0, 30000, 65535) + bytes(2)
    a = parametric(0, 1.2) * 3
    coded = np.round(65535 * np.clip(np.array(values) * 32768 / 65535, 0, 1)).astype(">u2").tobytes()
    clut = bytes(sides).ljust(16, b"\0") + b"\2\0\0\0" + coded + bytes(-len(coded) % 4)
    offsets, body = [], b""
    for part in (b, matrix, m, clut, a):
        offsets.append(32 + len(body))
        body += part
    return tag(b"mAB ", struct.pack(">BB2x5I", 3, 3, *offsets) + body)


def table_profile(space, connection, name, table, version=2):
    write = text if version == 4 else old_text
    return profile(space, connection, [
        (b"desc", write(name)), (b"wtpt", tag(b"XYZ ", numbers(0.9642, 1, 0.8249))), (b"A2B0", table)], version)


G5, G4, G345 = grid(5, 5, 5), grid(4, 4, 4, 4), grid(3, 4, 5)
RISE = [(i / 15) ** 1.4 for i in range(16)]
TABLE = table_profile(b"RGB ", b"Lab ", "A scanner", table16(G5, 5, of_light(G5 ** 1.5), RISE, RISE, RISE))
TABLE8 = table_profile(b"RGB ", b"Lab ", "An old scanner", table8(G5, 5, of_light(G5 ** 2.2)))
MODULAR = table_profile(b"RGB ", b"XYZ ", "A camera", modular((3, 4, 5), (G345 ** 1.6) @ np.array(ADOBE)), version=4)
LINE = np.linspace(0, 1, 16).tolist()
CMYK = table_profile(b"CMYK", b"Lab ", "A press", table16(G4, 4, of_inks(G4), LINE, LINE, RISE, LINE))
GREY_LAB = profile(b"GRAY", b"Lab ", [(b"desc", text("Grey of Lab")), (b"kTRC", curve(300))])
TONED = np.array([(100 * v ** 0.9, 8 * v * (1 - v), 20 * v * (1 - v)) for v in np.linspace(0, 1, 9)])
GREY_TABLE = table_profile(b"GRAY", b"Lab ", "Sepia", table16(np.linspace(0, 1, 9)[:, None], 9, TONED, RISE))


def want(name, rgb):
    h, w, _ = rgb.shape
    pixels = np.dstack([rgb.astype(np.uint16) * 257, np.full((h, w), 65535, np.uint16)])
    with open(name + ".want", "wb") as f:
        f.write(struct.pack("<HH", w, h) + pixels.astype("<u2").tobytes())


def save(name, image, icc, managed=True, **options):
    image.save(name, icc_profile=icc, **options)
    stored = Image.open(name)
    assert stored.info.get("icc_profile") == icc, name
    if not managed:
        return want(name, np.asarray(stored.convert("RGB")))
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    intent = PERCEPTUAL if icc is MODULAR else RELATIVE
    want(name, np.asarray(ImageCms.profileToProfile(stored, source, SRGB, intent, "RGB", flags=UNOPTIMISED)))


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
save("profile-table.tif", rgb, TABLE)
save("profile-table8.png", rgb, TABLE8)
save("profile-modular.png", rgb, MODULAR)
save("profile-grey-lab.png", grey, GREY_LAB)
save("profile-grey-table.png", grey, GREY_TABLE)
inks = np.sort(np.sort(np.dstack([scene(), 120 - scene()[..., 0] // 3]), 0), 1)
save("profile-press.jpg", Image.fromarray(inks, "CMYK"), CMYK, quality=100, subsampling=0)
# Not for such a picture.
save("profile-cmyk.png", rgb, CMYK, managed=False)
