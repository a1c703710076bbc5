#!/usr/bin/python3
"""Makes the fixtures of package picture and their reference pixels.

Needs Pillow >= 9.4 with WebP and libtiff, NumPy, and ImageMagick 6 or 7's
`convert`. Run it in this directory. Beside each fixture NAME lies NAME.want:
width and height as little-endian uint16, then the upright picture as RGBA,
four little-endian uint16 a pixel, as Pillow (or the array that was written)
has it.
"""
import os
import struct
import subprocess
import zlib

import numpy as np
from PIL import Image, ImageOps

W, H = 19, 13  # odd, not square, larger than one JPEG block


def scene():
    """A smooth picture, gentle enough that chroma filters agree, with no symmetry."""
    y, x = np.mgrid[0:H, 0:W].astype(float)
    r = 40 + 10 * x + 2 * y
    g = 220 - 9 * x + 1 * y
    b = 30 + 16 * y + 1 * x
    return np.clip(np.stack([r, g, b], -1), 0, 255).astype(np.uint8)


RGB = scene()
ALPHA = np.clip(np.add.outer(np.arange(H) * 9, np.arange(W) * 10), 0, 255).astype(np.uint8)
RGBA = np.dstack([RGB, ALPHA])
GREY = RGB[..., 0]
RGB16 = RGB.astype(np.uint16) * 257 + np.arange(W, dtype=np.uint16)[None, :, None] * 5
ALPHA16 = ALPHA.astype(np.uint16) * 257
im = Image.fromarray


def want(name, pixels16):
    h, w, _ = pixels16.shape
    with open(name + ".want", "wb") as f:
        f.write(struct.pack("<HH", w, h) + pixels16.astype("<u2").tobytes())


def want8(name, image):
    want(name, np.asarray(image.convert("RGBA")).astype(np.uint16) * 257)


def pillow(name):
    """Pillow's own decoding is the reference."""
    want8(name, ImageOps.exif_transpose(Image.open(name)))


def save(name, image, **options):
    image.save(name, **options)
    pillow(name)


def convert(*arguments):
    subprocess.run(["convert", *arguments], check=True)
    pillow(arguments[-1].split(":")[-1])


def tiled_tiff(name, rgb, side=16):
    """Writes deflated tiles; those at the edges are filled up with zeros, where
    libtiff leaves what was in memory."""
    h, w, _ = rgb.shape
    tiles = []
    for y in range(0, h, side):
        for x in range(0, w, side):
            tile = np.zeros((side, side, 3), np.uint8)
            part = rgb[y:y + side, x:x + side]
            tile[:part.shape[0], :part.shape[1]] = part
            tiles.append(zlib.compress(tile.tobytes(), 9))
    n = len(tiles)
    short, long = 3, 4
    entries = 10
    lists = 8 + 2 + 12 * entries + 4  # where what does not fit an entry begins
    offsets, counts = lists + 6, lists + 6 + 4 * n
    at = counts + 4 * n
    starts = [at + sum(map(len, tiles[:i])) for i in range(n)]
    directory = [
        (256, short, 1, w), (257, short, 1, h), (258, short, 3, lists), (259, short, 1, 8), (262, short, 1, 2),
        (277, short, 1, 3), (322, short, 1, side), (323, short, 1, side), (324, long, n, offsets), (325, long, n, counts),
    ]
    with open(name, "wb") as f:
        f.write(struct.pack("<2sHIH", b"II", 42, 8, entries))
        for entry in directory:
            f.write(struct.pack("<HHII", *entry))
        f.write(struct.pack("<I3H", 0, 8, 8, 8))
        f.write(struct.pack("<%dI" % (2 * n), *starts, *map(len, tiles)))
        f.write(b"".join(tiles))
    pillow(name)


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png16(name, array, colour, extra=b""):
    h, w = array.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    with open(name, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 16, colour, 0, 0, 0)))
        f.write(extra + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))


def opaque16(a):
    return np.dstack([a, np.full(a.shape[:2], 65535, np.uint16)])


def exif(orientation):
    e = Image.Exif()
    e[0x0112] = orientation
    return e


# JPEG
for label, sub in (("444", 0), ("422", 1), ("420", 2)):
    save(f"jpeg-{label}.jpg", im(RGB), quality=95, subsampling=sub)
save("jpeg-progressive.jpg", im(RGB), quality=95, subsampling=2, progressive=True)
save("jpeg-grey.jpg", im(GREY), quality=95)
save("jpeg-cmyk.jpg", im(RGB).convert("CMYK"), quality=95)
im(RGB).save("tmp.png")
convert("tmp.png", "-colorspace", "CMYK", "-quality", "95", "-sampling-factor", "1x1", "jpeg-ycck.jpg")
convert("tmp.png", "-quality", "95", "-sampling-factor", "1x2", "jpeg-440.jpg")
for o in range(1, 9):
    save(f"jpeg-orientation-{o}.jpg", im(RGB), quality=95, subsampling=0, exif=exif(o))

