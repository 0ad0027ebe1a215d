"""Files that a stage reads are told apart though they share a name."""

from pathlib import Path

import pytest

from models.errors import ConfigError
from pipeline.stamp import _named


def test_files_of_one_name_are_named_by_their_folders_too():
    files = (Path("a/end2end.onnx"), Path("b/end2end.onnx"), Path("b/other.task"))
    assert _named(files) == dict(zip(("a/end2end.onnx", "b/end2end.onnx", "other.task"), files, strict=True))
    assert _named((files[0], files[0])) == {"a/end2end.onnx": files[0]}


def test_files_that_cannot_be_told_apart_are_refused():
    with pytest.raises(ConfigError, match="share names"):
        _named((Path("x/a/end2end.onnx"), Path("y/a/end2end.onnx")))
