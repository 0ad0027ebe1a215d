"""Which faults an .osim file has: those that the reader refuses, and those that only show once OpenSim computes."""

from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

import numpy as np

from models.errors import InputError
from models.osim.document import parse_xml
from models.osim.model import Body, Model
from models.osim.reader import model_of
from models.osim.validate_motion import Finding

NEWEST: Final = 40600
"""OpenSim 4.6 refuses documents of later versions."""
INERTIA_SLACK: Final = 1e-6


def model_findings(content: str) -> list[Finding]:
    """What is wrong with a model file."""
    try:
        root = parse_xml(content)
        model = model_of(root)
    except InputError as error:
        return [Finding(error.problem, error.remedy)]
    return _document_findings(root) + [found for body in model.bodies for found in _body_findings(body)] + _loose(model)


def _document_findings(root: Element) -> list[Finding]:
    found: list[Finding] = []
    version = root.get("Version", "")
    if int(version) > NEWEST:
        found.append(Finding(f"the version {version} is newer than OpenSim 4.6", "save it with an older one"))
    units = root.findtext("Model/length_units", "meters").strip()
    if units not in {"", "meters"}:
        found.append(Finding(f"<length_units> says {units!r}", "write metres: OpenSim computes in nothing else"))
    meshes = sorted({(e.text or "").strip() for e in root.iter("mesh_file")} - {""})
    far = [name for name in meshes if Path(name).is_absolute() or "\\" in name]
    if far:
        problem = f"geometry is named by a path of one machine, {far[0]!r}"
        found.append(Finding(problem, "name the file alone", is_fault=False))
    return found


def _body_findings(body: Body) -> list[Finding]:
    """A rigid body has a positive mass, and principal moments of which no one exceeds the sum of the others."""
    xx, yy, zz, xy, xz, yz = body.inertia_kgm2
    moments = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    slack = INERTIA_SLACK * float(np.abs(moments).max())
    if body.mass_kg < 0:
        return [Finding(f"body {body.name!r} has the mass {body.mass_kg:g}", "write none below zero")]
    if moments[0] < -slack or moments[2] > moments[0] + moments[1] + slack:
        problem = f"no rigid body has the moments {np.round(moments, 6).tolist()} of {body.name!r}"
        return [Finding(problem, "let none be negative or exceed the sum of the other two", is_fault=False)]
    if body.mass_kg == 0:
        return [Finding(f"body {body.name!r} has no mass", "give it one, for dynamics", is_fault=False)]
    return []


def _loose(model: Model) -> list[Finding]:
    """Ranges that inverse kinematics does not keep."""
    loose = [c.name for c in model.coordinates if not (c.clamped or c.locked) and c.motion == "rotational"]
    if loose and len(loose) < len(model.coordinates):
        problem = f"{len(loose)} coordinates may leave their range, {loose[0]!r} among them"
        return [Finding(problem, "write <clamped>true</clamped>, if the range should bind", is_fault=False)]
    return []
