import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.*;
import org.apache.kafka.common.errors.*;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.*;

/** Apache Kafka's own client: the cases of tests/clients/README.md, what its admin client asks for, and what other clients wrote. */
public final class Suite {
    static final int COUNT = 40, PARTITIONS = 3;
    static final long FIRST_TIMESTAMP = 1_700_000_000_000L;
    static final String BOOTSTRAP = System.getenv("BOOTSTRAP"), RUN = System.getenv().getOrDefault("RUN_NAME", "run");
    static int failures;

    interface Case { void run() throws Exception; }

    static void check(boolean holds, String what) { if (!holds) throw new AssertionError(what); }

    static void same(Object expected, Object seen, String what) {
        if (!Objects.equals(expected, seen)) throw new AssertionError(what + ": expected " + expected + ", saw " + seen);
    }

    static void attempt(String name, Case body) {
        try {
            body.run();
            System.out.println("ok " + name);
        } catch (Throwable e) {
            failures++;
            Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
            System.out.println("FAIL " + name + ": " + String.valueOf(cause).replace('\n', ' '));
            cause.printStackTrace();
        }
        System.out.flush();
    }

    // --- the records of README.md

    static byte[] pattern(int seed, int length) {
        byte[] bytes = new byte[length];
        int s = seed + 1;
        for (int j = 0; j < length; j++) {
            s = (s * 1103515245 + 12345) & 0x7fffffff;
            bytes[j] = (byte) (s >> 16);
        }
        return bytes;
    }

    static final byte[][] VALUES = new byte[COUNT][];
    static {
        for (int i = 0; i < COUNT; i++)
            VALUES[i] = i == 20 ? pattern(i, 900_000) : switch (i % 8) {
                case 1 -> new byte[0];
                case 2 -> null;
                case 3 -> "x".getBytes();
                default -> pattern(i, 50 * i);
            };
    }

    static byte[] key(int i) { return i % 4 == 0 ? null : i % 4 == 1 ? new byte[0] : ("key-" + i).getBytes(); }

    static List<Header> headers(int i) {
        return switch (i / 3 % 3) {
            case 0 -> List.of();
            case 1 -> List.of(new RecordHeader("h", "1".getBytes()), new RecordHeader("h", "2".getBytes()),
                new RecordHeader("t", ("" + i).getBytes()));
            default -> List.of(new RecordHeader("e", new byte[0]));
        };
    }

    static long timestamp(int i) { return FIRST_TIMESTAMP + 1_000L * i; }

    static void compare(ConsumerRecord<byte[], byte[]> record) {
        int i = (int) record.offset() * PARTITIONS + record.partition();
        String at = record.topic() + "-" + record.partition() + "@" + record.offset();
        check(i < COUNT, at + ": beyond the last record");
        check(Arrays.equals(key(i), record.key()), at + ": key " + Arrays.toString(record.key()));
        check(Arrays.equals(VALUES[i], record.value()), at + ": value of " + (record.value() == null ? -1 : record.value().length) + " bytes");
        same(timestamp(i), record.timestamp(), at + ": timestamp");
        same(headers(i), Arrays.asList(record.headers().toArray()), at + ": headers");
    }

    // --- clients

    static Map<String, Object> with(Object... pairs) {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", BOOTSTRAP);
        for (int i = 0; i < pairs.length; i += 2) settings.put((String) pairs[i], pairs[i + 1]);
        return settings;
    }

    static Producer<byte[], byte[]> producer(Object... pairs) {
        Map<String, Object> settings = with("delivery.timeout.ms", 30_000, "request.timeout.ms", 10_000, "max.block.ms", 15_000,
            "max.request.size", 1_048_576, "linger.ms", 5);
        settings.putAll(with(pairs));
        return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    }

    static Consumer<byte[], byte[]> consumer(Object... pairs) {
        Map<String, Object> settings = with("auto.offset.reset", "none", "enable.auto.commit", false, "default.api.timeout.ms", 15_000);
        settings.putAll(with(pairs));
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static List<TopicPartition> partitions(String topic) {
        List<TopicPartition> list = new ArrayList<>();
        for (int p = 0; p < PARTITIONS; p++) list.add(new TopicPartition(topic, p));
        return list;
    }

    /** Reads until `wanted` records are there, in offset order for each partition. */
    static List<ConsumerRecord<byte[], byte[]>> read(Consumer<byte[], byte[]> consumer, int wanted) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        Map<Integer, Long> next = new HashMap<>();
        long end = System.nanoTime() + 20_000_000_000L;
        while (records.size() < wanted && System.nanoTime() < end)
            for (var record : consumer.poll(Duration.ofMillis(200))) {
                Long expected = next.put(record.partition(), record.offset() + 1);
                if (expected != null) same(expected, record.offset(), "the next offset of partition " + record.partition());
                records.add(record);
            }
        same(wanted, records.size(), "records read");
        check(consumer.poll(Duration.ofMillis(20)).isEmpty(), "more records than were written");
        return records;
    }

