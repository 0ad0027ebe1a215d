"""Who takes part in the comparison of inverse kinematics: one line for each, with the name that the tables use."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmark.baselines.deep_ik import deep_ik
from benchmark.baselines.hinge import hinge
from benchmark.baselines.learnable_smplify import learnable_smplify
from benchmark.baselines.smpl_iks import smpl_iks
from benchmark.baselines.smpl_iks_twist import load_learned_twist
from benchmark.baselines.smplify import load_smplify
from benchmark.baselines.true_twist import true_twist
from benchmark.ik_floors import first_pose, mean_pose
from benchmark.ik_problem import Method, Problem
from models.errors import ConfigError
from models.ik import solve_guess, solve_pose, widened
from models.ik_habits import towards_rest
from models.ik_plugin import improve_motion
from models.ik_sequence import follow
from models.ik_steady import steady_points
from models.nets.load import load_pose_net
from models.nets.pose_guess import guess_pose
from models.nets.pose_net import PoseNet
from models.rig import Pose
from models.weights import find_weights

WEIGHTS: Final = Path(__file__).parent / "weights"
STEPS: Final = 3
"""Of refinement, in every table but that of speed."""

Contender = Callable[[Problem, Pose], Pose]
"""A method that may look at the truth, which a bound and a floor do and a solver does not."""


def _blind(method: Method) -> Contender:
    return lambda problem, truth: method(problem)


def _without_first(method: Method) -> Contender:
    """A residual method that has to begin by itself, as everybody else."""
    return lambda problem, truth: method(replace(problem, first=None))


def kinetrace(net: PoseNet, steps: int = STEPS) -> Contender:
    """Our own solver; every frame sees its neighbours in time."""
    return _blind(lambda problem: solve_pose(problem.rig, problem.keypoints, net=net, steps=steps).pose)


def unsteadied(net: PoseNet) -> Contender:
    """Our own solver on the points as they come; the network still sees the frames around."""

    def solve(problem: Problem) -> Pose:
        guess = towards_rest(problem.rig, guess_pose(net, problem.rig, problem.keypoints))
        return solve_guess(problem.rig, problem.keypoints, widened(guess), steps=STEPS).pose

    return _blind(solve)


def steadied(method: Method) -> Contender:
    """Another's method on the points that ours is solved from."""
    return lambda problem, truth: method(replace(problem, keypoints=steady_points(problem.rig, problem.keypoints)))


def variant(name: str) -> Contender:
    """Our own solver with a network of another kind.

    Raises:
        WeightsError: none is kept under this name.
    """
    return kinetrace(load_pose_net(find_weights(f"pose_net_{name}.safetensors", WEIGHTS).path))


def follower(net: PoseNet) -> Contender:
    """Our own solver frame after frame, each from its answer before."""
    return _blind(lambda problem: follow(problem.rig, problem.keypoints, net=net, steps=STEPS).pose)


def improver(net: PoseNet) -> Contender:
    """Our own solver on another estimator's motion, which it is given in the truth's place."""
    return lambda problem, given: improve_motion(problem.rig, problem.keypoints, given, net=net, steps=STEPS).pose


CONTENDERS: Final[Mapping[str, Callable[[], Contender]]] = {
    "kinetrace": lambda: kinetrace(load_pose_net()),
    "kinetrace_one_step": lambda: kinetrace(load_pose_net(), steps=1),
    "kinetrace_unsteadied": lambda: unsteadied(load_pose_net()),
    "smpl_iks": lambda: _blind(smpl_iks),
    "smpl_iks_learned_twist": lambda: _blind(load_learned_twist()),
    "hinge": lambda: _blind(hinge),
    "hinge_steadied": lambda: steadied(hinge),
    "learnable_smplify": lambda: _without_first(learnable_smplify()),
    "learnable_smplify_true_first": lambda: _blind(learnable_smplify()),
    "deep_ik": lambda: _blind(deep_ik()),
    "true_twist": lambda: true_twist,
    "smplify": lambda: _blind(load_smplify()),
    "mean_pose": lambda: mean_pose,
    "first_pose": lambda: first_pose,
}
"""Weights are read when one is called for."""
KNOW_THE_TRUTH: Final = frozenset({"true_twist", "learnable_smplify_true_first", "mean_pose", "first_pose"})
"""A bound, a method that is handed the true first frame of each sequence, and floors: in no contest of cells."""
SLOW: Final[Mapping[str, int]] = {"smplify": 12}
"""Methods that are given so many sequences of a cell only."""


def contender(name: str) -> Contender:
    """Make a method ready.

    Raises:
        ConfigError: there is none of this name.
    """
    if name not in CONTENDERS:
        raise ConfigError(f"no method called {name!r}", f"choose from {sorted(CONTENDERS)}")
    return CONTENDERS[name]()
