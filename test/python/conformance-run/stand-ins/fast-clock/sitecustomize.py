"""Found by Python through PYTHONPATH: time.time goes 60 times as fast, and time.sleep moves it instead of waiting."""
import time

SPEED = 60
_real_time = time.time
_start = _real_time()
_skipped = 0.0


def _sleep(seconds):
    global _skipped
    _skipped += seconds


time.sleep = _sleep
time.time = lambda: _start + (_real_time() - _start) * SPEED + _skipped
