#!/usr/bin/env python3
"""Writes the TIFFs of this folder and what their pixels are.

A picture NAME.want holds width and height, then red, green, blue and opacity
of each pixel, all little-endian numbers of 16 bits. The file NAME-KIND.tif holds that picture. Files
come from libtiff's tiffcp and Pillow, or from the writer below where these have no
way to write a kind; check() then reads the file with libtiff and compares.

Needs Debian's libtiff-tools, python3-pil, python3-numpy and python3-tifffile.
"""
import glob
import io
import os
import struct
import subprocess
import tempfile
import zlib

import numpy as np
import tifffile
from PIL import Image, ImageCms

W, H = 20, 12
yy, xx = np.mgrid[0:H, 0:W]
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
os.chdir(os.path.dirname(os.path.abspath(__file__)))
for old in glob.glob("*.tif") + glob.glob("*.want"):
    os.remove(old)


def want(name, colours, alpha=None):
    """colours: H x W (x 3), 0 to 1."""
    colours = np.asarray(colours, float)
    if colours.ndim == 2:
        colours = np.repeat(colours[..., None], 3, -1)
    alpha = np.ones(colours.shape[:2]) if alpha is None else alpha
    pixels = (np.dstack([colours, alpha]).clip(0, 1) * 65535).round().astype("<u2")
    with open(name + ".want", "wb") as f:
        f.write(struct.pack("<HH", pixels.shape[1], pixels.shape[0]) + pixels.tobytes())


