"""How fast and how well the free body's skin is posed: python -m benchmark.body [--mocap DIR] [--json FILE].

Beside smplx on the same body, poses and shapes in the same run, taking turns, on one thread; and beside Anny's own
skinning, in poses at the ends of what joints do and in captured ones that nothing was fitted to.
"""

import contextlib
import io
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import roma
import torch
import tyro
from torch import Tensor

from models.bodies import body_file, load_body
from models.bodies.body import Body, pose_vertices, rest_vertices
from models.bodies.convert import own_model
from models.bodies.packed import read_body
from models.bodies.smpl_file import smpl_arrays
from models.skeletons import SMPL_JOINTS
from training.anny_skin import read_bone_weights, skin_as_anny
from training.edge_limits import edge_lengths, edges_of
from training.fit_correctives import BONES, SHAPE_SPREAD, captured_poses
from training.pose_extremes import named_poses

BATCHES: Final = (1, 64, 512)
HELD_OUT: Final = 200

Row = Mapping[str, object]


@dataclass(frozen=True)
class Arguments:
    """Time the skin of the free body and judge how it looks."""

    mocap: Path | None = None
    """Folder with the test split of the motion capture; without it captured poses are left out."""
    rounds: int = 9
    """Rounds of timing; medians count."""
    json: Path | None = None
    """Where to write the figures."""


def main(arguments: Arguments) -> None:
    """Print and write every table."""
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    body = load_body("free")
    fine = body.to("cpu", torch.float64)
    tables: dict[str, Sequence[Row]] = {
        "load": [{"ms": _load_ms(arguments.rounds)}],
        "speed": [_speed(body, batch, arguments.rounds) for batch in BATCHES],
        "equality": [_equality(fine), _equality(body)],
        "stretch": _stretch(fine),
    }
    if arguments.mocap:
        tables["held_out"] = _held_out(fine, arguments.mocap)
    for name, rows in tables.items():
        for row in rows:
            print(name, *(f"{key} {value}" for key, value in row.items()), sep="  ")
    if arguments.json:
        arguments.json.write_text(json.dumps(tables, indent=2))


def without_correctives(body: Body) -> Body:
    """The same body, its skin only blended."""
    return replace(
        body,
        corrective_vertex=body.corrective_vertex[:0],
        corrective_joint=body.corrective_joint[:0],
        corrective_m=body.corrective_m[:0],
    )


def smplx_twin(body: Body) -> Any:
    """The same body, evaluated by smplx."""
    import smplx  # noqa: PLC0415 - non-commercial, asked for by this comparison only
    from smplx.utils import Struct  # noqa: PLC0415

    with contextlib.redirect_stdout(io.StringIO()):
        return smplx.SMPL(
            "",
            data_struct=Struct(**smpl_arrays(own_model(body))),
            vertex_ids=dict(body.named_vertices),
            num_betas=body.beta_count,
            dtype=body.template_m.dtype,
        )


def _load_ms(rounds: int) -> float:
    """From the file; asked for again, a body is there at once."""
    file = body_file("free")
    return round(
        _median_ms([_timed(lambda: read_body(file, name="free", sha256="", licence=""))[0] for _ in range(rounds)]), 1
    )


