"""How far each program puts the joints of a result from where motion.npz has them, in millimetres; a command.

    python -m tests.players.report outputs/walk/person_0 [more folders] [--pictures DIR]

Needs what the tests of this folder need. Pictures show the middle of the motion, for eyes to judge.
"""

import argparse
from pathlib import Path

import numpy as np
import pybvh

from models.skeletons import SMPL_JOINTS
from stages.export.joint_names import JOINT_NAMES
from tests.players import players

NAMES = [JOINT_NAMES["humanik"][name] for name in SMPL_JOINTS]


def measure(folder: Path, pictures: Path | None) -> dict[str, float | str]:
    """Largest distance in millimetres by program and file, and the validator's verdict."""
    with np.load(folder / "motion.npz", allow_pickle=False) as archive:
        joints_m, rate_hz = archive["joints_m"], round(float(archive["mocap_framerate"]))
    (bvh,), (glb,) = folder.glob("*.bvh"), folder.glob("*.glb")

    def worst_mm(found_m: np.ndarray) -> float:
        assert found_m.shape == joints_m.shape
        return 1000 * float(np.linalg.norm(found_m - joints_m, axis=-1).max())

    def picture(program: str, path: Path) -> Path | None:
        return None if pictures is None else pictures / f"{bvh.stem}_{program}_{path.suffix[1:]}.png"

    found: dict[str, float | str] = {}
    read = pybvh.read_bvh_file(bvh)
    order = [list(read.joint_names).index(name) for name in NAMES]
    found["pybvh bvh"] = worst_mm(read.joint_positions()[:, order] / 100)
    with players.chromium() as browser:
        for path in (bvh, glb):
            played = browser.play(path, NAMES, picture("three", path))
            found[f"three.js {path.suffix[1:]}"] = worst_mm(played.joints_m)
    out = (pictures or Path.cwd()) / "blender.npz"
    places = players.blender(rate_hz, {path: picture("blender", path) for path in (bvh, glb)}, out)
    out.unlink()
    for path in (bvh, glb):
        joints = np.stack([places[f"{path.name}/{name}"] for name in NAMES], axis=1)
        found[f"Blender {path.suffix[1:]}"] = worst_mm(joints)
    issues = players.khronos_verdict(glb)
    found["Khronos"] = f"{issues['numErrors']} errors, {issues['numWarnings']} warnings"
    return found


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="person folders of a run")
    parser.add_argument("--pictures", type=Path, help="where screenshots go")
    chosen = parser.parse_args()
    if chosen.pictures:
        chosen.pictures.mkdir(parents=True, exist_ok=True)
    for folder in chosen.folders:
        for program, value in measure(folder, chosen.pictures).items():
            print(f"{folder}  {program:14s} {value if isinstance(value, str) else f'{value:.4f} mm'}")


if __name__ == "__main__":
    main()