def pack(samples, bits, order, kind):
    """The bytes of rows x columns x samples."""
    if kind == 3:
        return samples.astype(order + "f%d" % (bits // 8)).tobytes()
    if bits in (8, 16, 32):
        return samples.astype(order + "u%d" % (bits // 8)).tobytes()
    out = b""
    for row in samples.reshape(samples.shape[0], -1):
        digits = "".join(format(int(v), "0%db" % bits) for v in row)
        digits += "0" * (-len(digits) % 8)
        out += int(digits, 2).to_bytes(len(digits) // 8, "big")
    return out


def directory(tags, at, order):
    """A directory whose values stand behind it, if it stands at an offset."""
    codes = {BYTE: "B", ASCII: "B", SHORT: "H", LONG: "I", RATIONAL: "I", UNDEFINED: "B"}
    entries, values = b"", b""
    behind = at + 2 + 12 * len(tags) + 4
    for tag, kind, numbers in tags:
        numbers = list(numbers)
        value = struct.pack(order + "%d%s" % (len(numbers), codes[kind]), *numbers)
        count = len(numbers) // (2 if kind == RATIONAL else 1)
        if len(value) > 4:
            entry = struct.pack(order + "I", behind + len(values))
            values += value + b"\0" * (len(value) % 2)
        else:
            entry = value.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", tag, kind, count) + entry
    return struct.pack(order + "H", len(tags)) + entries + b"\0" * 4 + values


def write(name, parts, tags, order="<"):
    """A file of strips or tiles, whose offsets are put where a tag has None."""
    out = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 0)
    offsets = []
    for part in parts:
        offsets.append(len(out))
        out += part + b"\0" * (len(part) % 2)
    tags = [(t, k, offsets if v is None else v) for t, k, v in tags]
    out = out[:4] + struct.pack(order + "I", len(out)) + out[8:] + directory(tags, len(out), order)
    with open(name, "wb") as f:
        f.write(out)


def hand(name, samples, photometric, bits=8, kind=1, order="<", planar=1, rows=H, compression=1,
         encode=lambda part: part, drop=(), more=(), parts=None, backwards=False):
    """A file of strips. Returns the samples."""
    samples = np.asarray(samples)
    if samples.ndim == 2:
        samples = samples[..., None]
    n = samples.shape[2]
    planes = [samples[..., i:i + 1] for i in range(n)] if planar == 2 else [samples]
    if parts is None:
        parts = [encode(pack(p[y:y + rows], bits, order, kind)) for p in planes for y in range(0, H, rows)]
    tags = [(256, LONG, [W]), (257, LONG, [H]), (258, SHORT, [bits] * n), (259, SHORT, [compression]),
            (262, SHORT, [photometric]), (273, LONG, None), (277, SHORT, [n]), (278, LONG, [rows]),
            (279, LONG, [len(p) for p in parts]), (284, SHORT, [planar])]
    if kind != 1:
        tags.append((339, SHORT, [kind] * n))
    replaced = {t[0] for t in more}
    tags = sorted([t for t in tags if t[0] not in drop and t[0] not in replaced] + list(more))
    write(name, parts, tags[::-1] if backwards else tags, order)
    return samples


def check(name, samples):
    """libtiff reads the samples out of the file."""
    with tempfile.TemporaryDirectory() as d:
        plain = os.path.join(d, "plain.tif")
        done = subprocess.run(["tiffcp", "-c", "none", "-p", "contig", name, plain], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit("%s: %s" % (name, done.stderr))
        got = tifffile.imread(plain)
    if not np.array_equal(got.reshape(samples.shape).astype(float), np.asarray(samples, float)):
        raise SystemExit(name + ": libtiff reads other samples")


def tiffcp(source, name, *options):
    done = subprocess.run(["tiffcp", *options, source, name], capture_output=True, text=True)
    if done.returncode or "rror" in done.stderr:
        raise SystemExit("%s: %s" % (name, done.stderr))


def scaled(levels, bits):
    return (levels * (2**bits - 1)).round()


base = np.stack([xx / (W - 1), yy / (H - 1), (xx + yy) % 9 / 8], -1)
opacity = ((xx * 7 + yy * 13) % 256) / 255
rgb8, rgb16 = scaled(base, 8), scaled(base, 16)
alpha8, alpha16 = scaled(opacity, 8), scaled(opacity, 16)

# RGB of 8 bits: every layout, compression and order.
want("rgb8", rgb8 / 255)
hand("rgb8-plain.tif", rgb8, 2)
for kind, options in {
    "lzw": ["-c", "lzw"], "lzw-predicted": ["-c", "lzw:2", "-r", "5"], "deflate": ["-c", "zip", "-r", "5"],
    "deflate-predicted": ["-c", "zip:2"], "packbits": ["-c", "packbits", "-r", "5"], "zstd": ["-c", "zstd", "-r", "5"],
    "zstd-predicted": ["-c", "zstd:2"], "tiles": ["-t", "-w", "16", "-l", "16"], "large-tile": ["-t", "-w", "32", "-l", "32", "-c", "zip:2"],
    "planar": ["-p", "separate", "-r", "5"], "planar-tiles": ["-p", "separate", "-t", "-w", "16", "-l", "16", "-c", "packbits"],
    "bigtiff": ["-8"], "bigtiff-bigendian": ["-8", "-B", "-c", "lzw"], "bigendian": ["-B"],
    "right-to-left": ["-f", "lsb2msb"], "right-to-left-lzw": ["-f", "lsb2msb", "-c", "lzw"],
    "right-to-left-packbits": ["-f", "lsb2msb", "-c", "packbits"], "right-to-left-deflate": ["-f", "lsb2msb", "-c", "zip"],
    "right-to-left-zstd": ["-f", "lsb2msb", "-c", "zstd"],
}.items():
    tiffcp("rgb8-plain.tif", "rgb8-%s.tif" % kind, *options)
check("rgb8-deflate-old.tif", hand("rgb8-deflate-old.tif", rgb8, 2, compression=32946, encode=zlib.compress))
check("rgb8-one-bits.tif", hand("rgb8-one-bits.tif", rgb8, 2, more=[(258, SHORT, [8])]))
check("rgb8-no-counts.tif", hand("rgb8-no-counts.tif", rgb8, 2, drop=[279]))
check("rgb8-zero-count.tif", hand("rgb8-zero-count.tif", rgb8, 2, more=[(279, LONG, [0])]))
check("rgb8-no-rows.tif", hand("rgb8-no-rows.tif", rgb8, 2, drop=[278]))
check("rgb8-unsorted.tif", hand("rgb8-unsorted.tif", rgb8, 2, backwards=True))
five = np.dstack([rgb8, alpha8, alpha8])
hand("rgb8-unspecified.tif", five[..., :4], 2, more=[(338, SHORT, [0])])
hand("rgb8-no-extrasamples.tif", five[..., :4], 2)
hand("rgb8-two-unspecified-planar.tif", five, 2, planar=2, more=[(338, SHORT, [0, 0])])


def lzw_old(data):
    """LZW as libtiff wrote it before 1990: codes from the right, widths that grow one code later."""
    bits, value, table, width, out = 0, 0, {}, 9, bytearray()

    def put(code):
        nonlocal bits, value
        value |= code << bits
        bits += width
        while bits >= 8:
            out.append(value & 255)
            value >>= 8
            bits -= 8

    put(256)
    last = b""
    for i in range(len(data)):
        c = data[i:i + 1]
        if len(last + c) == 1 or last + c in table:
            last += c
            continue
        put(table[last] if len(last) > 1 else last[0])
        table[last + c] = 258 + len(table)
        if 258 + len(table) > 1 << width:
            width += 1
        last = c
    put(table[last] if len(last) > 1 else last[0])
    put(257)
    out.append(value & 255)
    return bytes(out)


check("rgb8-lzw-old.tif", hand("rgb8-lzw-old.tif", rgb8, 2, compression=5, encode=lzw_old))

# A thumbnail first, and the picture next to it or in a SubIFD.
def two_pictures(name, sub):
    small, big = pack(rgb8[:4, :4], 8, "<", 1), pack(rgb8, 8, "<", 1)
    def tags(w, h, at, n, more):
        return sorted([(256, LONG, [w]), (257, LONG, [h]), (258, SHORT, [8] * 3), (259, SHORT, [1]), (262, SHORT, [2]),
                       (273, LONG, [at]), (277, SHORT, [3]), (278, LONG, [h]), (279, LONG, [n])] + more)
    pixels = 8 + len(small)
    second = pixels + len(big)
    picture = directory(tags(W, H, pixels, len(big), []), second, "<")
    first = second + len(picture)
    more = [(254, LONG, [1]), (274, SHORT, [6])] + ([(330, LONG, [second])] if sub else [])
    thumbnail = bytearray(directory(tags(4, 4, 8, len(small), more), first, "<"))
    if not sub:
        struct.pack_into("<I", thumbnail, 2 + 12 * thumbnail[0], second)
    with open(name, "wb") as f:
        f.write(b"II*\0" + struct.pack("<I", first) + small + big + picture + thumbnail)


two_pictures("rgb8-thumbnail-first.tif", False)
two_pictures("rgb8-subifd.tif", True)

# Alpha.
want("rgba8", rgb8 / 255, alpha8 / 255)
for kind, options in {"unassociated": {"more": [(338, SHORT, [2])]}, "corel": {"more": [(338, SHORT, [999])]},
                      "planar": {"more": [(338, SHORT, [2])], "planar": 2}}.items():
    hand("rgba8-%s.tif" % kind, five[..., :4], 2, **options)
hand("rgba8-second-extra.tif", five, 2, more=[(338, SHORT, [0, 2])])
premultiplied = scaled(rgb16 / 65535 * opacity[..., None], 16)
want("associated16", np.where(alpha16[..., None] > 0, premultiplied / np.maximum(alpha16[..., None], 1), 0), alpha16 / 65535)
hand("associated16-plain.tif", np.dstack([premultiplied, alpha16]), 2, 16, more=[(338, SHORT, [1])])
want("greyalpha8", rgb8[..., 0] / 255, alpha8 / 255)
ga = np.dstack([rgb8[..., 0], alpha8])
hand("greyalpha8-plain.tif", ga, 1, more=[(338, SHORT, [2])])
hand("greyalpha8-one-bits.tif", ga, 1, more=[(338, SHORT, [2]), (258, SHORT, [8])])
hand("greyalpha8-white.tif", np.dstack([255 - rgb8[..., 0], alpha8]), 0, planar=2, rows=5, more=[(338, SHORT, [2])])

# Numbers of bits and formats.
for bits in (1, 2, 4, 12, 16, 32):
    grey = scaled(base[..., 0], bits)
    want("grey%d" % bits, grey / (2**bits - 1))
    hand("grey%d-black.tif" % bits, grey, 1, bits, rows=5)
    hand("grey%d-white.tif" % bits, 2**bits - 1 - grey, 0, bits, order=">")
want("grey8", rgb8[..., 0] / 255)
hand("grey8-one-plane.tif", rgb8[..., 0], 1, more=[(284, SHORT, [2])])
want("rgb4", scaled(base, 4) / 15)
hand("rgb4-plain.tif", scaled(base, 4), 2, 4)
hand("rgb4-planar.tif", scaled(base, 4), 2, 4, planar=2)
want("rgb16", rgb16 / 65535)
hand("rgb16-plain.tif", rgb16, 2, 16)
hand("rgb16-planar.tif", rgb16, 2, 16, planar=2, order=">")
tiffcp("rgb16-plain.tif", "rgb16-predicted.tif", "-c", "zip:2", "-r", "5")
tiffcp("rgb16-plain.tif", "rgb16-predicted-bigendian.tif", "-c", "lzw:2", "-B")
tiffcp("rgb16-plain.tif", "rgb16-right-to-left.tif", "-c", "none", "-f", "lsb2msb")
tiffcp("grey32-black.tif", "grey32-predicted.tif", "-c", "zip:2")
half = base.astype("f2").astype(float)
want("float", half)
for bits in (16, 32, 64):
    hand("float-%d.tif" % bits, half, 2, bits, 3, order="<>"[bits == 32])
    tiffcp("float-%d.tif" % bits, "float-%d-predicted.tif" % bits, "-c", "zip:3", "-L")


def predict3(rows):
    """Predictor 3 of big-endian floats of 32 bits: the first bytes first, as in a little-endian file."""
    out = b""
    for row in np.frombuffer(rows, "u1").reshape(H, W * 3, 4):
        planes = row.T.ravel().astype(int)
        planes[3:] -= planes[:-3].copy()
        out += (planes % 256).astype("u1").tobytes()
    return zlib.compress(out)


hand("float-32-predicted-bigendian.tif", half, 2, 32, 3, order=">", compression=8, encode=predict3, more=[(317, SHORT, [3])])
check("float-32-predicted-bigendian.tif", half)
want("floatgrey", (base[..., 0] * 1.4 - 0.2).clip(0, 1))
hand("floatgrey-clipped.tif", base[..., 0] * 1.4 - 0.2, 1, 32, 3)

# Palettes.
rng = np.random.default_rng(1)
for bits in (1, 4, 8):
    colours = rng.integers(0, 256, (2**bits, 3))
    index = (xx * 3 + yy) % 2**bits
    want("palette%d" % bits, colours[index] / 255)
    hand("palette%d-plain.tif" % bits, index, 3, bits, more=[(320, SHORT, colours.T.ravel() * 257)])
    if bits == 4:
        hand("palette4-eight-bits.tif", index, 3, bits, more=[(320, SHORT, colours.T.ravel())])
        hand("palette4-upper-bits.tif", index, 3, bits, more=[(320, SHORT, colours.T.ravel() * 256)])

# Faxes, in which 1 is black.
black = (base[..., 0] > np.abs(np.sin(xx * 0.7) * np.cos(yy * 0.9))) * 1
black[3] = 0
black[4] = 1
want("fax", 1 - black)
hand("fax-none.tif", black, 0, 1)
for kind, options in {
    "group3": ["-c", "g3:1d", "-r", "5"], "group3-2d": ["-c", "g3:2d"], "group3-fill": ["-c", "g3:1d:fill"],
    "group3-2d-fill": ["-c", "g3:2d:fill"], "group4": ["-c", "g4", "-r", "5"], "group4-tiles": ["-c", "g4", "-t", "-w", "16", "-l", "16"],
    "group4-right-to-left": ["-c", "g4", "-f", "lsb2msb"],
}.items():
    tiffcp("fax-none.tif", "fax-%s.tif" % kind, *options)
Image.fromarray(1 - black.astype("u1")).point(lambda v: 255 * v).convert("1").save("fax-huffman.tif", compression="tiff_ccitt")
hand("fax-black.tif", 1 - black, 1, 1)
tiffcp("fax-black.tif", "fax-black-group4.tif", "-c", "g4")

# Inks.
inks = scaled(np.dstack([1 - base, 0.3 * opacity]), 8)
rgb_of_inks = (1 - inks[..., :3] / 255) * (1 - inks[..., 3:] / 255)
want("cmyk", rgb_of_inks)
hand("cmyk-plain.tif", inks, 5)
hand("cmyk-planar.tif", inks, 5, planar=2)
hand("cmyk-five.tif", np.dstack([inks, alpha8]), 5, more=[(338, SHORT, [0])])
hand("cmyk-16.tif", inks * 257, 5, 16)

# CIE Lab, against LittleCMS.
lab = np.dstack([base[..., 1] * 90 + 5, base[..., 0] * 50 - 25, base[..., 2] * 60 - 30])
codes = np.dstack([(lab[..., 0] * 2.55).round(), lab[..., 1:].round() + 128]).astype("u1")
signed = np.dstack([codes[..., :1].astype(int), codes[..., 1:].astype(int) - 128])
to_srgb = ImageCms.buildTransform(ImageCms.createProfile("LAB", 5000), ImageCms.createProfile("sRGB"), "LAB", "RGB", 1, 0x0100)  # not by an interpolated table
lcms = ImageCms.applyTransform(Image.frombytes("LAB", (W, H), (signed % 256).astype("u1").tobytes()), to_srgb)
want("lab", np.asarray(lcms) / 255)
hand("lab-cie8.tif", signed % 256, 8)
hand("lab-icc8.tif", codes, 9)
deep = np.dstack([signed[..., 0] * 257, signed[..., 1:] * 256])
hand("lab-cie16.tif", deep % 65536, 8, 16)
hand("lab-icc16.tif", np.dstack([(signed[..., 0] * 256), deep[..., 1:] + 32768]), 9, 16, planar=2)

# YCbCr of colours that change slowly, so that subsampling costs little.
smooth = np.stack([128 + 60 * np.sin(xx / 30), 128 + 60 * np.cos(yy / 25), 100.0 + xx], -1).round()
want("ycc", smooth / 255)


def ycc(rgb, weights=(0.299, 0.587, 0.114), low=0, luma=255, chroma=127):
    r, g, b = np.moveaxis(rgb, -1, 0)
    y = weights[0] * r + weights[1] * g + weights[2] * b
    cb, cr = (b - y) / (2 - 2 * weights[2]), (r - y) / (2 - 2 * weights[0])
    return np.dstack([low + y * luma / 255, 128 + cb * chroma / 127, 128 + cr * chroma / 127]).round()


def units(codes, sub_x, sub_y, rows):
    """Strips of data units: the luma of a block, then its Cb and Cr."""
    strips = []
    for top in range(0, H, rows):
        strip = b""
        for y in range(top, min(top + rows, H), sub_y):
            for x in range(0, W, sub_x):
                block = np.pad(codes[y:y + sub_y, x:x + sub_x], ((0, max(0, y + sub_y - H)), (0, 0), (0, 0)), "edge")
                strip += bytes(block[..., 0].ravel().astype("u1")) + bytes(block[..., 1:].mean((0, 1)).round().astype("u1"))
        strips.append(strip)
    return strips


for sub_x, sub_y in ((2, 2), (4, 1), (1, 2), (4, 4)):
    parts = units(ycc(smooth), sub_x, sub_y, 8)
    hand("ycc-%dx%d.tif" % (sub_x, sub_y), smooth, 6, rows=8, parts=parts, more=[(530, SHORT, [sub_x, sub_y])])
hand("ycc-1x1.tif", ycc(smooth), 6, more=[(530, SHORT, [1, 1])])
hand("ycc-planar.tif", ycc(smooth), 6, planar=2, more=[(530, SHORT, [1, 1])])
studio = [n for v in (16, 235, 128, 240, 128, 240) for n in (v, 1)]
hand("ycc-studio.tif", smooth, 6, parts=units(ycc(smooth, low=16, luma=219, chroma=112), 2, 2, H), more=[(532, RATIONAL, studio)])
rec709 = (0.2126, 0.7152, 0.0722)
hand("ycc-bt709.tif", smooth, 6, parts=units(ycc(smooth, rec709), 2, 1, H),
     more=[(529, RATIONAL, [n for v in rec709 for n in (round(v * 10000), 10000)]), (530, SHORT, [2, 1])])

# JPEG, with loss, as are WebP.
hand("plain.tif", smooth, 2)
tiffcp("plain.tif", "ycc-jpeg.tif", "-c", "jpeg:95", "-t", "-w", "16", "-l", "16")
tiffcp("plain.tif", "ycc-jpeg-rgb.tif", "-c", "jpeg:r:95", "-r", "8")
tiffcp("plain.tif", "ycc-jpeg-rgb-planar.tif", "-c", "jpeg:r:95", "-p", "separate", "-r", "8")
os.remove("plain.tif")
Image.fromarray(smooth.astype("u1")).save("ycc-webp.tif", compression="webp")
want("jpeggrey", smooth[..., 0] / 255)
hand("plain.tif", smooth[..., 0], 1)
tiffcp("plain.tif", "jpeggrey-strips.tif", "-c", "jpeg:95", "-r", "8")
light = np.dstack([smooth * 0.8, 0 * xx]).round()
want("jpegcmyk", 1 - light[..., :3] / 255)
hand("plain.tif", light, 5)
tiffcp("plain.tif", "jpegcmyk-strip.tif", "-c", "jpeg:95")
os.remove("plain.tif")
stream = io.BytesIO()
Image.fromarray(smooth.astype("u1")).save(stream, "JPEG", quality=95, subsampling=0)
stream = stream.getvalue()
hand("ycc-old-jpeg.tif", smooth, 6, compression=6, parts=[stream], more=[(513, LONG, [8]), (514, LONG, [len(stream)])])
hand("ycc-old-jpeg-header.tif", smooth, 6, compression=6, parts=[stream], more=[(513, LONG, [8]), (514, LONG, [stream.index(b"\xff\xda")])])
hand("ycc-old-jpeg-strip.tif", smooth, 6, compression=6, parts=[stream])

size = sum(os.path.getsize(f) for f in glob.glob("*.tif") + glob.glob("*.want"))
print(len(glob.glob("*.tif")), "files,", size, "bytes with their pixels")
