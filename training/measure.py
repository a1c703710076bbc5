"""Measures what two networks paint, side by side: see README.md beside this file.

    python3 measure.py --pastiche BINARY --judge FOLDER --out FOLDER OLD.safetensors NEW.safetensors

Each network paints the same held-out pairs of a photograph and a painting, and makes ten textures. Three judges that
know neither network measure how far each painting is from its style and from its content; paintings that are there
already are measured as they are. Writes FOLDER/table.md and contact sheets to look at.
"""
from __future__ import annotations

import argparse
import json
import math
import shlex
import subprocess
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import numpy as np
import torch
from PIL import Image

from judges import Judge, distances, panel

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

# Photographs and paintings that no network was trained, scaled or tuned on more than by looking at some.
PAIRS = (
    ("castle", "starry-night"), ("chenonceau", "sunset"), ("great-wall", "moonrise"), ("bridge", "river"),
    ("horses", "poppies"), ("bee", "dolphins"), ("astronaut", "harvest"), ("cat", "starry-night"),
    ("coffee", "sunset"), ("castle", "moonrise"), ("astronaut", "river"), ("chenonceau", "poppies"),
)

# A texture is a painting, or a part of a photograph: left, upper, right and lower side, as shares of the picture.
TEXTURES = (
    ("paintings/starry-night", (0, 0, 1, 1)), ("paintings/sunset", (0, 0, 1, 1)), ("paintings/river", (0, 0, 1, 1)),
    ("paintings/dolphins", (0, 0, 1, 1)), ("paintings/moonrise", (0, 0, 1, 1)), ("paintings/poppies", (0, 0, 1, 1)),
    ("paintings/harvest", (0, 0, 1, 1)), ("photos/great-wall", (0, 0.5, 0.5, 1)), ("photos/horses", (0, 0.5, 0.4, 1)),
    ("photos/bee", (0, 0, 0.5, 0.5)),
)

# What a network's time per iteration is a share of.
REFERENCE = "vgg19-random"
BENCHES = 5


class Candidate(NamedTuple):
    """A network as pastiche's --network takes it, and further flags of what it paints with."""

    network: str
    flags: List[str]
    folder: Path


class Painter(NamedTuple):
    """The program that paints, at what long sides in pixels, and where the samples of textures are kept."""

    binary: str
    size: int
    texture_size: int
    inputs: Path

    def run(self, verb: str, arguments: List[str], candidate: Candidate, output: Path, size: int) -> Path:
        """Runs a verb of the program, at a long side in pixels, unless its output is there."""
        if not output.exists():
            output.parent.mkdir(parents=True, exist_ok=True)
            command = [self.binary, verb, *arguments, "-q", "--network", candidate.network, "--size", str(size)]
            subprocess.run([*command, *candidate.flags, "-o", str(output)], check=True)
        return output


def read(path: Path, size: Tuple[int, int]) -> torch.Tensor:
    """Reads a picture at a size (width, height): (1, 3, height, width) in 0..1."""
    with Image.open(path) as picture:
        pixels = np.array(picture.convert("RGB").resize(size, Image.LANCZOS))
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255


def fitted(path: Path, long: int) -> Tuple[int, int]:
    """Returns width and height of a picture whose long side becomes long."""
    with Image.open(path) as picture:
        factor = long / max(picture.size)
        return round(picture.width * factor), round(picture.height * factor)


def judge_paintings(painter: Painter, candidate: Candidate, judges: List[Judge]) -> List[Dict[str, Dict[str, float]]]:
    """Returns for each pair, by the judge's name, the distances of what the candidate paints of it."""
    found = []
    for photo, painting in PAIRS:
        content, style = EXAMPLES / f"photos/{photo}.jpg", EXAMPLES / f"paintings/{painting}.jpg"
        output = candidate.folder / f"{photo}-{painting}.png"
        painter.run("paint", [str(content), str(style)], candidate, output, painter.size)
        size = fitted(content, painter.size)
        pictures = read(output, size), read(content, size), read(style, fitted(style, painter.size))
        found.append({judge.name: distances(judge, *pictures) for judge in judges})
    return found


def judge_textures(painter: Painter, candidate: Candidate, judges: List[Judge]) -> List[Dict[str, float]]:
    """Returns for each texture, by the judge's name, how far what the candidate makes of it is from it."""
    found = []
    for name, sides in TEXTURES:
        sample = painter.inputs / f"{Path(name).name}.png"
        if not sample.exists():
            sample.parent.mkdir(parents=True, exist_ok=True)
            with Image.open(EXAMPLES / f"{name}.jpg") as picture:
                box = [round(share * side) for share, side in zip(sides, picture.size * 2)]
                picture.convert("RGB").crop(box).save(sample)
        side = painter.texture_size
        output = painter.run("texture", [str(sample)], candidate, candidate.folder / f"texture-{sample.name}", side)
        pictures = read(output, (side, side)), read(sample, fitted(sample, side))
        found.append({judge.name: judge.style(*pictures) for judge in judges})
    return found


def bench(binary: str, networks: List[str]) -> Dict[str, float]:
    """Returns each network's seconds per iteration at 512 pixels in float32: the least of several runs, taken in turns."""
    least = {network: math.inf for network in networks}
    for _ in range(BENCHES):
        for network in networks:
            command = [binary, "bench", "--network", network, "--precision", "float32", "--json"]
            told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
            least[network] = min(least[network], json.loads(told)["seconds_per_iteration"]["min"])
    return least


