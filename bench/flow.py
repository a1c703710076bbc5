#!/usr/bin/env python3
"""Compares the optical flow of package flow with OpenCV's DISOpticalFlow, in end-point
error and in seconds, on pairs of frames whose flow is known exactly.

    sudo apt-get install python3-opencv
    /usr/bin/python3 bench/flow.py [--threads 2] [--rounds 5]

Both frames of a pair are warps of a photograph, interpolated by OpenCV and rounded to
8 bits. For each side the script prints the mean end-point error in pixels, over the pixels
whose point is visible in both frames, the least milliseconds of a pair on the clock, and
the mean milliseconds of processor time, which other programs on the machine disturb less.
OpenCV runs its three presets. The last line is the ratio to pastiche of the means.
"""

import argparse
import pathlib
import subprocess
import tempfile
import time

import cv2
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 640, 360
PRESETS = {
    "ultrafast": cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST,
    "fast": cv2.DISOPTICAL_FLOW_PRESET_FAST,
    "medium": cv2.DISOPTICAL_FLOW_PRESET_MEDIUM,
}
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)


def affine(zoom=1, degrees=0, x=0, y=0):
    """A map of points: zoom and rotation about the centre of the frame, then a shift."""
    a = np.radians(degrees)
    m = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]]) * [[zoom], [zoom], [1]]
    centre = np.array([[1, 0, WIDTH / 2], [0, 1, HEIGHT / 2], [0, 0, 1.0]])
    m = centre @ m @ np.linalg.inv(centre)
    m[:2, 2] += (x, y)
    return m


def apply(m, x, y):
    return m[0, 0] * x + m[0, 1] * y + m[0, 2], m[1, 0] * x + m[1, 1] * y + m[1, 2]


