#!/usr/bin/python3
"""Runs the code cells of features.ipynb in order and stores what they print and draw.

It needs Debian's python3-numpy and the .npy files that the first cell of the notebook names.
Run it in this folder: python3 run.py
"""
import ast
import base64
import contextlib
import io
import json

NOTEBOOK = 'features.ipynb'


def lines(text):
    return text.splitlines(keepends=True)


def run(source, names):
    """Runs a cell. Returns what it prints and the value of its last expression, or None."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, NOTEBOOK, 'exec'), names)
        value = eval(compile(ast.Expression(last.value), NOTEBOOK, 'eval'), names) if last else None
    return printed.getvalue(), value


with open(NOTEBOOK, encoding='utf-8') as f:
    notebook = json.load(f)
names, count = {'__name__': '__main__'}, 0
for cell in notebook['cells']:
    if cell['cell_type'] != 'code':
        continue
    count += 1
    printed, value = run(''.join(cell['source']), names)
    cell['execution_count'], cell['outputs'] = count, []
    if printed:
        cell['outputs'].append({'name': 'stdout', 'output_type': 'stream', 'text': lines(printed)})
    if hasattr(value, '_repr_png_'):
        cell['outputs'].append({
            'data': {
                'image/png': base64.b64encode(value._repr_png_()).decode() + '\n',
                'text/plain': ['<Picture>'],
            },
            'execution_count': count, 'metadata': {}, 'output_type': 'execute_result',
        })
with open(NOTEBOOK, 'w', encoding='utf-8') as f:
    json.dump(notebook, f, indent=1, ensure_ascii=False)
    f.write('\n')
