"""Which forms a moving skin is written in; apart from the writing, which imports what settings need not."""

from typing import Literal

MeshFormat = Literal["none", "npz", "obj", "ply"]
