"""Every fault that is planted here is named by the doctor, with what to do about it."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

from models import device_probe, devices, weights
from models.errors import ConfigError
from pipeline import doctor
from pipeline.doctor import installed, machine, trained
from pipeline.doctor.findings import Finding, problem, well
from stages.detect import networks
from training.write_task_bundle import write_bundle

ROOT = Path(__file__).parents[2]
Plant = Callable[[pytest.MonkeyPatch, Path], None]


class Usage(NamedTuple):
    """As shutil.disk_usage gives it."""

    total: int
    used: int
    free: int


def faults(findings: Iterable[Finding]) -> list[str]:
    return [finding.line for finding in findings if not finding.is_well]


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def installed_as(name: str, version: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let a package be found before the real one."""
    facts = folder / f"{name.replace('-', '_')}-{version}.dist-info" / "METADATA"
    facts.parent.mkdir(parents=True)
    facts.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    monkeypatch.syspath_prepend(str(folder))


def program(text: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let imageio-ffmpeg take a script for its program."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))


def missing_encoder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    program("echo \"Unknown encoder 'libx264'\" >&2; exit 8", monkeypatch, folder)


def silent_program(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    program("cat > /dev/null", monkeypatch, folder)


def broken_program(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    path = folder / "ffmpeg"
    path.write_bytes(b"\x7fELF but no more")
    path.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(path))


def missing_decoder(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    def unknown(name: str, mode: str) -> None:
        raise ValueError(f"{name}, {mode}")

    monkeypatch.setattr("av.codec.Codec", unknown)


def damaged_weights(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    here = folder / "weights"
    shutil.copytree(weights.WEIGHTS_FOLDER, here)
    spoil(here / "rough_map.npz")
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", here)


def missing_weights(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    here = folder / "weights"
    shutil.copytree(weights.WEIGHTS_FOLDER, here)
    (here / "free_body.npz").unlink()
    monkeypatch.setattr(weights, "WEIGHTS_FOLDER", here)


def another_network(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    copies = tuple(Path(shutil.copy(path, folder)) for path in networks.network_files())
    spoil(copies[0])
    monkeypatch.setattr(networks, "network_files", lambda: copies)


def missing_package(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    pins = folder / "requirements.txt"
    pins.write_text(installed.REQUIREMENTS.read_text() + "no-such-package==1.2\n")
    monkeypatch.setitem(checks_of(monkeypatch), "packages", lambda: installed.packages(pins))


def checks_of(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The checks, in a dictionary that a test may change."""
    real = doctor.checks
    changed: dict[str, Any] = {}
    monkeypatch.setattr(doctor, "checks", lambda outputs, device: real(outputs, device) | changed)
    return changed


def wrong_numpy(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    installed_as("numpy", "1.26.4", monkeypatch, folder)


def second_opencv(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    installed_as("opencv-python", "4.11.0.86", monkeypatch, folder)


def no_window_library(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    def fail(name: str) -> None:
        raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(installed, "import_module", fail)


def full_disk(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 2**40 - 2**20, 2**20))


def driver_without_torch(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "nvidia0").touch()
    monkeypatch.setattr(machine, "NVIDIA", folder / "nvidia0")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def wrong_sums(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    good = device_probe._timed
    monkeypatch.setattr(device_probe, "_timed", lambda left, right: (1e-3, good(left, right)[1] * 1.1))


def cache_read_only(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "file").touch()
    monkeypatch.setattr(machine, "_caches", lambda _: {folder / "file" / "__pycache__"})


def clashing_packages(monkeypatch: pytest.MonkeyPatch, _: Path) -> None:
    def clash() -> None:
        raise ValueError("numpy.dtype size changed, may indicate binary incompatibility")

    monkeypatch.setattr(device_probe, "probe", lambda _: clash())


@pytest.mark.parametrize(
    ("plant", "named", "remedy"),
    [
        (missing_encoder, "Unknown encoder 'libx264'", "Unset IMAGEIO_FFMPEG_EXE"),
        (silent_program, "left no film", "Unset IMAGEIO_FFMPEG_EXE"),
        (broken_program, "writes no H.264", "Unset IMAGEIO_FFMPEG_EXE"),
        (missing_decoder, "has no decoder of H.264", "pip install --force-reinstall --no-deps av=="),
        (damaged_weights, "rough_map.npz has sha256", "Restore rough_map.npz from git"),
        (missing_weights, "free_body.npz is missing", "Restore free_body.npz from git"),
        (another_network, "pose_detection.tflite has sha256", "--force-reinstall --no-deps mediapipe==0.10.14"),
        (missing_package, "no-such-package is not installed", "pip install no-such-package==1.2"),
        (wrong_numpy, "numpy is 1.26.4, but requirements.txt pins", "pip install numpy=="),
        (second_opencv, "opencv-python lies over opencv-contrib-python", "pip uninstall -y opencv-python"),
        (no_window_library, "libGL.so.1", "apt-get install libgl1"),
        (full_disk, "0.0 GiB free", "Free 1 GiB"),
        (driver_without_torch, "torch cannot use it", "--device cpu"),
        (wrong_sums, "with a wrong result", "--device cpu"),
        (cache_read_only, "cannot be kept", "NUMBA_CACHE_DIR"),
        (clashing_packages, "numpy.dtype size changed", "pip install --force-reinstall"),
    ],
)
def test_a_planted_fault_is_named_with_its_remedy(
    plant: Plant,
    named: str,
    remedy: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plant(monkeypatch, tmp_path)
    assert doctor.main(["--outputs", str(tmp_path)]) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("problem ")]
    assert any(named in line and remedy in line for line in lines), lines
    # Damaged weights or networks are named again by what reads them; nothing else may be blamed.
    assert len(lines) <= 2, lines


def test_nothing_is_wrong_where_the_tests_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = doctor.main(["--outputs", str(tmp_path / "not" / "yet" / "there")])
    lines = capsys.readouterr().out.splitlines()
    assert (code, lines[-1]) == (0, "all is well"), lines
    assert all(line.startswith("ok ") for line in lines[:-1])
    subjects = {line.split()[1] for line in lines[:-1]}
    assert subjects == {
        "python", "packages", "display", "encoding", "decoding", "weights", "detector", "body", "device", "loops",
        "disk", "outputs",
    }  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_a_users_own_network_is_tried(tmp_path: Path) -> None:
    task = tmp_path / "pose_landmarker_full.task"
    write_bundle(task)
    (found,) = trained.own_network(task)
    assert found.is_well and "--detect.bundle" in found.line and weights.file_sha256(task)[:12] in found.line


@pytest.mark.parametrize(
    ("name", "problem"),
    [("a.pt", "neither .task nor .onnx"), ("a.onnx", "does not exist"), ("a.task", "does not exist")],
)
def test_what_is_no_network_of_a_users_own_is_named(tmp_path: Path, name: str, problem: str) -> None:
    found = doctor.examine("own network", lambda: trained.own_network(tmp_path / name))
    assert problem in faults(found)[0]


def test_results_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is a file" in faults(machine.outputs(tmp_path / "file" / "outputs"))[0]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has a folder that nobody may write to")
def test_a_folder_that_takes_no_file_is_named() -> None:
    assert any("cannot be written" in line for line in faults(machine.outputs(Path("/proc/outputs"))))


def test_a_device_that_is_not_here_is_named_and_the_others_still_count() -> None:
    # No machine has both.
    absent = [name for name in ("cuda", "mps") if machine._absence(name)]
    found = list(machine.devices(absent[0]))
    assert f"the device '{absent[0]}' is not here" in faults(found)[0]
    assert any("cpu" in finding.words and "ms" in finding.words for finding in found if finding.is_well)


def test_a_file_in_the_way_of_the_temporary_folder_is_no_traceback() -> None:
    def fail() -> Iterable[Finding]:
        yield well("video", "one")
        raise OSError(28, "No space left on device")

    found = doctor.examine("video", fail)
    assert [finding.is_well for finding in found] == [True, False]
    assert "No space left on device" in found[1].line


@pytest.mark.parametrize("running", [(3, 10, 14), (3, 13, 0), (4, 0, 0)])
def test_another_python_is_named_and_nothing_else_asked(
    running: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = problem_of(running)
    assert "this is Python" in found.line
    monkeypatch.setattr(installed, "python", lambda: found)
    assert list(doctor.look(tmp_path, "auto")) == [found]


def problem_of(running: tuple[int, int, int]) -> Finding:
    return installed.python(running)


def test_the_pythons_are_those_of_pyproject() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest, too_new = (".".join(map(str, version)) for version in (installed.OLDEST, installed.TOO_NEW))
    assert asked == f">={oldest},<{too_new}"


def test_a_python_without_any_package_gets_names_and_no_traceback() -> None:
    command = [sys.executable, "-S", "run_pipeline.py", "doctor"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
    for name in installed.read_pins():
        assert f"{name} is not installed" in done.stdout


def test_the_command_ends_well_where_no_one_reads_on() -> None:
    script = "import os, sys; r, w = os.pipe(); os.dup2(w, 1); os.close(w); os.close(r)\n"
    script += "from pipeline.doctor.terminal import tell\ntell('one')\ntell('two')\n"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_misspelt_flag_is_no_problem_of_the_machine(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        doctor.main(["--device", "abacus"])
    assert ended.value.code == 2
    assert "abacus" in capsys.readouterr().err


def test_pins_are_read_without_comments_and_must_be_there(tmp_path: Path) -> None:
    pins = tmp_path / "requirements.txt"
    pins.write_text("# why==not\nnumpy==2.4.6\n-r other.txt\n")
    assert installed.read_pins(pins) == {"numpy": "2.4.6"}
    with pytest.raises(ConfigError, match="missing"):
        installed.read_pins(tmp_path / "nowhere.txt")


def test_a_finding_is_one_line_whatever_a_library_said() -> None:
    assert problem("body", "first\nsecond", "go on").line.count("\n") == 0


def test_kernels_are_all_files_that_keep_compiled_code() -> None:
    sources = [path for path in (ROOT / "models").rglob("*.py") if "cache=True" in path.read_text()]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sources}
    assert names == set(machine.KERNELS)


def test_the_weights_that_are_checked_are_all_that_are_registered() -> None:
    assert len(list(trained.weights())) == len(weights.registered())


def test_the_product_that_is_timed_is_numpys() -> None:
    here = devices.find_device("cpu")
    rising = np.arange(device_probe.SIDE**2, dtype=np.float64).reshape(device_probe.SIDE, -1) / device_probe.SIDE**2
    left = torch.ones(device_probe.SIDE, device_probe.SIDE, dtype=torch.float64)
    product = device_probe._timed(left, torch.from_numpy(rising))[1].numpy()
    np.testing.assert_allclose(product[0], rising.sum(axis=0), rtol=1e-12)
    assert device_probe.probe(here).is_right
