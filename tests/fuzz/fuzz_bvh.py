"""Breaks BVH files under the guidance of what the reader's code then does; a command, not a test.

    pip install -r tests/envs/fuzz.txt
    python -m tests.fuzz.fuzz_bvh [-runs=200000] [any option of libFuzzer]

It ends with an error on anything but a refusal that names a line, on a file that takes longer than five seconds, and
when the process needs more than a gigabyte.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["models.bvh.reader", "models.bvh.words", "models.bvh.names", "models.bvh.tree", "models.bvh.topology"]
):
    from tests.fuzz.broken_bvh import PERSON, SEEDS, TOKENS, check

LIMITS = ("-timeout=5", "-rss_limit_mb=1024", "-max_len=4096", "-seed=1")


def try_bytes(content: bytes) -> None:
    """One broken file."""
    check(content.decode("utf-8", errors="replace"))


def main() -> None:
    """Run until told to stop."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        corpus.mkdir()
        for number, seed in enumerate((*SEEDS, PERSON)):
            (corpus / str(number)).write_text(seed, encoding="utf-8", newline="")
        words = Path(folder) / "words"
        words.write_text("".join(f'"{_escaped(token)}"\n' for token in TOKENS), encoding="ascii")
        options = sys.argv[1:] or ["-runs=200000"]
        atheris.Setup([sys.argv[0], *LIMITS, *options, f"-dict={words}", str(corpus)], try_bytes)
        atheris.Fuzz()


def _escaped(token: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in token.encode())


if __name__ == "__main__":
    main()
