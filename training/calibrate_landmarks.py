"""Where the detector sees its landmarks on the body: `python -m training.calibrate_landmarks --body FILE`.

Draws the body in many poses and shapes from eight views each, runs the detector on the pictures, triangulates what
it saw, carries it back to rest by the joint that each landmark hangs on, and finds the few points of the skin whose
mean is there for every shape. Rewrites the landmark regressors of the file and prints how far they are from the
detector on people that were held out. Two minutes on an idle core.

Landmarks hang on the bone above (training.body_points.CARRIERS). The bone below fits worse, or less than a millimetre
better (wrist, toes); a mean of the posed skin fits shoulder and hip 6 mm better, but caves in where limbs bend.
"""

import argparse
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float

from models.bodies.body import Body
from models.bodies.packed import read_body, write_body
from models.skeletons import LANDMARKS
from models.weights import file_sha256
from stages.detect import blazepose
from training.body_symmetry import find_mirror
from training.calibration_fit import fit_regressors, triangulate, unpose
from training.calibration_poses import draw_model
from training.calibration_views import look_around

MODELS: Final = 156
HELD_OUT_EVERY: Final = 5
CANDIDATES: Final = 300
"""Vertices nearest to where a landmark is now, to choose from."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everyone's skin at rest, and where the detector saw the landmarks, carried back to rest; NaN where it did not."""

    rest_m: Float[np.ndarray, "models vertices 3"]
    landmarks_m: Float[np.ndarray, "models 33 3"]

    def only(self, chosen: Bool[np.ndarray, " models"]) -> "Evidence":
        """Some of them."""
        return Evidence(self.rest_m[chosen], self.landmarks_m[chosen])


def main() -> None:
    """Read the command line and rewrite the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--body", type=Path, required=True)
    path: Path = parser.parse_args().body
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    body = read_body(path, name="free", sha256="", licence="").to("cpu", torch.float64)
    evidence = gather(body, MODELS)
    held_out = np.arange(MODELS) % HELD_OUT_EVERY == 0
    calibrated = calibrate(body, evidence.only(~held_out))
    report(body, calibrated, evidence.only(held_out))
    write_body(path, calibrated)
    log.info("%s: sha256 %s", path, file_sha256(path))


def gather(body: Body, count: int) -> Evidence:
    """Show the detector this many people."""
    networks = blazepose.load()
    faces, carrier = body.faces.numpy(), body.landmark_joint.numpy()
    rest_m, landmarks_m = [], []
    for index in range(count):
        model = draw_model(body, index)
        sightings = look_around(model, faces, _landmarks_of(body, model.skin_m), networks, index)
        rest_m.append(model.rest_m)
        landmarks_m.append(unpose(triangulate(sightings), model, carrier))
        if index % 20 == 0:
            log.info("%d of %d people", index, count)
    return Evidence(np.array(rest_m), np.array(landmarks_m))


def calibrate(body: Body, evidence: Evidence) -> Body:
    """The body with landmark regressors that follow the evidence."""
    rest_m = body.template_m.numpy()
    away_m = np.linalg.norm(rest_m - _landmarks_of(body, rest_m)[:, None], axis=-1)
    near = np.argsort(away_m, axis=1)[:, :CANDIDATES]
    vertex, weight = fit_regressors(evidence.landmarks_m, evidence.rest_m, near, find_mirror(rest_m))
    return replace(body, landmark_vertex=torch.from_numpy(vertex), landmark_weight=torch.from_numpy(weight))


def report(guess: Body, calibrated: Body, held_out: Evidence) -> None:
    """Print how far both bodies' landmarks are from the detector's on the held-out people, in millimetres."""
    log.info("%-18s %5s %14s %14s", "", "seen", "before", "after")
    log.info("%-18s %5s %7s%7s %7s%7s", "landmark", "", "mean", "median", "mean", "median")
    before, after = (_error_mm(body, held_out) for body in (guess, calibrated))
    for row, name in enumerate(LANDMARKS):
        seen = np.isfinite(after[:, row])
        figures = [figure(error[seen, row]) for error in (before, after) for figure in (np.mean, np.median)]
        log.info("%-18s %5d %7.1f%7.1f %7.1f%7.1f", name, seen.sum(), *figures)
    log.info("all landmarks: %.1f mm before, %.1f mm after", np.nanmean(before), np.nanmean(after))


def _error_mm(body: Body, evidence: Evidence) -> Float[np.ndarray, "models 33"]:
    return 1e3 * np.linalg.norm(_landmarks_of(body, evidence.rest_m) - evidence.landmarks_m, axis=-1)


def _landmarks_of(body: Body, skin_m: Float[np.ndarray, "*models vertices 3"]) -> Float[np.ndarray, "*models 33 3"]:
    points_m = skin_m[..., body.landmark_vertex.numpy(), :]
    return np.einsum("...lkc,lk->...lc", points_m, body.landmark_weight.numpy())


if __name__ == "__main__":
    main()
