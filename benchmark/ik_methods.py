"""Who takes part in the comparison of inverse kinematics: one line for each, with the name that the tables use."""

from collections.abc import Callable, Mapping
from typing import Final

from benchmark.baselines.hinge import hinge
from benchmark.baselines.smpl_iks import smpl_iks
from benchmark.baselines.smplify import load_smplify
from benchmark.baselines.true_twist import true_twist
from benchmark.ik_floors import first_pose, mean_pose
from benchmark.ik_problem import Method, Problem
from models.errors import ConfigError
from models.rig import Pose

Contender = Callable[[Problem, Pose], Pose]
"""A method that may look at the truth, which a bound and a floor do and a solver does not."""


def _blind(method: Method) -> Contender:
    return lambda problem, truth: method(problem)


CONTENDERS: Final[Mapping[str, Callable[[], Contender]]] = {
    "smpl_iks": lambda: _blind(smpl_iks),
    "hinge": lambda: _blind(hinge),
    "true_twist": lambda: true_twist,
    "smplify": lambda: _blind(load_smplify()),
    "mean_pose": lambda: mean_pose,
    "first_pose": lambda: first_pose,
}
"""Weights are read when one is called for."""
KNOW_THE_TRUTH: Final = frozenset({"true_twist", "mean_pose", "first_pose"})
"""Not solvers: nobody has to beat the first, everybody the others."""
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
