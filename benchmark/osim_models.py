"""Our forward kinematics and scaling beside OpenSim's: python -m benchmark.osim_models [--case DIR ...] --json FILE.

Of every case's model (a folder with model.osim, markers.trc and perhaps ik_setup.xml) and of both own models: how far
bodies and markers lie from where OpenSim puts them, at random poses; the same after OpenSim's ScaleTool and ours have
scaled it, by marker distances and by hand, with one setup; and how far the markers lie apart that both then place,
from the static pose of OpenSim's default accuracy and of a converged one.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Final, get_args
from xml.etree.ElementTree import Element, SubElement

import numpy as np
import opensim
import tyro
from jaxtyping import Float

from benchmark.biomech import load_case, quiet
from models.osim.elements import document, put
from models.osim.forward import place_bodies, place_markers
from models.osim.full_body import full_body
from models.osim.full_body_trunk import Topology
from models.osim.model import Marker, Model
from models.osim.reader import load_model
from models.osim.scale_setup import read_scale_setup, run_setup
from models.osim.scaling import mean_frame, scale
from models.osim.tasks import Tasks, even_tasks
from models.osim.trc import Trial, write_trc
from models.osim.writer import write_model

POSES: Final = 20
BY_HAND: Final = (1.1, 0.9, 1.2)
MASS_KG: Final = 68.0
STILL_FRAMES: Final = 5
SHIFT_M: Final = 0.008
"""How far a synthetic person's markers lie from the model's, one standard deviation along each axis."""
CONVERGED: Final = 1e-9
ROUNDS: Final = 2


@dataclass(frozen=True)
class Arguments:
    """Compare models, not motions."""

    case: Annotated[tuple[Path, ...], tyro.conf.UseAppendAction] = ()
    """A folder with a trial; may be given several times."""
    json: Path | None = None
    """Where to write the figures."""


@dataclass(frozen=True)
class Subject:
    """A model as a file for OpenSim and as ours, a person who stands still, and what to follow of him."""

    name: str
    model_file: Path
    model: Model
    still: Trial
    tasks: Tasks


@dataclass(frozen=True)
class Row:
    """Largest distances in millimetres.

    Attributes:
        bodies, markers: at random poses.
        scaled_bodies, scaled_markers: at random poses after scaling, markers not yet placed.
        placed_default: placed markers in their bodies, ours beside the ScaleTool's.
        placed_converged: ours beside those of OpenSim's own solver, asked again and again at accuracy 1e-9.
    """

    name: str
    bodies_mm: float
    markers_mm: float
    scaled_bodies_mm: float
    scaled_markers_mm: float
    placed_default_mm: float
    placed_converged_mm: float


def main(arguments: Arguments) -> None:
    """Print and write a row for each model."""
    with tempfile.TemporaryDirectory() as folder:
        subjects = [_case(path) for path in arguments.case]
        subjects += [own_subject(topology, Path(folder)) for topology in get_args(Topology)]
        rows = [compare(subject, Path(folder)) for subject in subjects]
    for row in rows:
        print(*(f"{key} {value:.2g}" if isinstance(value, float) else value for key, value in asdict(row).items()))
    if arguments.json:
        table = {"models": [asdict(row) for row in rows], "opensim": opensim.GetVersion()}
        arguments.json.write_text(json.dumps(table, indent=1) + "\n")


def compare(subject: Subject, folder: Path) -> Row:
    """The row of one model."""
    model, still = subject.model, subject.still
    (folder / "still.trc").write_text(write_trc(still, "still.trc"))
    setup = scale_setup(subject)
    (folder / "scale.xml").write_text(setup)
    with quiet():
        opensim.ScaleTool(str(folder / "scale.xml")).run()
    wanted = read_scale_setup(setup, model)
    scaled, placed = run_setup(model, still, replace(wanted, static_tasks=None)), run_setup(model, still, wanted)
    theirs = {m.name: m.location_m for m in load_model(folder / "placed.osim").markers}
    converged = _converged_places(subject, folder / "scaled.osim")
    followed = [m for m in placed.markers if not m.fixed and m.name in converged and m.name in theirs]
    bodies, markers = _apart_mm(subject.model_file, model)
    scaled_bodies, scaled_markers = _apart_mm(folder / "scaled.osim", scaled)
    return Row(
        name=subject.name,
        bodies_mm=bodies,
        markers_mm=markers,
        scaled_bodies_mm=scaled_bodies,
        scaled_markers_mm=scaled_markers,
        placed_default_mm=_farthest_mm(followed, theirs),
        placed_converged_mm=_farthest_mm(followed, converged),
    )


def scale_setup(subject: Subject) -> str:
    """A setup of the ScaleTool: distances of two markers where a body has them, factors by hand elsewhere."""
    tool = Element("ScaleTool", name="subject")
    put(tool, "mass", MASS_KG)
    put(SubElement(tool, "GenericModelMaker"), "model_file", subject.model_file.resolve())
    scaler = SubElement(tool, "ModelScaler")
    for tag, value in (("apply", "true"), ("scaling_order", "measurements manualScale"), ("marker_file", "still.trc")):
        put(scaler, tag, value)
    seen = [m for m in subject.model.markers if m.name in subject.still.names]
    measured = SubElement(SubElement(scaler, "MeasurementSet"), "objects")
    by_hand = SubElement(SubElement(scaler, "ScaleSet"), "objects")
    for body in subject.model.bodies:
        mine = [m.name for m in seen if m.body == body.name][:2]
        (_measure if len(mine) == 2 else _set_by_hand)(measured if len(mine) == 2 else by_hand, body.name, mine)
    window = (float(subject.still.timestamps_s[0]), float(subject.still.timestamps_s[-1]))
    put(scaler, "time_range", *window)
    put(scaler, "preserve_mass_distribution", "true")
    put(scaler, "output_model_file", "scaled.osim")
    placer = SubElement(tool, "MarkerPlacer")
    tasks = SubElement(SubElement(placer, "IKTaskSet"), "objects")
    for name, weight in subject.tasks.marker_weight.items():
        put(SubElement(tasks, "IKMarkerTask", name=name), "weight", weight)
    put(placer, "time_range", *window)
    for tag, value in (("apply", "true"), ("marker_file", "still.trc"), ("output_model_file", "placed.osim")):
        put(placer, tag, value)
    return document(tool)


def _measure(parent: Element, body: str, pair: list[str]) -> None:
    measurement = SubElement(parent, "Measurement", name=body)
    put(measurement, "apply", "true")
    pairs = SubElement(SubElement(measurement, "MarkerPairSet"), "objects")
    put(SubElement(pairs, "MarkerPair"), "markers", *pair)
    targets = SubElement(SubElement(measurement, "BodyScaleSet"), "objects")
    put(SubElement(targets, "BodyScale", name=body), "axes", "X", "Y", "Z")


def _set_by_hand(parent: Element, body: str, _: list[str]) -> None:
    one = SubElement(parent, "Scale")
    for tag, values in (("scales", BY_HAND), ("segment", (body,)), ("apply", ("true",))):
        put(one, tag, *values)


def _case(folder: Path) -> Subject:
    case = load_case(folder)
    first = case.trial.between(float(case.trial.timestamps_s[0]), float(case.trial.timestamps_s[STILL_FRAMES - 1]))
    return Subject(case.name, case.model_file, case.model, first, Tasks(case.tasks.marker_weight))


def own_subject(topology: Topology, folder: Path) -> Subject:
    """An own model, and a person of other size whose markers lie elsewhere, with bent limbs."""
    model, random = full_body(topology), np.random.default_rng(3)
    path = folder / f"{model.name}.osim"
    path.write_text(write_model(model))
    person = scale(model, {b.name: (1.05, 0.95, 1.1) for b in model.bodies})
    person = replace(person, markers=tuple(_shifted(m, random.normal(0, SHIFT_M, 3)) for m in person.markers))
    pose = model.default_pose + [0.2 if c.motion == "rotational" and not c.locked else 0.0 for c in model.coordinates]
    names = tuple(m.name for m in person.markers)
    places = np.tile(place_markers(person, pose, person.markers), (STILL_FRAMES, 1, 1))
    still = Trial(names, 100.0, np.arange(STILL_FRAMES) / 100, places)
    return Subject(model.name, path, model, still, even_tasks(model))


def _shifted(marker: Marker, by_m: Float[np.ndarray, "3"]) -> Marker:
    x, y, z = (np.array(marker.location_m) + by_m).tolist()
    return replace(marker, location_m=(x, y, z))


def _apart_mm(model_file: Path, ours: Model) -> tuple[float, float]:
    """Of bodies and of markers at random poses."""
    poses = np.random.default_rng(1).uniform(-1, 1, (POSES, len(ours.coordinates)))
    with quiet():
        theirs = opensim.Model(str(model_file))
        state = theirs.initSystem()
    placed, markers = place_bodies(ours, poses), place_markers(ours, poses, ours.markers)
    apart: list[tuple[float, float]] = []
    for pose, origins, places in zip(poses, placed.origin_m, markers, strict=True):
        for index, value in enumerate(pose):
            coordinate = theirs.getCoordinateSet().get(index)
            coordinate.setLocked(state, False)
            coordinate.setValue(state, float(value), False)
        theirs.realizePosition(state)
        bodies = np.array([_three(body.getPositionInGround(state)) for body in theirs.getBodySet()])
        points = np.array([_three(marker.getLocationInGround(state)) for marker in theirs.getMarkerSet()])
        apart.append((float(np.abs(bodies - origins[1:]).max()), float(np.abs(points - places).max(initial=0.0))))
    return 1000 * max(body for body, _ in apart), 1000 * max(marker for _, marker in apart)


def _converged_places(subject: Subject, model_file: Path) -> dict[str, Float[np.ndarray, "3"]]:
    """Where OpenSim's solver puts the markers in their bodies if it goes on to the end."""
    mean = replace(mean_frame(subject.still), timestamps_s=np.zeros(1))
    with quiet():
        model = opensim.Model(str(model_file))
        state = model.initSystem()
        weights = opensim.SetMarkerWeights()
        for name in mean.names:  # a marker without a weight would count with 1
            weights.cloneAndAppend(opensim.MarkerWeight(name, subject.tasks.marker_weight.get(name, 0.0)))
        (model_file.parent / "mean.trc").write_text(write_trc(mean, "mean.trc"))
        reference = opensim.MarkersReference(str(model_file.parent / "mean.trc"), weights, opensim.Units("m"))
        solver = opensim.InverseKinematicsSolver(model, reference, opensim.SimTKArrayCoordinateReference())
        solver.setAccuracy(CONVERGED)
        for _ in range(ROUNDS):
            solver.assemble(state)
        model.realizePosition(state)
        ground, places = model.getGround(), {}
        for name, place in zip(mean.names, mean.markers_m[0], strict=True):
            if np.isfinite(place).all() and model.getMarkerSet().contains(name):
                frame = model.getMarkerSet().get(name).getParentFrame()
                local = ground.findStationLocationInAnotherFrame(state, opensim.Vec3(*place.tolist()), frame)
                places[name] = np.array(_three(local))
    return places


def _farthest_mm(ours: list[Marker], theirs: Mapping[str, Sequence[float] | Float[np.ndarray, "3"]]) -> float:
    return 1000 * max(float(np.linalg.norm(np.array(m.location_m) - theirs[m.name])) for m in ours)


def _three(vector: opensim.Vec3) -> list[float]:
    return [vector.get(index) for index in range(3)]


if __name__ == "__main__":
    main(tyro.cli(Arguments))
