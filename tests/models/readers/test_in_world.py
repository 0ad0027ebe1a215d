"""Points in space come out in metres with Y up, whatever their file's unit and axes; what cannot be told is asked."""

from pathlib import Path

import numpy as np
import pytest

from models.bodies.regressors import point_names
from models.errors import InputError
from models.osim.trc import Trial, write_trc
from models.readers import c3d, joints_npz, sam3d_body, trc
from models.readers.given import Said
from tests.models.readers.files import FRAMES, rows_of, walking, write_c3d

NAMES = list(point_names("halpe26"))
Z_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
"""From Y up to Z up."""


def _write_npz(path: Path, **more: np.ndarray) -> None:
    content = {"joints_m": walking(), "names": np.array(NAMES), "frame_rate_hz": np.array(30.0)} | more
    np.savez(path, **{key: value for key, value in content.items() if value is not None})


def test_joints_of_an_npz_read_back(tmp_path: Path) -> None:
    _write_npz(tmp_path / "a.npz", confidence=np.full((FRAMES, 26), 0.7))
    (person,) = joints_npz.read(tmp_path / "a.npz", Said())
    assert person.set_name == "halpe26"
    np.testing.assert_allclose(person.points_m, walking(), atol=1e-12)
    np.testing.assert_allclose(person.confidence, 0.7)
    np.testing.assert_allclose(person.timestamps_s, np.arange(FRAMES) / 30)


@pytest.mark.parametrize(("unit", "scale"), [("m", 1.0), ("cm", 100.0), ("mm", 1000.0)])
def test_z_up_and_any_unit_come_out_alike(tmp_path: Path, unit: str, scale: float) -> None:
    np.savez(tmp_path / "a.npz", joints=walking() @ Z_UP.T * scale, names=np.array(NAMES))
    (person,) = joints_npz.read(tmp_path / "a.npz", Said(unit=unit, rate_hz=30.0))  # pyright: ignore[reportArgumentType]
    np.testing.assert_allclose(person.points_m, walking(), atol=1e-12)


def test_a_person_1700_metres_tall_is_refused(tmp_path: Path) -> None:
    _write_npz(tmp_path / "a.npz", joints_m=walking() * 1000)
    with pytest.raises(InputError, match=r"would be 1\.\d+e\+03 m tall.*--unit"):
        joints_npz.read(tmp_path / "a.npz", Said())
    (person,) = joints_npz.read(tmp_path / "a.npz", Said(unit="mm"))
    np.testing.assert_allclose(person.points_m, walking(), atol=1e-9)


def test_what_a_file_does_not_say_is_asked_for(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", joints=walking(), names=np.array(NAMES), frame_rate_hz=np.array(30.0))
    with pytest.raises(InputError, match="--unit"):
        joints_npz.read(tmp_path / "a.npz", Said())
    np.savez(tmp_path / "a.npz", joints_m=walking(), names=np.array(NAMES))
    with pytest.raises(InputError, match="--rate"):
        joints_npz.read(tmp_path / "a.npz", Said())
    lying = walking()[..., [1, 0, 2]]
    np.savez(tmp_path / "a.npz", joints_m=lying, names=np.array(NAMES), frame_rate_hz=np.array(30.0))
    with pytest.raises(InputError, match="--up"):
        joints_npz.read(tmp_path / "a.npz", Said())
    (person,) = joints_npz.read(tmp_path / "a.npz", Said(up="y"))
    np.testing.assert_allclose(person.points_m, lying)


def test_nan_is_a_missing_point(tmp_path: Path) -> None:
    points_m = walking()
    points_m[1, 3, 2] = np.nan
    _write_npz(tmp_path / "a.npz", joints_m=points_m)
    (person,) = joints_npz.read(tmp_path / "a.npz", Said())
    assert person.confidence[1, 3] == 0 and (person.points_m[1, 3] == 0).all()
    assert (person.confidence == 0).sum() == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"joints_m": np.zeros((3, 26))}, "3 axes"),
        ({"joints_m": np.full((3, 26, 3), np.nan)}, "no point in any frame"),
        ({"joints_m": np.zeros((0, 26, 3))}, "0 frames"),
        ({"names": np.array(NAMES[:3])}, "3 names for 26"),
        ({"names": np.array([f"p{k}" for k in range(26)])}, "no known set"),
        ({"confidence": np.ones((2, 26))}, "do not fit"),
        ({"frame_rate_hz": np.array(-3.0)}, "no recording"),
        ({"timestamps_s": np.zeros(FRAMES)}, "do not rise"),
        ({"timestamps_s": np.arange(3.0)}, "3 frames"),
    ],
)
def test_what_is_wrong_with_an_npz_is_said(tmp_path: Path, more: dict[str, np.ndarray], words: str) -> None:
    _write_npz(tmp_path / "a.npz", **more)
    with pytest.raises(InputError, match=words):
        joints_npz.read(tmp_path / "a.npz", Said())


def test_a_pickle_within_an_npz_is_not_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", joints_m=np.array([print], dtype=object))
    with pytest.raises(InputError, match=r"no \.npz file"):
        joints_npz.read(tmp_path / "a.npz", Said())


