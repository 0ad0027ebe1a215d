"""A figure of rigid limbs that walks before a camera: 33 landmarks whose every place and length is known."""

import numpy as np

from models.skeletons import LANDMARK_INDEX

STATURE_CHAIN_M = {"trunk": np.hypot(0.06, 0.50), "thigh": 0.42, "shin": 0.40}
FACE = {
    "nose": (0, 0.68, 0.12), "eye_inner": (0.015, 0.72, 0.10), "eye": (0.03, 0.72, 0.10),
    "eye_outer": (0.045, 0.72, 0.09), "ear": (0.075, 0.70, 0.0), "mouth": (0.025, 0.64, 0.10),
}  # fmt: skip
HAND = {"pinky": (0.03, -0.08, 0), "index": (-0.01, -0.09, 0.02), "thumb": (-0.02, -0.05, 0.04)}
FOOT = {"ankle": (0, 0, 0), "heel": (0, -0.06, -0.05), "foot_index": (0, -0.07, 0.15)}


def walker_m(times_s, *, turn_rad_s=0.3, distance_m=4.0):
    """Landmarks (frames, 33, 3) in the axes of a level camera 1.5 m above the floor (x right, y down, z forward)."""
    out = np.zeros((len(times_s), 33, 3))
    swing = 2 * np.pi * 0.9 * times_s
    for name, place in FACE.items():
        for side, sign in (("left", 1), ("right", -1)):
            key = {"nose": "nose", "mouth": f"mouth_{side}"}.get(name)
            key = key or "_".join([side, *name.split("_")])
            out[:, LANDMARK_INDEX[key]] = np.array(place) * [sign, 1, 1]
    for side, sign in (("left", 1), ("right", -1)):

        def put(part, value, side=side):
            out[:, LANDMARK_INDEX[f"{side}_{part}"]] = value
            return value

        hip = put("hip", np.tile([0.12 * sign, 0, 0], (len(times_s), 1)))
        thigh = 0.45 * sign * np.sin(swing)
        shin = thigh - 0.5 - 0.4 * np.cos(swing + sign)
        knee = put("knee", hip + 0.42 * _down(thigh))
        ankle = knee + 0.40 * _down(shin)
        for part, place in FOOT.items():
            put(part, ankle + _turned(place, shin + 0.3))
        shoulder = put("shoulder", np.tile([0.18 * sign, 0.50, 0], (len(times_s), 1)))
        arm = -0.5 * sign * np.sin(swing) + 0.1
        elbow = put("elbow", shoulder + 0.28 * _down(arm))
        wrist = put("wrist", elbow + 0.25 * _down(arm + 0.6))
        for part, place in HAND.items():
            put(part, wrist + _turned(np.array(place) * [sign, 1, 1], arm + 0.6))
    return _before_camera(out, times_s, turn_rad_s, distance_m)


def _down(angle):
    """Unit vectors down, swung forward by the angle; axes left, up, forward."""
    return np.stack([0 * angle, -np.cos(angle), np.sin(angle)], axis=1)


def _turned(place, angle):
    x, y, z = place
    return np.stack(
        [x + 0 * angle, y * np.cos(angle) + z * np.sin(angle), z * np.cos(angle) - y * np.sin(angle)], axis=1
    )


def _before_camera(local, times_s, turn_rad_s, distance_m):
    yaw = 0.4 + turn_rad_s * times_s
    c, s, o = np.cos(yaw), np.sin(yaw), 0 * yaw
    # left, up, forward of a figure that faces the camera are right, up, towards it
    axes = np.stack([np.stack([c, o, s], 1), np.stack([o, o - 1, o], 1), np.stack([s, o, -c], 1)], axis=1)
    root = np.stack([0.4 * np.sin(times_s), 0.62 + 0.02 * np.sin(4 * times_s), distance_m + 0.3 * times_s], axis=1)
    return np.einsum("fij,fpi->fpj", axes, local) + root[:, None]
