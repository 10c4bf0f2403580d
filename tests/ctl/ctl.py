# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of strongroomctl share: a place of their own for each, the program, a terminal.

Each test script is called with the path of the built program as its first argument."""

import fcntl
import json
import os
import pathlib
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

DONE, FAILED, USAGE, INCOMPLETE, CANCELLED = 0, 1, 2, 3, 130
PASSWORD = "correct horse Batterie staple"
PROGRAM = os.path.abspath(sys.argv.pop(1))
TIMEOUT = 240  # seconds; only for what hangs


class Terminal:
    """A program at a terminal of its own, which the test types at and looks at."""

    def __init__(self, argv, folder, environment, columns=80, stdout=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.seen = b""

        def take_terminal():
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            argv, cwd=folder, env=environment, stdin=slave, stdout=stdout or slave, stderr=slave,
            start_new_session=True, preexec_fn=take_terminal)
        os.close(slave)

    def read_more(self):
        """Some of what the program has written; False: it has ended."""
        try:
            data = os.read(self.master, 65536)
        except OSError:  # EIO: the other side is closed
            data = b""
        self.seen += data
        return bool(data)

    def wait_for(self, text):
        """Reads until that text was written."""
        while text.encode() not in self.seen:
            if not self.read_more():
                raise AssertionError(f"{text!r} did not come, but {self.seen!r}")

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        """Reads to the end, and gives the exit status."""
        while self.read_more():
            pass
        os.close(self.master)
        return self.process.wait(TIMEOUT)


class Case(unittest.TestCase):
    """A test with a folder of its own, in which there are a password file and room for a repository."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="strongroomctl-"))
        self.addCleanup(remove, self.folder)
        self.repository = self.folder / "repository"
        self.password_file = self.write("password", PASSWORD + "\n")
        self.environment = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm"}

    def write(self, name, content=""):
        """A new file below the folder, by text or bytes."""
        path = os.path.join(os.fsencode(self.folder), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return pathlib.Path(os.fsdecode(path))

    def argv(self, *words):
        return [PROGRAM, "-r", str(self.repository), "--password-file", str(self.password_file),
                *[str(word) for word in words]]

    def ctl(self, *words, status=DONE, argv=None, **options):
        """Runs strongroomctl to its end; fails unless the exit status is the expected one."""
        done = subprocess.run(argv or self.argv(*words), cwd=self.folder, env=self.environment,
                              stdin=options.pop("stdin", subprocess.DEVNULL), capture_output=True,
                              timeout=TIMEOUT, check=False, **options)
        done.text = done.stdout.decode()
        done.errors = done.stderr.decode()
        self.assertEqual(done.returncode, status, f"{words}: {done.text}{done.errors}")
        self.assertNotIn(PASSWORD, done.text + done.errors)
        return done

    def objects(self, *words, **options):
        """The same with --json: the objects of standard output, and those of standard error."""
        done = self.ctl("--json", *words, **options)
        return ([json.loads(line) for line in done.text.splitlines()],
                [json.loads(line) for line in done.errors.splitlines()])

    def one(self, *words, **options):
        """The only object, or the summary."""
        objects = self.objects(*words, **options)[0]
        objects = [one for one in objects if one["message_type"] != "status"]
        self.assertEqual(len(objects), 1, objects)
        return objects[0]

    def fails(self, code, *words, status=FAILED, **options):
        """The message of the error, which has to have that code."""
        said, errors = self.objects(*words, status=status, **options)
        self.assertEqual(errors[-1]["message_type"], "error")
        self.assertEqual(errors[-1]["code"], code, errors)
        return errors[-1]["message"]

    def terminal(self, *words, argv=None, **options):
        return Terminal(argv or self.argv(*words), self.folder, self.environment, **options)

    def restic(self, *words, status=0, password_file=None):
        """Runs Debian's restic on the same repository."""
        if shutil.which("restic") is None:
            self.skipTest("restic is not installed")
        environment = {**self.environment, "RESTIC_REPOSITORY": str(self.repository),
                       "RESTIC_PASSWORD_FILE": str(password_file or self.password_file),
                       "RESTIC_CACHE_DIR": str(self.folder / "restic-cache")}
        done = subprocess.run(["restic", *[str(word) for word in words]], cwd=self.folder,
                              env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=TIMEOUT, check=False)
        done.stdout = os.fsdecode(done.stdout)
        self.assertEqual(done.returncode, status, f"restic {words}: {done.stdout}{done.stderr}")
        return done.stdout

    def assert_whole(self):
        """Both programs find the repository valid, and nobody is left who would work on it."""
        self.assertEqual(os.listdir(self.repository / "locks"), [])
        self.ctl("check", "--read-data")
        self.assertIn("no errors were found", self.restic("check", "--read-data"))

    def assert_same(self, source, restored):
        """As rsync sees it, which has nothing in common with either program."""
        if shutil.which("rsync") is None:
            self.skipTest("rsync is not installed")
        done = subprocess.run(
            ["rsync", "-naAXHSi", "--delete", "--checksum", "--modify-window=-1", f"{source}/",
             f"{restored}/"], capture_output=True, timeout=TIMEOUT, check=True)
        self.assertEqual(done.stdout, b"")


def remove(folder):
    """Folders may be read-only, or too deep for one path."""
    subprocess.run(["chmod", "-R", "u+rwX", folder], check=False, stderr=subprocess.DEVNULL)
    subprocess.run(["rm", "-rf", folder], check=True)


def main():
    unittest.main(verbosity=2)
