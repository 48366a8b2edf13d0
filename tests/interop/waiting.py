"""Waiting for a condition with a deadline: the only way the programs here wait."""

import time

WITHIN_S = 30
POLL_S = 0.1


def until(what, ask, refusal):
    """Asks until the answer is true; a `refusal` means not yet, and the last one is told when it never becomes true."""
    end, last = time.monotonic() + WITHIN_S, None
    while time.monotonic() < end:
        try:
            if ask():
                return
        except refusal as error:
            last = error
        time.sleep(POLL_S)
    raise AssertionError(f"waited in vain for {what}: {last}")
