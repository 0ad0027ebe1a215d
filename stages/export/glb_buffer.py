"""Collects the arrays of a GLB in one buffer, each beside the description that readers find it by."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pygltflib as gltf

COMPONENT: Final = {"<f4": gltf.FLOAT, "|u1": gltf.UNSIGNED_BYTE, "<u2": gltf.UNSIGNED_SHORT, "<u4": gltf.UNSIGNED_INT}
"""glTF's number for each of numpy's types that it can hold and we write."""


@dataclass
class GlbBuffer:
    """Grows by one array at a time; the index that `add` gives is how the rest of the file speaks of it."""

    content: bytearray = field(default_factory=bytearray)
    views: list[gltf.BufferView] = field(default_factory=list[gltf.BufferView])
    accessors: list[gltf.Accessor] = field(default_factory=list[gltf.Accessor])

    def add(
        self,
        values: np.ndarray,
        kind: str,
        target: int | None = None,
        *,
        normalized: bool = False,
        with_range: bool = False,
    ) -> int:
        """Append an array whose first axis counts its elements, and tell its accessor's index.

        Args:
            kind: what one element is: SCALAR, VEC3, VEC4 or MAT4.
            target: what the graphics card takes it for, if it goes there.
            normalized: integers stand for shares of 1.
            with_range: write the least and the greatest, which glTF wants of positions and key times.
        """
        start = len(self.content)
        self.content += values.tobytes()
        self.views.append(gltf.BufferView(buffer=0, byteOffset=start, byteLength=values.nbytes, target=target))
        self.content += bytes(-len(self.content) % 4)
        self.accessors.append(
            gltf.Accessor(
                bufferView=len(self.views) - 1,
                componentType=COMPONENT[values.dtype.str],
                normalized=normalized or None,
                count=len(values),
                type=kind,
                min=np.atleast_1d(values.min(axis=0)).tolist() if with_range else None,
                max=np.atleast_1d(values.max(axis=0)).tolist() if with_range else None,
            )
        )
        return len(self.accessors) - 1
