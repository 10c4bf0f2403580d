# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that are measured, and how one run of a program is measured."""

import os
import pathlib
import shutil
import subprocess
import time

PASSWORD = "correct horse battery staple"
OPERATIONS = ["first", "unchanged", "restore"]


class Failure(Exception):
    """A program did not do what it was to do; the measurement is worth nothing."""


def run(argv, environment, log, folder=None):
    """Runs a program to its end. Returns its seconds by the clock, seconds of CPU time in user and
    system mode, and the peak of its resident memory in bytes, its own children included."""
    with open(log, "wb") as output:
        began = time.monotonic()
        with subprocess.Popen(argv, env={**os.environ, **environment}, cwd=folder,
                              stdin=subprocess.DEVNULL, stdout=output,
                              stderr=subprocess.STDOUT) as process:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        tail = log.read_text(errors="replace")[-2000:]
        raise Failure(f"{' '.join(map(str, argv))} ended with {process.returncode}:\n{tail}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "user": usage.ru_utime,
            "system": usage.ru_stime, "peak": usage.ru_maxrss * 1024}


def size_of(folder):
    """Bytes of all files in a folder."""
    return sum(os.lstat(os.path.join(path, name)).st_size
               for path, _, names in os.walk(folder) for name in names)


def first_line(argv):
    """What a program says to --version or the like."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip().splitlines()[0]


class Candidate:
    """A program with a repository in a folder of its own below @work."""

    name = ""
    can = OPERATIONS

    def __init__(self, work):
        self.folder = work / self.name
        self.repository = self.folder / "repository"
        self.password_file = self.folder / "password"
        self.log = self.folder / "log"

    def environment(self):
        """No settings, caches or keys of the user's are read or written."""
        kinds = ["CACHE", "CONFIG", "DATA", "STATE"]
        return {f"XDG_{kind}_HOME": str(self.folder / kind.lower()) for kind in kinds}

    def run(self, argv, folder=None):
        """One measured run."""
        return run(argv, self.environment(), self.log, folder)

    def start(self):
        """An empty repository, not measured."""
        self.clear()
        self.folder.mkdir(parents=True)
        self.password_file.touch(0o600)
        self.password_file.write_text(PASSWORD + "\n")
        self.init()

    def clear(self):
        """Removes all that the candidate has written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def stored(self):
        """Bytes of the repository."""
        return size_of(self.repository)

    def version(self):
        """A line of text; None: the program is not there."""
        raise NotImplementedError

    def init(self):
        """Makes the repository."""
        raise NotImplementedError

    def backup(self, path):
        """Both the first and the later ones."""
        raise NotImplementedError

    def restore(self, path, target):
        """The latest snapshot; @path is what was backed up."""
        raise NotImplementedError


class Strongroom(Candidate):
    """Ours."""

    name = "strongroom"

    def __init__(self, work, build):
        super().__init__(work)
        self.program = build / "src" / "ctl" / "strongroomctl"

    def version(self):
        return first_line([self.program, "--version"])

    def command(self, *words):
        """Its command line."""
        return [self.program, "-r", self.repository, "--password-file", self.password_file, *words]

    def init(self):
        self.run(self.command("init"))

    def backup(self, path):
        return self.run(self.command("backup", path))

    def restore(self, path, target):
        return self.run(self.command("restore", "latest", "--target", target))


class Restic(Candidate):
    """The one to beat. Compression is “auto” by default: zstd 3."""

    name = "restic"

    def version(self):
        return first_line(["restic", "version"])

    def environment(self):
        return {**super().environment(), "RESTIC_REPOSITORY": str(self.repository),
                "RESTIC_PASSWORD_FILE": str(self.password_file),
                "RESTIC_CACHE_DIR": str(self.folder / "cache")}

    def init(self):
        self.run(["restic", "init", "--quiet", "--repository-version", "2"])

    def backup(self, path):
        return self.run(["restic", "backup", "--quiet", path])

    def restore(self, path, target):
        return self.run(["restic", "restore", "latest", "--quiet", "--target", target])


class Borg(Candidate):
    """For comparison. Its archives have names."""

    name = "borg"

    def __init__(self, work):
        super().__init__(work)
        self.n_archives = 0

    def version(self):
        return first_line(["borg", "--version"])

    def environment(self):
        return {**super().environment(), "BORG_REPO": str(self.repository),
                "BORG_BASE_DIR": str(self.folder / "base"),
                "BORG_PASSCOMMAND": f"cat {self.password_file}"}

    def init(self):
        self.n_archives = 0
        self.run(["borg", "init", "--encryption", "repokey"])

    def backup(self, path):
        self.n_archives += 1
        return self.run(["borg", "create", "--compression", "zstd,3", f"::{self.n_archives}", path])

    def restore(self, path, target):
        return self.run(["borg", "extract", f"::{self.n_archives}"], target)


class Floor(Candidate):
    """What a first backup cannot do without (sr-floor.c)."""

    name = "floor"
    can = ["first"]

    def __init__(self, work, build):
        super().__init__(work)
        self.program = build / "bench" / "sr-floor"

    def version(self):
        return "sr-floor" if self.program.exists() else None

    def init(self):
        self.repository.mkdir()

    def backup(self, path):
        return self.run([self.program, path, self.repository])


def all_candidates(work, build):
    """In the order of the tables."""
    build = pathlib.Path(build).absolute()
    return [Strongroom(work, build), Restic(work), Borg(work), Floor(work, build)]
