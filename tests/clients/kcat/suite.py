"""kcat. It sets no timestamps and one set of headers for each call, so its records are its own, not README.md's.

Topics are made by its first metadata request (auto.create.topics.enable, num.partitions=3).
"""
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from records import BOOTSTRAP, RUN, attempt, check, close, until

RUN += ".kcat"
LARGE = ("0123456789abcdef" * 60_000)[:900_000]


def kcat(*arguments, stdin="", check_code=True):
    done = subprocess.run(["kcat", "-b", BOOTSTRAP, "-m", "20", *arguments], input=stdin, capture_output=True, text=True, timeout=40)
    check(not check_code or done.returncode == 0, f"kcat {' '.join(arguments)}: code {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def consume(topic, partition, start, *more):
    out = kcat("-C", "-J", "-t", topic, "-p", str(partition), "-o", str(start), "-e", "-q", *more)
    return [json.loads(line) for line in out.splitlines()]


def create(topic):
    """By asking for its metadata, until all of its partitions have a leader and answer."""

    def served():
        seen = json.loads(kcat("-L", "-J", "-t", topic))["topics"][0]
        return len(seen["partitions"]) == 3 and all(p["leader"] >= 0 for p in seen["partitions"])

    check(until(served), "the topic was not created by asking for it")
    check(until(lambda: kcat("-Q", *[a for p in range(3) for a in ("-t", f"{topic}:{p}:-1")], check_code=False).count("offset 0") == 3),
          "the new topic does not serve")


def codec(topic, compression, promise):
    create(topic)
    before = int(time.time() * 1000) - 2000
    send = ["-P", "-t", topic, "-z", compression, *[a for setting in promise for a in ("-X", setting)]]
    with tempfile.NamedTemporaryFile("w") as large:
        large.write(LARGE)
        large.flush()
        for p in range(3):
            to = [*send, "-p", str(p)]
            lines = "".join(f"key-{i}:value-{p}-{i}\n" for i in range(20))
            kcat(*to, "-K", ":", stdin=lines)  # 0..19, in one or more batches
            kcat(*to, "-K", ":", "-H", "h=1", "-H", "h=2", "-H", "e=", stdin="k:with headers\n:empty key\nk:\n")  # 20..22
            kcat(*to, "-Z", "-K", ":", stdin="k:\n")  # 23: -Z makes what is empty absent
            kcat(*to, large.name)  # 24
            kcat(*to, stdin="x\n")  # 25: no key
    for p in range(3):
        records = consume(topic, p, "beginning")
        check([r["offset"] for r in records] == list(range(26)), f"offsets {[r['offset'] for r in records]}")
        for i, r in enumerate(records):
            headers = r.get("headers", [])
            expected = {20: ("k", "with headers"), 21: ("", "empty key"), 22: ("k", ""), 23: ("k", None), 24: (None, LARGE), 25: (None, "x")}
            check((r["key"], r["payload"]) == expected.get(i, (f"key-{i}", f"value-{p}-{i}")), f"{p}@{i}: {str(r)[:200]}")
            check(headers == (["h", "1", "h", "2", "e", ""] if 20 <= i < 23 else []), f"{p}@{i}: headers {headers}")
            check(before <= r["ts"] <= time.time() * 1000 + 2000 and r["partition"] == p and r["topic"] == topic, f"{p}@{i}: {str(r)[:200]}")
        check([r["offset"] for r in consume(topic, p, 17)] == list(range(17, 26)), "by offset")
        check([r["offset"] for r in consume(topic, p, -3)] == [23, 24, 25], "by offset from the end")
        middle = records[20]["ts"]
        first = next(r["offset"] for r in records if r["ts"] >= middle)
        check([r["offset"] for r in consume(topic, p, f"s@{middle}")] == list(range(first, 26)), "by timestamp")
        answer = kcat("-Q", "-t", f"{topic}:{p}:{middle}")
        check(f"[{p}] offset {first}" in answer, f"the offset for a timestamp: {answer}")
        answer = kcat("-Q", "-t", f"{topic}:{p}:-1") + kcat("-Q", "-t", f"{topic}:{p}:-2")
        check(f"[{p}] offset 26" in answer and f"[{p}] offset 0" in answer, f"the ends: {answer}")


def metadata():
    topic = RUN + ".metadata"
    create(topic)
    seen = json.loads(kcat("-L", "-J"))
    check(len(seen["brokers"]) == 1 and seen["brokers"][0]["name"].rsplit(":", 1)[1] == BOOTSTRAP.rsplit(":", 1)[1], f"brokers {seen['brokers']}")
    listed = [t for t in seen["topics"] if t["topic"] == topic]
    check(len(listed) == 1 and len(listed[0]["partitions"]) == 3, f"topics {listed}")
    for p in listed[0]["partitions"]:
        check(p["leader"] == seen["brokers"][0]["id"] and [r["id"] for r in p["isrs"]] == [p["leader"]], f"partition {p}")


PROMISES = {
    "idempotent": ["enable.idempotence=true", "acks=all"],
    "acks1": ["acks=1"],
    "acks0": ["acks=0"],
}
for name in ("none", "gzip", "snappy", "lz4", "zstd"):
    for promise, settings in PROMISES.items():
        attempt(f"{name} {promise}", codec, f"{RUN}.{name}-{promise}", name, settings)
attempt("metadata", metadata)
close()
