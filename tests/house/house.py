# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests on the tree share: which files are ours, and how a finding is told."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(os.environ.get("SR_SOURCE_ROOT") or pathlib.Path(__file__).parents[2])
SKIPPED = 77  # meson's status for "its tool is not there"


def files(root=ROOT):
    """All files of the tree, relative to it: those git has, or would take; without git, all but
    what is built and hidden."""
    git = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True, check=False)
    if git.returncode == 0:
        found = [pathlib.Path(os.fsdecode(name)) for name in git.stdout.split(b"\0") if name]
    else:
        found = [path.relative_to(root) for path in root.rglob("*")]
        found = [path for path in found
                 if not path.parts[0].startswith(("build", ".git/")) and path.parts[0] != ".git"]
    return sorted({path for path in found if (root / path).is_file()})


def text(path, root=ROOT):
    """The content of a file of the tree; None when it is not text."""
    content = (root / path).read_bytes()
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def texts(root=ROOT, leave_out=("COPYING", "tests/files/")):
    """Pairs of path and content of all text files that were written by hand."""
    for path in files(root):
        content = None if str(path).startswith(leave_out) else text(path, root)
        if content is not None:
            yield path, content


def lines(root=ROOT):
    """(path, number, line) of all of them."""
    for path, content in texts(root):
        for number, line in enumerate(content.splitlines(), 1):
            yield path, number, line


def finish(findings, remedy):
    """Ends the test: prints what was found, and what to do about it."""
    for finding in findings:
        print(finding)
    if findings:
        sys.exit(f"{len(findings)} found. {remedy}")
