"""Every program's file gives the same cameras; what is no calibration is refused with a way out."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.cameras import in_order, read_calibration
from models.errors import InputError
from tests.models.cameras.rigs import SIZE_PX, camera_at, seen_by, toml_of

CAMERAS = (camera_at("cam1", 20, distortion=(-0.05, 0.1, 0.001, -0.002, 0)), camera_at("cam2", 95, focal_px=1000.0))
POINTS_M = np.array([[0.3, 1.2, 0.1], [-0.4, 0.2, 0.5]])


def written(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def yaml_matrix(name, values):
    values = np.atleast_2d(values)
    return (
        f"{name}: !!opencv-matrix\n  rows: {values.shape[0]}\n  cols: {values.shape[1]}\n  dt: d\n"
        f"  data: {values.ravel().tolist()}\n"
    )


def opencv_files(folder):
    names = "names:\n" + "".join(f'  - "{c.name}"\n' for c in CAMERAS)
    inner, outer = "%YAML:1.0\n---\n" + names, "%YAML:1.0\n---\n" + names
    for c in CAMERAS:
        inner += yaml_matrix(f"K_{c.name}", c.camera_matrix - [[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
        inner += yaml_matrix(f"dist_{c.name}", c.distortion) + f"W_{c.name}: {SIZE_PX[0]}\nH_{c.name}: {SIZE_PX[1]}\n"
        turn = Rotation.from_matrix(c.camera_from_world[:3, :3])
        outer += yaml_matrix(f"R_{c.name}", turn.as_rotvec()[:, None])
        outer += yaml_matrix(f"T_{c.name}", c.camera_from_world[:3, 3:])
    written(folder, "extri.yml", outer)
    return written(folder, "intri.yml", inner)


def qualisys_file(folder, turned=0):
    rows = []
    for c in CAMERAS:
        turn = np.diag([1, -1, -1]) @ c.camera_from_world[:3, :3]
        place_mm = -c.camera_from_world[:3, :3].T @ c.camera_from_world[:3, 3] * 1000
        k = c.camera_matrix * 64
        r = " ".join(f'r{i + 1}{j + 1}="{turn[i, j]}"' for i in range(3) for j in range(3))
        k1, k2, p1, p2, k3 = c.distortion
        rows.append(
            f'<camera serial="{c.name}" model="Miqus Video" viewrotation="{turned}">'
            f'<fov_video left="0" top="0" right="{SIZE_PX[0] - 1}" bottom="{SIZE_PX[1] - 1}"/>'
            f'<transform x="{place_mm[0]}" y="{place_mm[1]}" z="{place_mm[2]}" {r}/>'
            f'<intrinsic focalLengthU="{k[0, 0]}" focalLengthV="{k[1, 1]}" centerPointU="{k[0, 2] - 32}" '
            f'centerPointV="{k[1, 2] - 32}" radialDistortion1="{k1}" radialDistortion2="{k2}" radialDistortion3="{k3}" '
            f'tangentalDistortion1="{p1}" tangentalDistortion2="{p2}"/></camera>'
        )
    rows.append('<camera serial="9" model="Miqus M3"/>')
    return written(folder, "rig.qca.txt", f"<calibration><cameras>{''.join(rows)}</cameras></calibration>")


@pytest.mark.parametrize("kind", ["toml", "caliscope", "opencv", "qualisys"])
def test_every_programs_file_gives_the_same_cameras(tmp_path, kind):
    nested = toml_of(CAMERAS).replace("[cam", "[cameras.cam") + "\n[metadata]\nerror = 0.1\n"
    path = {
        "toml": lambda: written(tmp_path, "Calib.toml", toml_of(CAMERAS) + "\n[metadata]\nadjusted = false\n"),
        "caliscope": lambda: written(tmp_path, "camera_array.toml", nested),
        "opencv": lambda: opencv_files(tmp_path),
        "qualisys": lambda: qualisys_file(tmp_path),
    }[kind]()
    for found, wanted in zip(read_calibration(path), CAMERAS, strict=True):
        assert found.name == wanted.name
        assert found.size_px == SIZE_PX
        assert np.abs(seen_by(found, POINTS_M) - seen_by(wanted, POINTS_M)).max() < 1e-6
        assert np.allclose(found.distortion, wanted.distortion)


TOML = toml_of(CAMERAS)


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("a.toml", "matrix = [", "no TOML"),
        ("a.toml", "[x]\ny = 1\n", "0 calibrated cameras"),
        ("a.toml", TOML.replace("translation", "moved"), "has no translation"),
        ("a.toml", TOML.replace("fisheye = false", "fisheye = true"), "fisheye"),
        ("a.toml", TOML.replace("[900.0, 0.0", "[0.0, 0.0"), "matrix"),
        ("a.toml", TOML.replace("[900.0, 0.0", "[nan, 0.0"), "not whole"),
        ("a.toml", TOML.replace("distortions = [", "distortions = [1, 2, 3, "), "terms of distortion"),
        ("intri.yml", "%YAML:1.0\n---\nnames: [a]\nx: *y\n", "no YAML"),
        ("a.yml", "%YAML:1.0\n---\nnames: [a]\n", "has no K_a"),
        ("a.yml", "3\n", "does not list its cameras"),
        ("a.yml", "names: 3\n", "does not list its cameras"),
        ("a.xml", '<c><camera serial="1" model="Video" viewrotation="left"/></c>', "turned by left"),
        ("a.xml", "<a", "no XML"),
        ("a.xml", '<!DOCTYPE x [<!ENTITY a "b">]><calibration/>', "entities"),
        ("a.xml", '<c><camera serial="1" model="Video"/></c>', "not calibrated"),
        ("a.txt", "", "no calibration that is known"),
    ],
)
def test_what_is_no_calibration_is_refused_with_a_way_out(tmp_path, name, text, word):
    with pytest.raises(InputError, match=word):
        read_calibration(written(tmp_path, name, text))


def test_a_camera_on_its_side_is_refused(tmp_path):
    with pytest.raises(InputError, match="turned by 90 degrees"):
        read_calibration(qualisys_file(tmp_path, turned=90))


def test_a_missing_file_and_a_huge_one_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_calibration(tmp_path / "none.toml")
    with pytest.raises(InputError, match="letters"):
        read_calibration(written(tmp_path, "a.toml", "#" * 4_000_001))


def test_a_video_named_after_its_camera_finds_it_in_any_order():
    found = in_order(CAMERAS, ("walk_cam2", "walk_cam1"), (SIZE_PX, SIZE_PX))
    assert [camera.name for camera in found] == ["cam2", "cam1"]
    assert in_order(CAMERAS, ("left", "right"), (SIZE_PX, SIZE_PX)) == CAMERAS


def test_a_smaller_video_of_the_same_shape_has_a_smaller_matrix():
    (half, _) = in_order(CAMERAS, ("cam1", "cam2"), ((640, 360), SIZE_PX))
    assert np.abs(2 * seen_by(half, POINTS_M) - seen_by(CAMERAS[0], POINTS_M)).max() < 1e-9


def test_a_video_that_lies_on_its_side_or_has_no_camera_is_refused():
    with pytest.raises(InputError, match="720 x 1280 pixels"):
        in_order(CAMERAS, ("cam1", "cam2"), ((720, 1280), SIZE_PX))
    with pytest.raises(InputError, match="3 videos"):
        in_order(CAMERAS, ("a", "b", "c"), (SIZE_PX,) * 3)
