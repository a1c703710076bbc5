#!/usr/bin/python3
"""Writes reference.json: the costs that PyTorch's optimisers reach.

The problems are those of oracle_test.go, in float64. L-BFGS is used as
neural-style-pt uses it, with a history of 100 and no line search, and with the
line search for the strong Wolfe conditions as well. The cost after k iterations
is that of the point to which k steps have led, with so many evaluations on the
way.

Run with Debian's python3-torch (1.13): python3 reference.py > reference.json
"""
import json
import math

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def uniform(n, state):
    """Numbers in [-0.5, 0.5) from the generator of Numerical Recipes."""
    out = []
    for _ in range(n):
        state = (state * 1664525 + 1013904223) % 2**32
        out.append(state / 2**32 - 0.5)
    return torch.tensor(out)


def rosenbrock():
    x = torch.tensor([-1.2, 1.0] * 16)
    return x, lambda x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def quadratic():
    n = 64
    scale = torch.tensor([10 ** (4 * i / (n - 1)) for i in range(n)])
    target = torch.tensor([math.sin(i) for i in range(n)])
    return torch.zeros(n), lambda x: 0.5 * (scale * (x - target) ** 2).sum()


def painting():
    """A content cost of one convolution and a Gram cost of the same."""
    side, channels = 12, 8
    weight = uniform(channels * 27, 1).reshape(channels, 3, 3, 3)
    content = uniform(3 * side * side, 2).reshape(1, 3, side, side)
    style = 2 * uniform(3 * side * side, 3).reshape(1, 3, side, side)
    features = lambda x: torch.relu(torch.nn.functional.conv2d(x, weight, padding=1)).reshape(channels, -1)
    gram = lambda f: f @ f.T / f.shape[1]
    fc, gs = features(content), gram(features(style))

    def cost(x):
        f = features(x.reshape(1, 3, side, side))
        return ((f - fc) ** 2).mean() + 10 * ((gram(f) - gs) ** 2).sum()

    return uniform(3 * side * side, 4), cost


def run(problem, optimiser, options, iterations):
    x, cost = problem()
    x = x.clone().requires_grad_(True)
    opt = optimiser([x], **options)
    costs, evaluations = [], []
    count = 0

    def closure():
        nonlocal count
        count += 1
        opt.zero_grad()
        c = cost(x)
        c.backward()
        return c

    for _ in range(iterations + 1):
        evaluations.append(count)
        costs.append(opt.step(closure).item())  # the cost where the step begins
    return costs, evaluations


problems = {"rosenbrock": rosenbrock, "quadratic": quadratic, "painting": painting}
adam = torch.optim.Adam
lbfgs = torch.optim.LBFGS
plain = {"lr": 1, "max_iter": 1, "tolerance_grad": -1, "tolerance_change": -1, "history_size": 100}
wolfe = plain | {"max_eval": 100, "line_search_fn": "strong_wolfe"}
cases = [
    ("adam", "rosenbrock", adam, {"lr": 0.02}, [1, 10, 100, 500]),
    ("adam", "quadratic", adam, {"lr": 0.02, "betas": (0.9, 0.99)}, [1, 10, 100]),
    ("adam", "painting", adam, {"lr": 0.05}, [1, 10, 50, 200]),
    ("lbfgs", "rosenbrock", lbfgs, plain, [5, 10, 20, 40, 60]),
    ("lbfgs", "quadratic", lbfgs, plain, [5, 10, 20, 40, 60]),
    ("lbfgs", "painting", lbfgs, plain, [5, 10, 20, 50, 100]),
    ("lbfgs wolfe", "rosenbrock", lbfgs, wolfe, [5, 10, 20, 40, 60]),
    ("lbfgs wolfe", "quadratic", lbfgs, wolfe, [5, 10, 20, 40, 60]),
    ("lbfgs wolfe", "painting", lbfgs, wolfe, [5, 10, 20, 50, 100]),
]
result = []
for name, problem, optimiser, options, at in cases:
    costs, evaluations = run(problems[problem], optimiser, options, max(at))
    result.append({"optimiser": name, "problem": problem,
                   "costs": [{"iterations": k, "evaluations": evaluations[k], "cost": costs[k]} for k in at]})
print(json.dumps(result, indent=1))
