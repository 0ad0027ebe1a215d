"""The lessons of the pose networks: windows are motions, the truth costs nothing, and a run can be taken up again."""

from pathlib import Path

import numpy as np
import pytest
import roma
import torch
from torch import Generator

from models.bodies import load_body
from models.errors import ConfigError
from models.kinematics import place_joints
from models.nets.inputs import BeforeKind
from models.nets.load import load_pose_net
from models.nets.pose_net import Belief
from models.nets.turns import from_six, local_from_world, world_from_local
from models.skeletons import SMPL_PARENTS
from training import pose_ik
from training.corrupt import PointDamage
from training.pose_ik import Args, Lessons, train
from training.pose_ik_batch import OTHER_SETS, Recipe, draw_recipe, join_shown, show
from training.pose_ik_check import CASES, check
from training.pose_ik_data import VALIDATION, Motions, all_windows, draw_windows, join_motions, read_motions
from training.pose_ik_loss import chord, pose_loss, skin_points, swing_to_truth
from training.true_motion import TrueMotion

BODY = load_body("free")
SKIN = skin_points(BODY)


def wave(clip: str = "wave", subject: str = "somebody", frames: int = 60) -> TrueMotion:
    """Every joint swings to and fro about an axis of its own."""
    random = np.random.default_rng(len(clip) + frames)
    axis, phase = random.normal(size=(24, 3)) * 0.4, random.uniform(0, 6, 24)
    angle = np.sin(np.arange(frames)[:, None] / 10 + phase)
    local = roma.rotvec_to_rotmat(torch.from_numpy(angle[..., None] * axis)).numpy()
    pelvis_m = np.stack([np.arange(frames) / 30, np.full(frames, 0.9), np.zeros(frames)], axis=1)
    return TrueMotion(
        clip=clip, subject=subject, family="waves", action="wave", rate_hz=30.0, parent_from_joint=local,
        pelvis_m=pelvis_m, whole=True,
    )  # fmt: skip


def motions() -> Motions:
    return join_motions([[wave(), wave("longer wave", frames=90)]] * 2)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Lessons:
    """Little to learn, quickly."""
    monkeypatch.setattr(pose_ik, "WINDOWS", 2)
    monkeypatch.setattr(pose_ik, "MEAN_BATCHES", 1)
    monkeypatch.setattr(pose_ik, "WIDTH_OF", dict.fromkeys(pose_ik.WIDTH_OF, 32))
    return Lessons(motions(), motions(), BODY, SKIN)


def some_turns(*batch: int) -> torch.Tensor:
    return from_six(0.3 * torch.randn(*batch, 24, 6) + torch.tensor((1.0, 0, 0, 0, 1, 0)))


def test_nobody_is_both_learned_from_and_validated_on(monkeypatch: pytest.MonkeyPatch) -> None:
    people = [wave("a", VALIDATION[0], 40), wave("bb", "cmu01", 50), wave("ccc", VALIDATION[1], 60)]
    monkeypatch.setattr("training.pose_ik_data.read_truth", lambda folder, pronation_seed: tuple(people))
    learned, held_out = read_motions(Path("anywhere"), versions=2)
    assert learned.length.tolist() == [50]
    assert held_out.length.tolist() == [40, 60]
    assert len(learned.parent_from_joint) == 2


def test_windows_are_the_motion_at_another_speed() -> None:
    windows = all_windows(motions(), 20)
    true = torch.from_numpy(wave().parent_from_joint).float()
    assert torch.allclose(windows.parent_from_joint[0], true[:20], atol=1e-5)
    drawn = draw_windows(motions(), 50, 16, Generator().manual_seed(0))
    speed = drawn.pelvis_m.diff(dim=1)[..., 0] * 30
    assert torch.allclose(speed, speed[:, :1].expand_as(speed), atol=1e-3)
    assert float(speed.min()) >= 0.49
    assert float(speed.max()) <= 3.01
    assert float(speed[:, 0].std()) > 0.3


def test_the_same_seed_draws_the_same_lesson() -> None:
    def lesson(seed: int) -> torch.Tensor:
        generator = Generator().manual_seed(seed)
        windows = draw_windows(motions(), 3, 16, generator)
        recipe = Recipe("body25", PointDamage(noise_sd_m=0.01))
        return show(pose_ik.PoseNet(width=16), BODY, windows, recipe, generator).frames.points_m

    assert torch.equal(lesson(1), lesson(1))
    assert not torch.equal(lesson(1), lesson(2))


def test_six_points_a_joint_move_as_much_as_the_skin_does() -> None:
    turn = roma.random_rotmat() - torch.eye(3)
    arm_m = BODY.template_m[:, None] - BODY.rest_joint_template_m
    moved = (arm_m @ turn.T).square().sum(-1)
    of_skin = (moved * BODY.skin_matrix).sum(0) / BODY.skin_matrix.sum(0)
    of_points = (SKIN.lever_m @ turn.T).square().sum(-1).mean(-1)
    assert torch.allclose(of_points, of_skin, rtol=1e-3)
    assert float(SKIN.share.sum()) == pytest.approx(1.0, abs=1e-5)


