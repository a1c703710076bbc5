"""Trains the built-in network on what a distilled VGG-19 sees: see README.md beside this file.

    python3 train.py --teacher vgg19-distilled.pth --photos FOLDER --small FOLDER --paintings FILE ... --out RUN
"""
from __future__ import annotations

import argparse
import math
import os
import time
from copy import deepcopy
from pathlib import Path
from typing import Dict, NamedTuple, Tuple

import torch
from torch import nn

from data import Pictures, batch, load
from network import Lesson, Readout, Student, Teacher


class Settings(NamedTuple):
    """What the result depends on beside the data. A step is one batch, seen as it is and once more, moved."""

    steps: int = 6000
    seed: int = 0
    # Adam's: the rate rises over so many steps and falls to 0 by half a cosine.
    rate: float = 2e-3
    rise: int = 100
    # What the costs count: telling the teacher's layers, telling the real network's, and the geometry.
    hidden: float = 1.0
    real: float = 1.0
    geometry: float = 1.0
    # Places of a batch that the costs look at, drawn anew for each layer.
    places: int = 4096
    # How far a crop is moved against the network: the root of the sum of squares over its 3 x side x side levels of 0
    # to 1.
    radius: float = 1.5
    # Of the mean over weights that is exported.
    average: float = 0.999