def layer(photo, m):
    """The frame in which a photograph's points moved by m."""
    x, y = apply(np.linalg.inv(m), X, Y)
    dy, dx = (photo.shape[0] - HEIGHT) // 2, (photo.shape[1] - WIDTH) // 2
    return cv2.remap(photo, (x + dx).astype(np.float32), (y + dy).astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


def photo(name):
    p = cv2.imread(str(ROOT / "examples/photos" / name), cv2.IMREAD_GRAYSCALE)
    zoom = max(1, (WIDTH + 64) / p.shape[1], (HEIGHT + 64) / p.shape[0])
    return cv2.resize(p, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC).astype(np.float32)


def one_layer(name, motion, alter=lambda p: p):
    before, after = motion(-0.5), motion(0.5)
    p = photo(name)
    x, y = apply(after @ np.linalg.inv(before), X, Y)
    visible = (x >= 0) & (y >= 0) & (x <= WIDTH - 1) & (y <= HEIGHT - 1)
    return layer(p, before), alter(layer(p, after)), np.dstack([x - X, y - Y]), visible


def disc(m, radius):
    x, y = apply(np.linalg.inv(m), X, Y)
    return np.clip(radius + 0.5 - np.hypot(x - WIDTH / 2, y - HEIGHT / 2), 0, 1)


def two_layers(back, front, back_motion, front_motion, radius):
    frames = []
    for share in -0.5, 0.5:
        mask = disc(front_motion(share), radius)
        frames.append(layer(photo(back), back_motion(share)) * (1 - mask) + layer(photo(front), front_motion(share)) * mask)
    bx, by = apply(back_motion(0.5) @ np.linalg.inv(back_motion(-0.5)), X, Y)
    fx, fy = apply(front_motion(0.5) @ np.linalg.inv(front_motion(-0.5)), X, Y)
    inside = disc(front_motion(-0.5), radius) >= 0.5
    x, y = np.where(inside, fx, bx), np.where(inside, fy, by)
    px, py = apply(np.linalg.inv(front_motion(0.5)), bx, by)
    hidden = ~inside & (np.hypot(px - WIDTH / 2, py - HEIGHT / 2) <= radius)
    visible = (x >= 0) & (y >= 0) & (x <= WIDTH - 1) & (y <= HEIGHT - 1) & ~hidden
    return frames[0], frames[1], np.dstack([x - X, y - Y]), visible


def noisy(p):
    return p + np.random.default_rng(1).normal(0, 4, p.shape)


def waves(name):
    """A motion that is rigid nowhere: the first frame is the second one, sampled along the flow."""
    p, m = photo(name), affine()
    u, v = 5 * np.sin(2 * np.pi * Y / 90) + 2, 3 * np.sin(2 * np.pi * X / 70)
    y, x = Y + v + (p.shape[0] - HEIGHT) // 2, X + u + (p.shape[1] - WIDTH) // 2
    before = cv2.remap(p, x.astype(np.float32), y.astype(np.float32), cv2.INTER_CUBIC)
    visible = (X + u >= 0) & (Y + v >= 0) & (X + u <= WIDTH - 1) & (Y + v <= HEIGHT - 1)
    return before, layer(p, m), np.dstack([u, v]), visible


SCENES = {
    "pan": lambda: one_layer("castle.jpg", lambda s: affine(x=5.3 * s, y=-2.7 * s)),
    "fast pan": lambda: one_layer("chenonceau.jpg", lambda s: affine(x=41.4 * s, y=8.2 * s)),
    "zoom": lambda: one_layer("horses.jpg", lambda s: affine(zoom=1.05**s)),
    "rotation": lambda: one_layer("bridge.jpg", lambda s: affine(degrees=3 * s)),
    "darker pan": lambda: one_layer("castle.jpg", lambda s: affine(x=5.3 * s, y=-2.7 * s), lambda p: p * 0.85 - 5),
    "noisy pan": lambda: one_layer("castle.jpg", lambda s: affine(x=5.3 * s, y=-2.7 * s), noisy),
    "waves": lambda: waves("bee.jpg"),
    "two layers": lambda: two_layers("great-wall.jpg", "coffee.jpg", lambda s: affine(x=-3.5 * s, y=1.2 * s),
                                     lambda s: affine(x=9.3 * s, y=-2.4 * s), 90),
}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--rounds", type=int, default=5)
    options = options.parse_args()
    cv2.setNumThreads(options.threads)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        scenes, folders = {}, []
        for i, (name, make) in enumerate(SCENES.items()):
            before, after, truth, visible = make()
            before, after = (np.clip(np.rint(p), 0, 255).astype(np.uint8) for p in (before, after))
            folder = work / str(i)
            folder.mkdir()
            before.tofile(folder / "from.raw")
            after.tofile(folder / "to.raw")
            folders.append(folder)
            scenes[name] = before, after, truth, visible
        subprocess.run(["go", "build", "-o", work / "flow", "./bench/flow"], cwd=ROOT, check=True)
        lines = subprocess.run([work / "flow", str(WIDTH), str(HEIGHT), str(options.threads), str(options.rounds), *folders],
                                 check=True, capture_output=True, text=True).stdout.splitlines()
        columns = ["pastiche", *PRESETS]
        print(f"{'':12}" + "".join(f"{c:>28}" for c in columns))
        totals = np.zeros((len(columns), 3))
        for folder, line, (name, (before, after, truth, visible)) in zip(folders, lines, scenes.items()):
            found = [(np.fromfile(folder / "flow.raw", np.float32).reshape(HEIGHT, WIDTH, 2), *map(float, line.split()))]
            for preset in PRESETS.values():
                dis = cv2.DISOpticalFlow_create(preset)
                field, least, processor = dis.calc(before, after, None), float("inf"), time.process_time()
                for _ in range(options.rounds):
                    begin = time.perf_counter()
                    dis.calc(before, after, None)
                    least = min(least, time.perf_counter() - begin)
                found.append((field, least, (time.process_time() - processor) / options.rounds))
            rows = np.array([(np.hypot(*np.moveaxis(field - truth, 2, 0))[visible].mean(), 1e3 * least, 1e3 * processor)
                             for field, least, processor in found])
            totals += rows / len(scenes)
            show(name, rows)
        show("mean", totals)
        print(f"{'ratio':12}" + "".join(f"{e:13.2f}{clock:8.2f}{processor:7.2f}" for e, clock, processor in totals / totals[0]))


def show(name, rows):
    print(f"{name:12}" + "".join(f"{e:10.3f} px{clock:5.0f} ms{processor:5.0f} ms" for e, clock, processor in rows), flush=True)


if __name__ == "__main__":
    main()