def test_swinging_to_the_truth_puts_every_joint_in_its_place_and_leaves_the_truth_alone() -> None:
    true, said = some_turns(5), some_turns(5)
    offset_m = torch.randn(24, 3)
    root_m = torch.zeros(5, 3)
    swung = swing_to_truth(local_from_world(said), true, offset_m)
    assert torch.allclose(swing_to_truth(local_from_world(true), true, offset_m), true, atol=1e-4)
    joints_m, wanted_m = (place_joints(SMPL_PARENTS, offset_m, root_m, turns) for turns in (swung, true))
    assert float((joints_m - wanted_m).norm(dim=-1).median()) < 1e-4
    assert float(chord(swung, true).max()) > 0.1


def test_the_truth_costs_next_to_nothing_and_a_wrong_twist_costs() -> None:
    windows = all_windows(motions(), 16)
    shown = show(pose_ik.PoseNet(width=16), BODY, windows, CASES["clean"], Generator().manual_seed(0))
    true, none = shown.world_from_joint, torch.zeros(shown.world_from_joint.shape[:-2])
    _, parts = pose_loss(Belief(true, none, none, none[..., 0]), shown, SKIN)
    assert parts["skin_said_mm"] < 0.05
    assert parts["skin_swung_mm"] < 0.05
    assert parts["turn_said_deg"] < 0.05
    about_bone = roma.rotvec_to_rotmat(0.5 * torch.nn.functional.normalize(shown.frames.offset_m[..., [4], :], dim=-1))
    twisted = local_from_world(true)
    twisted[..., [1], :, :] = twisted[..., [1], :, :] @ about_bone
    _, parts = pose_loss(Belief(world_from_local(twisted), none, none, none[..., 0]), shown, SKIN)
    assert parts["skin_swung_mm"] > 1


def test_every_weight_learns_from_a_batch_with_all_kinds_of_lessons() -> None:
    generator = Generator().manual_seed(4)
    net = pose_ik.PoseNet(width=32, head_width=16, blocks=1)
    kinds = (BeforeKind.NONE, BeforeKind.PREVIOUS, BeforeKind.ESTIMATE)
    sets = dict.fromkeys(("smpl24", *OTHER_SETS))
    with torch.no_grad():
        shown = [
            show(net, BODY, draw_windows(motions(), 2, 16, generator), Recipe(name, before_kind=kind), generator)
            for name in sets
            for kind in kinds
        ]
    loss, _ = pose_loss(net((batch := join_shown(shown)).frames), batch, SKIN)
    loss.backward()
    assert [name for name, value in net.named_parameters() if value.grad is None or not value.grad.any()] == []


def test_recipes_are_of_every_kind() -> None:
    generator = Generator().manual_seed(0)
    recipes = [draw_recipe("blazepose33", generator) for _ in range(300)]
    assert {recipe.before_kind for recipe in recipes} == set(BeforeKind)
    assert 0.25 < sum(recipe.damage.noise_sd_m == 0 for recipe in recipes) / 300 < 0.42
    assert any(recipe.detector for recipe in recipes)
    assert any(recipe.damage.limb_missing_share > 0 for recipe in recipes)
    assert max(recipe.damage.noise_sd_m + recipe.damage.drift_sd_m for recipe in recipes) <= 0.0401


def test_errors_fall_while_a_network_learns(small: Lessons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.pose_ik_check.CASES", {"clean": CASES["clean"]})
    run = pose_ik._begin("pose", small, seed=0)
    before = check(run.net, small.held_out, BODY, SKIN)["clean"]
    for _ in range(15):
        pose_ik._learn(run, small, 3e-3)
    after = check(run.net, small.held_out, BODY, SKIN)["clean"]
    assert after["turn_swung_deg"] < 0.9 * before["turn_swung_deg"]


@pytest.mark.parametrize("name", ["pose", "fcn", "cnn", "rnn"])
def test_a_run_that_is_taken_up_again_goes_on_as_if_nothing_had_happened(
    name: str, small: Lessons, tmp_path: Path
) -> None:
    through = pose_ik._begin(name, small, seed=1)
    for _ in range(2):
        pose_ik._learn(through, small, 1e-3)
    pose_ik._save(through, tmp_path / f"{name}.checkpoint.pt")
    again = pose_ik._begin(name, small, seed=5)
    pose_ik._restore(again, tmp_path / f"{name}.checkpoint.pt")
    assert pose_ik._learn(again, small, 1e-3) == pose_ik._learn(through, small, 1e-3)
    kept = load_pose_net(tmp_path / f"{name}.safetensors")
    assert kept.plan == again.net.plan


def test_an_unknown_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="transformer"):
        train(Args(mocap=tmp_path, out=tmp_path, networks="pose,transformer"))
