#!/usr/bin/python3
"""Makes the fixtures of package video and their reference pixels.

Needs ffmpeg with zimg (Debian's has it), Pillow >= 9.4 with WebP, and NumPy. Run it in
this directory. Beside each video NAME lies NAME.want: the frames as 8-bit RGBA.

yuv-*.y4m  a frame in each chroma layout, range and matrix. FFmpeg's zscale filter
           converts a picture to it and back, with bilinear filters and without dither.
           .rgb is the picture, .want the way back.
gif-*, webp-*, png-*  animations, composited by Pillow, which agrees with browsers.
"""
import subprocess

import numpy as np
from PIL import Image, ImageSequence


def ffmpeg(data, *args):
    return subprocess.run(["ffmpeg", "-v", "error", *args, "-"], input=data, stdout=subprocess.PIPE, check=True).stdout


def scene(w, h):
    """A smooth picture, gentle enough that the order of filter and matrix is nothing."""
    y, x = np.mgrid[0:h, 0:w].astype(float)
    y, x = y / h, x / w
    r = 40 + 150 * x + 50 * y
    g = 220 - 110 * x + 20 * y
    b = 60 + 100 * y + 60 * np.sin(4 * x)
    return np.clip(np.stack([r, g, b], -1), 0, 255).astype(np.uint8)


LAYOUTS = {  # pixel format and place of the chroma
    "420jpeg": ("yuv420p", "center"),
    "420mpeg2": ("yuv420p", "left"),
    "420paldv": ("yuv420p", "topleft"),
    "411": ("yuv411p", "left"),
    "422": ("yuv422p", "left"),
    "444": ("yuv444p", "left"),
    "mono": ("yuv444p", "left"),  # the first plane
}


def yuv(chroma, full, w, h):
    pixfmt, place = LAYOUTS[chroma]
    matrix = "709" if w >= 1280 or h > 576 else "170m"
    color_range = "full" if full else "limited"
    name = f"yuv-{chroma}-{color_range}-{w}x{h}.y4m"
    picture = scene(w, h).tobytes()
    size = f"{w}x{h}"
    filters = "filter=bilinear:dither=none"
    planes = ffmpeg(picture, "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-i", "-", "-vf",
                    f"format=gbrp,zscale=matrixin=gbr:rangein=full:matrix={matrix}:range={color_range}:chromal={place}:{filters},format={pixfmt}",
                    "-f", "rawvideo")
    if chroma == "mono":
        planes = planes[:w * h]
        y = np.frombuffer(planes, np.uint8).astype(float)
        if not full:
            y = (y - 16) * 255 / 219
        back = np.repeat(np.clip(np.round(y), 0, 255).astype(np.uint8)[:, None], 3, 1).tobytes()
    else:
        back = ffmpeg(planes, "-f", "rawvideo", "-pix_fmt", pixfmt, "-s", size, "-i", "-", "-vf",
                      f"zscale=matrixin={matrix}:rangein={color_range}:chromalin={place}:matrix=gbr:range=full:{filters},format=gbrp,format=rgb24",
                      "-f", "rawvideo", "-pix_fmt", "rgb24")
    header = f"YUV4MPEG2 W{w} H{h} F25:1 Ip A1:1 C{chroma} XCOLORRANGE={color_range.upper()}\nFRAME\n"
    open(name, "wb").write(header.encode() + planes)
    open(name + ".rgb", "wb").write(picture)
    rgba = np.concatenate([np.frombuffer(back, np.uint8).reshape(-1, 3), np.full((w * h, 1), 255, np.uint8)], 1)
    open(name + ".want", "wb").write(rgba.tobytes())


for chroma in LAYOUTS:
    for full in (False, True):
        yuv(chroma, full, 24, 16)
yuv("420mpeg2", False, 1280, 4)
yuv("444", True, 1280, 2)


def want(name):
    with Image.open(name) as video:
        frames = b"".join(f.convert("RGBA").tobytes() for f in ImageSequence.Iterator(video))
    open(name + ".want", "wb").write(frames)


def frames(n, w=20, h=14):
    """A square of a palette's color that moves, with a hole, on nothing."""
    for i in range(n):
        a = np.zeros((h, w, 4), np.uint8)
        a[2:9, 2 + 2 * i:9 + 2 * i] = (200 - 30 * i, 40 + 30 * i, 90, 255)
        a[4:6, 4 + 2 * i:6 + 2 * i] = 0
        yield Image.fromarray(a)


first, *others = frames(5)
for disposal, label in ((1, "keep"), (2, "clear"), (3, "previous")):
    name = f"gif-{label}.gif"
    first.save(name, save_all=True, append_images=others, duration=40, loop=0, disposal=disposal)
    want(name)
for disposal, label in ((0, "keep"), (1, "clear"), (2, "previous")):
    for blend in (0, 1):
        name = f"png-{label}-{('source', 'over')[blend]}.png"
        first.save(name, save_all=True, append_images=others, duration=[40, 40, 120, 40, 40], disposal=disposal, blend=blend)
        want(name)
first.save("webp-lossless.webp", save_all=True, append_images=others, duration=40, lossless=True, exact=False)
want("webp-lossless.webp")
first.save("webp-mixed.webp", save_all=True, append_images=others, duration=[33, 34, 33, 33, 34], allow_mixed=True, quality=90)
want("webp-mixed.webp")

# 29.97 frames a second, Motion JPEG and sound, from FFmpeg.
subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=30000/1001",
                "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=8000", "-frames:v", "6", "-t", "0.2",
                "-c:v", "mjpeg", "-q:v", "5", "-c:a", "pcm_u8", "-bitexact", "video.avi"], check=True)
