"""Give a body pose correctives: `python -m training.fit_correctives --body FILE --mocap MOCAP/train`.

Refits the body's skinning weights, too, and writes both into the same file. What the skin should look like is Anny's
own skinning (training/anny_skin.py) with its worst stretches taken out (training/edge_limits.py), in captured and drawn
poses of bodies of many shapes. Takes two minutes of an idle core and 2.3 GB.
"""

import argparse
import logging
from pathlib import Path
from typing import Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies.body import Body, rest_joints, rest_vertices
from models.bodies.packed import read_body, write_body
from models.weights import file_sha256
from training.anny_skin import BoneWeights, read_bone_weights, skin_as_anny
from training.body_motion import LYING_FAMILY
from training.corrective_fit import Examples, fit_skin
from training.edge_limits import EdgeLimits, edges_of
from training.mocap_clips import read_clips
from training.pose_extremes import draw_poses, poses_on_the_way
from training.retarget import retarget

BONES: Final = Path(__file__).parent / "anny_bones.npz"
CAPTURED: Final = 800
DRAWN: Final = 800
IMPORTANCE: Final = {"captured": 1.0, "drawn": 0.5, "named": 3.0}
SHAPE_SPREAD: Final = 0.8
"""Standard deviation of the betas of those who pose."""
BATCH: Final = 32

log = logging.getLogger(__name__)


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--body", type=Path, required=True, help="the file to read and to write again")
    parser.add_argument("--mocap", type=Path, required=True, help="folder with the train split")
    parser.add_argument("--bones", type=Path, default=BONES, help="what training.build_body --bones wrote")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    body = read_body(arguments.body, name="free", sha256="", licence="").to("cpu", torch.float64)
    bones = read_bone_weights(arguments.bones)
    fitted = fit_skin(body, make_examples(body, bones, arguments.mocap, arguments.seed))
    write_body(arguments.body, fitted)
    log.info(
        "%d correctives in %s: %.2f MB, sha256 %s",
        len(fitted.corrective_vertex),
        arguments.body,
        arguments.body.stat().st_size / 1e6,
        file_sha256(arguments.body),
    )


def make_examples(body: Body, bones: BoneWeights, mocap: Path, seed: int) -> Examples:
    """Captured, drawn and named poses of bodies of many shapes, skinned as they should be."""
    poses = {
        "captured": captured_poses(body, mocap, CAPTURED, seed),
        "drawn": draw_poses(DRAWN, seed),
        "named": poses_on_the_way(),
    }
    turns = torch.from_numpy(np.concatenate(list(poses.values())))
    importance = [torch.full((len(some),), IMPORTANCE[name]) for name, some in poses.items()]
    generator = torch.Generator().manual_seed(seed)
    betas = SHAPE_SPREAD * torch.randn(len(turns), body.beta_count, generator=generator, dtype=turns.dtype)
    betas[-len(poses["named"]) :] = 0
    return Examples(betas, turns, _wanted_skin(body, bones, betas, turns), torch.cat(importance))


def captured_poses(body: Body, mocap: Path, count: int, seed: int) -> Float[np.ndarray, "poses 24 3 3"]:
    """Frames of captured motion drawn at random, the pelvis unturned.

    Raises:
        InputError: the folder holds no motion capture.
    """
    clips = [clip for clip in read_clips(mocap) if clip.family != LYING_FAMILY]
    ends = np.cumsum([len(clip.root_m) for clip in clips])
    drawn = np.sort(np.random.default_rng(seed).choice(ends[-1], count, replace=False))
    rest_m = rest_joints(body, torch.zeros(body.beta_count, dtype=body.template_m.dtype)).numpy()
    poses: list[np.ndarray] = []
    for clip, end in zip(clips, ends, strict=True):
        start = end - len(clip.root_m)
        mine = drawn[(drawn >= start) & (drawn < end)] - start
        if len(mine):
            poses.append(retarget(clip, rest_m).parent_from_joint[mine])
    turns = np.concatenate(poses)
    turns[:, 0] = np.eye(3)
    return turns


def _wanted_skin(body: Body, bones: BoneWeights, betas: Tensor, turns: Tensor) -> Float[Tensor, "examples vertices 3"]:
    """Anny's skin in single precision, no edge much longer or shorter than at rest."""
    limits = EdgeLimits(body.template_m.numpy(), edges_of(body.faces.numpy()))
    wanted: list[Tensor] = []
    for start in range(0, len(turns), BATCH):
        chunk = slice(start, start + BATCH)
        posed_m = skin_as_anny(body, bones, betas[chunk], turns[chunk]).numpy()
        rest_m = rest_vertices(body, betas[chunk]).numpy()
        relaxed_m = [limits.relaxed(*pair) for pair in zip(posed_m, rest_m, strict=True)]
        wanted.append(torch.from_numpy(np.stack(relaxed_m)).float())
        log.info("%d of %d examples", min(start + BATCH, len(turns)), len(turns))
    return torch.cat(wanted)


if __name__ == "__main__":
    main()
