"""The functions of one coordinate that joints and couplers use: polynomials, and cubics between knots.

OpenSim's constant, linear and multiplied functions are polynomials; its SimmSpline and piecewise-linear functions are
cubics between knots.
"""

from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

import numpy as np
from jaxtyping import Float

from models.errors import InputError
from models.osim.document import label, number, numbers


@dataclass(frozen=True)
class Polynomial:
    """Sum of coefficients[k] x^k; there is at least one coefficient."""

    coefficients: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Cubics:
    """Cubics between increasing knots, straight lines beyond.

    Attributes:
        knots: where the pieces start; the last knot ends the last piece.
        terms: value, slope, half the second and a sixth of the third derivative to the right of each knot.
    """

    knots: Float[np.ndarray, " knots"]
    terms: Float[np.ndarray, "knots 4"]


Function = Polynomial | Cubics

ZERO = Polynomial((0.0,))
IDENTITY = Polynomial((0.0, 1.0))


def evaluate(
    function: Function, x: Float[np.ndarray, "*batch"]
) -> tuple[Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    """Value and slope at every x."""
    if isinstance(function, Polynomial):
        value, slope = np.full_like(x, function.coefficients[-1]), np.zeros_like(x)
        for coefficient in function.coefficients[-2::-1]:
            slope = slope * x + value
            value = value * x + coefficient
        return np.asarray(value), np.asarray(slope)
    knots, terms = function.knots, function.terms
    piece = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)
    y, b, c, d = np.moveaxis(terms[piece], -1, 0)
    u = x - knots[piece]
    value, slope = y + u * (b + u * (c + u * d)), b + u * (2 * c + 3 * u * d)
    for end, outside in ((0, x < knots[0]), (-1, x > knots[-1])):
        value = np.where(outside, terms[end, 0] + (x - knots[end]) * terms[end, 1], value)
        slope = np.where(outside, terms[end, 1], slope)
    return np.asarray(value), np.asarray(slope)


def scaled(function: Function, factor: float) -> Function:
    """The function times a factor."""
    if isinstance(function, Polynomial):
        return Polynomial(tuple(factor * coefficient for coefficient in function.coefficients))
    return replace(function, terms=function.terms * factor)


def simm_spline(x: Float[np.ndarray, " knots"], y: Float[np.ndarray, " knots"]) -> Cubics:
    """The interpolating cubic spline whose end pieces have the third derivative of the cubic through four points.

    Source: Forsythe, Malcolm and Moler 1977, Computer Methods for Mathematical Computations, chapter 4; OpenSim's
    SimmSpline is that routine, continued by straight lines.
    """
    count, step, chord = len(x), np.diff(x), np.diff(y) / np.diff(x)
    if count == 2:
        return _straight(x, y)
    system, right = np.zeros((count, count)), np.zeros(count)
    for i in range(1, count - 1):
        system[i, i - 1 : i + 2] = step[i - 1], 2 * (step[i - 1] + step[i]), step[i]
        right[i] = chord[i] - chord[i - 1]
    system[0, :2] = -step[0], step[0]
    system[-1, -2:] = step[-1], -step[-1]
    if count > 3:
        right[0] = step[0] ** 2 * _third_difference(x[:4], y[:4])
        right[-1] = -(step[-1] ** 2) * _third_difference(x[-4:], y[-4:])
    bend = np.linalg.solve(system, right)
    slope = np.append(chord - step * (bend[1:] + 2 * bend[:-1]), chord[-1] + step[-1] * (bend[-2] + 2 * bend[-1]))
    third = np.diff(bend) / step
    return Cubics(x, np.stack([y, slope, 3 * bend, np.append(third, third[-1])], axis=1))


def read_function(element: Element) -> Function:
    """A function from its element.

    Raises:
        InputError: a kind that is not known, or knots that do not increase.
    """
    match element.tag:
        case "Constant":
            return Polynomial((number(element, "value", 0.0),))
        case "LinearFunction":
            slope, intercept = numbers(element, "coefficients", (1.0, 0.0), 2)
            return Polynomial((intercept, slope))
        case "PolynomialFunction":
            return Polynomial(tuple(numbers(element, "coefficients", None)[::-1]))
        case "MultiplierFunction":
            return scaled(inner_function(element), number(element, "scale", 1.0))
        case "SimmSpline" | "NaturalCubicSpline" | "natCubicSpline":
            return simm_spline(*_knots(element))
        case "PiecewiseLinearFunction":
            return _straight(*_knots(element))
        case _:
            known = "Constant, LinearFunction, PolynomialFunction, MultiplierFunction, SimmSpline"
            raise InputError(f"{label(element)} is no function known here", f"use {known} or PiecewiseLinearFunction")


def inner_function(element: Element, tag: str = "function") -> Function:
    """The function that stands inside a child of an element."""
    child = element.find(tag)
    if child is None or not len(child):
        raise InputError(f"{label(element)} has no function in <{tag}>", "give it one function")
    return read_function(child[0])


def _third_difference(x: Float[np.ndarray, "4"], y: Float[np.ndarray, "4"]) -> float:
    first = np.diff(y) / np.diff(x)
    second = np.diff(first) / (x[2:] - x[:2])
    return float((second[1] - second[0]) / (x[3] - x[0]))


def _straight(x: Float[np.ndarray, " knots"], y: Float[np.ndarray, " knots"]) -> Cubics:
    slope = np.diff(y) / np.diff(x)
    nothing = np.zeros_like(y)
    return Cubics(x, np.stack([y, np.append(slope, slope[-1]), nothing, nothing], axis=1))


def _knots(element: Element) -> tuple[Float[np.ndarray, " knots"], Float[np.ndarray, " knots"]]:
    x, y = (np.array(numbers(element, tag, None)) for tag in ("x", "y"))
    if len(x) != len(y) or len(x) < 2 or (np.diff(x) <= 0).any():
        problem = f"{label(element)} has {len(x)} knots for {len(y)} values, or knots that do not increase"
        raise InputError(problem, "give it at least two increasing x and as many y")
    return x, y