def geometric_mean(values: List[float]) -> float:
    return math.exp(sum(math.log(v) for v in values) / len(values))


def table(judges: List[Judge], old: List[Dict[str, Dict[str, float]]], new: List[Dict[str, Dict[str, float]]]) -> List[str]:
    """Returns the lines of a table: for each pair and judge, style + content distance of old and new."""
    lines = ["| pair | " + " | ".join(f"{judge.name}: old | new" for judge in judges) + " | new / old |",
             "|---" * (2 * len(judges) + 2) + "|"]
    better = 0
    for (photo, painting), before, after in zip(PAIRS, old, new):
        cells, ratios = [], []
        for judge in judges:
            b, a = before[judge.name], after[judge.name]
            cells += [f"{d['style']:.2f} + {d['content']:.2f}" for d in (b, a)]
            ratios.append(a["sum"] / b["sum"])
        better += geometric_mean(ratios) < 1
        lines.append(f"| {photo}, {painting} | " + " | ".join(cells) + f" | {geometric_mean(ratios):.3f} |")
    lines.append(f"\nNew is better on {better} of {len(PAIRS)} pairs, by the geometric mean of the judges' ratios.")
    for judge in judges:
        for part in ("style", "content", "sum"):
            wins = sum(a[judge.name][part] < b[judge.name][part] for b, a in zip(old, new))
            mean = [sum(d[judge.name][part] for d in side) / len(side) for side in (old, new)]
            lines.append(f"- {judge.name}, {part}: mean {mean[0]:.3f} old, {mean[1]:.3f} new; new better on {wins}")
    return lines


def texture_table(judges: List[Judge], old: List[Dict[str, float]], new: List[Dict[str, float]]) -> List[str]:
    """Returns the lines of a table: for each texture and judge, the distance of old and new."""
    lines = ["", "| texture | " + " | ".join(f"{judge.name}: old | new" for judge in judges) + " | new / old |",
             "|---" * (2 * len(judges) + 2) + "|"]
    better = 0
    for (name, _), before, after in zip(TEXTURES, old, new):
        cells = [f"{side[judge.name]:.3f}" for judge in judges for side in (before, after)]
        ratio = geometric_mean([after[judge.name] / before[judge.name] for judge in judges])
        better += ratio < 1
        lines.append(f"| {Path(name).name} | " + " | ".join(cells) + f" | {ratio:.3f} |")
    return lines + [f"\nNew is better on {better} of {len(TEXTURES)} textures."]


def sheet(rows: List[List[Path]], side: int, path: Path) -> None:
    """Saves pictures in rows and columns, each within a square of that side in pixels."""
    canvas = Image.new("RGB", (side * len(rows[0]), side * len(rows)), "white")
    for y, row in enumerate(rows):
        for x, file in enumerate(row):
            with Image.open(file) as picture:
                small = picture.convert("RGB").resize(fitted(file, side), Image.LANCZOS)
            canvas.paste(small, (x * side + (side - small.width) // 2, y * side + (side - small.height) // 2))
    canvas.save(path, quality=85)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs=2, metavar="NETWORK", help="old and new, as pastiche's --network takes them")
    parser.add_argument("--flags", nargs=2, default=["", ""], help="further flags to paint with, of old and of new")
    parser.add_argument("--pastiche", required=True, help="the program that paints")
    parser.add_argument("--judge", type=Path, required=True, help="folder that fetch_judge.sh filled")
    parser.add_argument("--out", type=Path, required=True, help="folder for paintings, tables and contact sheets")
    parser.add_argument("--size", type=int, default=320, help="long side of paintings in pixels")
    parser.add_argument("--texture-size", type=int, default=128, help="side of textures in pixels")
    parser.add_argument("--threads", type=int, default=1, help="of the judges")
    parser.add_argument("--no-bench", action="store_true", help="leave out what needs a quiet machine")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    candidates = [Candidate(network, shlex.split(flags), args.out / side)
                  for side, network, flags in zip(("old", "new"), args.networks, args.flags)]
    painter = Painter(args.pastiche, args.size, args.texture_size, args.out / "textures")
    judges = panel(args.judge)
    lines = table(judges, *(judge_paintings(painter, candidate, judges) for candidate in candidates))
    lines += texture_table(judges, *(judge_textures(painter, candidate, judges) for candidate in candidates))
    if not args.no_bench:
        least = bench(args.pastiche, [REFERENCE, *args.networks])
        lines += [""] + [f"- {network}: {seconds:.3f} s an iteration at 512 pixels, {seconds / least[REFERENCE]:.3f} of {REFERENCE}'s"
                         for network, seconds in least.items()]
    (args.out / "table.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))

    names = [f"{photo}-{painting}.png" for photo, painting in PAIRS]
    rows = [[EXAMPLES / f"photos/{pair[0]}.jpg", EXAMPLES / f"paintings/{pair[1]}.jpg",
             candidates[0].folder / name, candidates[1].folder / name] for pair, name in zip(PAIRS, names)]
    sheet(rows[:6], args.size, args.out / "sheet-1.jpg")
    sheet(rows[6:], args.size, args.out / "sheet-2.jpg")
    samples = [f"{Path(name).name}.png" for name, _ in TEXTURES]
    sheet([[painter.inputs / name for name in samples], *([c.folder / f"texture-{name}" for name in samples] for c in candidates)],
          args.size // 2, args.out / "sheet-textures.jpg")


if __name__ == "__main__":
    main()
