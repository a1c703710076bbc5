#!/usr/bin/env python3
"""Measures what a frame of a video takes, in processor time, against one iteration of
VGG-19 in PyTorch at the same size.

    sudo apt-get install python3-torch python3-opencv
    /usr/bin/python3 bench/video.py [--size 640x360] [--frames 6] [--threads 2] [--rounds 1]

The video pans over a photograph. pastiche video paints it as it does by default: recipe
fine, built-in network. The script reads the processor time (user and system) of pastiche
at each frame that is done, so that other programs on the machine disturb little. Between
the rounds it measures iterations in PyTorch, float32, as bench/compare.py does.

Printed are the first frame, which is painted as a picture is, the median of the frames
that follow it, the median of PyTorch's iterations, and the ratio of a following frame to
such an iteration.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import compare

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEP = (5, 3)  # pixels that the picture moves from frame to frame
TICKS = os.sysconf("SC_CLK_TCK")


class Torch(compare.Torch):
    """The iteration of compare.py on a picture that need not be square."""

    def picture(self, size):
        width, height = size
        return self.torch.empty(1, 3, height, width).uniform_(-1, 1)


def measure_torch(args):
    """What a process of its own prints for --torch: seconds of processor time."""
    import torch

    torch.set_num_threads(args.threads)
    side = Torch(torch, args.size, False)
    seconds = []
    for i in range(compare.WARM_UP + 3):
        start = time.process_time()
        side.iteration()
        if i >= compare.WARM_UP:
            seconds.append(time.process_time() - start)
    print(json.dumps(seconds))


def torch_seconds(args):
    size = "x".join(map(str, args.size))
    command = [sys.executable, __file__, "--torch", f"--size={size}", f"--threads={args.threads}"]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def write_video(folder, args):
    import cv2

    width, height = args.size
    photo = cv2.imread(str(ROOT / "examples/photos/castle.jpg"))
    room = [side + args.frames * step for side, step in zip(args.size, STEP)]
    zoom = max(room[0] / photo.shape[1], room[1] / photo.shape[0])
    photo = cv2.resize(photo, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    for n in range(args.frames):
        x, y = n * STEP[0], n * STEP[1]
        cv2.imwrite(str(folder / f"{n + 1:04d}.png"), photo[y:y + height, x:x + width])


def video_seconds(binary, folder, args):
    """The processor seconds of each frame."""
    output = folder / "painted.avi"
    command = [binary, "--threads", str(args.threads), "video", str(folder / "%04d.png"),
               str(ROOT / "examples/paintings/starry-night.jpg"), "-o", str(output), "--size", str(max(args.size)), "--json"]
    used, before = [], 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if json.loads(line)["event"] != "frame":
                continue
            fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            now = (int(fields[11]) + int(fields[12])) / TICKS
            used.append(now - before)
            before = now
        error = process.stderr.read()
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{error}")
    return used


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=lambda text: tuple(map(int, text.split("x"))), default=(640, 360), help="of a frame")
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--torch", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.torch:
        return measure_torch(args)
    first, following, torch = [], [], torch_seconds(args)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        binary = folder / "pastiche"
        subprocess.run(["go", "build", "-o", binary, "./cmd/pastiche"], cwd=ROOT, check=True)
        write_video(folder, args)
        for _ in range(args.rounds):
            used = video_seconds(binary, folder, args)
            first.append(used[0])
            following += used[1:]
            torch += torch_seconds(args)
    width, height = args.size
    frame, iteration = statistics.median(following), statistics.median(torch)
    print(f"processor time at {width} x {height}, {args.threads} threads: first frame {statistics.median(first):.1f} s, "
          f"a following frame {frame:.2f} s (median of {len(following)}, least {min(following):.2f} s)")
    print(f"one iteration of VGG-19 in PyTorch {iteration:.2f} s (median of {len(torch)}, least {min(torch):.2f} s); "
          f"a following frame takes {frame / iteration:.2f} of it")


if __name__ == "__main__":
    main()
