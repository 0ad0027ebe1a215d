"""What the fit of a trajectory is held to in every frame: pixels, a rough shape, bones that keep their lengths.

Every term gives its gradient and the blocks of its Gauss-Newton matrix. Robust terms pay 4 log(1 + q / 4) for a squared
normalised error q (Cauchy), which acts as the weight 1 / (1 + q / 4).
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from jaxtyping import Bool, Float, Int

from models.camera import project, project_jacobian

NEAREST_M: Final = 0.1
"""Points nearer to the camera than this, or behind it, are no longer pulled by pixels."""


@dataclass(frozen=True, eq=False)
class OtherView:
    """What another camera saw of the same points at the same times.

    Attributes:
        pixels, pixel_information: as in Evidence.
        camera_matrix: its pinhole.
        other_from_camera: its axes from those of the camera in whose axes the points are: a turn, then a shift in
            metres.
    """

    pixels: Float[np.ndarray, "frames points 2"]
    pixel_information: Float[np.ndarray, "frames points"]
    camera_matrix: Float[np.ndarray, "3 3"]
    other_from_camera: Float[np.ndarray, "3 4"]

    def part(self, frames: slice) -> "OtherView":
        """The same view of some of the frames."""
        return replace(self, pixels=self.pixels[frames], pixel_information=self.pixel_information[frames])


@dataclass(frozen=True, eq=False)
class Evidence:
    """What was seen; every array is finite, unseen values carry no information.

    Attributes:
        pixels: of each point, in the picture.
        pixel_information: 1 / sigma², 1/px².
        shape_m: rough points in camera axes; only differences count.
        shape_metric: inverse covariance of an error of one metre's worth of shape, in camera axes, 1/m².
        shape_information: weight of each of the skeleton's relations.
        seen: frames in which bones hold.
        others: what other cameras saw.
    """

    pixels: Float[np.ndarray, "frames points 2"]
    pixel_information: Float[np.ndarray, "frames points"]
    shape_m: Float[np.ndarray, "frames points 3"]
    shape_metric: Float[np.ndarray, "frames 3 3"]
    shape_information: Float[np.ndarray, "frames relations"]
    seen: Bool[np.ndarray, " frames"]
    others: tuple[OtherView, ...] = ()

    def part(self, frames: slice) -> "Evidence":
        """The same evidence for some of the frames."""
        return Evidence(
            self.pixels[frames], self.pixel_information[frames], self.shape_m[frames],
            self.shape_metric[frames], self.shape_information[frames], self.seen[frames],
            tuple(view.part(frames) for view in self.others),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Pairs of points that keep their distance, and differences of points that a rough shape tells.

    Attributes:
        pair: indices of the two points.
        length_index: which of the shared lengths the pair has.
        tolerance_m: standard deviation of the distance about that length.
        relation: each row takes a difference of points: a point and the middle of the hips, or the ends of a bone.
    """

    pair: Int[np.ndarray, "bones 2"]
    length_index: Int[np.ndarray, " bones"]
    tolerance_m: Float[np.ndarray, " bones"]
    relation: Float[np.ndarray, "relations points"]


@dataclass(frozen=True, eq=False)
class Layout:
    """Which pairs of points meet in the matrix: every point with itself first, then those that share a term.

    Attributes:
        first, second: the points of each block; a block and its mirror image are stored once and are equal.
        bone_block: block of each bone.
        bone_end: 1 and -1 for the two points of each bone.
        relation_product: what each relation's weight adds to each block.
    """

    first: Int[np.ndarray, " blocks"]
    second: Int[np.ndarray, " blocks"]
    bone_block: Int[np.ndarray, " bones"]
    bone_end: Float[np.ndarray, "bones points"]
    relation_product: Float[np.ndarray, "relations blocks"]


def make_layout(skeleton: Skeleton) -> Layout:
    """Lay out the blocks of a skeleton's matrix."""
    points, bones = skeleton.relation.shape[1], len(skeleton.pair)
    bone_end = np.zeros((bones, points))
    bone_end[np.arange(bones), skeleton.pair[:, 0]], bone_end[np.arange(bones), skeleton.pair[:, 1]] = 1, -1
    rows = np.abs(np.concatenate([bone_end, skeleton.relation]))
    first, second = np.nonzero(np.triu(rows.T @ rows, 1))
    first, second = np.concatenate([np.tile(np.arange(points), (2, 1)), [first, second]], axis=1)
    low, high = skeleton.pair.min(axis=1), skeleton.pair.max(axis=1)
    bone_block = np.argmax((first == low[:, None]) & (second == high[:, None]), axis=1)
    return Layout(first, second, bone_block, bone_end, skeleton.relation[:, first] * skeleton.relation[:, second])


@dataclass(frozen=True, eq=False)
class Terms:
    """Sum of all terms, linearised about the present points and lengths.

    Attributes:
        cost: half the robust sum of squares.
        gradient, blocks: with respect to the points; blocks as in Layout.
        length_gradient, length_curvature: with respect to the shared lengths.
        coupling: mixed second derivatives.
    """

    cost: float
    gradient: Float[np.ndarray, "frames points 3"]
    blocks: Float[np.ndarray, "frames blocks 3 3"]
    length_gradient: Float[np.ndarray, " lengths"]
    length_curvature: Float[np.ndarray, " lengths"]
    coupling: Float[np.ndarray, "frames points 3 lengths"]


