#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is backed up: made once, the same everywhere, and kept for the next time.

Run as a program it makes one data set, so that the memory this takes is not inherited by the
programs that run-bench measures (ru_maxrss of a child starts at what its parent had)."""

import math
import os
import pathlib
import random
import shutil
import subprocess
import sys

LINUX_TARBALL = pathlib.Path("/usr/src/linux-source-6.1.tar.xz")
LINUX_FOLDER = "linux-source-6.1"
MIB = 1024 * 1024
NAMES = ["source", "random", "small"]
TITLES = {
    "source": "source tree of Linux 6.1",
    "random": "one file of random bytes",
    "small": "many small files",
}

WORDS = """the of and to in is that for it as was with be by on not he this are or his from at which
but have an had they you were their one all we can her has there been if more when will would who so
folder snapshot file backup server error value return static int struct const char while null""".split()


def cache_folder():
    """Where data sets and repositories are."""
    chosen = os.environ.get("SR_BENCH_DIR")
    if chosen:
        return pathlib.Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(cache) / "strongroom-bench"


def path_of(name, tiny):
    """Where a data set is, or shall be. A tiny one tries the bench out and measures nothing."""
    if name == "source":
        tree = cache_folder() / LINUX_FOLDER
        return tree / "fs" if tiny else tree
    return cache_folder() / (f"{name}-tiny" if tiny else name)


def ensure(name, tiny):
    """Makes a data set that is not there yet, in a process of its own."""
    path = path_of(name, tiny)
    if not path.exists():
        print(f"Making the data set “{TITLES[name]}” in {path} …", flush=True)
        subprocess.run([sys.executable, __file__, name, "tiny" if tiny else "full"], check=True)
    return path


def unpack_source(target):
    """Debian's package linux-source-6.1."""
    if not LINUX_TARBALL.exists():
        sys.exit(f"{LINUX_TARBALL} is missing: apt-get install linux-source-6.1")
    target.mkdir()
    subprocess.run(["tar", "-xJf", LINUX_TARBALL, "-C", target, "--strip-components=1"], check=True)


def write_random(target, tiny):
    """2 GiB that no program can make smaller."""
    target.mkdir()
    with open(target / "random.bin", "wb") as file:
        for _ in range(64 if tiny else 2048):
            file.write(os.urandom(MIB))


def write_small(target, tiny):
    """200,000 files of 0 to 16 KiB in 1,000 folders; each order of magnitude has as many. Two of
    three are text; each differs from all others."""
    draw = random.Random(16384)
    text = " ".join(draw.choices(WORDS, k=400_000)).encode()
    binary = draw.randbytes(4 * MIB)
    for folder in range(10 if tiny else 1000):
        (target / f"{folder:03}").mkdir(parents=True)
        for number in range(200):
            size = int(math.exp(draw.random() * math.log(16 * 1024 + 1))) - 1
            pool, suffix = (binary, "bin") if number % 3 == 0 else (text, "txt")
            start = draw.randrange(len(pool) - size)
            with open(target / f"{folder:03}" / f"{number:03}.{suffix}", "wb") as file:
                file.write((b"%d-%d\n" % (folder, number) + pool[start:start + size])[:size])


def make(name, tiny):
    """Under another name first, so that what is there is complete."""
    final = cache_folder() / LINUX_FOLDER if name == "source" else path_of(name, tiny)
    partial = final.with_name(final.name + ".partial")
    final.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(partial, ignore_errors=True)
    if name == "source":
        unpack_source(partial)
    elif name == "random":
        write_random(partial, tiny)
    else:
        write_small(partial, tiny)
    partial.rename(final)


def read_once(path):
    """Warms the caches. Returns (files, bytes)."""
    files = size = 0
    buffer = bytearray(MIB)
    for folder, _, names in os.walk(path):
        for name in names:
            full = os.path.join(folder, name)
            if os.path.islink(full):
                continue
            files += 1
            with open(full, "rb", buffering=0) as file:
                while n := file.readinto(buffer):
                    size += n
    return files, size


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2] == "tiny")