def test_names_of_other_tools_are_known(tmp_path: Path) -> None:
    """As Pose2Sim calls OpenPose's points, in another order and with one that nobody knows."""
    chosen = ["RAnkle", "Neck", *(name for name in NAMES if name not in ("RAnkle", "Neck", "Head", "Hip"))]
    points_m = np.concatenate([walking()[:, [NAMES.index(name) for name in chosen]], np.ones((FRAMES, 1, 3))], axis=1)
    told = [name.replace("L", "left_", 1) if name[0] == "L" else name for name in chosen]
    np.savez(tmp_path / "a.npz", joints_m=points_m, names=np.array([*told, "Extra"]), frame_rate_hz=np.array(30.0))
    (person,) = joints_npz.read(tmp_path / "a.npz", Said())
    names = point_names(person.set_name)
    assert len(names) - (person.confidence[0] == 0).sum() >= 22
    np.testing.assert_allclose(person.points_m[:, names.index("RAnkle")], walking()[:, NAMES.index("RAnkle")])
    np.testing.assert_allclose(person.points_m[:, names.index("LKnee")], walking()[:, NAMES.index("LKnee")])


@pytest.mark.parametrize("units", ["m", "mm"])
def test_a_trc_of_joints_reads_back(tmp_path: Path, units: str) -> None:
    points_m = walking()[:, rows_of("body25")]
    points_m[2, 5] = np.nan
    factor = {"m": 1.0, "mm": 1000.0}[units]
    trial = Trial(tuple(point_names("body25")), 30.0, np.arange(FRAMES) / 30, points_m @ Z_UP.T * factor)
    (tmp_path / "a.trc").write_text(write_trc(trial, "a.trc").replace("\tm\t", f"\t{units}\t", 1))
    (person,) = trc.read(tmp_path / "a.trc", Said())
    assert person.set_name == "body25" and person.confidence[2, 5] == 0
    seen = person.confidence > 0
    np.testing.assert_allclose(person.points_m[seen], points_m[seen], atol=2e-7)


def test_a_trc_whose_header_lies_about_the_unit_is_refused_and_read_when_told(tmp_path: Path) -> None:
    trial = Trial(tuple(point_names("body25")), 30.0, np.arange(FRAMES) / 30, walking()[:, rows_of("body25")] * 1000)
    (tmp_path / "a.trc").write_text(write_trc(trial, "a.trc"))
    with pytest.raises(InputError, match="m tall with lengths in m"):
        trc.read(tmp_path / "a.trc", Said())
    (person,) = trc.read(tmp_path / "a.trc", Said(unit="mm"))
    np.testing.assert_allclose(person.points_m, walking()[:, rows_of("body25")], atol=1e-6)


@pytest.mark.parametrize("units", ["mm", "m"])
def test_a_c3d_of_joints_reads_back(tmp_path: Path, units: str) -> None:
    points_m = walking(rate_hz=100.0)
    points_m[2, 5] = np.nan
    write_c3d(tmp_path / "a.c3d", NAMES, points_m @ Z_UP.T * {"mm": 1000.0, "m": 1.0}[units], units=units)
    (person,) = c3d.read(tmp_path / "a.c3d", Said())
    assert person.confidence[2, 5] == 0 and (person.confidence == 0).sum() == 1
    seen = person.confidence > 0
    np.testing.assert_allclose(person.points_m[seen], points_m[seen], atol=2e-6)
    np.testing.assert_allclose(person.timestamps_s, np.arange(FRAMES) / 100)


def test_a_c3d_without_words_about_its_axes_is_recognised_by_standing(tmp_path: Path) -> None:
    write_c3d(tmp_path / "a.c3d", NAMES, walking() @ Z_UP.T * 1000, screen="")
    (person,) = c3d.read(tmp_path / "a.c3d", Said(rate_hz=30.0))
    np.testing.assert_allclose(person.points_m, walking(), atol=2e-6)


@pytest.mark.parametrize("keep", [0, 100, 600, 1500])
def test_a_cut_c3d_is_refused(tmp_path: Path, keep: int) -> None:
    write_c3d(tmp_path / "a.c3d", NAMES, walking() * 1000)
    content = (tmp_path / "a.c3d").read_bytes()
    (tmp_path / "a.c3d").write_bytes(content[:keep])
    with pytest.raises(InputError):
        c3d.read(tmp_path / "a.c3d", Said())


def test_a_c3d_that_claims_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    write_c3d(tmp_path / "a.c3d", NAMES, walking() * 1000)
    content = bytearray((tmp_path / "a.c3d").read_bytes())
    content[2:4] = (60000).to_bytes(2, "little")
    (tmp_path / "a.c3d").write_bytes(content)
    with pytest.raises(InputError, match="60000 points"):
        c3d.read(tmp_path / "a.c3d", Said())


def _sam_frame(points_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """70 points in the camera's axes about a place before it."""
    turned = points_m * [1, -1, -1]
    all_m = np.zeros((70, 3))
    for row, name in sam3d_body.NAMED.items():
        all_m[row] = turned[NAMES.index(name)]
    where_m = np.array([0.3, -0.2, 4.0])
    return all_m - where_m, where_m


def test_sam_3d_body_reads_back_from_both_kinds_of_files(tmp_path: Path) -> None:
    import pickle  # noqa: PLC0415

    frames = [_sam_frame(points_m) for points_m in walking()]
    np.savez(
        tmp_path / "a.npz",
        pred_keypoints_3d=np.stack([points for points, _ in frames]),
        pred_cam_t=np.stack([where for _, where in frames]),
    )
    people = [[{"pred_keypoints_3d": points, "pred_cam_t": where, "mask": None}] for points, where in frames]
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(people))
    for path in (tmp_path / "a.npz", tmp_path / "a.pkl"):
        (person,) = sam3d_body.read(path, Said(rate_hz=30.0))
        names = point_names(person.set_name)
        for name in sam3d_body.NAMED.values():
            np.testing.assert_allclose(
                person.points_m[:, names.index(name)], walking()[:, NAMES.index(name)], atol=1e-12
            )
    with pytest.raises(InputError, match="--rate"):
        sam3d_body.read(tmp_path / "a.npz", Said())