@dataclass(frozen=True, eq=False)
class Model:
    """What does not change while a fit goes on.

    Attributes:
        looks: independent looks that one frame is worth; proportional to its duration, so that the same motion filmed
            at twice the rate gives the same answer although neighbouring errors of a detector are alike.
    """

    skeleton: Skeleton
    layout: Layout
    camera_matrix: Float[np.ndarray, "3 3"]
    looks: float


def linearise(
    model: Model,
    evidence: Evidence,
    points_m: Float[np.ndarray, "frames points 3"],
    length_m: Float[np.ndarray, " lengths"],
    slack: float,
) -> Terms:
    """All terms about the present points; `slack` multiplies the tolerance of the bones."""
    frames, points = points_m.shape[:2]
    blocks = np.zeros((frames, len(model.layout.first), 3, 3))
    diagonal = blocks[:, :points]
    seen_px = (evidence.pixels, evidence.pixel_information, model.camera_matrix)
    pixel_cost, gradient = _add_pixels(model.looks, seen_px, points_m, diagonal)
    for view in evidence.others:
        cost, pull = _add_other(model.looks, view, points_m, diagonal)
        pixel_cost, gradient = pixel_cost + cost, gradient + pull
    shape_cost, shape_gradient = _add_shape(model, evidence, points_m, blocks)
    bone_cost, bone_gradient, lengths = _add_bones(model, evidence.seen, points_m, (length_m, slack), blocks)
    total = pixel_cost + shape_cost + bone_cost
    return Terms(total, gradient + shape_gradient + bone_gradient, blocks, *lengths)


def _robust(q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return 2 * np.log1p(q / 4), 1 / (1 + q / 4)


def _add_pixels(
    looks: float, seen: tuple[np.ndarray, np.ndarray, np.ndarray], points_m: np.ndarray, diagonal: np.ndarray
) -> tuple[float, np.ndarray]:
    pixels, information, camera_matrix = seen
    error_px = project(points_m, camera_matrix) - pixels
    jacobian = project_jacobian(points_m, camera_matrix)
    cost, damp = _robust((error_px**2).sum(axis=-1) * information)
    ahead = points_m[..., 2] > NEAREST_M
    weight = looks * damp * information * ahead
    weighted = jacobian * weight[..., None, None]
    diagonal += np.swapaxes(jacobian, -1, -2) @ weighted
    return looks * float(cost[ahead].sum()), (error_px[..., None, :] @ weighted)[..., 0, :]


def _add_other(looks: float, view: OtherView, points_m: np.ndarray, diagonal: np.ndarray) -> tuple[float, np.ndarray]:
    """The same in the axes of another camera, turned back to those of the points."""
    turn, shift_m = view.other_from_camera[:, :3], view.other_from_camera[:, 3]
    own = np.zeros_like(diagonal)
    seen_px = (view.pixels, view.pixel_information, view.camera_matrix)
    cost, gradient = _add_pixels(looks, seen_px, points_m @ turn.T + shift_m, own)
    diagonal += turn.T @ own @ turn
    return cost, gradient @ turn


def _add_shape(model: Model, evidence: Evidence, points_m: np.ndarray, blocks: np.ndarray) -> tuple[float, np.ndarray]:
    relation = model.skeleton.relation
    error_m = relation @ (points_m - evidence.shape_m)
    pull = error_m @ evidence.shape_metric
    cost, damp = _robust((pull * error_m).sum(axis=-1) * evidence.shape_information)
    weight = model.looks * damp * evidence.shape_information
    blocks += (weight @ model.layout.relation_product)[..., None, None] * evidence.shape_metric[:, None]
    return model.looks * float(cost.sum()), relation.T @ (pull * weight[..., None])


def _add_bones(
    model: Model,
    seen: np.ndarray,
    points_m: np.ndarray,
    target: tuple[np.ndarray, float],
    blocks: np.ndarray,
) -> tuple[float, np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    skeleton, layout, (length_m, slack) = model.skeleton, model.layout, target
    bone = layout.bone_end @ points_m
    found_m = np.linalg.norm(bone, axis=-1)
    direction = bone / np.maximum(found_m, 1e-9)[..., None]
    excess_m = found_m - length_m[skeleton.length_index]
    weight = model.looks * seen[:, None] / (skeleton.tolerance_m * slack) ** 2
    owner = (skeleton.length_index[:, None] == np.arange(len(length_m))).astype(float)
    weighted = direction * weight[..., None]
    outer = weighted[..., :, None] * direction[..., None, :]
    blocks[:, : points_m.shape[1]] += np.moveaxis(np.tensordot(outer, np.abs(layout.bone_end), axes=(1, 0)), -1, 1)
    blocks[:, layout.bone_block] -= outer
    gradient = layout.bone_end.T @ (weighted * excess_m[..., None])
    coupling = np.zeros((*points_m.shape, len(length_m)))
    for row, ((start, end), length) in enumerate(zip(skeleton.pair, skeleton.length_index, strict=True)):
        coupling[:, start, :, length] -= weighted[:, row]
        coupling[:, end, :, length] += weighted[:, row]
    cost = float((weight * excess_m**2).sum()) / 2
    return cost, gradient, (-(weight * excess_m).sum(axis=0) @ owner, weight.sum(axis=0) @ owner, coupling)
