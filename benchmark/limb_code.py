"""What packing costs: `python -m benchmark.limb_code --mocap MOCAP/test`: errors of joints for each ratio.

Real motion of people who were kept apart, on the mean body; every clip of eight seconds or more, ten seconds at most.
Stored numbers, all of them, against 72 a frame. Beside it the floor that everybody has: every k-th frame's 72 numbers,
turned evenly in between, as many as the ratio allows.
"""

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from models.bodies import load_body
from models.bodies.body import Body, rest_joints
from models.errors import InputError
from models.packed_motion import pack
from models.resample import resample_places, resample_turns
from models.retarget.body import posed_points
from training.mocap import TrueMotion, read_truth

RATIOS: Final = (5.0, 10.0, 20.0, 30.0)
LEAST_S: Final = 8.0
MOST_S: Final = 10.0


def main() -> None:
    """Read the command line, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mocap", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=30)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    table = measure(arguments.mocap, arguments.clips)
    print(json.dumps(table, indent=1))
    if arguments.out:
        arguments.out.write_text(json.dumps(table, indent=1) + "\n")


def measure(mocap: Path, clips: int) -> dict[str, Any]:
    """Mean distances of 24 joints in millimetres, the 95th percentile of frames' means, and the floor's.

    Raises:
        InputError: no clip is long enough.
    """
    motions = [each for each in read_truth(mocap) if len(each.pelvis_m) >= LEAST_S * each.rate_hz]
    if not motions:
        raise InputError(f"no clip lasts {LEAST_S:g} s", "give a folder with longer clips")
    chosen = [motions[row] for row in np.random.default_rng(0).permutation(len(motions))[:clips]]
    body = load_body("free").to("cpu", torch.float64)
    rows: list[dict[str, Any]] = []
    frames = 0
    for ratio in RATIOS:
        found = [_one(body, motion, ratio) for motion in chosen]
        error_mm = np.concatenate([errors for errors, _, _ in found])
        frames = len(error_mm)
        floor_mm = np.concatenate([floor for _, floor, _ in found])
        rows.append({
            "ratio": round(float(np.median([each for *_, each in found])), 2),
            "mean_mm": round(float(error_mm.mean()), 1),
            "elbows_knees_mm": round(float(error_mm[:, [4, 5, 18, 19]].mean()), 1),
            "median_clip_mm": round(float(np.median([errors.mean() for errors, _, _ in found])), 1),
            "frames_95_mm": round(float(np.quantile(error_mm.mean(axis=1), 0.95)), 1),
            "every_kth_frame_mean_mm": round(float(floor_mm.mean()), 1),
        })  # fmt: skip
    return {"clips": len(chosen), "frames": frames, "rows": rows}


def _one(body: Body, motion: TrueMotion, ratio: float) -> tuple[np.ndarray, np.ndarray, float]:
    frames = min(len(motion.pelvis_m), round(MOST_S * motion.rate_hz))
    local, betas = motion.parent_from_joint[:frames].astype(np.float64), np.zeros(body.beta_count)
    pelvis_m = rest_joints(body, torch.from_numpy(betas))[0].numpy()
    trans_m = motion.pelvis_m[:frames].astype(np.float64) - pelvis_m
    packed = pack(body, betas, local, trans_m, rate_hz=motion.rate_hz, ratio=ratio)
    kept = np.linspace(0, frames - 1, max(2, int(frames / ratio))).round()
    every = np.arange(frames, dtype=np.float64)
    rows = kept.astype(int)
    again = resample_turns(local[rows], kept, every), resample_places(trans_m[rows], kept, every)
    shape = torch.from_numpy(betas)
    true_m, plain_m = (posed_points(body, shape, *pose)[0] for pose in ((local, trans_m), again))
    return 1000 * packed.error_m, 1000 * np.linalg.norm(plain_m - true_m, axis=-1), packed.ratio


if __name__ == "__main__":
    main()