# PNG
save("png-rgb.png", im(RGB))
save("png-rgba.png", im(RGBA))
save("png-grey.png", im(GREY))
save("png-grey-alpha.png", im(np.dstack([GREY, ALPHA]), "LA"))
save("png-grey-trns.png", im(GREY), transparency=int(GREY[0, 0]))
save("png-rgb-trns.png", im(RGB), transparency=tuple(int(v) for v in RGB[2, 3]))
save("png-bilevel.png", im(GREY).convert("1"))
save("png-palette.png", im(RGB).quantize(37))
save("png-palette-2bit.png", im(RGB).quantize(4), bits=2)
save("png-palette-alpha.png", im(RGBA).quantize(40, method=Image.Quantize.FASTOCTREE))
convert("tmp.png", "-interlace", "PNG", "-define", "png:exclude-chunks=date,time", "png-interlaced.png")
save("png-orientation-6.png", im(RGB), exif=exif(6))
png16("png-rgb16.png", RGB16, 2)
want("png-rgb16.png", opaque16(RGB16))
png16("png-rgba16.png", np.dstack([RGB16, ALPHA16]), 6)
want("png-rgba16.png", np.dstack([RGB16, ALPHA16]))
png16("png-grey16.png", RGB16[..., 0], 0)
want("png-grey16.png", opaque16(np.dstack([RGB16[..., 0]] * 3)))
bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(4 << 20), 9))
png16("png-ztxt.png", RGB16, 2, bomb)
want("png-ztxt.png", opaque16(RGB16))

# WebP
save("webp-lossy.webp", im(RGB), quality=95)
save("webp-lossy-alpha.webp", im(RGBA), quality=95)
save("webp-lossless.webp", im(RGB), lossless=True)
save("webp-lossless-alpha.webp", im(RGBA), lossless=True, exact=True)
save("webp-orientation-8.webp", im(RGB), lossless=True, exif=exif(8))
save("webp-animated.webp", im(RGBA), save_all=True, append_images=[im(RGBA[::-1])], lossless=True, exact=True)

# GIF
save("gif.gif", im(RGB).quantize(60))
convert("tmp.png", "-interlace", "GIF", "gif-interlaced.gif")
save("gif-transparent.gif", im(GREY).convert("P"), transparency=int(GREY[0, 0]))
save("gif-animated.gif", im(RGB).quantize(30), save_all=True, append_images=[im(RGB[::-1].copy()).quantize(30)])
convert("tmp.png", "-crop", "7x5+0+0", "+repage", "-page", f"{W}x{H}+4+3", "gif-offset.gif")
# Pillow fills the screen with a palette colour; browsers leave it transparent.
screen = np.zeros((H, W, 4), np.uint8)
screen[3:8, 4:11] = np.dstack([RGB[0:5, 0:7], np.full((5, 7), 255, np.uint8)])
want8("gif-offset.gif", im(screen))

# TIFF
save("tiff.tif", im(RGB))
save("tiff-lzw.tif", im(RGB), compression="tiff_lzw")
save("tiff-deflate.tif", im(RGB), compression="tiff_adobe_deflate")
save("tiff-packbits.tif", im(RGB), compression="packbits")
save("tiff-rgba.tif", im(RGBA))
save("tiff-grey.tif", im(GREY))
save("tiff-palette.tif", im(RGB).quantize(50))
save("tiff-g4.tif", im(GREY).convert("1"), compression="group4")
convert("tmp.png", "-threshold", "50%", "-compress", "Group4", "-define", "quantum:polarity=min-is-white", "tiff-g4-white.tif")
# Pillow 9.4 ignores the orientation of a TIFF.
save("tiff-orientation-5.tif", im(RGB), tiffinfo={274: 5})
want8("tiff-orientation-5.tif", im(RGB.swapaxes(0, 1)))
convert("tmp.png", "-define", "tiff:endian=msb", "-compress", "None", "tiff-bigendian.tif")
tiled_tiff("tiff-tiled.tif", RGB)
png16("tmp16.png", RGB16, 2)
subprocess.run(["convert", "tmp16.png", "-depth", "16", "-compress", "Zip", "tiff-rgb16.tif"], check=True)
want("tiff-rgb16.tif", opaque16(RGB16))

# BMP
save("bmp.bmp", im(RGB))
save("bmp-palette.bmp", im(RGB).quantize(256))
save("bmp-bilevel.bmp", im(GREY).convert("1"))
subprocess.run(["convert", "tmp.png", "-define", "bmp:format=bmp4", "-alpha", "on", "bmp-v4.bmp"], check=True)
pillow("bmp-v4.bmp")

subprocess.run(["rm", "tmp.png", "tmp16.png"], check=True)


def ramps(name, *arguments):
    """A kind of JPEG that Pillow does not write: jpeg_test.go knows its pixels."""
    y, x = np.mgrid[0:37, 0:45]
    rgb = np.stack([60 + 2 * x, 200 - 2 * y, 50 + x + y], -1).astype(np.uint8)
    ppm = b"P6 45 37 255\n" + rgb.tobytes()
    with open(f"jpeg/{name}.jpg", "wb") as f:
        f.write(subprocess.run(["cjpeg", "-quality", "98", *arguments], input=ppm, stdout=subprocess.PIPE, check=True).stdout)


# Needs cjpeg of libjpeg-turbo.
os.makedirs("jpeg", exist_ok=True)
for factors in ("3x1,1x1,1x1", "1x4,1x1,1x1", "2x2,1x1,1x2", "2x2,2x1,1x1", "1x1,2x1,2x1", "1x1,2x2,2x2", "4x1,2x1,1x1"):
    ramps(factors.replace(",", "-"), "-sample", factors)
with open("scans.txt", "w") as f:
    f.write("0; 1; 2;")
ramps("scans", "-sample", "4x2,2x1,1x1", "-scans", "scans.txt", "-restart", "3B")
os.remove("scans.txt")
ramps("rgb", "-sample", "2x2,1x1,1x1", "-rgb")
ramps("progressive", "-sample", "2x2,1x1,1x1", "-progressive", "-restart", "2B")
ramps("progressive-3x2", "-sample", "3x2,1x1,1x1", "-progressive", "-restart", "2B")
ramps("restarts", "-sample", "1x1", "-restart", "2B")
