"""Where the test guests are, and how to read what `backlot test` prints at its end."""

import os
import re

from harness import ROOT, Failure

GUESTS = os.path.join(ROOT, "tests/guests")
MANIFEST = os.path.join(GUESTS, "fastly.toml")

SUMMARY = (r"^(\d+) passed, (\d+) failed(?:, \d+ skipped)?(?:, \d+ todo)?(?:, \d+ flaky)?(?:, (\d+) files? could not be run)?(?:, seed \d+)? "
           r"\((\d+) files?, (\d+) requests?, (\d+) checks?, (\d+) ms\)$")


class Summary:
    def __init__(self, done):
        found = re.search(SUMMARY, done.out, re.MULTILINE)
        if not found:
            raise Failure("no summary in\n%r" % (done,))
        self.passed, self.failed, self.broken, self.files, self.requests, self.checks, self.milliseconds = [
            int(number or 0) for number in found.groups()
        ]

    @property
    def counts(self):
        """Tests that passed, tests that failed."""
        return self.passed, self.failed
