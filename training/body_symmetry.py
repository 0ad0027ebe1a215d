"""Which vertex is which one's mirror image."""

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree


def find_mirror(skin_m: Float[np.ndarray, "vertices 3"]) -> Int[np.ndarray, " vertices"]:
    """Each vertex's mirror twin.

    Raises:
        ValueError: the mesh is not its own mirror image.
    """
    distance_m, twin = nearest(skin_m, skin_m * (-1, 1, 1), 1)
    distance_m, twin = distance_m[:, 0], twin[:, 0]
    if distance_m.max() > 1e-3 or not (twin[twin] == np.arange(len(twin))).all():
        raise ValueError(f"the mesh is not symmetric: {distance_m.max()} m")
    return twin


def symmetric(points: Float[np.ndarray, "vertices 3"], mirror: Int[np.ndarray, " vertices"]) -> np.ndarray:
    """The mean of a shape and its mirror image."""
    return (points + points[mirror] * (-1, 1, 1)) / 2


def nearest(
    tree_m: Float[np.ndarray, "tree 3"], points_m: Float[np.ndarray, "points 3"], count: int
) -> tuple[Float[np.ndarray, "points count"], Int[np.ndarray, "points count"]]:
    """Distances and indices of the nearest few of a cloud of points."""
    distance_m, index = KDTree(tree_m).query(points_m, k=count)
    shape = (len(points_m), count)
    return np.reshape(distance_m, shape), np.reshape(index, shape)
