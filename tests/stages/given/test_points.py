"""Points of any set become a motion of the body whose joints lie where the points say, gaps and rates included."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import ConfigError, InputError
from models.readers.given import Said
from stages.contracts import RawMotion
from stages.solve import points
from stages.solve.config import Config
from tests.stages.given.case import FRAMES, rooted, truth, write_joints


def _joints(raw: RawMotion) -> np.ndarray:
    import torch  # noqa: PLC0415

    from models.bodies import load_body  # noqa: PLC0415
    from models.retarget.body import posed_points  # noqa: PLC0415

    body = load_body("free").to("cpu", torch.float64)
    return posed_points(body, torch.from_numpy(raw.betas).double(), raw.parent_from_joint, raw.trans_m)[0]


@pytest.mark.parametrize(("set_name", "most_mm"), [("smpl24", 8), ("body25", 30), ("blazepose33", 30)])
def test_a_set_of_points_becomes_the_motion_it_was_read_off(tmp_path: Path, set_name: str, most_mm: float) -> None:
    write_joints(tmp_path / "a.npz", set_name, noise_m=0.002, hidden=slice(20, 24))
    (raw,) = points.run(Config(), Said(up="y"), "npz", tmp_path / "a.npz", device="cpu")
    assert raw.rate_hz == 30 and (~raw.observed).nonzero()[0].tolist() == [20, 21, 22, 23]
    assert (raw.confidence[20:24] == 0).all()
    away_m = np.linalg.norm(rooted(_joints(raw)) - rooted(truth().points_m["smpl24"]), axis=-1)
    assert 1000 * np.median(away_m[raw.observed]) < most_mm
    assert 1000 * np.median(away_m[~raw.observed]) < most_mm + 5


def test_another_rate_is_brought_to_a_whole_one(tmp_path: Path) -> None:
    write_joints(tmp_path / "a.npz", "smpl24")
    (raw,) = points.run(Config(), Said(up="y", rate_hz=29.97), "npz", tmp_path / "a.npz", device="cpu")
    assert raw.rate_hz == 30 and raw.observed.all() and len(raw.observed) in (FRAMES, FRAMES + 1)


def test_hardly_anything_seen_is_refused(tmp_path: Path) -> None:
    write_joints(tmp_path / "a.npz", "smpl24")
    content = dict(np.load(tmp_path / "a.npz"))
    content["joints_m"][:, 5:] = np.nan
    np.savez(tmp_path / "a.npz", **content)
    with pytest.raises(InputError):
        points.run(Config(), Said(up="y"), "npz", tmp_path / "a.npz", device="cpu")


def test_the_analytic_solver_says_which_points_it_knows(tmp_path: Path) -> None:
    write_joints(tmp_path / "a.npz", "body25")
    with pytest.raises(ConfigError, match="neural"):
        points.run(Config(solver="analytic"), Said(up="y"), "npz", tmp_path / "a.npz", device="cpu")
