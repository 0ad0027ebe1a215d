"""The own full-body model: 47 independent coordinates with thorax and clavicles, or the standard 37 of Rajagopal 2016.

The standard topology has the joints of the published model (Rajagopal et al. 2016), number by number: 22 bodies, one
coordinate that drives all of the knee, a coupled patella, locked wrists. Ranges are those of its revision for markers
(LaiUhlrich 2022), which also frees subtalar and toe joints: skin shows them. The pelvis turns without bounds.

The thorax topology follows what a camera sees of a skinned body. Between pelvis and torso lies a lumbar body, and
clavicles and a head move on the torso: 26 bodies. Knee, elbow and forearm are plain hinges, and limbs are straight, as
those of the body whose motion is followed: a carrying angle and a tibia that turns as the knee bends would stand
against joints that do neither. 47 coordinates are independent; two more, the patellae, follow the knees, as in the
published model. Offsets of legs and arms are those of the published adult; those of the trunk, for which it has no
joints, are the free body's mean shape, rounded to a millimetre.

The couplers have a use beyond the patella: without any constraint OpenSim's inverse kinematics takes a solver that
ignores the accuracy it is given and stops up to degrees early.

Ground and body frames: x forward, y up, z to the subject's right.
"""

from models.osim.full_body_arms import free_arms, standard_arms
from models.osim.full_body_legs import free_legs, patella_couplers, standard_legs
from models.osim.full_body_markers import markers_of
from models.osim.full_body_masses import bodies_of
from models.osim.full_body_trunk import Topology, free_spine, root, standard_back
from models.osim.model import Model, build


def full_body(topology: Topology) -> Model:
    """The generic adult, with markers.

    Args:
        topology: "thorax" for 47 independent coordinates in 26 bodies, "standard" for 37 in 22; two more are coupled.
    """
    if topology == "standard":
        joints = [root(), *standard_legs(), *standard_back(), *standard_arms()]
    else:
        joints = [root(), *free_legs(), *free_spine(), *free_arms()]
    return build(f"kinetrace_{topology}", bodies_of(topology), joints, markers_of(topology), patella_couplers())
