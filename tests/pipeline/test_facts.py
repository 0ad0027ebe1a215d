"""What run.json and the page say of the weights that were read."""

import pytest

from models.weights import registered
from pipeline import facts
from pipeline.facts import body_of, versions, weights_of
from pipeline.store import StepRecord

BODY = "free_body.npz"


def record(step: str, reads: dict[str, str]) -> StepRecord:
    return StepRecord(step, 1.0, [], [], reads)


def test_registered_weights_have_their_licence() -> None:
    entry = registered()[BODY]
    row = {"name": BODY, "sha256": entry.sha256, "licence": entry.licence}
    assert weights_of([record("walk/detect", {}), record("person_0/solve", {BODY: entry.sha256})]) == [row]


def test_a_users_body_under_the_name_of_the_free_one_is_not_called_free() -> None:
    body = body_of([record("person_0/solve", {BODY: "1" * 64})])
    assert body is not None
    assert body["licence"].startswith("not registered")


def test_packages_that_run_a_users_own_network_are_told_where_one_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "version", lambda name: f"{name}'s")
    plain = versions([record("walk/detect", {"pose_landmark_full.tflite": "0" * 64})])
    own = versions([record("walk/detect", {"pose_landmark_full.tflite": "0" * 64, "a/end2end.onnx": "1" * 64})])
    assert {name: own[name] for name in own if name not in plain} == {
        "onnxruntime": "onnxruntime's",
        "rtmlib": "rtmlib's",
    }


def test_a_users_own_network_is_named_with_its_digest() -> None:
    (row,) = weights_of([record("walk/detect", {"pose_landmarker_full.task": "1" * 64})])
    assert (row["name"], row["sha256"]) == ("pose_landmarker_full.task", "1" * 64)
    assert row["licence"].startswith("not registered")