def _speed(body: Body, batch: int, rounds: int) -> Row:
    """Milliseconds a frame of the one thread's processor time, which a busy machine stretches less than the wall's."""
    theirs, plain = smplx_twin(body), without_correctives(body)
    betas, turns, pose, trans = _drawn(body, batch)
    calls: Mapping[str, Callable[[], object]] = {
        "smplx": lambda: theirs(betas=betas, global_orient=turns[:, :1], body_pose=turns[:, 1:], transl=trans),
        "own": lambda: pose_vertices(body, betas, pose, trans),
        "own_one_shape": lambda: pose_vertices(body, betas[0], pose, trans),
        "own_no_correctives": lambda: pose_vertices(plain, betas, pose, trans),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            taken[name].append(_timed(call))
    wall, processor = (
        {name: _median_ms([seconds[clock] for seconds in found[1:]]) / batch for name, found in taken.items()}
        for clock in range(2)
    )
    return (
        {"batch": batch}
        | {f"{name}_ms": round(ms, 3) for name, ms in processor.items()}
        | {"smplx_over_own": round(processor["smplx"] / processor["own"], 1)}
        | {"smplx_over_own_by_the_wall": round(wall["smplx"] / wall["own"], 1)}
    )


def _equality(body: Body) -> Row:
    betas, turns, pose, trans = _drawn(body, 64)
    theirs = smplx_twin(body)(betas=betas, global_orient=turns[:, :1], body_pose=turns[:, 1:], transl=trans)
    away_m = (pose_vertices(body, betas, pose, trans) - theirs.vertices).abs().max()
    return {"precision": str(body.template_m.dtype).removeprefix("torch."), "largest_difference_m": float(away_m)}


def _stretch(body: Body) -> list[Row]:
    """Longest and shortest edges over their length at rest."""
    edges, bones, plain = edges_of(body.faces.numpy()), read_bone_weights(BONES), without_correctives(body)
    betas, nowhere = torch.zeros(1, body.beta_count, dtype=body.template_m.dtype), torch.zeros(1, 3).double()
    rest_m = edge_lengths(rest_vertices(body, betas).numpy(), edges)
    rows: list[Row] = []
    for name, turns in named_poses().items():
        pose = torch.from_numpy(turns)[None]
        skins = {
            "own": pose_vertices(body, betas, pose, nowhere),
            "no_correctives": pose_vertices(plain, betas, pose, nowhere),
            "anny": skin_as_anny(body, bones, betas, pose),
        }
        share = {skin: edge_lengths(posed_m.numpy(), edges) / rest_m for skin, posed_m in skins.items()}
        longest = {f"{skin}_longest": round(float(found.max()), 2) for skin, found in share.items()}
        shortest = {f"{skin}_shortest": round(float(found.min()), 2) for skin, found in share.items()}
        rows.append({"pose": name} | longest | shortest)
    return rows


def _held_out(body: Body, mocap: Path) -> list[Row]:
    """Distance of every vertex from Anny's own skinning."""
    turns = torch.from_numpy(captured_poses(body, mocap, HELD_OUT, seed=0))
    generator = torch.Generator().manual_seed(1)
    betas = SHAPE_SPREAD * torch.randn(HELD_OUT, body.beta_count, generator=generator, dtype=turns.dtype)
    wanted_m = skin_as_anny(body, read_bone_weights(BONES), betas, turns)
    owner = body.skin_matrix.argmax(dim=1)
    rows: list[Row] = []
    for name, judged in (("no correctives", without_correctives(body)), ("own", body)):
        away_mm = 1e3 * (pose_vertices(judged, betas, turns, torch.zeros(HELD_OUT, 3).double()) - wanted_m).norm(dim=-1)
        figures = {"mean_mm": away_mm.mean(), "p99_mm": away_mm.quantile(0.99), "worst_mm": away_mm.max()}
        parts = {
            part: away_mm[:, owner == joint].mean() for joint, part in enumerate(SMPL_JOINTS) if "right" not in part
        }
        rows.append({"skin": name} | {key: round(float(value), 2) for key, value in (figures | parts).items()})
    return rows


def _drawn(body: Body, batch: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Shapes, rotation vectors, their matrices, translations."""
    generator, dtype = torch.Generator().manual_seed(0), body.template_m.dtype
    betas = torch.randn(batch, body.beta_count, generator=generator, dtype=dtype)
    turns = 0.5 * torch.randn(batch, len(SMPL_JOINTS), 3, generator=generator, dtype=dtype)
    return betas, turns, roma.rotvec_to_rotmat(turns), torch.randn(batch, 3, generator=generator, dtype=dtype)


def _timed(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the wall and by this thread's processor."""
    wall_s, processor_s = time.perf_counter(), time.thread_time()
    call()
    return time.perf_counter() - wall_s, time.thread_time() - processor_s


def _median_ms(seconds: Sequence[float]) -> float:
    return 1e3 * statistics.median(seconds)


if __name__ == "__main__":
    main(tyro.cli(Arguments, description=__doc__))
