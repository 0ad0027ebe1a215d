"""The README says what holds."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tyro

from benchmark.tables import with_tables
from pipeline.config import PipelineConfig

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"), ROOT / "samples/README.md"]
FLAGS = (tyro.conf.AvoidSubcommands,)


def test_continuous_integration_runs_the_second_command_word_for_word() -> None:
    (command,) = re.findall(r"^    (python3 .*pytest)$", README, re.MULTILINE)
    assert command in (ROOT / ".ci/run").read_text().splitlines()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        assert target.startswith("http") or (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_modules_exist(document: Path) -> None:
    for module in re.findall(r"python -m ((?:benchmark|training|models|tests)\.[\w.]*\w)", document.read_text()):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_settings_are_taken_with_the_values_beside_them(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        tyro.cli(PipelineConfig, args=["--help"], default=PipelineConfig(), config=FLAGS)
    known = capsys.readouterr().out
    for flag, value in re.findall(r"(--[a-z]+\.[a-z.-]+[a-z])(?: ([^\s`|\\]+))?", document.read_text()):
        assert re.search(rf"{flag}[\s,]", known), flag
        if value:
            tyro.cli(PipelineConfig, args=[flag, value], default=PipelineConfig(), config=FLAGS)


def test_the_code_of_the_python_page_runs(tmp_path: Path) -> None:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    code = "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "(20, 33, 3)" in done.stdout and "(120, 24, 3)" in done.stdout and "torch.Size([8, 24, 3])" in done.stdout


def test_tables_are_those_of_the_results() -> None:
    assert with_tables(README) == README
