"""Reads the arrays of a pickle without running any of it.

A pickle is a program that may call whatever it names. This reader follows its instructions with stand-ins: a name
stays a text, a call is understood when it is one of those that arrays, sparse matrices and chumpy's wrappers need,
and refused otherwise. Nothing is imported, nothing of the file is called. Following the instructions takes no more
memory than the file's own bytes account for; the arrays that are then made of it have bounds of their own.
"""

import codecs
import io
import pickletools
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from models.bodies.pickled_arrays import (
    CALLABLE,
    SPARSE,
    Pending,
    RefusedError,
    construct,
    new_object,
    resolve,
    set_state,
)
from models.errors import InputError

MAX_BYTES: Final = 2**30
"""Larger than any body model; SMPL-X with 400 directions takes about half of it."""
MAX_TOTAL: Final = 2 * MAX_BYTES
"""Bytes of all arrays together; few of a file may stand for many."""
_MARK: Final = object()
_INSTRUCTIONS: Final = {known.code: known for known in pickletools.opcodes}
DAMAGE: Final = (
    IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError, MemoryError, RecursionError,
    struct.error,
)  # fmt: skip
"""What wrong bytes lead to; nothing of the file has run."""


@dataclass(frozen=True)
class Dialect:
    """What a kind of file may hold beside arrays; as it stands, nothing.

    Attributes:
        callable: what may be called, and what is done instead.
        names: globals that may be named, and no more.
        persistent: what a persistent id stands for; without it they are refused.
        built: what an object becomes once it has its state; it may read on in the stream.
    """

    callable: Mapping[str, Callable[..., Any]] = field(default_factory=dict[str, Callable[..., Any]])
    names: frozenset[str] = frozenset()
    persistent: Callable[[Any], Any] | None = None
    built: Callable[[Any, io.BytesIO], Any] | None = None


PLAIN: Final = Dialect()


def read_pickle(path: Path) -> dict[str, Any]:
    """The arrays of a pickled dictionary, of any protocol; Python 2's texts are read as Latin-1.

    Returns:
        Values by key: numpy arrays (sparse matrices written out, chumpy's wrappers taken off), texts and numbers;
        None for what holds neither.

    Raises:
        InputError: the file cannot be read, is damaged, or asks for anything beyond arrays.
    """
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror or error})", "name a readable file") from error
    if size > MAX_BYTES:
        raise InputError(f"{path} has {size} bytes, more than any body model", "name the file of a body model")
    try:
        found = run_pickle(io.BytesIO(content))
        if not isinstance(found, dict):
            raise RefusedError(f"holds a {type(found).__name__} where a body model has its named arrays")
        return _resolved(found)
    except RefusedError as refusal:
        raise InputError(
            f"{path.name} {refusal}, which no body model needs; nothing of it was run",
            "get the model from its makers again, and do not open this file with other programs",
        ) from None
    except DAMAGE as error:
        raise InputError(
            f"{path.name} is no whole pickle ({type(error).__name__}: {str(error)[:200]})",
            "get the model from its makers again",
        ) from None


