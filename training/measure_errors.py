"""Measures how solved motion is wrong on drawn people: python -m training.measure_errors --runs DIR --truths DIR.

RUNS holds folders of runs of the pipeline, TRUTHS holds NAME_truth.npz for each. `fitted` is what the pipeline solves;
`detector` is the same solver on the detector's corrected shapes, frame by frame, without the fit of a trajectory.
Beside each it prints the same motions made wrong by what was measured: both lines should look alike.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import tyro
from jaxtyping import Bool, Float
from scipy.optimize import nnls
from scipy.spatial.transform import Rotation
from torch import Generator

from models import side_swap
from models.errors import InputError
from models.kinematics import bone_offsets, place_joints, world_from_joints
from models.nets.steadier import bone_directions
from models.rotations import shortest_arc, twist_about
from models.rough_map import load_map
from models.skeletons import SMPL_MIRROR, SMPL_PARENTS
from stages import solve
from stages.contracts import JointTrack, Person
from stages.lift import evidence, resample
from training.motion_errors import FILE, KINDS, MEMORY_S, Regime, load_regimes, shake
from training.true_motion import mean_rest_joints_m

LAGS: Final = (1, 2, 3, 4, 6, 8, 12)
RATE_HZ: Final = 30.0
DRAWS: Final = 8
FIGURES: Final = ("turn deg", "joints mm", "without bias mm", "bend mm/s2")
ROUGH: Final = FIGURES.index("bend mm/s2")
JUMP_S: Final = {"fitted": 0.3, "detector": 0.0}
"""See Regime: not measured."""
FAR_SD: Final = 2.5
BEND: Final = 5.0
SUM: Final = 10.0
"""Weights of the bend, and of the shares' sum, against a correlation in the fit of memories."""


@dataclass(frozen=True, eq=False)
class Pair:
    """What was found and what is true, in the camera's axes (z along the line of sight).

    Attributes:
        seen: frames that count.
    """

    name: str
    found: Float[np.ndarray, "frames 24 3 3"]
    true: Float[np.ndarray, "frames 24 3 3"]
    found_m: Float[np.ndarray, "frames 3"]
    true_m: Float[np.ndarray, "frames 3"]
    seen: Bool[np.ndarray, " frames"]


def main(runs: Path, truths: Path, out: Path = FILE) -> None:
    """Measure both regimes, write them, and show how alike drawn errors are.

    Args:
        runs: folder with a folder of results for each clip of 30 frames a second.
        truths: folder with NAME_truth.npz for each.
        out: the file to write.

    Raises:
        InputError: there is no clip with a truth.
    """
    names = sorted(path.name.removesuffix("_truth.npz") for path in truths.glob("*_truth.npz"))
    names = [name for name in names if (runs / name / "person_0" / "lift.npz").exists()]
    if not names:
        raise InputError(f"{runs} holds no run whose truth is in {truths}", "run the pipeline on the clips first")
    makers: Mapping[str, Callable[[Path], JointTrack]] = {"fitted": _fitted, "detector": _frame_by_frame}
    pairs = {
        regime: [_pair(name, track(runs / name), truths / f"{name}_truth.npz") for name in names]
        for regime, track in makers.items()
    }
    regimes = {name: measure(own) | {"jump_s": JUMP_S[name], "stretch": 1.0} for name, own in pairs.items()}
    for part in ("root_sd_m", "root_share"):  # shapes about the hips say nothing of the way
        regimes["detector"][part] = regimes["fitted"][part]
    told = {"rate_hz": RATE_HZ, "clips": names, "regimes": regimes}
    _write(told, out)
    for name, own in pairs.items():
        found, drawn = _likeness(own, load_regimes(out)[name])
        regimes[name]["stretch"] = round(float((drawn[ROUGH] / found[ROUGH]) ** 0.5), 3)
    _write(told, out)
    for name, own in pairs.items():
        for kind, figures in zip(("found", "drawn"), _likeness(own, load_regimes(out)[name]), strict=True):
            print(name, kind, " ".join(f"{unit} {value:.1f}" for unit, value in zip(FIGURES, figures, strict=True)))


def measure(pairs: Sequence[Pair]) -> dict[str, Any]:
    """A Regime as it stands in the file; both sides of the body count alike."""
    bones = [_bone_errors(pair) for pair in pairs]
    weight = np.array([len(own["way"]) for own in bones], dtype=float)
    both, squared = (_both_sides(np.sum([own[name] for own in bones], axis=0)) for name in ("both", "squared"))
    depth_slope = np.minimum(both / squared, 1.0)
    for own in bones:
        own["depth"] = own["depth"] + (1 - depth_slope)[:, None] * own["true_depth"]
    found: dict[str, Any] = {"depth_slope": depth_slope, "bias": {}, "sd": {}, "share": {}, "with_parent": {}}
    for kind in KINDS:
        errors = [own[kind] for own in bones]
        means = [error.mean(0) for error in errors]
        changing = [error - mean for error, mean in zip(errors, means, strict=True)]
        bias = np.average([_square(mean) for mean in means], axis=0, weights=weight)
        sd = np.average([_square(error).mean(0) for error in changing], axis=0, weights=weight)
        found["bias"][kind], found["sd"][kind] = np.sqrt(_both_sides(bias)), np.sqrt(_both_sides(sd))
        found["share"][kind] = memory_shares([error.reshape(len(error), -1) for error in changing])
        found["with_parent"][kind] = _with_parent(changing)
    ways = [own["way"] - own["way"].mean(0) for own in bones]
    columns = (slice(0, 2), slice(2, 3))
    found["root_sd_m"] = [float(np.median([np.sqrt((way[:, axes] ** 2).mean()) for way in ways])) for axes in columns]
    found["root_share"] = [memory_shares([way[:, axes] for way in ways]) for axes in columns]
    return _rounded(found)


