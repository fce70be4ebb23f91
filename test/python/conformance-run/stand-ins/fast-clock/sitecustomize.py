"""Found by Python through PYTHONPATH: time.sleep moves the clock of time.time instead of waiting."""
import time

_real_time = time.time
_skipped = 0.0


def _sleep(seconds):
    global _skipped
    _skipped += seconds


time.sleep = _sleep
time.time = lambda: _real_time() + _skipped
