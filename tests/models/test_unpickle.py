"""A pickle's arrays are read, and nothing else of it: whatever would run is refused and has not run."""

import os
import pickle
import struct
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from models.bodies.unpickle import read_pickle
from models.errors import InputError
from tests.models import python2_pickles as old

VALUES = np.arange(24.0).reshape(2, 3, 4) - 7
ALIVE = "still here"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "model.pkl"


def _read(file: Path, content: bytes) -> dict[str, Any]:
    file.write_bytes(content)
    return read_pickle(file)


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_read_back_whatever_the_protocol(file: Path, protocol: int) -> None:
    written = {
        "floats": VALUES, "columns_first": np.asfortranarray(VALUES), "bytes": np.arange(5, dtype=np.uint8),
        "big_endian": VALUES.astype(">f4"), "nothing": np.zeros((0, 3)), "names": np.array(["a", "bc"]),
        "scalar": np.float64(2.5), "text": "lbs", "number": 3, "truth": True, "latin": np.array([b"\xff\x80"]),
    }  # fmt: skip
    read = _read(file, pickle.dumps(written, protocol))
    assert list(read) == list(written)
    for key, value in written.items():
        np.testing.assert_array_equal(read[key], value)
    assert read["big_endian"].dtype == np.dtype(">f4")


@pytest.mark.parametrize("protocol", [2, 5])
@pytest.mark.parametrize("form", ["csc", "csr", "coo"])
@pytest.mark.parametrize("kind", ["matrix", "array"])
def test_sparse_matrices_are_written_out(file: Path, protocol: int, form: str, kind: str) -> None:
    dense = np.random.default_rng(1).normal(size=(4, 7)) * (np.arange(28).reshape(4, 7) % 3 == 0)
    made = getattr(sparse, f"{form}_{kind}")(dense)
    np.testing.assert_array_equal(_read(file, pickle.dumps({"m": made}, protocol))["m"], dense)


