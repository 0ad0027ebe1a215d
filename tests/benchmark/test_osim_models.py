"""The own models beside OpenSim: placed, scaled by distances and by hand, markers put where they were seen."""

from pathlib import Path
from typing import get_args

import pytest

from benchmark.osim_models import compare, own_subject
from models.osim.full_body_trunk import Topology


@pytest.mark.parametrize("topology", get_args(Topology))
def test_opensim_places_scales_and_marks_the_own_models_as_we_do(topology: Topology, tmp_path: Path) -> None:
    row = compare(own_subject(topology, tmp_path), tmp_path)
    assert max(row.bodies_mm, row.markers_mm) < 1e-9
    assert max(row.scaled_bodies_mm, row.scaled_markers_mm) < 0.01
    # the ScaleTool stops early, by millimetres; its own solver, asked to go on, does not
    assert row.placed_converged_mm < 0.01 < row.placed_default_mm
