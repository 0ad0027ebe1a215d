"""How well the free body fits people: `python -m training.check_body --mocap MOCAP/test`.

Prints whether the lengths of drawn adults are met by shape alone, which statures and masses can be reached, and how
true the shape is that a noisy sequence gives. Held-out skins and joints are judged by training.build_body, which has
Anny at hand. Half a minute.
"""

import argparse
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from models.bodies import load_body
from models.bodies.body import Body, pose_joints, rest_joints, rest_vertices
from models.shape_joints import Lengths, joint_distances, shape_from_joints, shape_from_lengths
from models.skeletons import SMPL_INDEX, SMPL_PARENTS
from models.stature import height_evidence, stature
from training.adults import BONES, draw_adults
from training.mocap_clips import MocapClip, read_clips
from training.retarget import retarget

ADULTS: Final = 200
FRAMES: Final = 100
SEQUENCES: Final = 60
NOISE_M: Final = 0.01
"""Along each axis."""
MISSING: Final = 0.2
DENSITY_KG_M3: Final = 985.0
"""Of a body that breathes, as general texts have it (945 after a deep breath, 1010 without air): an assumption."""
BUILDS: Final = ((1.45, 40.0), (1.45, 75.0), (1.75, 45.0), (1.75, 130.0), (2.05, 70.0), (2.05, 130.0))
"""Stature in metres and mass in kilograms."""
ROUNDS: Final = 40
TREE: Final = tuple((joint, parent) for joint, parent in enumerate(SMPL_PARENTS) if parent >= 0)

log = logging.getLogger(__name__)


def main() -> None:
    """Read the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mocap", type=Path, required=True, help="a split of the motion capture that nothing learned")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    body = load_body("free").to("cpu", torch.float64)
    check_adults(body, arguments.seed)
    check_builds(body)
    check_sequences(body, list(read_clips(arguments.mocap)), arguments.seed)


def check_adults(body: Body, seed: int) -> None:
    """Lengths of adults from anthropometry, met by shape alone."""
    pairs = [(SMPL_INDEX[end], SMPL_INDEX[start]) for end, start in BONES]
    adults_m = torch.from_numpy(draw_adults(ADULTS, seed))
    sure_m = torch.full((len(pairs),), 5e-4, dtype=adults_m.dtype)
    betas = torch.stack([shape_from_lengths(body, Lengths(pairs, length_m, sure_m)).betas for length_m in adults_m])
    gap_mm = 1e3 * (joint_distances(body, betas, pairs) - adults_m).abs()
    first_mm = 1e3 * _nearest_gap(body, adults_m, pairs).abs()
    log.info("%d adults: bones mean %.2f, worst %.2f mm", ADULTS, gap_mm.mean(), gap_mm.max())
    log.info("  with the first ten betas alone: mean %.1f, worst %.1f mm", first_mm.mean(), first_mm.max())
    limbs = betas[:, 10:]
    log.info("  limb betas: largest %.1f, root mean square %.2f", limbs.abs().max(), (limbs**2).mean() ** 0.5)


def check_builds(body: Body) -> None:
    """The likeliest shape of people of given stature and mass."""
    for height_m, mass_kg in BUILDS:
        betas = shape_of_build(body, height_m, mass_kg)
        found = f"{stature(body, betas):.3f} m, {mass(body, betas):.1f} kg"
        log.info("%.2f m, %.0f kg: found %s, largest beta %.1f", height_m, mass_kg, found, betas.abs().max())


def check_sequences(body: Body, clips: list[MocapClip], seed: int) -> None:
    """Shape from noisy joints of real poses, with gaps."""
    random = torch.Generator().manual_seed(seed)
    found: list[Tensor] = []
    true: list[Tensor] = []
    for betas, joints_m in _sequences(body, clips, random):
        noisy_m = joints_m + NOISE_M * torch.randn(joints_m.shape, dtype=joints_m.dtype, generator=random)
        confidence = (torch.rand(joints_m.shape[:2], generator=random) > MISSING).to(joints_m)
        seen_m = noisy_m.where(confidence[..., None] > 0, torch.nan)
        found.append(shape_from_joints(body, seen_m, confidence).betas)
        true.append(betas)
    _report_shapes(body, f"{len(true)} sequences", torch.stack(found), torch.stack(true))
    _report_shapes(body, "  the mean body instead", torch.zeros_like(torch.stack(true)), torch.stack(true))


def _report_shapes(body: Body, name: str, found: Float[Tensor, "people betas"], true: Tensor) -> None:
    tall_cm = 1e2 * torch.stack([stature(body, a) - stature(body, b) for a, b in zip(found, true, strict=True)]).abs()
    bone_mm = 1e3 * (joint_distances(body, found, TREE) - joint_distances(body, true, TREE)).abs()
    log.info("%s: stature mean %.2f, worst %.2f cm", name, tall_cm.mean(), tall_cm.max())
    log.info("    bones mean %.2f, worst %.2f mm", bone_mm.mean(), bone_mm.max())


def mass(body: Body, betas: Float[Tensor, " betas"]) -> Float[Tensor, ""]:
    """Kilograms: the volume within the skin, whose few holes (eyes, mouth) count for nothing, by its density."""
    return DENSITY_KG_M3 * torch.linalg.det(rest_vertices(body, betas)[body.faces]).sum() / 6


def shape_of_build(body: Body, height_m: float, mass_kg: float) -> Float[Tensor, " betas"]:
    """The most likely betas of a stature and a mass."""

    def weigh(now: Tensor) -> Tensor:
        return mass(body, now)

    betas = body.template_m.new_zeros(body.beta_count)
    for _ in range(ROUNDS):
        slope = torch.func.grad(weigh)(betas)
        tall_curvature, tall_pull = height_evidence(body, betas, height_m)
        curvature = torch.outer(slope, slope) + tall_curvature + torch.eye(len(betas), dtype=betas.dtype)
        pull = slope * (mass_kg - mass(body, betas)) + tall_pull - betas
        betas = betas + 0.5 * torch.linalg.solve(curvature, pull)
    return betas


def _nearest_gap(body: Body, adults_m: Tensor, pairs: list[tuple[int, int]]) -> Tensor:
    """What the principal components alone leave of the lengths, by least squares."""
    zero = adults_m.new_zeros(10, body.beta_count)
    unit = zero.clone()
    unit[:, :10] = torch.eye(10, dtype=zero.dtype)
    base_m = joint_distances(body, zero[0], pairs)
    slope = (joint_distances(body, unit, pairs) - base_m).T
    betas = torch.linalg.lstsq(
        slope.T @ slope + 1e-6 * torch.eye(10, dtype=zero.dtype), slope.T @ (adults_m - base_m).T
    )
    return adults_m - base_m - (slope @ betas.solution).T


def _sequences(body: Body, clips: list[MocapClip], random: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Betas and joints of random people who move as captured ones did."""
    long = [clip for clip in clips if len(clip.parent_from_joint) >= FRAMES]
    for index in torch.randperm(len(long), generator=random)[:SEQUENCES].tolist():
        betas = torch.randn(body.beta_count, dtype=body.template_m.dtype, generator=random)
        pose = retarget(long[index], rest_joints(body, betas).numpy())
        rotation, root_m = torch.from_numpy(pose.parent_from_joint[:FRAMES]), torch.from_numpy(pose.pelvis_m[:FRAMES])
        yield betas, pose_joints(body, betas, rotation, root_m - rest_joints(body, betas)[0])


if __name__ == "__main__":
    main()
