"""What OpenSim itself says of a model: the tests' independent reader."""

from pathlib import Path

import numpy as np
import opensim

opensim.Logger.setLevelString("off")
opensim.Logger.removeFileSink()
MOTIONS = {1: "rotational", 2: "translational", 3: "coupled"}


def open_model(content: str, folder: Path) -> opensim.Model:
    path = folder / "made.osim"
    path.write_text(content)
    return opensim.Model(str(path))


def place(model: opensim.Model, poses: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rotations and origins of the bodies and positions of the markers, for every pose; couplers do not act."""
    state, turns, origins, markers = model.initSystem(), [], [], []
    for pose in poses:
        for k, value in enumerate(pose):
            coordinate = model.getCoordinateSet().get(k)
            coordinate.setLocked(state, False)
            coordinate.setValue(state, float(value), False)
        model.realizePosition(state)
        frames = [body.getTransformInGround(state) for body in model.getBodySet()]
        turns.append([[[f.R().asMat33().get(i, k) for k in range(3)] for i in range(3)] for f in frames])
        origins.append([[f.p().get(i) for i in range(3)] for f in frames])
        places = [marker.getLocationInGround(state) for marker in model.getMarkerSet()]
        markers.append([[p.get(i) for i in range(3)] for p in places])
    return np.array(turns), np.array(origins), np.array(markers)
