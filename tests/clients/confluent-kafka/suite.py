"""The cases of tests/clients/README.md with confluent-kafka: a recent librdkafka under Python."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from records import *

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic, OffsetSpec

RUN += ".confluent-kafka"
admin = AdminClient({"bootstrap.servers": BOOTSTRAP})


def consumer(**settings):
    return Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": "none", "enable.auto.commit": False, "auto.offset.reset": "error",
                     "enable.partition.eof": False, **{k.replace("_", "."): v for k, v in settings.items()}})


def wait(futures, seconds=15):
    return {name: future.result(seconds) for name, future in futures.items()}


def create(topic, count=PARTITIONS):
    wait(admin.create_topics([NewTopic(topic, num_partitions=count, replication_factor=1)]))

    def ends():  # Apache Kafka answers before its partitions serve
        try:
            return wait(admin.list_offsets({TopicPartition(topic, p): OffsetSpec.latest() for p in range(count)}))
        except KafkaException:
            return False

    check(until(ends), "the new topic does not serve")


def read(reader, wanted):
    seen, following, limit = 0, {}, time.monotonic() + 20
    while seen < wanted and time.monotonic() < limit:
        for m in reader.consume(wanted - seen, 0.5):
            if m.error():
                raise KafkaException(m.error())
            p = m.partition()
            check(following.get(p, m.offset()) == m.offset(), f"offset {m.offset()}, not {following.get(p)}")
            following[p] = m.offset() + 1
            compare(p, m.offset(), m.key(), m.value(), m.headers(), m.timestamp()[1])
            seen += 1
    check(seen == wanted, f"{seen} records, not {wanted}")


def codec(topic, compression, promise):
    create(topic)
    producer = Producer({"bootstrap.servers": BOOTSTRAP, "compression.type": compression, "linger.ms": 5, "message.max.bytes": 1_048_576,
                         "message.timeout.ms": 20_000, **promise})
    acks = {}

    def acked(i):
        def report(error, message):
            acks[i] = error or (message.partition(), message.offset())
        return report

    for i in range(COUNT):
        producer.produce(topic, partition=i % PARTITIONS, key=key(i), value=VALUES[i], headers=headers(i), timestamp=timestamp(i),
                         on_delivery=acked(i))
    check(producer.flush(25) == 0, "records that were not acknowledged in time")
    for i in range(COUNT):
        check(not isinstance(acks[i], KafkaError), f"record {i}: {acks[i]}")
        if promise["acks"] != 0:
            check(acks[i] == (i % PARTITIONS, i // PARTITIONS), f"record {i} went to {acks[i]}")

    reader = consumer()
    reader.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
    read(reader, COUNT)
    reader.assign([TopicPartition(topic, p, 7) for p in range(PARTITIONS)])
    read(reader, sum(i // PARTITIONS >= 7 for i in range(COUNT)))
    for i in (0, 1, 17, 20, COUNT - 1):
        found = reader.offsets_for_times([TopicPartition(topic, i % PARTITIONS, timestamp(i) - 500)], timeout=10)[0]
        check(found.error is None and found.offset == i // PARTITIONS, f"for the time of record {i}: {found}")
    past = reader.offsets_for_times([TopicPartition(topic, 0, timestamp(COUNT))], timeout=10)[0]
    check(past.error is None and past.offset == -1, f"for a time after the last record: {past}")
    for p in range(PARTITIONS):
        watermarks = reader.get_watermark_offsets(TopicPartition(topic, p), timeout=10, cached=False)
        check(watermarks == (0, end(p)), f"partition {p} is {watermarks}")
    reader.assign([TopicPartition(topic, 0, 1000)])
    message = until(lambda: reader.poll(0.5), 10)
    check(message and message.error() and message.error().code() == KafkaError._AUTO_OFFSET_RESET, f"beyond the end: {message}")
    reader.close()


def refused(code, body):
    try:
        body()
    except KafkaException as error:
        check(error.args[0].code() == code, f"expected {code}, saw {error}")
        return
    raise AssertionError(f"expected {code}")


def topics():
    topic = RUN + ".admin"
    create(topic, 2)
    refused(KafkaError.TOPIC_ALREADY_EXISTS, lambda: create(topic))
    refused(KafkaError.TOPIC_EXCEPTION, lambda: create("a b"))
    listed = admin.list_topics(topic, timeout=10).topics[topic]
    check(listed.error is None and len(listed.partitions) == 2, f"listed as {listed.partitions}")
    check(len(wait({"": admin.describe_cluster()})[""].nodes) == 1, "brokers")
    wait(admin.create_partitions([NewPartitions(topic, 4)]))
    check(until(lambda: len(admin.list_topics(topic, timeout=10).topics[topic].partitions) == 4), "partitions after the increase")
    configs = list(wait(admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)])).values())[0]
    check(configs["cleanup.policy"].value == "delete", f"cleanup.policy is {configs['cleanup.policy']}")
    wait(admin.delete_topics([topic]))
    check(until(lambda: topic not in admin.list_topics(timeout=10).topics), "still listed")
    refused(KafkaError.UNKNOWN_TOPIC_OR_PART, lambda: wait(admin.delete_topics([topic])))


def group():
    """Two members share a topic, one leaves, another one goes on from what was committed."""
    topic, name = RUN + ".group", RUN + ".group"
    create(topic)

    def write(first, last):
        producer = Producer({"bootstrap.servers": BOOTSTRAP})
        for i in range(first, last):
            producer.produce(topic, partition=i % PARTITIONS, value=str(i))
        check(producer.flush(25) == 0, "records that were not acknowledged in time")

    def member():
        one = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": name, "enable.auto.commit": False, "auto.offset.reset": "earliest",
                        "session.timeout.ms": 10_000, "partition.assignment.strategy": "cooperative-sticky"})
        one.subscribe([topic])
        return one

    def take(members, wanted, seen):
        limit = time.monotonic() + 40
        while time.monotonic() < limit and not (seen >= wanted and all(one.assignment() for one in members)):
            for one in members:
                for message in one.consume(100, 0.2):
                    check(not message.error(), message.error())
                    seen.add(int(message.value()))
        check(seen >= wanted, f"{len(seen)} records of {len(wanted)}")

    write(0, 300)
    seen, members = set(), [member(), member()]
    take(members, set(range(300)), seen)
    shares = [len(one.assignment()) for one in members]
    check(sum(shares) == PARTITIONS and all(shares), f"partitions are shared as {shares}")
    for one in members:
        one.commit(asynchronous=False)
        one.close()
    write(300, 330)
    seen, late = set(), member()
    take([late], set(range(300, 330)), seen)
    check(seen == set(range(300, 330)), f"records again: {sorted(seen)[:5]}")
    late.commit(asynchronous=False)
    committed = late.committed([TopicPartition(topic, p) for p in range(PARTITIONS)], timeout=10)
    check([p.offset for p in committed] == [110] * PARTITIONS, f"committed {committed}")
    refused(KafkaError.NON_EMPTY_GROUP, lambda: wait(admin.delete_consumer_groups([name])))
    late.close()
    described = wait(admin.describe_consumer_groups([name]))[name]
    check(str(described.state).endswith("EMPTY"), f"the group is {described.state}")
    wait(admin.delete_consumer_groups([name]))
    refused(KafkaError.GROUP_ID_NOT_FOUND, lambda: wait(admin.delete_consumer_groups([name])))


PROMISES = {
    "idempotent": {"enable.idempotence": True, "acks": -1},
    "acks1": {"acks": 1},
    "acks0": {"acks": 0},
}
for name in ("none", "gzip", "snappy", "lz4", "zstd"):
    for promise, settings in PROMISES.items():
        attempt(f"{name} {promise}", codec, f"{RUN}.{name}.{promise}", name, settings)
attempt("topics", topics)
attempt("group", group)
close()
