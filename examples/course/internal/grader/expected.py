#!/usr/bin/python3
"""Writes expected.json: small activations and the values that the exercises shall return.

It computes them in the layout of the course's notebook, nH x nW x nC, whose activations it
unrolls and transposes to matrices of nC x (nH nW). The file has them as package loss does:
one feature map after the other.

Run with Debian's python3-numpy: python3 expected.py > expected.json
"""
import json

import numpy

# The sizes nH, nW, nC of the content and the generated picture, and nH, nW of the style.
# The numbers of channels and positions are chosen so that each common mistake gives
# another value.
CASES = [(2, 3, 5, 2, 3), (4, 1, 3, 4, 1), (2, 4, 3, 1, 5)]


def unroll(a):
    """Returns the matrix of nC x (nH nW)."""
    return a.reshape(-1, a.shape[2]).T


def gram(a):
    return unroll(a) @ unroll(a).T


def content_cost(c, g):
    h, w, channels = g.shape
    return ((c - g) ** 2).sum() / (4 * h * w * channels)


def layer_style_cost(s, g):
    channels = g.shape[2]
    n_s, n_g = s.shape[0] * s.shape[1], g.shape[0] * g.shape[1]
    return ((gram(s) / n_s - gram(g) / n_g) ** 2).sum() / (4 * channels**2)


def activation(a):
    h, w, c = a.shape
    return {'Channels': c, 'Height': h, 'Width': w, 'Values': unroll(a).flatten().tolist()}


random = numpy.random.RandomState(1)
cases = []
for h, w, channels, style_h, style_w in CASES:
    # Halves from 0 to 4.5, as a ReLU lets no negative values through.
    content, generated = (random.randint(0, 10, (h, w, channels)) / 2 for _ in range(2))
    style = random.randint(0, 10, (style_h, style_w, channels)) / 2
    cases.append(json.dumps({
        'content': activation(content), 'style': activation(style), 'generated': activation(generated),
        'content_cost': content_cost(content, generated),
        'gram': gram(generated).tolist(),
        'layer_style_cost': layer_style_cost(style, generated),
    }))
print('[\n' + ',\n'.join(cases) + '\n]')
