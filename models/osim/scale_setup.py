"""Setup files of OpenSim's ScaleTool: what to measure, what to set by hand, how the static pose is found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, tostring

from models.errors import InputError
from models.osim.document import flag, label, number, numbers, parse_xml, text
from models.osim.model import Model, Vector
from models.osim.scaling import Factors, Measurement, measure, place_where_seen, scale, weigh, weigh_as_before
from models.osim.tasks import Tasks, read_setup
from models.osim.trc import Trial

STEPS: Final = ("measurements", "manualScale")


@dataclass(frozen=True)
class ScaleSetup:
    """A setup of the ScaleTool.

    Attributes:
        order: of the two ways to get factors; a later one overwrites an earlier one body by body, or axis by axis.
        measurements: from markers.
        manual: by hand, by body.
        measured_s: time range of the trial for measurements; None for all of it.
        mass_kg: of the person; None leaves the mass as it scales.
        keep_shares: bodies keep their shares of the mass.
        static_tasks: how to find the static pose; None if markers are not moved.
        static_s: time range of the trial for the static pose; None for all of it.
    """

    order: tuple[str, ...]
    measurements: tuple[Measurement, ...]
    manual: Mapping[str, Vector]
    measured_s: tuple[float, float] | None
    mass_kg: float | None
    keep_shares: bool
    static_tasks: Tasks | None
    static_s: tuple[float, float] | None


def read_scale_setup(content: str | bytes, model: Model) -> ScaleSetup:
    """Read a setup of the ScaleTool; files that it names are not opened.

    Raises:
        InputError: no ScaleTool or no ModelScaler in it, an unknown step, axis or body, a pair that is none.
    """
    tool = parse_xml(content).find("ScaleTool")
    scaler = None if tool is None else tool.find("ModelScaler")
    if tool is None or scaler is None:
        raise InputError("the document holds no <ScaleTool> with a <ModelScaler>", "hand in a setup of the ScaleTool")
    applied = flag(scaler, "apply", True)
    order = tuple(text(scaler, "scaling_order").split()) if applied else ()
    strange = [step for step in order if step not in STEPS]
    if strange:
        raise InputError(f"<scaling_order> names {strange[0]!r}", f"choose from {', '.join(STEPS)}")
    mass = number(tool, "mass", -1.0)
    placer = tool.find("MarkerPlacer")
    if placer is not None and not flag(placer, "apply", True):
        placer = None
    return ScaleSetup(
        order,
        tuple(_measurement(m) for m in scaler.findall("MeasurementSet/objects/Measurement") if flag(m, "apply", True)),
        dict(_by_hand(s) for s in scaler.findall("ScaleSet/objects/Scale") if flag(s, "apply", True)),
        _time_range(scaler),
        mass if mass > 0 and applied else None,
        flag(scaler, "preserve_mass_distribution", False),
        None if placer is None else _static_tasks(placer, model),
        None if placer is None else _time_range(placer),
    )


def factors_of(model: Model, trial: Trial, setup: ScaleSetup) -> Factors:
    """The factors that a setup gives a model.

    Raises:
        InputError: as `models.osim.scaling.measure`.
    """
    factors: dict[str, Vector] = {}
    for step in setup.order:
        if step == "manualScale":
            factors |= setup.manual
            continue
        cut = trial if setup.measured_s is None else trial.between(*setup.measured_s)
        factors = measure(model, cut, setup.measurements, factors)
    return factors


def run_setup(model: Model, trial: Trial, setup: ScaleSetup) -> Model:
    """Scale a model, weigh it and move its markers, with one trial for all.

    Raises:
        InputError: as `models.osim.scaling`.
    """
    made = scale(model, factors_of(model, trial, setup))
    if setup.mass_kg is not None:
        made = weigh_as_before(made, model, setup.mass_kg) if setup.keep_shares else weigh(made, setup.mass_kg)
    if setup.static_tasks is None:
        return made
    still = trial if setup.static_s is None else trial.between(*setup.static_s)
    return place_where_seen(made, still, setup.static_tasks)[0]


def _measurement(element: Element) -> Measurement:
    pairs = [text(pair, "markers").split() for pair in element.findall("MarkerPairSet/objects/MarkerPair")]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise InputError(f"{label(element)} does not consist of pairs of markers", "name two markers in each pair")
    targets: list[tuple[str, tuple[int, ...]]] = []
    for target in element.findall("BodyScaleSet/objects/BodyScale"):
        axes = text(target, "axes").upper().split()
        if any(axis not in {"X", "Y", "Z"} for axis in axes):
            raise InputError(f"{label(target)} has the axes {' '.join(axes)!r}", "choose from X, Y, Z")
        targets.append((target.get("name", ""), tuple("XYZ".index(axis) for axis in axes)))
    return Measurement(element.get("name", ""), tuple((pair[0], pair[1]) for pair in pairs), tuple(targets))


def _by_hand(element: Element) -> tuple[str, Vector]:
    x, y, z = numbers(element, "scales", None, 3)
    return text(element, "segment"), (x, y, z)


def _time_range(element: Element) -> tuple[float, float] | None:
    """OpenSim writes -1 -1 where there is no bound."""
    start_s, end_s = numbers(element, "time_range", (-1.0, -1.0), 2)
    return None if start_s < 0 and end_s < 0 else (start_s, end_s)


def _static_tasks(placer: Element, model: Model) -> Tasks:
    return read_setup(tostring(placer), model).tasks
