"""A file of weights is what its register promises, or it is refused with a remedy."""

from pathlib import Path

import pytest

from models.errors import WeightsError
from models.weights import file_sha256, find_weights

EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.npz").write_bytes(b"weights")
    (tmp_path / "weights.toml").write_text(
        f'["net.npz"]\nsha256 = "{file_sha256(tmp_path / "net.npz")}"\n'
        'licence = "CC0-1.0"\nsource = "a test"\ncommand = "python -m training.net"\n'
    )
    return tmp_path


def test_sha256_of_nothing_is_the_published_one(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert file_sha256(tmp_path / "empty") == EMPTY_SHA256


def test_a_registered_file_is_found_with_its_provenance(folder: Path) -> None:
    found = find_weights("net.npz", folder)
    assert (found.path, found.licence, found.source) == (folder / "net.npz", "CC0-1.0", "a test")


def test_an_unknown_name_lists_the_known_ones(folder: Path) -> None:
    with pytest.raises(WeightsError, match=r"no weights called 'other'.*\['net.npz'\]"):
        find_weights("other", folder)


def test_one_changed_byte_is_refused(folder: Path) -> None:
    (folder / "net.npz").write_bytes(b"Weights")
    with pytest.raises(WeightsError, match="promises"):
        find_weights("net.npz", folder)


def test_a_missing_file_names_the_command_that_makes_it(folder: Path) -> None:
    (folder / "net.npz").unlink()
    with pytest.raises(WeightsError, match=r"missing.*python -m training.net"):
        find_weights("net.npz", folder)


@pytest.mark.parametrize(("text", "problem"), [(None, "missing"), ("= 3", "no TOML")])
def test_a_damaged_register_is_refused(folder: Path, text: str | None, problem: str) -> None:
    (folder / "weights.toml").unlink()
    if text is not None:
        (folder / "weights.toml").write_text(text)
    with pytest.raises(WeightsError, match=problem):
        find_weights("net.npz", folder)
