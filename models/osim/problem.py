"""What the compiled loops take: a folded model, what it should follow, when to stop, room to work in.

A segment is all that moves as one. Its frame is that of the joint's moving end, so that a joint is: a fixed transform
from the carrying segment, then elementary shifts and turns in order. A column is a coordinate with markers downstream;
a variable is a column that is free. A coupled column leans on the variable that drives it.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int


class Tables(NamedTuple):
    """Functions of one coordinate; function i has the rows start[i] to start[i + 1] of the table that its kind names.

    Attributes:
        cubic: which functions are cubics between knots.
        start: first row in `terms`, for a polynomial in `coefficients`.
        stop: row after its last.
        coefficients: of polynomials, ascending.
        terms: of cubics: knot, value, slope, half the second and a sixth of the third derivative.
    """

    cubic: Bool[np.ndarray, " functions"]
    start: Int[np.ndarray, " functions"]
    stop: Int[np.ndarray, " functions"]
    coefficients: Float[np.ndarray, " coefficients"]
    terms: Float[np.ndarray, "knots 5"]


class Chain(NamedTuple):
    """Segments from the ground outward, and the steps, columns and markers on them; arrays are what they are named.

    Attributes:
        carrier: segment that carries each segment; segment 0 is the ground.
        turn: of the joint's fixed end in the carrier.
        shift_m: of the joint's fixed end in the carrier.
        first_step: of each segment, and one more.
        step_turns: whether a step turns or shifts.
        step_axis: unit vector in the frame that the steps before made.
        step_coordinate: that drives it; -1 for none.
        step_function: of that coordinate, an index into `tables`.
        tables: the functions of steps, then of couplers.
        column_coordinate: the coordinate of each column.
        column_segment: the segment that it moves.
        column_variable: the variable that it leans on; -1 if nothing moves it.
        pair: columns (outer, inner) of which both move the outer's segment, an unordered pair once.
        variable_coordinate: the coordinate of each variable.
        lower, upper: bounds of variables; infinite where nothing is clamped.
        reach: how far a variable may go in one step of the solver.
        couple: rows (dependent coordinate, independent coordinate, function).
        marker_segment: of each followed marker.
        marker_m: its place in that segment.
    """

    carrier: Int[np.ndarray, " segments"]
    turn: Float[np.ndarray, "segments 3 3"]
    shift_m: Float[np.ndarray, "segments 3"]
    first_step: Int[np.ndarray, " segments_and_one"]
    step_turns: Bool[np.ndarray, " steps"]
    step_axis: Float[np.ndarray, "steps 3"]
    step_coordinate: Int[np.ndarray, " steps"]
    step_function: Int[np.ndarray, " steps"]
    tables: Tables
    column_coordinate: Int[np.ndarray, " columns"]
    column_segment: Int[np.ndarray, " columns"]
    column_variable: Int[np.ndarray, " columns"]
    pair: Int[np.ndarray, "pairs 2"]
    variable_coordinate: Int[np.ndarray, " variables"]
    lower: Float[np.ndarray, " variables"]
    upper: Float[np.ndarray, " variables"]
    reach: Float[np.ndarray, " variables"]
    couple: Int[np.ndarray, "couplers 3"]
    marker_segment: Int[np.ndarray, " markers"]
    marker_m: Float[np.ndarray, "markers 3"]


class Work(NamedTuple):
    """Room for one frame; twists and sums are about the ground's origin.

    Attributes:
        turn, origin_m: ground from segment.
        spin, glide: twist of each coordinate.
        lean: change of each coordinate with the variable that it leans on.
        total: of each segment's subtree: w; w p; w (xx yy zz xy xz yz); w r; w p x r.
        system, right: the linear equations of a step, spoiled by solving them.
        curvature, slope: half of the cost's.
    """

    turn: Float[np.ndarray, "segments 3 3"]
    origin_m: Float[np.ndarray, "segments 3"]
    spin: Float[np.ndarray, "coordinates 3"]
    glide: Float[np.ndarray, "coordinates 3"]
    lean: Float[np.ndarray, " coordinates"]
    total: Float[np.ndarray, "segments 16"]
    system: Float[np.ndarray, "variables variables"]
    right: Float[np.ndarray, " variables"]
    curvature: Float[np.ndarray, "variables variables"]
    slope: Float[np.ndarray, " variables"]


class Goal(NamedTuple):
    """What the solver follows.

    Attributes:
        target_m: measured markers; any number where the weight is 0.
        weight: sums to 1 in each frame, or is 0 throughout.
        task_weight: of coordinates.
        task_value: wanted.
    """

    target_m: Float[np.ndarray, "frames markers 3"]
    weight: Float[np.ndarray, "frames markers"]
    task_weight: Float[np.ndarray, " coordinates"]
    task_value: Float[np.ndarray, " coordinates"]


class Case(NamedTuple):
    """What moves, and where it should go."""

    chain: Chain
    goal: Goal


class Limits(NamedTuple):
    """When to stop.

    Attributes:
        stop: a frame is solved when no coordinate has further to go than this, radians or metres.
        most: steps at most.
        gain: a minimum is another one if its cost is lower by this share.
    """

    stop: float
    most: int
    gain: float
