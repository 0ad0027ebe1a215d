"""Fits the linear map of models/rough_map.py on what the detector said of drawn people.

python -m training.fit_rough_map --train DIR --test DIR --out models/weights/rough_map.npz

DIR is what training.synthesize wrote. The ridge is chosen on subjects of the train split that were left out; the test
split only gives the figures that are printed. Register the sha256 that is printed in weights.toml.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import tyro
from jaxtyping import Bool, Float

from benchmark.metrics import MAIN, included_angles_deg
from models import camera
from models.rough_map import (
    RoughMap,
    correct,
    identity_map,
    make_features,
    mirror_features,
    mirror_points,
    rooted,
)
from models.skeletons import LANDMARK_INDEX, LANDMARK_MIRROR
from models.weights import file_sha256
from training.sightings import Sightings, read

RIDGES: Final = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
"""Pull toward leaving the rough metres alone, as a share of each feature's variance."""
SLACK: Final = 0.005
"""Share of the error by which two ridges are as good as each other."""
FOLDS: Final = 5
MIN_SCORE: Final = 0.5
MAX_AWAY: Final = 0.08
"""Mean distance of the landmarks from the truth, in sides of the region, beyond which it is not this person."""
EXCHANGED: Final = 0.6
"""Left and right are the wrong way round where exchanging them leaves less than this share of the distance."""
_SHOULDERS: Final = [LANDMARK_INDEX["left_shoulder"], LANDMARK_INDEX["right_shoulder"]]
_HIPS: Final = [LANDMARK_INDEX["left_hip"], LANDMARK_INDEX["right_hip"]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Examples:
    """Features and the landmarks that they should give, about the mid-hip, along the axes of the look."""

    features: Float[np.ndarray, "frames features"]
    truth_m: Float[np.ndarray, "frames 33 3"]
    subject: np.ndarray

    def only(self, chosen: Bool[np.ndarray, " frames"]) -> "Examples":
        """Some of the frames."""
        return Examples(self.features[chosen], self.truth_m[chosen], self.subject[chosen])


def main(train: Path, test: Path, out: Path, without: tuple[str, ...] = ()) -> None:
    """Choose the ridge, fit, print figures, write the map.

    Args:
        train: folder of the train split's sightings.
        test: folder of the test split's.
        out: the file to write.
        without: takes that are left out, so that they can serve to tune what uses the map.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    seen = read(train).as_read()
    examples = prepare(seen.only(~np.isin(seen.clip, without)))
    ridge = choose_ridge(examples)
    rough_map = fit(examples, ridge)
    np.savez_compressed(out, allow_pickle=False, weight=rough_map.weight.astype(np.float32))
    report(examples, prepare(read(test).as_read()), rough_map)
    log.info("ridge %g, %d frames; %s: sha256 %s", ridge, len(examples.subject), out, file_sha256(out))


def prepare(seen: Sightings) -> Examples:
    """Put sides right as the pipeline does, leave out what is not this person, and turn the truth to the look."""
    seen, pixels_off = _with_true_sides(seen)
    seen = seen.only((seen.score > MIN_SCORE) & (pixels_off < MAX_AWAY))
    features, truth_m = list[np.ndarray](), list[np.ndarray]()
    for row in range(len(seen)):
        camera_from_look = camera.camera_from_ray(seen.region[row, :2], seen.camera_matrix[row])
        look = (seen.rough_m[row], seen.landmarks_px[row], camera_from_look, seen.camera_matrix[row])
        features.append(make_features(*look))
        truth_m.append(rooted(seen.truth_m[row] @ camera_from_look))
    return Examples(np.array(features), np.array(truth_m), seen.subject)


def fit(examples: Examples, ridge: float) -> RoughMap:
    """Ridge regression of what the rough metres lack, on everyone and everyone's mirror image; symmetric exactly."""
    features = np.concatenate([examples.features, mirror_features(examples.features)])
    lack_m = np.concatenate([examples.truth_m, mirror_points(examples.truth_m)]) - correct(identity_map(), features)
    normal = features.T @ features / len(features)
    penalty = ridge * features.var(axis=0)
    added = np.linalg.solve(
        normal + np.diag(penalty + 1e-9), features.T @ lack_m.reshape(len(lack_m), -1) / len(lack_m)
    )
    return _symmetric(RoughMap(identity_map().weight + added.reshape(-1, 33, 3)))


def choose_ridge(examples: Examples) -> float:
    """The heaviest ridge whose error on subjects that were left out is next to the least.

    Drawn people are not filmed ones, so what costs nothing on the drawn is left out.
    """
    subjects = np.unique(examples.subject)
    fold = np.random.default_rng(0).permutation(len(subjects)) % FOLDS
    row_fold = fold[np.searchsorted(subjects, examples.subject)]
    errors = list[float]()
    for ridge in RIDGES:
        found_m = np.empty_like(examples.truth_m)
        for index in range(FOLDS):
            rough_map = fit(examples.only(row_fold != index), ridge)
            found_m[row_fold == index] = correct(rough_map, examples.features[row_fold == index])
        figures = measure(found_m, examples.truth_m)
        log.info("ridge %-7g left-out subjects: %s", ridge, _in_words(figures))
        errors.append(figures["mpjpe22_mm"])
    return max(ridge for ridge, error in zip(RIDGES, errors, strict=True) if error < (1 + SLACK) * min(errors))


def measure(found_m: Float[np.ndarray, "frames 33 3"], truth_m: Float[np.ndarray, "frames 33 3"]) -> dict[str, float]:
    """Mean distance of the 22 landmarks of the body, RMSE of angles, slope of found over true depth."""
    found_deg, true_deg = included_angles_deg(found_m), included_angles_deg(truth_m)
    off_deg = {key: float(np.sqrt(np.mean((found_deg[key] - true_deg[key]) ** 2))) for key in true_deg}
    depth_m, true_depth_m = found_m[:, list(MAIN), 2], truth_m[:, list(MAIN), 2]
    return {
        "mpjpe22_mm": 1e3 * float(np.linalg.norm(found_m - truth_m, axis=2)[:, 11:].mean()),
        **{
            f"{joint}_deg": (off_deg[joint, "left"] + off_deg[joint, "right"]) / 2 for joint in ("knee", "hip", "elbow")
        },
        "depth_slope": float((depth_m * true_depth_m).sum() / (true_depth_m**2).sum()),
    }


def report(train: Examples, test: Examples, rough_map: RoughMap) -> None:
    """Print the figures of the test split: untouched, corrected, and a frozen pose for a floor."""
    found = {
        "as the detector says": correct(identity_map(), test.features),
        "corrected": correct(rough_map, test.features),
        "frozen mean pose": _frozen(train.truth_m, test.truth_m),
    }
    for name, found_m in found.items():
        log.info("%-22s %s", name, _in_words(measure(found_m, test.truth_m)))


def _with_true_sides(seen: Sightings) -> tuple[Sightings, Float[np.ndarray, " frames"]]:
    """Sightings whose left is left, and how far their landmarks are off in sides of the region."""
    order = list(LANDMARK_MIRROR)
    matrix = seen.camera_matrix[:, None]
    true_px = seen.truth_m[..., :2] / seen.truth_m[..., 2:] * matrix[..., [0, 1], [0, 1]] + matrix[..., :2, 2]
    as_is, exchanged = (
        np.linalg.norm(pixels - true_px, axis=2).mean(axis=1) / seen.region[:, 2]
        for pixels in (seen.landmarks_px, seen.landmarks_px[:, order])
    )
    wrong = exchanged < EXCHANGED * as_is
    put_right = {
        name: np.where(wrong.reshape(-1, *[1] * (values.ndim - 1)), values[:, order], values)
        for name, values in (("landmarks_px", seen.landmarks_px), ("rough_m", seen.rough_m))
    }
    unchanged = {name: value for name, value in vars(seen).items() if name not in put_right}
    return Sightings(**unchanged, **put_right), np.where(wrong, exchanged, as_is)


def _frozen(train_m: Float[np.ndarray, "frames 33 3"], test_m: Float[np.ndarray, "more 33 3"]) -> np.ndarray:
    """The train split's mean pose about its trunk, turned as the true trunk is in each frame."""
    mean_m = np.einsum("fpi,fij->fpj", train_m, trunk_axes(train_m)).mean(axis=0)
    return np.einsum("pj,fij->fpi", mean_m, trunk_axes(test_m))


def trunk_axes(points_m: Float[np.ndarray, "frames 33 3"]) -> Float[np.ndarray, "frames 3 3"]:
    """Columns: along the trunk, to the subject's left, and square to both."""
    along = points_m[:, _SHOULDERS].mean(axis=1)
    leftward = (points_m[:, _SHOULDERS[0]] - points_m[:, _SHOULDERS[1]]) + (
        points_m[:, _HIPS[0]] - points_m[:, _HIPS[1]]
    )
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    leftward = leftward - (leftward * along).sum(axis=1, keepdims=True) * along
    leftward = leftward / np.linalg.norm(leftward, axis=1, keepdims=True)
    return np.stack([along, leftward, np.cross(along, leftward)], axis=2)


def _symmetric(rough_map: RoughMap) -> RoughMap:
    """The mean of the map and its mirror image; rounding alone keeps them apart."""
    twin = mirror_points(mirror_features(np.moveaxis(rough_map.weight, 0, -1)).transpose(2, 0, 1))
    return RoughMap((rough_map.weight + twin) / 2)


def _in_words(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in figures.items())


if __name__ == "__main__":
    tyro.cli(main)
