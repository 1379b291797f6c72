"""The cases of tests/clients/README.md with kafka-python, which is Python all the way down."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from records import *

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka import errors
from kafka.admin import NewTopic

RUN += ".kafka-python"
admin = KafkaAdminClient(bootstrap_servers=BOOTSTRAP)


def consumer(**settings):
    return KafkaConsumer(bootstrap_servers=BOOTSTRAP, group_id=None, enable_auto_commit=False, auto_offset_reset="none",
                         max_partition_fetch_bytes=2_000_000, **settings)


def partitions(topic):
    return [TopicPartition(topic, p) for p in range(PARTITIONS)]


def create(topic, count=PARTITIONS):
    admin.create_topics([NewTopic(topic, count, 1)])
    reader = consumer()

    def ends():  # Apache Kafka answers before its partitions serve
        try:
            return len(reader.end_offsets([TopicPartition(topic, p) for p in range(count)])) == count
        except errors.KafkaError:
            return False

    check(until(ends), "the new topic does not serve")
    reader.close()


def read(reader, wanted):
    seen, following, limit = 0, {}, time.monotonic() + 20
    while seen < wanted and time.monotonic() < limit:
        for partition, records in reader.poll(timeout_ms=500).items():
            for r in records:
                check(following.get(partition, r.offset) == r.offset, f"offset {r.offset}, not {following.get(partition)}")
                following[partition] = r.offset + 1
                compare(r.partition, r.offset, r.key, r.value, r.headers, r.timestamp)
                seen += 1
    check(seen == wanted, f"{seen} records, not {wanted}")


def codec(topic, compression, promise):
    create(topic)
    producer = KafkaProducer(bootstrap_servers=BOOTSTRAP, compression_type=compression, linger_ms=5, max_request_size=1_048_576,
                             **promise)
    acks = [producer.send(topic, partition=i % PARTITIONS, key=key(i), value=VALUES[i], headers=headers(i), timestamp_ms=timestamp(i))
            for i in range(COUNT)]
    producer.flush(timeout=30)
    for i, ack in enumerate(acks):
        ack = ack.get(timeout=10)
        check(ack.partition == i % PARTITIONS, f"record {i} went to partition {ack.partition}")
        if promise["acks"] != 0:
            check(ack.offset == i // PARTITIONS, f"record {i} has offset {ack.offset}")
    producer.close(timeout=5)

    reader, all_of_it = consumer(), partitions(topic)
    reader.assign(all_of_it)
    for p in all_of_it:
        reader.seek(p, 0)
    read(reader, COUNT)
    for p in all_of_it:
        reader.seek(p, 7)
    read(reader, sum(i // PARTITIONS >= 7 for i in range(COUNT)))
    for i in (0, 1, 17, 20, COUNT - 1):
        p = all_of_it[i % PARTITIONS]
        found = reader.offsets_for_times({p: timestamp(i) - 500})[p]
        check((found.offset, found.timestamp) == (i // PARTITIONS, timestamp(i)), f"for the time of record {i}: {found}")
    past = reader.offsets_for_times({all_of_it[0]: timestamp(COUNT)})[all_of_it[0]]
    check(past is None, f"for a time after the last record: {past}")
    check(reader.beginning_offsets(all_of_it) == {p: 0 for p in all_of_it}, "beginning offsets")
    check(reader.end_offsets(all_of_it) == {p: end(p.partition) for p in all_of_it}, "end offsets")
    reader.seek(all_of_it[0], 1000)
    refused(errors.OffsetOutOfRangeError, lambda: until(lambda: reader.poll(timeout_ms=200), 10))
    reader.close()


def refused(with_error, body):
    try:
        body()
    except with_error:
        return
    raise AssertionError(f"expected {with_error.__name__}")


def topics():
    topic = RUN + ".admin"
    create(topic, 2)
    refused(errors.TopicAlreadyExistsError, lambda: admin.create_topics([NewTopic(topic, 1, 1)]))
    refused(errors.InvalidReplicationFactorError, lambda: admin.create_topics([NewTopic(topic + "-two", 1, 2)]))
    check(topic in admin.list_topics(), "not listed")
    described = admin.describe_topics([topic])[0]
    check(len(described["partitions"]) == 2, f"described as {described}")
    check(len(admin.describe_cluster()["brokers"]) == 1, "brokers")
    admin.create_partitions({topic: 3})
    check(until(lambda: len(admin.describe_topics([topic])[0]["partitions"]) == 3), "partitions after the increase")
    admin.delete_topics([topic])
    check(until(lambda: topic not in admin.list_topics()), "still listed")
    refused(errors.UnknownTopicOrPartitionError, lambda: admin.delete_topics([topic]))


def group():
    """Two members share a topic, both leave, another one goes on from what was committed."""
    topic = name = RUN + ".group"
    create(topic)

    def write(first, last):
        producer = KafkaProducer(bootstrap_servers=BOOTSTRAP)
        for i in range(first, last):
            producer.send(topic, partition=i % PARTITIONS, value=str(i).encode())
        producer.flush(timeout=30)
        producer.close()

    def member():
        return KafkaConsumer(topic, bootstrap_servers=BOOTSTRAP, group_id=name, enable_auto_commit=False, auto_offset_reset="earliest",
                             session_timeout_ms=10_000, heartbeat_interval_ms=1000)

    write(0, 300)
    seen, shares, stop = set(), {}, threading.Event()

    def run(number):
        one = member()
        while not stop.is_set():
            for records in one.poll(timeout_ms=200).values():
                seen.update(int(r.value) for r in records)
            shares[number] = len(one.assignment())
        one.commit()
        one.close()

    members = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in members:
        thread.start()
    shared = until(lambda: len(seen) == 300 and sorted(shares.values()) == [1, 2], 40)
    stop.set()
    for thread in members:
        thread.join()
    check(shared, f"{len(seen)} records, partitions shared as {shares}")
    write(300, 330)
    late, again, limit = member(), set(), time.monotonic() + 30
    while len(again) < 30 and time.monotonic() < limit:
        for records in late.poll(timeout_ms=200).values():
            again.update(int(r.value) for r in records)
    check(again == set(range(300, 330)), f"records after the commit: {len(again)}")
    late.commit()
    check([late.committed(p) for p in partitions(topic)] == [110] * PARTITIONS, "committed")
    late.close()


PROMISES = {
    "idempotent": dict(enable_idempotence=True, acks="all"),
    "acks1": dict(enable_idempotence=False, acks=1),
    "acks0": dict(enable_idempotence=False, acks=0),
}
for name in ("none", "gzip", "snappy", "lz4", "zstd"):
    for promise, settings in PROMISES.items():
        attempt(f"{name} {promise}", codec, f"{RUN}.{name}.{promise}", None if name == "none" else name, settings)
attempt("topics", topics)
attempt("group", group)
admin.close()
close()
