"""Makes body models that can be read without trust, and the free body readable by smplx.

python -m models.bodies.convert FILE            SMPL, SMPL-H or SMPL-X (.pkl or .npz) to plain arrays, beside it
python -m models.bodies.convert free --out DIR  the free body as smplx reads SMPL's files
"""

import argparse
import logging
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from torch import Tensor

from models.bodies import BODY_FILES, load_body
from models.bodies.body import Body
from models.bodies.smpl_file import SmplFile, read_smpl, smpl_arrays, whole_file, write_smpl
from models.errors import ConfigError, KinetraceError
from models.skeletons import SMPL_PARENTS

SHAPE_DIRECTIONS: Final = 300
"""smplx takes no more than 10 directions from a file that holds fewer."""

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line; returns the exit code: 0 done, 1 a problem with a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help=f"a file, or one of {', '.join(BODY_FILES)}")
    parser.add_argument("--out", type=Path, help="the file to write; for an own body, the folder")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        if arguments.source in BODY_FILES:
            export_own(arguments.source, arguments.out or Path())
        else:
            convert(Path(arguments.source), arguments.out)
    except KinetraceError as error:
        log.error("error: %s", error)
        return 1
    return 0


def convert(source: Path, out: Path | None = None) -> Path:
    """Write a model's arrays as .npz without a pickle, and say what was found; returns the path.

    Args:
        source: a .pkl, or a .npz that may hold pickled objects; those stay closed.
        out: beside the source by default.

    Raises:
        InputError: the source is no SMPL, SMPL-H or SMPL-X, or asks for more than arrays.
        ConfigError: the result would take the place of the source.
        OutputError: the result cannot be written.
    """
    model = read_smpl(source)
    out = out or source.with_suffix(".npz")
    if out.resolve() == source.resolve():
        raise ConfigError(f"{out} would take the place of what it is made from", "name another file with --out")
    if out.suffix != ".npz":
        raise ConfigError(f"{out} is to hold plain arrays", "give --out a name that ends in .npz")
    write_smpl(out, model)
    log.info("%s: %s", source, _description(model))
    log.info("written: %s; use it with --solve.body %s", out, out)
    return out


def export_own(name: str, folder: Path) -> tuple[Path, Path]:
    """Write one of the project's own bodies as smplx reads SMPL's files: .npz, and .pkl with the same arrays.

    smplx takes its own models' named vertices unless it is given `vertex_ids`, which both files hold as JSON.

    Raises:
        OutputError: the folder cannot be written.
    """
    body = load_body(name)
    model = own_model(body)
    plain, pickled = folder / f"kinetrace_{name}.npz", folder / f"kinetrace_{name}.pkl"
    write_smpl(plain, model)
    with whole_file(pickled) as temporary:
        temporary.write_bytes(pickle.dumps(smpl_arrays(model), protocol=2))
    log.info("%s body (%s), %d betas: %s", name, body.licence, body.beta_count, _description(model))
    log.info("written: %s, %s", plain, pickled)
    return plain, pickled


def own_model(body: Body) -> SmplFile:
    """A body's arrays as a SMPL file has them: directions of shape filled up with zeros, correctives dense."""
    shape_m = np.zeros((len(body.template_m), 3, SHAPE_DIRECTIONS))
    shape_m[..., : body.beta_count] = body.shape_m.cpu().numpy()
    return SmplFile(
        template_m=_double(body.template_m),
        shape_m=shape_m,
        correctives_m=_double(body.skin.pose_shape_m),
        joint_regressor=_double(body.joint_regressor),
        skin_weight=_double(body.skin_matrix),
        faces=body.faces.cpu().numpy(),
        parents=np.array(SMPL_PARENTS),
        named_vertices=dict(body.named_vertices),
        kept={},
    )


def _description(model: SmplFile) -> str:
    vertices, _, betas = model.shape_m.shape
    found = f"{model.kind}, {len(model.parents)} joints, {vertices:,} vertices, {betas} directions of shape"
    height_m = float(np.ptp(model.template_m[:, 1]))
    return f"{found}, {len(model.faces):,} faces, the mean body {height_m:.2f} m high"


def _double(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().double().numpy()


if __name__ == "__main__":
    sys.exit(main())