@pytest.mark.parametrize("protocol", [0, 1, 2, 4])
def test_what_chumpy_wraps_is_unwrapped_without_chumpy(
    file: Path, protocol: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("chumpy.ch")
    wrapper = type("Ch", (), {"__module__": "chumpy.ch"})
    module.Ch = wrapper  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
    monkeypatch.setitem(sys.modules, "chumpy.ch", module)
    made = wrapper()
    made.__dict__.update(x=VALUES, _dirty_vars={"x"}, _itr=None, _depends_on_deps={})
    content = pickle.dumps({"v_template": made}, protocol)
    monkeypatch.delitem(sys.modules, "chumpy.ch")
    np.testing.assert_array_equal(_read(file, content)["v_template"], VALUES)


def test_a_model_of_python_2_reads_as_latin_1(file: Path) -> None:
    rng = np.random.default_rng(3)
    arrays = {
        "v_template": rng.normal(size=(20, 3)), "weights": rng.random((20, 4)), "posedirs": rng.random((20, 3, 27)),
        "shapedirs": rng.normal(size=(20, 3, 5)), "f": np.arange(30, dtype=np.uint32).reshape(10, 3) % 20,
        "J_regressor": sparse.random(4, 20, 0.3, "csc", random_state=rng),
        "kintree_table": np.array([[-1, 0, 0, 1], [0, 1, 2, 3]]),
    }  # fmt: skip
    read = _read(file, old.model(arrays))
    assert (read["bs_style"], read["bs_type"]) == ("lbs", "lrotmin")
    for key, value in arrays.items():
        np.testing.assert_array_equal(read[key], value.toarray() if key == "J_regressor" else value)


class _Calls:
    """Pickles as a call."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call[0], self.call[1:]


class _SetsState:
    """Pickles as a harmless object whose state is set by a function."""

    def __reduce__(self) -> tuple[Any, ...]:
        return np.dtype, ("f8",), {"x": 1}, None, None, os.system


def _sparse_of(data: np.ndarray, shape: tuple[int, int]) -> sparse.csc_matrix:
    """A matrix of entries that SciPy would not take."""
    made = sparse.csc_matrix(shape)
    made.__dict__.update(data=data, indices=np.zeros(1, np.int32), indptr=np.array([0, *[1] * shape[1]], np.int32))
    return made


_ALIKE = sparse.csc_matrix((2**13, 2**13))
"""Half a gigabyte when it is written out."""


def _harm(mark: Path) -> dict[str, bytes]:
    touch = f"touch {mark}"
    objects = np.array([_Calls(os.system, touch)], dtype=object)
    wrapped = old.together(old.integer(1), old.together(old.integer(1)), old.type_of("O8", "|"), b"\x89", b"](" + b"e")
    return {
        "os.system": pickle.dumps({"v": _Calls(os.system, touch)}),
        "os.system of protocol 0": pickle.dumps({"v": _Calls(os.system, touch)}, 0),
        "eval": pickle.dumps({"v": _Calls(eval, f"open({str(mark)!r}, 'w')")}),
        "exec": pickle.dumps({"v": _Calls(exec, "import os")}),
        "getattr": b"c__builtin__\ngetattr\n(cnumpy\nload\nS'x'\ntR.",
        "a name alone": old.pickled(old.dictionary({"v": old.named("os", "system")})),
        "nested name": b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        "dotted name": b"\x80\x04\x8c\x05numpy\x8c\x0ef2py.os.system\x93.",
        "name within chumpy that is called": b"cchumpy.os\nsystem\n(S'" + touch.encode() + b"'\ntR.",
        "subprocess": pickle.dumps({"v": _Calls(__import__("subprocess").call, ["touch", str(mark)])}),
        "numpy's own loader": b"cnumpy\nload\n(S'x.npy'\ntR.",
        "numpy's object array": pickle.dumps({"v": objects}),
        "numpy's object dtype": old.pickled(old.dictionary({"v": old.array(VALUES, old.type_of("O8", "|"))})),
        "numpy's objects as a list": old.pickled(
            old.dictionary(
                {
                    "v": old.named("numpy.core.multiarray", "_reconstruct")
                    + old.together(old.named("numpy", "ndarray"), old.together(old.integer(0)), old.text("b"))
                    + b"R"
                    + wrapped
                    + b"b"
                }
            )
        ),
        "numpy's fields": pickle.dumps({"v": np.zeros(2, [("a", "f8"), ("b", "O")])}),
        "two types in one": old.pickled(old.dictionary({"v": old.array(VALUES, old.type_of("f8,O"))})),
        "array of another class": old.named("numpy.core.multiarray", "_reconstruct")
        + old.together(old.named("numpy", "matrix"), old.together(old.integer(0)), old.text("b")) + b"R.",
        "copyreg": b"ccopy_reg\n_reconstructor\n(cos\nsystem\nc__builtin__\nobject\nNtR.",
        "copyreg with a base": b"ccopy_reg\n_reconstructor\n(cchumpy.ch\nCh\nc__builtin__\nset\nNtR.",
        "copyreg's extension": b"\x80\x02\x82\x01.",
        "persistent id": b"Pwhatever\n.",
        "binary persistent id": b"\x80\x02U\x01aQ.",
        "instance of protocol 0": b"(S'" + touch.encode() + b"'\nios\nsystem\n.",
        "object of protocol 1": b"(cos\nsystem\nS'" + touch.encode() + b"'\no.",
        "new object with arguments": old.pickled(old.named("chumpy.ch", "Ch") + old.together(old.text("a")) + b"\x81"),
        "a text that is called": b"\x80\x02X\x09\x00\x00\x00os.system)R.",
        "a text that spells an allowed call": b"\x80\x02X\x0b\x00\x00\x00numpy.dtype)R.",
        "state of a list": b"\x80\x02]}b.",
        "a state setter": pickle.dumps({"v": _SetsState()}),
        "decoding by another codec": b"c_codecs\nencode\n(S'a'\nS'zlib'\ntR.",
        "deep key": b"\x80\x02}" + b")" + b"\x85" * 30_000 + b"Ns.",
        "sparse matrix of a billion": pickle.dumps({"v": sparse.csc_matrix((2**15, 2**17))}),
        "larger than its bytes": old.pickled(
            old.dictionary({"v": old.array(VALUES).replace(old.integer(2), old.integer(2**30))})
        ),
        "a pick of many long texts": old.pickled(
            old.dictionary(
                {
                    "v": old.instance(
                        "chumpy.reordering",
                        "Select",
                        {
                            "a": old.array(np.array([b"a" * 9999])),
                            "idxs": old.array(np.zeros(60_000, np.uint8)),
                        },
                    )
                }
            )
        ),
        "a sparse matrix of long texts": pickle.dumps(
            {"v": _sparse_of(np.array([b"a" * 9999]), (2**13, 2**13))}
        ),
        "few bytes that stand for many": pickle.dumps({str(key): _ALIKE for key in range(5)}),
        "chumpy that computes": old.pickled(
            old.dictionary({"v": old.instance("chumpy.ch_ops", "add", {"a": old.array(VALUES)})})
        ),
        "no dictionary": pickle.dumps([VALUES]),
    }  # fmt: skip


@pytest.mark.parametrize("kind", sorted(_harm(Path("x"))))
def test_what_is_no_array_is_refused_and_has_not_run(file: Path, tmp_path: Path, kind: str) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(InputError, match="nothing of it was run"):
        _read(file, _harm(mark)[kind])
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\x00", b"hello", b"\x80\x04.", b"\x80\x04N", b"}(U\x01a", b"\x80\x02h\x05.", b"0.", b"\x85.", b"(((.",
        b"T" + struct.pack("<i", 2**31 - 1) + b"x", b"\x8e" + struct.pack("<Q", 2**62) + b"x",
        b"\x96" + struct.pack("<Q", 2**62), b"\x80\x02}U\x01au.", b"c.", b"\x93.", b"I" + b"9" * 9999 + b"\n.",
        b"\x80\x02Nr\xff\xff\xff\x7f", bytes(range(256)),
    ],
)  # fmt: skip
def test_broken_bytes_are_told_as_such(file: Path, content: bytes) -> None:
    with pytest.raises(InputError, match=r"model.pkl (is no whole pickle|uses the instruction|holds a)"):
        _read(file, content)


def test_a_file_cut_off_anywhere_is_refused(file: Path) -> None:
    whole = old.model(
        {"shapedirs": VALUES, "v_template": VALUES[0], "J_regressor": sparse.csc_matrix(np.eye(3)), "f": VALUES[1]}
    )
    assert set(_read(file, whole)) >= {"shapedirs", "J_regressor"}
    for length in range(0, len(whole) - 1, 7):
        with pytest.raises(InputError):
            _read(file, whole[:length])


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
def test_no_flipped_byte_runs_or_crashes(file: Path) -> None:
    whole = bytearray(pickle.dumps({"v": VALUES, "m": sparse.csc_matrix(np.eye(3)), "s": "lbs"}, 2))
    rng = np.random.default_rng(5)
    for _ in range(600):
        damaged = bytearray(whole)
        for place in rng.integers(len(whole), size=rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        try:
            _read(file, bytes(damaged))
        except InputError as error:
            assert str(error)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.pkl cannot be read"):
        read_pickle(tmp_path / "none.pkl")


def test_memory_stays_within_the_file_s_own_size(file: Path) -> None:
    import tracemalloc  # noqa: PLC0415

    content = b"\x80\x02N" + b"".join(b"r" + struct.pack("<I", 2**31 - 1 - index) for index in range(100)) + b"."
    tracemalloc.start()
    with pytest.raises(InputError):
        _read(file, content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6
