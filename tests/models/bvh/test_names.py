"""Joints are known by the names that many programs give them, and by the shape of the tree where names say nothing."""

import numpy as np
import pytest

from models.bvh.names import limbs_by_names, side_and_part
from models.bvh.topology import limbs_by_topology
from models.bvh.tree import Tree

LEG = ("hip", "knee", "ankle", "foot")
ARM = ("collar", "shoulder", "elbow", "wrist", "hand")

PROGRAMS = {
    "MotionBuilder": "LeftUpLeg LeftLeg LeftFoot LeftToeBase, "
    "LeftShoulder LeftArm LeftForeArm LeftHand LeftHandMiddle1",
    "Mixamo": "mixamorig:LeftUpLeg mixamorig:LeftLeg mixamorig:LeftFoot mixamorig:LeftToeBase, "
    "mixamorig:LeftShoulder mixamorig:LeftArm mixamorig:LeftForeArm mixamorig:LeftHand mixamorig:LeftHandMiddle1",
    "Unreal": "thigh_l calf_l foot_l ball_l, clavicle_l upperarm_l lowerarm_l hand_l middle_01_l",
    "Xsens": "LeftHip LeftKnee LeftAnkle LeftToe, LeftCollar LeftShoulder LeftElbow LeftWrist",
    "Poser": "lThigh lShin lFoot lToe, lCollar lShldr lForeArm lHand lMid1",
    "DAZ": "lThighBend lShin lFoot lToe, lCollar lShldrBend lForearmBend lHand lMid1",
    "Character Creator": "CC_Base_L_Thigh CC_Base_L_Calf CC_Base_L_Foot CC_Base_L_ToeBase, "
    "CC_Base_L_Clavicle CC_Base_L_Upperarm CC_Base_L_Forearm CC_Base_L_Hand CC_Base_L_Mid1",
    "Rigify": "DEF-thigh.L DEF-shin.L DEF-foot.L DEF-toe.L, DEF-shoulder.L DEF-upper_arm.L DEF-forearm.L DEF-hand.L",
    "SMPL": "L_Hip L_Knee L_Ankle L_Foot, L_Collar L_Shoulder L_Elbow L_Wrist L_Hand",
    "depth camera": "HipLeft KneeLeft AnkleLeft FootLeft, ClavicleLeft ShoulderLeft ElbowLeft WristLeft HandLeft",
    "all in one": "lthigh lcalf lfoot ltoe, lclavicle lupperarm lforearm lhand",
}  # fmt: skip


def right(name: str) -> str:
    """The twin of a left joint's name."""
    for word, twin in (("Left", "Right"), ("_L_", "_R_"), ("L_", "R_"), ("_l", "_r"), (".L", ".R")):
        if word in name and (word != "L_" or name.startswith("L_")):
            return name.replace(word, twin)
    return "r" + name[1:]


def tree_of(leg: list[str], arm: list[str]) -> tuple[Tree, dict[str, int]]:
    """Hips, both legs, a spine, both arms, a head; and where each is."""
    names, parents, expected = ["Hips", "Spine", "Head"], [-1, 0, 1], {"head": 2}
    for side, rename in (("left", str), ("right", right)):
        for chain, parts, root in ((leg, LEG, 0), (arm, ARM, 1)):
            for above, (name, part) in enumerate(zip(chain, parts, strict=False)):
                parents.append(len(names) - 1 if above else root)
                expected[f"{side}_{part}"] = len(names)
                names.append(rename(name))
    return Tree(tuple(names), tuple(parents), np.ones(len(names))), expected


@pytest.mark.parametrize("program", PROGRAMS)
def test_limbs_are_found_by_the_names_of_many_programs(program):
    leg, arm = (part.split() for part in PROGRAMS[program].split(", "))
    tree, expected = tree_of(leg, arm)
    limbs = limbs_by_names(tree)
    assert limbs is not None and dict(limbs.joint) == expected


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Bip01 L Calf", ("left", "calf")),
        ("RightForeArmRoll", ("", "")),
        ("LeftFoot_End", ("", "")),
        ("Hips", ("", "hips")),
        ("lower_arm.R", ("right", "lowerarm")),
        ("RThumb", ("right", "thumb")),
        ("Leg", ("", "leg")),
    ],
)
def test_a_name_is_cut_into_side_and_part(name, said):
    assert side_and_part(name) == said


def test_twist_joints_and_fingers_do_not_mislead():
    names = ("Hips", "LeftUpLeg", "LeftUpLegRoll", "LeftLeg", "LeftFoot", "Spine", "LeftShoulder", "LeftArm",
             "LeftArmRoll", "LeftForeArm", "LeftHandThumb1", "LeftHand", "LeftHandIndex1")  # fmt: skip
    parents = (-1, 0, 1, 2, 3, 0, 5, 6, 7, 8, 9, 9, 11)
    both = (*names, *(name.replace("Left", "Right") for name in names[1:]))
    above = (*parents, *(parent if parent == 0 else parent + 12 for parent in parents[1:]))
    limbs = limbs_by_names(Tree(both, above, np.ones(len(both))))
    assert limbs is not None
    found = {part: both[limbs.joint[f"right_{part}"]] for part in ("hip", "knee", "shoulder", "elbow", "wrist")}
    assert found == {"hip": "RightUpLeg", "knee": "RightLeg", "shoulder": "RightArm", "elbow": "RightForeArm",
                     "wrist": "RightHand"}  # fmt: skip


def test_names_that_say_nothing_are_not_guessed_at():
    assert limbs_by_names(Tree(("a", "b", "c"), (-1, 0, 1), np.ones(3))) is None


@pytest.mark.parametrize("mirrored", [1, -1])
def test_two_pairs_of_alike_branches_are_legs_and_arms(mirrored):
    """Numbers for names: the longer pair are the legs, and the toes show where ahead is."""
    parents = (-1, 0, 1, 2, 3, 0, 5, 6, 7, 0, 9, 10, 11, 9, 13, 14, 9)
    place = {0: (0, 1, 0), 1: (0.1, 0.9, 0), 2: (0.1, 0.5, 0), 3: (0.1, 0.1, 0), 4: (0.1, 0, 0.15),
             5: (-0.1, 0.9, 0), 6: (-0.1, 0.5, 0), 7: (-0.1, 0.1, 0), 8: (-0.1, 0, 0.15), 9: (0, 1.4, 0),
             10: (-0.2, 1.4, 0), 11: (-0.45, 1.4, 0), 12: (-0.7, 1.4, 0), 13: (0.2, 1.4, 0), 14: (0.45, 1.4, 0),
             15: (0.7, 1.4, 0), 16: (0, 1.6, 0)}  # fmt: skip
    joints = np.array([place[joint] for joint in range(17)]) * (mirrored, 1, 1)
    bone = np.array([0, *(np.linalg.norm(joints[j] - joints[parents[j]]) for j in range(1, 17))])
    limbs = limbs_by_topology(Tree(tuple(map(str, range(17))), parents, bone), joints[None])
    assert limbs is not None
    names = ("left_hip", "left_ankle", "right_foot", "left_wrist", "right_elbow")
    expected = (1, 3, 8, 15, 11) if mirrored == 1 else (5, 7, 4, 12, 14)
    assert tuple(limbs.joint[name] for name in names) == expected


def test_one_pair_of_branches_is_no_person():
    tree = Tree(("0", "1", "2", "3", "4", "5", "6"), (-1, 0, 1, 2, 0, 4, 5), np.ones(7))
    assert limbs_by_topology(tree, np.zeros((1, 7, 3))) is None
