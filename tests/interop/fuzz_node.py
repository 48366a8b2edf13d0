"""A process under test: what it weighs, whether it lives, and what it has logged since.

Memory may grow by what the node has to keep: `MADE_MAX` of fuzz_pool.py bounds keys, aliases, imports and rotations (each
key has at most 72 KiB of text, most have less than 2 KiB), it remembers up to 10,000 answers of a principal for ten
minutes and the signatures of changes for five. All of this together is well below `GROWTH_KIB_MAX`, which a leak of 1 KiB
a request would pass within minutes. What is measured begins after a warm-up, which fills caches and starts threads.
"""

import re
from pathlib import Path

GROWTH_KIB_MAX = 64 << 10


class Node:
    """A process, which is the same as long as it was born at the same time."""

    def __init__(self, pid):
        self.pid, self.born = pid, self._born(pid)
        log = Path(f"/proc/{pid}/fd/2").resolve()
        self.log = log if log.is_file() else None
        self.log_from = log.stat().st_size if self.log else 0
        self.warm_kib = self.start_kib = self.rss_kib()

    @staticmethod
    def _born(pid):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]

    def lives(self):
        try:
            return self._born(self.pid) == self.born
        except FileNotFoundError:
            return False

    def rss_kib(self):
        return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())[1])

    def findings(self):
        if not self.lives():
            yield f"process {self.pid} has ended"
            return
        if self.rss_kib() - self.warm_kib > GROWTH_KIB_MAX:
            yield f"process {self.pid} grew from {self.warm_kib} KiB to {self.rss_kib()} KiB after its warm-up"
        if self.log:
            with self.log.open("rb") as log:
                log.seek(self.log_from)
                for line in log:
                    if b"panic" in line.lower():
                        yield f"log of process {self.pid}: {line.decode(errors='replace').strip()}"
