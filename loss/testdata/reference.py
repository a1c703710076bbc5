#!/usr/bin/python3
"""Writes reference.json: activations and their costs, computed by PyTorch in float64.

The formulas are those of "Deep Learning & Art: Neural Style Transfer". Style costs use
the course's 1/(4 nC^2 N^2) where both activations have the same number N of positions,
and 1/(4 nC^2) with each Gram matrix over its own N where they do not.

Run with Debian's python3-torch (1.13): python3 reference.py > reference.json
"""
import json

import torch

torch.set_num_threads(1)

# The shapes C, H, W of a style and of the content and the generated picture.
CASES = {
    'one value': ((1, 1, 1), (1, 1, 1)),
    'one channel': ((1, 3, 4), (1, 3, 4)),
    'same size': ((4, 3, 5), (4, 3, 5)),
    'more channels than positions': ((9, 2, 2), (9, 2, 2)),
    'larger style': ((3, 5, 4), (3, 2, 3)),
    'smaller style': ((3, 1, 2), (3, 4, 3)),
}


def activation(shape, generator):
    """Values from 0 on, to four decimals, so that the file stays short."""
    values = torch.randn(shape, generator=generator, dtype=torch.float64).abs()
    return (values * 1e4).round() / 1e4


def stored(a):
    """Values as float32 holds them, in float64."""
    return a.float().double()


def gram(a):
    rows = a.reshape(a.shape[0], -1)
    return rows @ rows.T


def content_cost(c, g):
    n_c, n_h, n_w = c.shape
    return ((c - g) ** 2).sum() / (4 * n_h * n_w * n_c)


def layer_style_cost(s, g):
    n_c, n_h, n_w = s.shape
    if s.shape == g.shape:
        return ((gram(s) - gram(g)) ** 2).sum() / (4 * n_c**2 * (n_h * n_w) ** 2)
    n_g = g.shape[1] * g.shape[2]
    return ((gram(s) / (n_h * n_w) - gram(g) / n_g) ** 2).sum() / (4 * n_c**2)


def numbers(a):
    return [round(v, 4) for v in a.flatten().tolist()]


generator = torch.Generator().manual_seed(20150826)
cases, lambdas, style_cost = [], [0.1, 0.15, 0.2, 0.25, 0.05, 0.25], 0
for weight, (name, (style_shape, shape)) in zip(lambdas, CASES.items()):
    content, style, generated = (activation(s, generator) for s in (shape, style_shape, shape))
    c, s, g = stored(content), stored(style), stored(generated)
    style_cost += weight * layer_style_cost(s, g).item()
    cases.append({
        'name': name,
        'shape': shape, 'style_shape': style_shape,
        'content': numbers(content), 'style': numbers(style), 'generated': numbers(generated),
        'gram': gram(g).tolist(),
        'content_cost': content_cost(c, g).item(),
        'layer_style_cost': layer_style_cost(s, g).item(),
    })
lines = ',\n'.join(json.dumps(c) for c in cases)
print(f'{{"lambda": {lambdas}, "style_cost": {style_cost!r}, "cases": [\n{lines}]}}')