def _resolved(found: Mapping[Any, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    total = 0
    for key, value in found.items():
        values[str(key)] = resolve(value)
        total += getattr(values[str(key)], "nbytes", 0)
        if total > MAX_TOTAL:
            raise RefusedError(f"holds arrays of more than {MAX_TOTAL} bytes")
    return values


def run_pickle(stream: io.BytesIO, dialect: Dialect = PLAIN) -> Any:
    """What a pickle leaves, with stand-ins for what it would make; nothing of it is run.

    Raises:
        RefusedError: it asks for more than arrays and what the dialect allows.
        one of DAMAGE: its bytes are wrong.
    """
    machine = _Machine(stream, dialect)
    while True:
        code = stream.read(1).decode("latin-1")
        if not code:
            raise ValueError("it ends before its STOP")
        known = _INSTRUCTIONS[code]
        if known.name == "STOP":
            return machine.stack.pop()
        if known.name not in _ACTIONS:
            raise RefusedError(f"uses the instruction {known.name}")
        argument = _argument(known, stream)
        _ACTIONS[known.name](machine, argument)


def _argument(known: pickletools.OpcodeInfo, stream: io.BytesIO) -> Any:
    if known.name == "STRING":
        quoted = stream.readline().strip()
        return codecs.escape_decode(quoted[1:-1])[0].decode("latin-1")  # pyright: ignore[reportAttributeAccessIssue]
    return known.arg.reader(stream) if known.arg else None


class _Machine:
    """The stack and the memory that a pickle works with."""

    def __init__(self, stream: io.BytesIO, dialect: Dialect) -> None:
        self.stream = stream
        self.dialect = dialect
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def above_mark(self) -> list[Any]:
        """Take off all above the last mark, and the mark."""
        mark = max(index for index, item in enumerate(self.stack) if item is _MARK)
        taken = self.stack[mark + 1 :]
        del self.stack[mark:]
        return taken

    def take(self, count: int) -> list[Any]:
        """Take off the last few."""
        if count > len(self.stack) or any(item is _MARK for item in self.stack[-count:]):
            raise IndexError("its stack is too short")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def call(self) -> None:
        """REDUCE."""
        callee, arguments = self.take(2)
        if not isinstance(callee, _Name):
            raise RefusedError(f"calls a {type(callee).__name__}")
        own = self.dialect.callable.get(callee)
        self.stack.append(construct(callee, tuple(arguments)) if own is None else own(*arguments))

    def make(self) -> None:
        """NEWOBJ."""
        of, arguments = self.take(2)
        if not isinstance(of, _Name) or arguments != ():
            raise RefusedError(f"makes a {of}")
        own = self.dialect.callable.get(of)
        self.stack.append(new_object(of) if own is None else own())

    def build(self) -> None:
        """BUILD."""
        (state,) = self.take(1)
        set_state(self.stack[-1], state)
        if self.dialect.built:
            self.stack[-1] = self.dialect.built(self.stack[-1], self.stream)

    def persistent(self) -> None:
        """BINPERSID."""
        (name,) = self.take(1)
        if self.dialect.persistent is None:
            raise RefusedError("uses the instruction BINPERSID")
        self.stack.append(self.dialect.persistent(name))

    def extend(self, items: list[Any]) -> None:
        """APPEND, APPENDS and ADDITEMS."""
        if not isinstance(self.stack[-1], list):
            raise RefusedError(f"appends to a {type(self.stack[-1]).__name__}")
        self.stack[-1].extend(items)

    def update(self, items: list[Any]) -> None:
        """SETITEM and SETITEMS."""
        if not isinstance(self.stack[-1], dict):
            raise RefusedError(f"sets items of a {type(self.stack[-1]).__name__}")
        self.stack[-1].update(_pairs(items))

    def name(self, module: str, attribute: str) -> None:
        """GLOBAL and STACK_GLOBAL: no more than a text, of a thing that may be named."""
        known = _Name(f"{module}.{attribute}")
        wanted = known in CALLABLE or known in SPARSE or module.partition(".")[0] == "chumpy"
        allowed = known in _HARMLESS or known in self.dialect.callable or known in self.dialect.names
        if not (wanted or allowed):
            raise RefusedError(f"names {known}")
        self.stack.append(known)


class _Name(str):
    """The name of a global; no text of the file is taken for one."""

    __slots__ = ()


_HARMLESS: Final = frozenset({"numpy.ndarray", "__builtin__.object", "builtins.object"})


def _pairs(items: list[Any]) -> dict[Any, Any]:
    keys = [resolve(key) if isinstance(key, Pending) and key.kind == "scalar" else key for key in items[::2]]
    if not all(isinstance(key, (str, bytes, int)) for key in keys):
        raise RefusedError("has keys that are no names")
    return dict(zip(keys, items[1::2], strict=True))


def _push(machine: _Machine, argument: Any) -> None:
    machine.stack.append(argument)


def _put(machine: _Machine, argument: Any) -> None:
    machine.memo[len(machine.memo) if argument is None else argument] = machine.stack[-1]


def _get(machine: _Machine, argument: Any) -> None:
    machine.stack.append(machine.memo[argument])


def _drop(machine: _Machine, argument: Any) -> None:
    machine.stack.pop()


def _drop_to_mark(machine: _Machine, argument: Any) -> None:
    machine.above_mark()


def _nothing(machine: _Machine, argument: Any) -> None:
    pass


def _constant(value: Any) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(value)


def _tuple_of(count: int) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(tuple(machine.take(count)))


_PUSHED: Final = (
    "INT LONG BININT BININT1 BININT2 LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE "
    "SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8"
)
_ACTIONS: Final[Mapping[str, Callable[[_Machine, Any], None]]] = {
    "PROTO": _nothing,
    "FRAME": _nothing,
    **dict.fromkeys(_PUSHED.split(), _push),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _get),
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    "MARK": _constant(_MARK),
    "EMPTY_TUPLE": _constant(()),
    "POP": _drop,
    "POP_MARK": _drop_to_mark,
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_SET": lambda machine, _: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "LIST": lambda machine, _: machine.stack.append(machine.above_mark()),
    "FROZENSET": lambda machine, _: machine.stack.append(machine.above_mark()),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.above_mark())),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "DICT": lambda machine, _: machine.stack.append(_pairs(machine.above_mark())),
    "APPEND": lambda machine, _: machine.extend(machine.take(1)),
    "APPENDS": lambda machine, _: machine.extend(machine.above_mark()),
    "ADDITEMS": lambda machine, _: machine.extend(machine.above_mark()),
    "SETITEM": lambda machine, _: machine.update(machine.take(2)),
    "SETITEMS": lambda machine, _: machine.update(machine.above_mark()),
    "GLOBAL": lambda machine, argument: machine.name(*argument.split(" ", 1)),
    "STACK_GLOBAL": lambda machine, _: machine.name(*machine.take(2)),
    "REDUCE": lambda machine, _: machine.call(),
    "NEWOBJ": lambda machine, _: machine.make(),
    "BUILD": lambda machine, _: machine.build(),
    "BINPERSID": lambda machine, _: machine.persistent(),
}
"""What each instruction does; those that are not here (extension codes, INST, OBJ, buffers) are
refused."""
