"""What run.json and the page say of the weights that were read."""

from models.weights import registered
from pipeline.facts import body_of, weights_of
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
