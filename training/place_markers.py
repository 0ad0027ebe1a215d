"""Where the markers of the own OpenSim models sit on the generic adult: python -m training.place_markers.

Writes models/osim/full_body_places.py. The models are scaled to the free body's mean shape, their markers put on its
skin, and the places carried back by the same factors.
"""

from pathlib import Path
from typing import get_args

import torch

from models.bodies import load_body
from models.bodies.body import Body, rest_joints
from models.bodies.regressors import point_names, pose_points
from models.osim.fit_body import fit_body
from models.osim.full_body import full_body
from models.osim.full_body_markers import JOINT_MARKERS
from models.osim.full_body_masses import MASS_KG
from models.osim.full_body_trunk import Topology
from models.osim.model import Vector
from models.skeletons import SMPL_INDEX

TARGET = Path(__file__).parents[1] / "models/osim/full_body_places.py"
HEAD = '''"""Places of markers on the generic adult in millimetres; written by `python -m training.place_markers`."""

from typing import Final

from models.osim.model import Vector

PLACES_MM: Final[dict[str, dict[str, Vector]]] = {
'''


def main() -> None:
    """Write the table of both topologies."""
    body, lines = load_body("free"), [HEAD]
    for topology in get_args(Topology):
        lines.append(f'    "{topology}": {{\n')
        lines += [f'        "{name}": {place},\n' for name, place in places_mm(body, topology).items()]
        lines.append("    },\n")
    TARGET.write_text("".join([*lines, "}\n"]))


def places_mm(body: Body, topology: Topology) -> dict[str, Vector]:
    """Every marker's place on the generic adult, rounded to a millimetre."""
    betas, pose = torch.zeros(body.beta_count), torch.eye(3).expand(len(SMPL_INDEX), 3, 3)
    joints_m = rest_joints(body, betas).double().numpy()
    skin_m = pose_points(body, "full_body", betas, pose, torch.zeros(3)).double().numpy()
    markers_m = dict(zip(point_names("full_body"), skin_m, strict=True))
    markers_m |= {name: joints_m[SMPL_INDEX[joint]] for name, joint in JOINT_MARKERS.items()}
    fitted = fit_body(full_body(topology), joints_m, markers_m, MASS_KG)
    found: dict[str, Vector] = {}
    for marker in fitted.model.markers:
        x, y, z = (1000 * m / f for m, f in zip(marker.location_m, fitted.factors[marker.body], strict=True))
        found[marker.name] = (float(round(x)), float(round(y)), float(round(z)))
    return found


if __name__ == "__main__":
    main()
