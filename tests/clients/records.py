"""The records of README.md beside this file, and how a case reports itself, for the Python suites."""
import os
import sys
import time
import traceback

COUNT = 40
PARTITIONS = 3
FIRST_TIMESTAMP = 1_700_000_000_000
BOOTSTRAP = os.environ["BOOTSTRAP"]
RUN = os.environ.get("RUN_NAME", "run")
failures = 0


def pattern(seed, length):
    out, s = bytearray(length), seed + 1
    for j in range(length):
        s = (s * 1103515245 + 12345) & 0x7FFFFFFF
        out[j] = (s >> 16) & 0xFF
    return bytes(out)


def _value(i):
    if i == 20:
        return pattern(i, 900_000)
    return {1: b"", 2: None, 3: b"x"}.get(i % 8, None if i % 8 == 2 else pattern(i, 50 * i))


VALUES = [_value(i) for i in range(COUNT)]


def key(i):
    return {0: None, 1: b""}.get(i % 4, f"key-{i}".encode())


def headers(i):
    return [[], [("h", b"1"), ("h", b"2"), ("t", str(i).encode())], [("e", b"")]][i // 3 % 3]


def timestamp(i):
    return FIRST_TIMESTAMP + 1000 * i


def end(partition):
    return (COUNT - partition + 2) // PARTITIONS


def check(holds, what):
    if not holds:
        raise AssertionError(what)


def compare(partition, offset, seen_key, seen_value, seen_headers, seen_timestamp):
    i, at = offset * PARTITIONS + partition, f"{partition}@{offset}"
    check(i < COUNT, f"{at}: beyond the last record")
    check(seen_key == key(i), f"{at}: key {seen_key!r}")
    check(seen_value == VALUES[i], f"{at}: value of {-1 if seen_value is None else len(seen_value)} bytes")
    check(list(seen_headers or []) == headers(i), f"{at}: headers {seen_headers!r}")
    check(seen_timestamp == timestamp(i), f"{at}: timestamp {seen_timestamp}")


def until(condition, seconds=15):
    """Waits for what `condition` returns, with a deadline."""
    limit = time.monotonic() + seconds
    while True:
        result = condition()
        if result or time.monotonic() > limit:
            return result
        time.sleep(0.02)


def attempt(name, body, *args):
    global failures
    try:
        body(*args)
        print("ok", name, flush=True)
    except Exception as error:
        failures += 1
        print(f"FAIL {name}: {type(error).__name__}: {error}".replace("\n", " "), flush=True)
        traceback.print_exc()


def close():
    sys.exit(1 if failures else 0)
