"""Trains the built-in network: see README.md beside this file.

    python3 train.py --data FOLDER --from start.safetensors --out RUN
"""
from __future__ import annotations

import argparse
import os
import time
from copy import deepcopy
from pathlib import Path
from typing import Dict, NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

import safetensors
from data import CANVASES, Pictures, augment, load, to_levels
from network import Trainee, normalize
from warmstart import warm_start


class Settings(NamedTuple):
    """What the result depends on beside the data. One step is one batch, seen twice."""

    steps: int = 7000
    seed: int = 0
    # Steps in which the head alone learns, and its rate; then steps in which the rate rises, and the share of all that
    # follow the head's in which it falls.
    head: int = 400
    head_rate: float = 0.1
    rise: int = 28
    fall: float = 0.7
    rate: float = 0.03
    momentum: float = 0.9
    decay: float = 5e-4
    smoothing: float = 0.1
    # How far a perturbed picture is from the picture, as the root of the sum of squares over its 3 x side x side
    # levels of 0 to 1, for a side of 64; in proportion to the side for others.
    radius: float = 0.75
    # Of the mean over weights that is exported.
    average: float = 0.998


class Trainer:
    """Training as a sequence of steps, each of which depends on the state and on its own number alone."""

    def __init__(self, settings: Settings, train: Pictures, device: torch.device) -> None:
        self.settings, self.pictures, self.device = settings, train, device
        torch.manual_seed(settings.seed)
        self.net = Trainee(int(train.labels.max()) + 1)
        self.step = 0

    def prepare(self) -> None:
        """Moves the network to the device and makes its optimiser and its average."""
        self.net.to(self.device, memory_format=torch.channels_last)
        self.mean = deepcopy(self.net)
        weights = [p for p in self.net.parameters() if p.ndim > 1]
        others = [p for p in self.net.parameters() if p.ndim <= 1]
        self.optimizer = torch.optim.SGD(
            [{"params": weights, "weight_decay": self.settings.decay}, {"params": others, "weight_decay": 0.0}],
            lr=self.settings.rate, momentum=self.settings.momentum, nesterov=True)

    def state(self) -> Dict[str, object]:
        return {"settings": self.settings._asdict(), "step": self.step, "net": self.net.state_dict(),
                "mean": self.mean.state_dict(), "optimizer": self.optimizer.state_dict()}

    def resume(self, state: Dict[str, object]) -> None:
        self.step = state["step"]
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimizer.load_state_dict(state["optimizer"])

    def rate(self) -> float:
        """Returns the learning rate of this step: up, level, and down to 0, in straight lines."""
        s = self.settings
        if self.step < s.head:
            return s.head_rate
        share = (self.step - s.head) / (s.steps - s.head)
        return s.rate * min(1.0, (self.step - s.head) / s.rise + 0.05, (1 - share) / s.fall)

    def batch(self, size: int) -> torch.Tensor:
        """Returns which pictures this step sees: size numbers out of a shuffle of all for each round."""
        count = len(self.pictures.labels)
        per_round = count // max(n for _, n in CANVASES)
        epoch, place = divmod(self.step, per_round)
        order = torch.randperm(count, generator=torch.Generator().manual_seed(self.settings.seed + epoch))
        return order[place * (count // per_round) :][:size]

    def loss(self, seen: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Returns the cost of telling labels (N) from canvases (N, 3, S, S)."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            logits = self.net(normalize(seen).contiguous(memory_format=torch.channels_last))
        return F.cross_entropy(logits.float(), labels, label_smoothing=self.settings.smoothing)

    def advance(self) -> Dict[str, float]:
        """Takes one step: the batch as it is, and again moved by the gradient of the first (Shafahi et al. 2019)."""
        s = self.settings
        torch.manual_seed(s.seed * 1_000_003 + self.step)
        side, size = CANVASES[int(torch.randint(len(CANVASES), (1,)))]
        chosen = self.batch(size)
        canvases = augment(self.pictures.pixels[chosen], side).to(self.device)
        labels = self.pictures.labels[chosen].to(self.device)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        head_only = self.step < s.head
        self.net.features.requires_grad_(not head_only)
        self.net.features.train(not head_only)
        seen, costs = canvases, {}
        for name in ("clean",) if head_only else ("clean", "moved"):
            seen = seen.detach().requires_grad_(name == "clean" and not head_only)
            cost = self.loss(seen, labels)
            self.optimizer.zero_grad(set_to_none=True)
            cost.backward()
            if seen.requires_grad:
                gradient = seen.grad
                length = gradient.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1, 1)
                seen = (canvases + s.radius * side / 64 * gradient / length).clamp(0, 1)
            self.optimizer.step()
            costs[name] = cost.item()
        self.step += 1
        self.follow(0.0 if self.step <= s.head else min(s.average, (self.step - s.head) / (self.step - s.head + 10)))
        return costs

    @torch.no_grad()
    def follow(self, keep: float) -> None:
        """Moves the mean over weights towards the weights."""
        for mean, now in zip(self.mean.state_dict().values(), self.net.state_dict().values()):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - keep)
            else:
                mean.copy_(now)


@torch.no_grad()
def accuracy(net: nn.Module, pictures: Pictures, device: torch.device) -> float:
    """Returns the share of pictures whose label the network tells."""
    net.eval()
    right = 0
    for pixels, labels in zip(pictures.pixels.split(200), pictures.labels.split(200)):
        with torch.autocast(device.type, dtype=torch.bfloat16):
            logits = net(normalize(to_levels(pixels).to(device)).contiguous(memory_format=torch.channels_last))
        right += int((logits.argmax(1).cpu() == labels).sum())
    net.train()
    return right / len(pictures.labels)


def save(state: Dict[str, object], path: Path) -> None:
    """Saves whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with train/<class>/*.JPEG and val/<class>/*.JPEG")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint.pt, from which a second call goes on")
    parser.add_argument("--from", dest="start", type=Path, help="exported network to start from")
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="on a CPU that others use too, one is best: two wait for each other")
    for name, default in Settings()._asdict().items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    args = parser.parse_args()
    settings = Settings(**{name: getattr(args, name) for name in Settings._fields})
    device = torch.device(args.device)
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint = args.out / "checkpoint.pt"

    train, val = load(args.data / "train"), load(args.data / "val")
    trainer = Trainer(settings, train, device)
    if args.start and not checkpoint.exists():
        torch.manual_seed(settings.seed)
        sample = torch.randperm(len(train.labels))[:256]
        tensors, _ = safetensors.read(args.start)
        warm_start(trainer.net.features, tensors, normalize(augment(train.pixels[sample], 64)))
    trainer.prepare()
    if checkpoint.exists():
        trainer.resume(torch.load(checkpoint, map_location=device))
    print(f"{settings} {len(train.labels)} pictures, from step {trainer.step}", flush=True)
    begun, first = time.time(), trainer.step
    while trainer.step < settings.steps:
        costs = trainer.advance()
        if trainer.step % 20 == 0:
            told = " ".join(f"{name} {cost:.3f}" for name, cost in costs.items())
            print(f"step {trainer.step} rate {trainer.rate():.4f} {told} {(time.time() - begun) / (trainer.step - first):.2f} s/step", flush=True)
        if trainer.step % args.every == 0 or trainer.step == settings.steps:
            save(trainer.state(), checkpoint)
        if trainer.step % (5 * args.every) == 0 or trainer.step == settings.steps:
            print(f"step {trainer.step} accuracy {accuracy(trainer.net, val, device):.4f} mean {accuracy(trainer.mean, val, device):.4f}", flush=True)


if __name__ == "__main__":
    main()