def rows(maps: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Returns the activations (places, C) of maps (N, C, h, w) at places, numbered row by row, picture by picture."""
    return maps.permute(0, 2, 3, 1).flatten(0, 2)[places]


def spread(seen: torch.Tensor) -> float:
    """Returns the standard deviation of activations (places, C) about the mean of their channel, over all channels."""
    return float((seen - seen.mean(0)).float().pow(2).mean().sqrt())


def geometry(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """Returns how differently the same places lie to one another in two activations (places, C): 0 where one is the
    other turned and scaled.

    That is 1 minus linear centred kernel alignment (Kornblith et al. 2019, eq. 5), and the same without centring: a
    style cost compares means and covariances. Two networks with one geometry have the same style costs.
    """
    costs = []
    for s, t in ((student, teacher), (student - student.mean(0), teacher - teacher.mean(0))):
        shared, own, other = (p.T @ q for p, q in ((s, t), (s, s), (t, t)))
        costs.append(1 - shared.float().pow(2).sum() / (own.float().norm() * other.float().norm()).clamp(min=1e-12))
    return sum(costs) / len(costs)


class Trainer:
    """Training as a sequence of steps, each of which depends on the state and on its own number alone."""

    def __init__(self, settings: Settings, pictures: Pictures, teacher: Teacher) -> None:
        self.settings, self.pictures = settings, pictures
        torch.manual_seed(settings.seed)
        self.teacher = teacher.to(memory_format=torch.channels_last)
        self.net = nn.ModuleDict({"student": Student(), "readout": Readout(teacher.widths())})
        self.net.to(memory_format=torch.channels_last)
        self.mean = deepcopy(self.net["student"])
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=settings.rate, betas=(0.9, 0.99))
        self.step = 0
        lesson, _ = self.teach(batch(pictures, settings.seed))
        self.units = Lesson(*({name: spread(seen) for name, seen in part.items()} for part in lesson))

    def state(self) -> Dict[str, object]:
        return {"settings": self.settings._asdict(), "step": self.step, "net": self.net.state_dict(),
                "mean": self.mean.state_dict(), "optimizer": self.optimizer.state_dict()}

    def resume(self, state: Dict[str, object]) -> None:
        self.step = state["step"]
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])

    def rate(self) -> float:
        """Returns the learning rate of this step."""
        s = self.settings
        rising = min(1.0, (self.step + 1) / s.rise)
        return s.rate * rising * 0.5 * (1 + math.cos(math.pi * self.step / s.steps))

    @torch.no_grad()
    def teach(self, pictures: torch.Tensor) -> Tuple[Lesson, Dict[str, torch.Tensor]]:
        """Returns what the teacher says of places of pictures (N, 3, H, W), and the places for each layer."""
        hidden, places = {}, {}
        with torch.autocast("cpu", dtype=torch.bfloat16):
            for name, maps in self.teacher(pictures.contiguous(memory_format=torch.channels_last)).items():
                count = maps.shape[0] * maps.shape[2] * maps.shape[3]
                places[name] = torch.randint(count, (self.settings.places,))
                hidden[name] = rows(maps, places[name])
            return Lesson(hidden, self.teacher.real(hidden)), places

    def losses(self, pictures: torch.Tensor) -> Dict[str, torch.Tensor]:
        """Returns the costs, means over layers: of what cannot be told of the teacher's activations, as a share of
        their variance, and of geometry."""
        lesson, places = self.teach(pictures.detach())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            maps = self.net["student"](pictures.contiguous(memory_format=torch.channels_last))
            seen = {name: rows(maps[name], places[name]) for name in maps}
            told: Lesson = self.net["readout"](seen)
            shapes = [geometry(seen[name], lesson.hidden[name]) for name in seen]
        costs = {}
        for kind, said, wanted, unit in zip(Lesson._fields, told, lesson, self.units):
            errors = [(said[name].float() - wanted[name].float() / unit[name]).pow(2).mean() for name in wanted]
            costs[kind] = sum(errors) / len(errors)
        costs["geometry"] = sum(shapes) / len(shapes)
        return costs

    def advance(self) -> Dict[str, float]:
        """Takes one step: the batch as it is, and again moved by the gradient of the first to where the student tells
        least of its teacher (Shafahi et al. 2019). So it learns what the teacher sees nearby, its gradient that is."""
        s = self.settings
        torch.manual_seed(s.seed * 1_000_003 + self.step)
        crops = batch(self.pictures, (s.seed + 1) * 1_000_003 + self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        seen, report = crops.requires_grad_(True), {}
        for when in ("", "moved "):
            costs = self.losses(seen)
            total = s.hidden * costs["hidden"] + s.real * costs["real"] + s.geometry * costs["geometry"]
            self.optimizer.zero_grad(set_to_none=True)
            total.backward()
            nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
            if seen.requires_grad:
                length = seen.grad.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1)
                moved = (crops.detach() + s.radius * seen.grad / length).clamp(0, 1)
            self.optimizer.step()
            seen = moved
            report.update({when + name: cost.item() for name, cost in costs.items()})
        self.step += 1
        self.follow(min(s.average, self.step / (self.step + 10)))
        return report

    @torch.no_grad()
    def follow(self, keep: float) -> None:
        """Moves the mean over weights towards the weights."""
        for mean, now in zip(self.mean.parameters(), self.net["student"].parameters()):
            mean.lerp_(now, 1 - keep)


def save(state: Dict[str, object], path: Path) -> None:
    """Saves whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teacher", type=Path, required=True, help="vgg19-distilled.pth")
    parser.add_argument("--photos", type=Path, required=True, help="folder with *.jpg")
    parser.add_argument("--small", type=Path, required=True, help="folder with train/<class>/*.JPEG")
    parser.add_argument("--paintings", type=Path, required=True, nargs="+", help="picture files")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint.pt, from which a second call goes on")
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints")
    parser.add_argument("--threads", type=int, default=1)
    for name, default in Settings()._asdict().items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    args = parser.parse_args()
    settings = Settings(**{name: getattr(args, name) for name in Settings._fields})
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint = args.out / "checkpoint.pt"

    pictures = load(args.photos, args.small, args.paintings)
    trainer = Trainer(settings, pictures, Teacher(args.teacher))
    if checkpoint.exists():
        trainer.resume(torch.load(checkpoint, map_location="cpu"))
    print(f"{settings} {[len(kind) for kind in pictures]} pictures, from step {trainer.step}", flush=True)
    begun, first = time.time(), trainer.step
    while trainer.step < settings.steps:
        costs = trainer.advance()
        if trainer.step % 20 == 0:
            told = " ".join(f"{name} {cost:.4f}" for name, cost in costs.items())
            print(f"step {trainer.step} {told} {(time.time() - begun) / (trainer.step - first):.2f} s/step", flush=True)
        if trainer.step % args.every == 0 or trainer.step == settings.steps:
            save(trainer.state(), checkpoint)


if __name__ == "__main__":
    main()