def memory_shares(series: Sequence[Float[np.ndarray, "frames channels"]]) -> Float[np.ndarray, " memories"]:
    """The mixture of memories whose correlation over LAGS, and bend, are nearest to what was seen; they sum to 1.

    Every channel counts alike, what is far out is drawn in, and the bend (variance of the second difference) counts
    much, because a correlation near 1 hides how rough a series is.
    """
    longer = [own for own in series if len(own) > 2 * max(LAGS)]
    spread = np.sqrt(np.mean([own.var(0) for own in longer], axis=0))
    longer = [np.clip(own / spread, -FAR_SD, FAR_SD) for own in longer]
    whole = sum(float((own**2).mean(0).sum()) * len(own) for own in longer)

    def seen(lag: int) -> float:
        return sum(float((own[lag:] * own[:-lag]).mean(0).sum()) * len(own) for own in longer) / whole

    bend = sum(float((np.diff(own, 2, axis=0) ** 2).mean(0).sum()) * len(own) for own in longer) / whole
    lag_s = np.array((*LAGS, 1, 2))[:, None] / RATE_HZ
    memory_s = np.maximum(np.array(MEMORY_S), 1e-9)
    model = np.exp(-((lag_s / (2 * memory_s)) ** 2))
    bent = 6 - 8 * model[-2] + 2 * model[-1]
    rows = np.vstack([model[:-2], BEND * bent, SUM * np.ones(len(MEMORY_S))])
    share, _ = nnls(rows, np.array([*map(seen, LAGS), BEND * bend, SUM]))
    return share / share.sum()


def _fitted(run: Path) -> JointTrack:
    return _read(run / "person_0" / "lift.npz", JointTrack, "")


def _frame_by_frame(run: Path) -> JointTrack:
    """The detector's shapes about the mid-hip as the linear map corrects them, left and right put right."""
    person, fitted = _read(run / "track.npz", Person, "0/"), _fitted(run)
    seen = person.observed
    swaps = side_swap.find_swaps(
        person.landmarks_px[seen], person.rough_m[seen], person.timestamps_s[seen], side_swap.SwapCosts()
    )
    swapped, torn = np.zeros((2, len(seen)), dtype=bool)
    swapped[seen], torn[seen] = swaps.swapped, swaps.torn
    plan = resample.plan(person.timestamps_s, 0, seen, fitted.rate_hz)
    sides = side_swap.Sides(swapped, torn)
    sight = evidence.gather(person, sides, plan, fitted.camera_matrix, load_map())
    return replace(
        fitted,
        timestamps_s=sight.timestamps_s,
        observed=sight.observed,
        landmarks_m=sight.shape_m @ fitted.world_from_camera[:3, :3].T,
        landmarks_px=sight.pixels,
        confidence=sight.confidence,
        swapped=swapped & sight.observed,
    )


def _read(path: Path, contract: type[Any], prefix: str) -> Any:
    """An artefact of a run; fields that it lacks have their defaults."""
    with np.load(path, allow_pickle=False) as packed:
        names = [entry.name for entry in fields(contract) if prefix + entry.name in packed]
        values = {name: packed[prefix + name] for name in names}
    return contract(**{name: value.item() if value.ndim == 0 else value for name, value in values.items()})


def _pair(name: str, track: JointTrack, truth: Path) -> Pair:
    raw = solve.run(solve.Config(), track, device="cpu")
    with np.load(truth, allow_pickle=False) as packed:
        first = int(np.searchsorted(packed["timestamps_s"], track.timestamps_s[0] - 0.5 / RATE_HZ))
        count = min(len(packed["poses"]) - first, len(track.timestamps_s))
        rows = slice(first, first + count)
        vectors = packed["poses"][rows].reshape(-1, 3)
        local = Rotation.from_rotvec(vectors).as_matrix().reshape(count, -1, 3, 3)[:, :24]
        true, true_m = _in_camera(local, packed["trans"][rows], packed["world_from_camera"])
    found, found_m = _in_camera(raw.parent_from_joint[:count], raw.trans_m[:count], raw.world_from_camera)
    return Pair(name, found, true, found_m, true_m, track.observed[:count])


