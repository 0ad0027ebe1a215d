"""Every guard is red on a planted violation."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from jaxtyping import TypeCheckError

from models.kinematics import world_from_joints

ROOT = Path(__file__).parent.parent
SOURCES = ("pipeline", "stages", "models", "training", "benchmark")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources and the guards' settings, free to be spoiled."""
    for folder in SOURCES:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "weights"))
    for name in ("pyproject.toml", "run_pipeline.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def guard(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / command[0]
    return subprocess.run([program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False)


def plant(folder: Path, name: str, code: str) -> None:
    path = folder / name
    path.write_text((path.read_text() if path.exists() else "") + code)


def test_ruff_refuses_a_broad_handler(copy: Path) -> None:
    assert guard(copy, "ruff", "check", "models").returncode == 0
    plant(copy, "models/planted.py", '"""A handler that hides."""\n\ntry:\n    x = 1\nexcept Exception:\n    x = 2\n')
    assert "BLE001" in guard(copy, "ruff", "check", "models").stdout


def test_ruff_refuses_unformatted_code(copy: Path) -> None:
    plant(copy, "models/planted.py", '"""Badly set."""\nx = {  "a":1 }\n')
    assert guard(copy, "ruff", "format", "--check", "models").returncode == 1


def test_pyright_refuses_a_motion_that_was_not_denoised(copy: Path) -> None:
    code = (
        "\n\ndef planted(raw: 'RawMotion') -> Exports:\n"
        "    return export.run(export.Config(), 'clip', raw)\n\n\nfrom stages.contracts import Exports, RawMotion\n"
    )
    plant(copy, "pipeline/finish.py", code)
    checked = guard(copy, "pyright", "--pythonpath", sys.executable, "pipeline/finish.py")
    assert checked.returncode == 1
    assert "RawMotion" in checked.stdout and "Motion" in checked.stdout


@pytest.mark.parametrize(
    ("path", "code", "contract"),
    [
        ("models/errors.py", "import stages.contracts", "pipeline -> stages -> models"),
        ("stages/ingest.py", "import stages.lift", "stages do not know each other"),
        ("pipeline/store.py", "import torch", "heavy libraries stay below"),
        ("models/errors.py", "import training", "nobody imports training or benchmark"),
    ],
)
def test_import_linter_refuses_a_step_backwards(copy: Path, path: str, code: str, contract: str) -> None:
    assert guard(copy, "lint-imports", "--no-cache").returncode == 0
    plant(copy, path, f"\n{code}\n")
    checked = guard(copy, "lint-imports", "--no-cache")
    assert checked.returncode == 1
    assert f"{contract} BROKEN" in checked.stdout


def test_shape_checks_are_on_in_tests() -> None:
    """Red when pytest runs without --jaxtyping-packages."""
    with pytest.raises(TypeCheckError):
        world_from_joints((-1,), torch.zeros(1, 2, 2))
