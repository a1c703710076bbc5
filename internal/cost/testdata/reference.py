#!/usr/bin/python3
"""Writes reference.json: costs of hypercolumns and their gradients, in PyTorch.

Everything is in float64 and follows the formulas of the papers: neural neighbour
style transfer (arXiv 2203.13215) and STROTSS (arXiv 1904.12785). Activations come
from a generator that reference_test.go has too, and are sampled with PyTorch's own
grid_sample.

Run with Debian's python3-torch (1.13): python3 reference.py > reference.json
"""
import json

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

# C, H, W of the layers of the picture and of the style; two blocks and odd sizes.
LAYERS = [(5, 9, 7), (19, 4, 3)]
STYLE_LAYERS = [(5, 6, 8), (19, 3, 4)]
PICTURE = (11, 13)
POINTS, STYLE_POINTS = 23, 31


def uniform(n, seed):
    """Numbers in [0, 1) from the generator of Numerical Recipes."""
    state, out = seed, []
    for _ in range(n):
        state = (state * 1664525 + 1013904223) % 2**32
        out.append(state / 2**32)
    return torch.tensor(out)


def activations(layers, seed, least=0.4):
    """Values in [0, 1 - least), about a share of least of them zero."""
    maps = []
    for i, (c, h, w) in enumerate(layers):
        v = (uniform(c * h * w, seed + 1000 * i) - least).clamp(min=0)
        maps.append(v.float().double().view(1, c, h, w))
    return maps


def points(n, seed):
    return uniform(2 * n, seed).view(n, 2)


def columns(maps, at, scales):
    """Rows of the values of all maps at the points, which are (y, x) in [0, 1]."""
    grid = (2 * at.flip(1) - 1).view(1, 1, -1, 2)
    return torch.cat([
        s * F.grid_sample(m, grid, mode='bilinear', padding_mode='border', align_corners=False)[0, :, 0].T
        for m, s in zip(maps, scales)], 1)


def unit(x):
    return x / x.norm(dim=1, keepdim=True)


def centred(x):
    return x - x.mean(0, keepdim=True)


def cosine_distance(x, y):
    return 1 - unit(x) @ unit(y).T


def relaxed(d):
    return torch.maximum(d.min(1)[0].mean(), d.min(0)[0].mean())


def matching(x, target):
    return (1 - (unit(x) * unit(target)).sum(1)).mean()


def neighbours(x, style):
    return cosine_distance(centred(x), centred(style)).min(1)[0].mean()


def relaxed_emd(x, style):
    return relaxed(cosine_distance(x, style))


def moments(x, style):
    def covariance(v):
        return centred(v).T @ centred(v) / v.shape[0]
    return (x.mean(0) - style.mean(0)).abs().mean() + (covariance(x) - covariance(style)).abs().mean()


def similarity(x, content):
    def shares(v):
        d = cosine_distance(v, v)
        return d / d.sum(0, keepdim=True)
    return (shares(x) - shares(content)).abs().mean() * x.shape[0]


def palette(x, style):
    # STROTSS's decorrelated colours, of which the Go code does without.
    a, b, c = 3 ** -0.5, (3 + 3 ** 0.5) / 6, (3 - 3 ** 0.5) / 6
    rotation = torch.tensor([[a, a, a], [-a, b, -c], [-a, -c, b]])
    x, style = x @ rotation.T, style @ rotation.T
    square = ((x[:, None] - style[None]) ** 2).sum(2)
    return relaxed(cosine_distance(x, style) + (square.clamp(min=1e-5) / 3).sqrt())


def rounded(t):
    return [float('%.9g' % v) for v in t.flatten().tolist()]


at, style_at = points(POINTS, 7), points(STYLE_POINTS, 8)
result = {'layers': LAYERS, 'styleLayers': STYLE_LAYERS, 'points': at.tolist(), 'stylePoints': style_at.tolist(),
          'picture': PICTURE, 'costs': [], 'palettes': []}
scales = [1 / 5, 1 / 19]

# A style of many zeros has hypercolumns that point into few directions, so that
# the picture's are far from them; one of few zeros is near to all.
for name, cost, least in [('matching', matching, .4), ('neighbours', neighbours, .4),
                          ('relaxed', relaxed_emd, .1), ('relaxed', relaxed_emd, .7),
                          ('moments', moments, .4), ('similarity', similarity, .4)]:
    maps = [m.requires_grad_() for m in activations(LAYERS, 1)]
    x = columns(maps, at, scales)
    if name in ('matching', 'similarity'):
        other = columns(activations(LAYERS, 2, least), at, scales)
    else:
        other = columns(activations(STYLE_LAYERS, 2, least), style_at, scales)
    value = cost(x, other)
    value.backward()
    entry = {'name': name, 'least': least, 'cost': value.item(), 'gradients': [rounded(m.grad) for m in maps]}
    if name == 'neighbours':
        entry['nearest'] = cosine_distance(centred(x), centred(other)).min(1)[1].tolist()
    if name == 'relaxed':
        d = cosine_distance(x, other)
        entry['rows'] = bool(d.min(1)[0].mean() > d.min(0)[0].mean())
    result['costs'].append(entry)

# A dark style is far from colours of all kinds; a style of all kinds of colours
# has some that are far from a picture whose upper half is all that counts.
h, w = PICTURE
for bright, low, n in [(100, 0, POINTS), (255, 0, 4)]:
    picture = (255 * uniform(3 * h * w, 11)).float().double().view(1, 3, h, w).requires_grad_()
    style = (bright * uniform(3 * h * w, 12) + low).float().double().view(1, 3, h, w)
    x = columns([picture], at[:n], [1]) / 255 - .5
    s = columns([style], style_at, [1]) / 255 - .5
    value = palette(x, s)
    value.backward()
    d = cosine_distance(x, s)
    result['palettes'].append({'bright': bright, 'count': n, 'cost': value.item(), 'gradient': rounded(picture.grad)})

print(json.dumps(result))