def _in_camera(
    local: Float[np.ndarray, "frames 24 3 3"], place_m: Float[np.ndarray, "frames 3"], world_from_camera: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    turn = world_from_camera[:3, :3]
    world = world_from_joints(SMPL_PARENTS, torch.from_numpy(local)).numpy()
    return turn.T @ world, (place_m - world_from_camera[:3, 3]) @ turn


def _bone_errors(pair: Pair) -> dict[str, np.ndarray]:
    """Of frames that count: errors by kind (frames, joints, axes), sums for the slope (joints), the pelvis' way."""
    bone = bone_directions()
    found, true = pair.found[pair.seen], pair.true[pair.seen]
    seen, real = (np.einsum("fjab,jb->fja", turns, bone) for turns in (found, true))
    seen_t, real_t, found_t, true_t = (torch.from_numpy(array) for array in (seen, real, found, true))
    left = found_t @ (shortest_arc(real_t, seen_t, true_t[..., 0]) @ true_t).mT
    return {
        "across": (seen - real)[..., :2],
        "depth": (seen - real)[..., 2:],
        "twist": twist_about(left, seen_t).numpy()[..., None],
        "true_depth": real[..., 2:],
        "both": (real[..., 2] * seen[..., 2]).sum(0),
        "squared": (real[..., 2] ** 2).sum(0),
        "way": (pair.found_m - pair.true_m)[pair.seen],
    }


def _with_parent(changing: Sequence[Float[np.ndarray, "frames joints axes"]]) -> float:
    """The correlation of a joint's error with its parent's, all joints and clips together."""
    own, above = list(range(1, 24)), list(SMPL_PARENTS[1:])
    both = sum(float((error[:, own] * error[:, above]).sum()) for error in changing)
    squared = [sum(float((error[:, part] ** 2).sum()) for error in changing) for part in (own, above)]
    return both / float(np.sqrt(squared[0] * squared[1]))


def _square(error: Float[np.ndarray, "*frames joints axes"]) -> Float[np.ndarray, "*frames joints"]:
    return (error**2).mean(-1)


def _both_sides(of_joint: Float[np.ndarray, " joints"]) -> Float[np.ndarray, " joints"]:
    return (of_joint + of_joint[list(SMPL_MIRROR)]) / 2


def _rounded(found: Any) -> Any:
    """Lists and numbers of four decimals in place of arrays."""
    if isinstance(found, dict):
        return {name: _rounded(own) for name, own in found.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(found, list):
        return [_rounded(own) for own in found]  # pyright: ignore[reportUnknownVariableType]
    return np.round(found, 4).tolist()


def _write(told: Mapping[str, Any], path: Path) -> None:
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    load_regimes.cache_clear()


def _likeness(pairs: Sequence[Pair], regime: Regime) -> tuple[Float[np.ndarray, "4"], Float[np.ndarray, "4"]]:
    """How wrong the pairs are, and how wrong their truth becomes when it is shaken: FIGURES, mean over clips."""
    generator = Generator().manual_seed(0)
    # The camera's y points down, a drawn line of sight is level in the world.
    upright = torch.diag(torch.tensor([1.0, -1.0, -1.0], dtype=torch.float64))
    found: list[np.ndarray] = []
    drawn: list[np.ndarray] = []
    for pair in pairs:
        true = upright @ torch.from_numpy(pair.true)[None]
        found.append(_figures(upright @ torch.from_numpy(pair.found)[None], true, pair.seen))
        many = true.expand(DRAWS, -1, -1, -1, -1)
        still_m = torch.zeros(*many.shape[:2], 3, dtype=true.dtype)
        shaken = shake(many, still_m, RATE_HZ, regime, generator)
        drawn.append(_figures(shaken.world_from_joint, many, pair.seen))
    return np.mean(found, axis=0), np.mean(drawn, axis=0)


def _figures(found: torch.Tensor, true: torch.Tensor, seen: Bool[np.ndarray, " frames"]) -> Float[np.ndarray, "4"]:
    offset_m = torch.from_numpy(bone_offsets_m())
    nowhere = torch.zeros(*found.shape[:2], 3, dtype=found.dtype)
    error_m = place_joints(SMPL_PARENTS, offset_m, nowhere, found) - place_joints(
        SMPL_PARENTS, offset_m, nowhere.expand(true.shape[0], -1, -1), true
    )
    cosine = ((found.mT @ true).diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2
    bend = error_m.diff(n=2, dim=1) * RATE_HZ**2
    error_m, turn = error_m[:, seen], cosine[:, seen].clamp(-1, 1).acos().rad2deg()
    changing = error_m - error_m.mean(1, keepdim=True)
    lengths = (1e3 * error_m.norm(dim=-1), 1e3 * changing.norm(dim=-1), 1e3 * bend[:, seen[2:]].norm(dim=-1))
    return np.array([float(turn.mean()), *(float(own.mean()) for own in lengths)])


def bone_offsets_m() -> Float[np.ndarray, "24 3"]:
    """The mean body's bones at rest."""
    return bone_offsets(SMPL_PARENTS, torch.from_numpy(mean_rest_joints_m().copy())).numpy()


if __name__ == "__main__":
    tyro.cli(main)
