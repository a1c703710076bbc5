"""The safetensors format, as far as networks of pastiche need it: float16 tensors and metadata in words.

https://github.com/huggingface/safetensors: eight bytes give the length of a JSON header, which gives each
tensor's type, shape and place in the bytes that follow.
"""
from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Dict, Tuple

import numpy as np

_TYPES = {"F16": np.float16, "F32": np.float32}


def read(path: Path) -> Tuple[Dict[str, np.ndarray], Dict[str, str]]:
    """Returns the tensors of a file, as float32, and its metadata."""
    raw = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] not in _TYPES:
            raise ValueError(f"{path}: {name} is {entry['dtype']}, expected one of {', '.join(_TYPES)}")
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(raw[begin:end], _TYPES[entry["dtype"]]).reshape(entry["shape"]).astype(np.float32)
    return tensors, metadata


def write(path: Path, tensors: Dict[str, np.ndarray], metadata: Dict[str, str]) -> None:
    """Writes the tensors as float16. The same tensors and metadata give the same bytes."""
    header: Dict[str, object] = {"__metadata__": metadata}
    body = b""
    for name, tensor in tensors.items():
        raw = np.ascontiguousarray(tensor, dtype="<f2").tobytes()
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + body)