    static Admin admin;

    static void create(String topic, int partitions, Map<String, String> configs) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(configs))).all().get();
        // Apache Kafka answers before its partitions serve, and acks=0 would lose what is sent until then.
        for (int p = 0; p < partitions; p++) offset(new TopicPartition(topic, p), OffsetSpec.latest());
    }

    // --- cases

    static void codec(String topic, String codec, Object... promise) throws Exception {
        create(topic, PARTITIONS, Map.of());
        boolean blind = Arrays.asList(promise).contains("0");
        Map<String, Object> settings = with(promise);
        settings.put("compression.type", codec);
        Object[] pairs = settings.entrySet().stream().flatMap(e -> java.util.stream.Stream.of(e.getKey(), e.getValue())).toArray();
        try (var producer = producer(pairs)) {
            List<Future<RecordMetadata>> acks = new ArrayList<>();
            for (int i = 0; i < COUNT; i++)
                acks.add(producer.send(new ProducerRecord<>(topic, i % PARTITIONS, timestamp(i), key(i), VALUES[i], headers(i))));
            producer.flush();
            for (int i = 0; i < COUNT; i++) {
                RecordMetadata ack = acks.get(i).get();
                same(i % PARTITIONS, ack.partition(), "partition of the ack of record " + i);
                same(blind ? -1L : (long) (i / PARTITIONS), ack.offset(), "offset of the ack of record " + i);
            }
        }
        verify(topic);
    }

    static void verify(String topic) {
        try (var consumer = consumer()) {
            List<TopicPartition> all = partitions(topic);
            consumer.assign(all);
            consumer.seekToBeginning(all);
            read(consumer, COUNT).forEach(Suite::compare);

            for (TopicPartition p : all) consumer.seek(p, 7);
            int rest = 0;
            for (int i = 0; i < COUNT; i++) if (i / PARTITIONS >= 7) rest++;
            for (var record : read(consumer, rest)) { check(record.offset() >= 7, "an offset before the one asked for"); compare(record); }

            for (int i : new int[] {0, 1, 17, 20, COUNT - 1}) {
                TopicPartition p = new TopicPartition(topic, i % PARTITIONS);
                OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(p, timestamp(i) - 500)).get(p);
                check(found != null, "no offset for the timestamp of record " + i);
                same((long) (i / PARTITIONS), found.offset(), "the offset for the timestamp of record " + i);
                same(timestamp(i), found.timestamp(), "the timestamp found for record " + i);
            }
            TopicPartition first = all.get(0);
            same(null, consumer.offsetsForTimes(Map.of(first, timestamp(COUNT))).get(first), "an offset for a time after the last record");
            for (TopicPartition p : all) {
                same(0L, consumer.beginningOffsets(List.of(p)).get(p), "the beginning offset");
                same((long) ((COUNT - p.partition() + 2) / PARTITIONS), consumer.endOffsets(List.of(p)).get(p), "the end offset");
            }
        }
    }

    static long offset(TopicPartition p, OffsetSpec spec) throws Exception {
        return admin.listOffsets(Map.of(p, spec)).partitionResult(p).get().offset();
    }

    static <E> void refused(Class<E> with, Case body) throws Exception {
        try { body.run(); } catch (ExecutionException e) {
            check(with.isInstance(e.getCause()), "expected " + with.getSimpleName() + ", saw " + e.getCause());
            return;
        } catch (RuntimeException e) {
            check(with.isInstance(e), "expected " + with.getSimpleName() + ", saw " + e);
            return;
        }
        throw new AssertionError("expected " + with.getSimpleName());
    }

    static void adminTopics() throws Exception {
        String topic = RUN + ".java.admin";
        var created = admin.createTopics(List.of(new NewTopic(topic, 2, (short) 1).configs(Map.of("retention.ms", "12345"))));
        created.all().get();
        same(2, created.numPartitions(topic).get(), "partitions of the topic created");
        Uuid id = created.topicId(topic).get();
        check(!id.equals(Uuid.ZERO_UUID), "no topic id");
        same("12345", created.config(topic).get().get("retention.ms").value(), "a config in the answer to CreateTopics");
        var described = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
        same(id, described.topicId(), "the topic's id");
        same(2, described.partitions().size(), "partitions described");
        for (var p : described.partitions()) {
            check(p.leader() != null && p.leader().port() > 0, "no leader");
            same(List.of(p.leader().id()), p.isr().stream().map(Node::id).toList(), "the in-sync replicas");
        }
        same(topic, admin.describeTopics(TopicCollection.ofTopicIds(List.of(id))).allTopicIds().get().get(id).name(), "the name of the id");
        check(admin.listTopics().names().get().contains(topic), "not listed");
        refused(TopicExistsException.class, () -> create(topic, 1, Map.of()));
        refused(InvalidTopicException.class, () -> create("no such/name", 1, Map.of()));
        refused(InvalidPartitionsException.class, () -> create(topic + "-none", 0, Map.of()));
        refused(InvalidReplicationFactorException.class,
            () -> admin.createTopics(List.of(new NewTopic(topic + "-two", 1, (short) 2))).all().get());
        refused(InvalidConfigurationException.class, () -> create(topic + "-odd", 1, Map.of("retention.ms", "soon")));
        admin.createTopics(List.of(new NewTopic(topic + "-dry", 1, (short) 1)), new CreateTopicsOptions().validateOnly(true)).all().get();
        check(!admin.listTopics().names().get().contains(topic + "-dry"), "validate_only created the topic");

        admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(4))).all().get();
        same(4, admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size(), "partitions after the increase");
        refused(InvalidPartitionsException.class, () -> admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get());

        admin.deleteTopics(List.of(topic)).all().get();
        check(!admin.listTopics().names().get().contains(topic), "still listed after its deletion");
        refused(UnknownTopicOrPartitionException.class, () -> admin.describeTopics(List.of(topic)).allTopicNames().get());
        refused(UnknownTopicOrPartitionException.class, () -> admin.deleteTopics(List.of(topic)).all().get());
        create(topic, 1, Map.of());
        check(!id.equals(admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).topicId()), "a topic made again kept its id");
        admin.deleteTopics(TopicCollection.ofTopicIds(List.of(admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).topicId()))).all().get();
    }

    static void adminConfigs() throws Exception {
        String topic = RUN + ".java.configs";
        create(topic, 1, Map.of("segment.bytes", "2097152"));
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        same("2097152", config.get("segment.bytes").value(), "segment.bytes");
        same(ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, config.get("segment.bytes").source(), "its source");
        same("delete", config.get("cleanup.policy").value(), "cleanup.policy");
        same(ConfigEntry.ConfigSource.DEFAULT_CONFIG, config.get("cleanup.policy").source(), "its source");
        admin.incrementalAlterConfigs(Map.of(resource, List.of(
            new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"), AlterConfigOp.OpType.APPEND),
            new AlterConfigOp(new ConfigEntry("segment.bytes", ""), AlterConfigOp.OpType.DELETE),
            new AlterConfigOp(new ConfigEntry("max.message.bytes", "5000"), AlterConfigOp.OpType.SET)))).all().get();
        config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        same("delete,compact", config.get("cleanup.policy").value(), "cleanup.policy after the change");
        same(ConfigEntry.ConfigSource.DEFAULT_CONFIG, config.get("segment.bytes").source(), "the source of segment.bytes after the change");
        try (var producer = producer()) {
            refused(RecordTooLargeException.class, () -> producer.send(new ProducerRecord<>(topic, "k".getBytes(), new byte[6_000])).get());
            producer.send(new ProducerRecord<>(topic, "k".getBytes(), new byte[4_000])).get();
            refused(InvalidRecordException.class, () -> producer.send(new ProducerRecord<>(topic, null, new byte[1])).get());
        }
        refused(InvalidConfigurationException.class, () -> admin.incrementalAlterConfigs(Map.of(resource, List.of(
            new AlterConfigOp(new ConfigEntry("max.message.bytes", "-5"), AlterConfigOp.OpType.SET)))).all().get());
        ConfigResource missing = new ConfigResource(ConfigResource.Type.TOPIC, topic + "-missing");
        refused(UnknownTopicOrPartitionException.class, () -> admin.describeConfigs(List.of(missing)).all().get());
    }

    static void adminOffsets() throws Exception {
        String topic = RUN + ".java.offsets";
        create(topic, 1, Map.of());
        TopicPartition p = new TopicPartition(topic, 0);
        same(0L, offset(p, OffsetSpec.latest()), "the latest offset of an empty partition");
        same(-1L, offset(p, OffsetSpec.maxTimestamp()), "the greatest timestamp of an empty partition");
        try (var producer = producer("batch.size", 0)) {
            for (int i = 0; i < 10; i++) // the greatest timestamp is in the middle
                producer.send(new ProducerRecord<>(topic, 0, timestamp(i == 4 ? 30 : i), null, VALUES[7])).get();
        }
        same(0L, offset(p, OffsetSpec.earliest()), "earliest");
        same(10L, offset(p, OffsetSpec.latest()), "latest");
        same(4L, offset(p, OffsetSpec.maxTimestamp()), "the offset of the greatest timestamp");
        same(4L, offset(p, OffsetSpec.forTimestamp(timestamp(9) + 1)), "the first record after the ninth's time");
        same(4L, offset(p, OffsetSpec.forTimestamp(timestamp(4))), "the first record at or after the fourth's time");
        same(-1L, offset(p, OffsetSpec.forTimestamp(timestamp(31))), "a time after the last record");
        same(0L, offset(p, OffsetSpec.earliestLocal()), "earliest local");

        same(6L, admin.deleteRecords(Map.of(p, RecordsToDelete.beforeOffset(6))).lowWatermarks().get(p).get().lowWatermark(), "low watermark");
        same(6L, offset(p, OffsetSpec.earliest()), "earliest after the deletion");
        try (var consumer = consumer()) {
            consumer.assign(List.of(p));
            consumer.seek(p, 2);
            refused(org.apache.kafka.clients.consumer.OffsetOutOfRangeException.class, () -> consumer.poll(Duration.ofSeconds(10)));
            consumer.seek(p, 6);
            same(4, read(consumer, 4).size(), "records left");
        }
        refused(OffsetOutOfRangeException.class, () -> admin.deleteRecords(Map.of(p, RecordsToDelete.beforeOffset(11))).all().get());
        var producers = admin.describeProducers(List.of(p)).partitionResult(p).get().activeProducers();
        same(1, producers.size(), "producers described");
        same(9, producers.get(0).lastSequence(), "the last sequence");
        var directories = admin.describeLogDirs(List.of(0, 1)).descriptions();
        long bytes = 0;
        for (var node : directories.values())
            try {
                for (var dir : node.get(10, TimeUnit.SECONDS).values())
                    if (dir.replicaInfos().containsKey(p)) bytes += dir.replicaInfos().get(p).size();
            } catch (ExecutionException | TimeoutException e) { /* only one of the two ids is a broker's */ }
        check(bytes > 0, "no size for the partition in any log directory");
    }

    static void cluster() throws Exception {
        var cluster = admin.describeCluster();
        same(1, cluster.nodes().get().size(), "brokers");
        check(cluster.clusterId().get() != null && !cluster.clusterId().get().isEmpty(), "no cluster id");
        check(cluster.controller().get() != null, "no controller");
    }

    /** Timestamps that the broker sets, and a codec of the topic's own: both change the batch that is stored. */
    static void brokerRewrites(String name, Map<String, String> configs) throws Exception {
        String topic = RUN + ".java." + name;
        create(topic, 1, configs);
        TopicPartition p = new TopicPartition(topic, 0);
        boolean appendTime = configs.containsKey("message.timestamp.type");
        long before = System.currentTimeMillis() - 1_000;
        try (var producer = producer("compression.type", "lz4", "linger.ms", 50)) {
            List<Future<RecordMetadata>> acks = new ArrayList<>();
            for (int i = 0; i < COUNT; i++)
                acks.add(producer.send(new ProducerRecord<>(topic, 0, timestamp(i), key(i), VALUES[i], headers(i))));
            for (int i = 0; i < COUNT; i++) {
                same((long) i, acks.get(i).get().offset(), "offset of an ack");
                check(appendTime ? acks.get(i).get().timestamp() >= before : acks.get(i).get().timestamp() == timestamp(i), "timestamp of an ack");
            }
        }
        try (var consumer = consumer()) {
            consumer.assign(List.of(p));
            consumer.seek(p, 0);
            for (var record : read(consumer, COUNT)) {
                int i = (int) record.offset();
                check(Arrays.equals(key(i), record.key()) && Arrays.equals(VALUES[i], record.value()), "record " + i);
                same(headers(i), Arrays.asList(record.headers().toArray()), "headers of record " + i);
                if (appendTime) check(record.timestamp() >= before && record.timestampType() == org.apache.kafka.common.record.TimestampType.LOG_APPEND_TIME, "append time");
                else same(timestamp(i), record.timestamp(), "timestamp");
            }
        }
    }

    static void longPoll() throws Exception {
        String topic = RUN + ".java.parked";
        create(topic, 1, Map.of());
        TopicPartition p = new TopicPartition(topic, 0);
        try (var consumer = consumer("fetch.max.wait.ms", 20_000, "request.timeout.ms", 30_000); var producer = producer()) {
            consumer.assign(List.of(p));
            consumer.seek(p, 0);
            consumer.poll(Duration.ofMillis(500));
            producer.send(new ProducerRecord<>(topic, 0, "k".getBytes(), "v".getBytes())).get();
            long start = System.nanoTime();
            same(1, read(consumer, 1).size(), "records");
            check(System.nanoTime() - start < 5_000_000_000L, "a parked fetch was not woken by the append");
        }
    }

    static void manyProducers() throws Exception {
        String topic = RUN + ".java.many";
        create(topic, PARTITIONS, Map.of());
        int threads = 4, each = 3_000;
        try (var producer = producer("compression.type", "zstd"); var second = producer("acks", "1", "enable.idempotence", false)) {
            ExecutorService pool = Executors.newFixedThreadPool(threads);
            List<Future<Map<String, String>>> jobs = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                int id = t;
                jobs.add(pool.submit(() -> {
                    Map<String, String> acked = new HashMap<>();
                    List<Map.Entry<String, Future<RecordMetadata>>> sent = new ArrayList<>();
                    for (int i = 0; i < each; i++) {
                        String value = id + ":" + i;
                        sent.add(Map.entry(value, (id % 2 == 0 ? producer : second).send(new ProducerRecord<>(topic, i % PARTITIONS, null, value.getBytes()))));
                    }
                    for (var e : sent) acked.put(e.getValue().get().partition() + "@" + e.getValue().get().offset(), e.getKey());
                    return acked;
                }));
            }
            Map<String, String> acked = new HashMap<>();
            for (var job : jobs) acked.putAll(job.get());
            pool.shutdown();
            same(threads * each, acked.size(), "distinct offsets in acks");
            try (var consumer = consumer("isolation.level", "read_committed")) {
                consumer.assign(partitions(topic));
                consumer.seekToBeginning(partitions(topic));
                for (var record : read(consumer, threads * each))
                    same(acked.get(record.partition() + "@" + record.offset()), new String(record.value()), "the record at an acked offset");
            }
        }
    }

    /** Topics named RUN.CLIENT.CODEC.PROMISE hold the records of README.md, whoever wrote them. */
    static void interop() throws Exception {
        List<String> topics = admin.listTopics().names().get().stream()
            .filter(t -> t.startsWith(RUN + ".") && t.matches(".*\\.(idempotent|acks1|acks0)")).filter(t -> !t.startsWith(RUN + ".java.")).sorted().toList();
        for (String topic : topics) attempt("interop " + topic.substring(RUN.length() + 1), () -> verify(topic));
        if (topics.isEmpty()) attempt("interop", () -> check(false, "no client left a topic"));
    }

    public static void main(String[] args) throws Exception {
        admin = Admin.create(with("default.api.timeout.ms", 20_000, "request.timeout.ms", 10_000));
        if (args.length > 0) interop();
        else {
            attempt("cluster", Suite::cluster);
            for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
                String topic = RUN + ".java." + codec + ".";
                attempt(codec + " idempotent", () -> codec(topic + "idempotent", codec));
                attempt(codec + " acks1", () -> codec(topic + "acks1", codec, "enable.idempotence", false, "acks", "1"));
                attempt(codec + " acks0", () -> codec(topic + "acks0", codec, "enable.idempotence", false, "acks", "0"));
            }
            attempt("topics", Suite::adminTopics);
            attempt("configs", Suite::adminConfigs);
            attempt("offsets", Suite::adminOffsets);
            attempt("append time", () -> brokerRewrites("append-time", Map.of("message.timestamp.type", "LogAppendTime")));
            attempt("recompression", () -> brokerRewrites("recompressed", Map.of("compression.type", "zstd")));
            attempt("decompression", () -> brokerRewrites("uncompressed", Map.of("compression.type", "uncompressed")));
            attempt("parked fetch", Suite::longPoll);
            attempt("many producers", Suite::manyProducers);
        }
        admin.close(Duration.ofSeconds(1));
        System.exit(failures > 0 ? 1 : 0);
    }
}
