"""What a sandbox may ask of the system: no sockets, no looking into other processes, no files but its own to write.

Two means of Linux that need no other program and no rights: a filter of system calls (seccomp(2)) and rules for files
(landlock(7)). Both hold for this thread, for those that it starts from then on and for programs that they run, and
cannot be taken back. Reading is not bounded: libraries read in places that nobody can list.
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

DENIED: Final = {
    "socket": (41, 198), "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438), "kcmp": (312, 272), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40),
    "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "init_module": (175, 105), "finit_module": (313, 273), "kexec_load": (246, 104),
    "open_by_handle_at": (304, 265), "swapon": (167, 224), "reboot": (169, 142), "acct": (163, 89),
    "quotactl": (179, 60), "sethostname": (170, 161), "settimeofday": (164, 170), "clock_settime": (227, 112),
}  # fmt: skip
"""Numbers on x86-64 and on 64-bit ARM (Linux, unistd.h). A socket reaches programs on this machine even where there is
no network; io_uring asks for all else behind the filter's back."""
_MACHINES: Final = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""Column of the table, and the machine as the kernel names it (audit.h)."""
_FOREIGN: Final = 0x40000000
"""From here on x86-64 counts calls of another form (x32)."""
_ALLOW, _DENY, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""Instructions of the filter (filter.h)."""
_NO_NEW_PRIVILEGES, _SET_FILTER, _FILTER_MODE = 38, 22, 2
_CREATE_RULES, _ADD_RULE, _RESTRICT = 444, 445, 446
_VERSION, _BENEATH = 1, 1
_EXECUTE, _WRITE, _TRUNCATE = 1 << 0, 1 << 1, 1 << 14
_CHANGE: Final = _WRITE | sum(1 << bit for bit in range(4, 13))
"""Write into files; remove and make files and folders of every kind."""


def deny_calls() -> bool:
    """Refuse the calls of DENIED from now on; whether this machine knows how."""
    column, machine = _MACHINES.get(platform.machine(), (0, 0))
    if platform.system() != "Linux" or not machine or not _give_up_privileges():
        return False
    numbers = [pair[column] for pair in DENIED.values()]
    deny = len(numbers) + 6
    steps = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, machine), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, 0)]
    steps.append((_AT_LEAST, deny - 5, 0, _FOREIGN))
    steps += [(_EQUAL, deny - 6 - place, 0, number) for place, number in enumerate(numbers)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _DENY)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(code))
    return _libc().prctl(_SET_FILTER, _FILTER_MODE, program, 0, 0) == 0


def bound_files(writable: Sequence[Path], programs: Sequence[Path]) -> bool:
    """Let nothing be written but beneath these folders, and nothing be run but these; whether the system can do that.

    Args:
        writable: folders, and devices such as /dev/null; what does not exist is left out.
        programs: files, and the loaders that start them.
    """
    if platform.system() != "Linux":
        return False
    call = _libc().syscall
    version = call(_CREATE_RULES, None, 0, _VERSION)
    if version < 1 or not _give_up_privileges():
        return False
    change = _CHANGE | (_TRUNCATE if version >= 3 else 0)
    rules = call(_CREATE_RULES, struct.pack("Q", change | _EXECUTE), 8, 0)
    try:
        for path, rights in [*((path, change) for path in writable), *((path, _EXECUTE) for path in programs)]:
            if path.exists():
                _allow(rules, path, rights if path.is_dir() else rights & (_EXECUTE | _WRITE | _TRUNCATE))
        return call(_RESTRICT, rules, 0) == 0
    finally:
        os.close(rules)


def _allow(rules: int, path: Path, rights: int) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if _libc().syscall(_ADD_RULE, rules, _BENEATH, struct.pack("=Qi", rights, place), 0):
            raise OSError(ctypes.get_errno(), f"no rule for {path}")
    finally:
        os.close(place)


def _give_up_privileges() -> bool:
    """No program that is run from now on has more rights than this one: else nobody may filter calls."""
    return _libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
