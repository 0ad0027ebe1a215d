"""The README says what holds."""

import re
from pathlib import Path

import pytest

from benchmark.tables import with_tables

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"), ROOT / "samples/README.md"]


def test_continuous_integration_runs_the_second_command_word_for_word() -> None:
    (command,) = re.findall(r"^    (python3 .*pytest)$", README, re.MULTILINE)
    assert command in (ROOT / ".ci/run").read_text().splitlines()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        assert target.startswith("http") or (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_modules_and_settings_exist(document: Path) -> None:
    for module in re.findall(r"python -m ((?:benchmark|training|models)[\w.]*)", document.read_text()):
        assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module


def test_tables_are_those_of_the_results() -> None:
    assert with_tables(README) == README
