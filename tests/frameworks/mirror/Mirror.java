import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.*;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.connect.mirror.RemoteClusterUtils;

/**
 * The trial of MirrorMaker 2: `Mirror KAFKA OTTLA WORK SEED`, two bootstrap lists.
 *
 * One process copies both ways, is closed in the midst and goes on. Each record is compared: partition, key, value, headers, timestamp,
 * and the order within its partition. Groups that read at one end find their offsets at the other, settings and new partitions follow.
 */
public final class Mirror {
    private static final int PARTITIONS = 3, RECORDS = 3000;

    /** One cluster with what is copied from it. */
    private final class Side {
        final String name;
        final Cluster cluster;
        final String topic;
        final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();

        Side(String name, String bootstrap, Random random) {
            this.name = name;
            topic = "from-" + name;
            cluster = new Cluster(bootstrap);
            long at = System.currentTimeMillis() - Duration.ofHours(1).toMillis();
            for (int i = 0; i < RECORDS; i++) {
                List<Header> headers = new ArrayList<>();
                headers.add(new RecordHeader("number", Cluster.bytes(String.valueOf(i))));
                // Names repeat, and a value may be empty or null.
                for (int h = random.nextInt(4); h > 0; h--) headers.add(new RecordHeader("h" + random.nextInt(2), bytes(random, 8)));
                records.add(new ProducerRecord<>(topic, random.nextInt(PARTITIONS), at + random.nextInt(600_000), bytes(random, 20), bytes(random, 600), headers));
            }
        }

        private static byte[] bytes(Random random, int most) {
            if (random.nextInt(10) == 0) return null;
            byte[] bytes = new byte[random.nextInt(most)];
            random.nextBytes(bytes);
            return bytes;
        }

        void write(int from, int to) throws Exception {
            try (var producer = cluster.producer()) {
                var acks = records.subList(from, to).stream().map(producer::send).toList();
                for (var ack : acks) ack.get();
            }
        }

        /** Lets `group` have read up to these offsets. */
        void commit(String group, Map<TopicPartition, Long> offsets) throws Exception {
            cluster.admin.alterConsumerGroupOffsets(group, offsets.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> new OffsetAndMetadata(entry.getValue())))).all().get();
        }
    }

    private final Path work;
    private final Side kafka, ottla;

    private Mirror(String kafka, String ottla, Path work, long seed) {
        Random random = new Random(seed);
        this.work = work;
        this.kafka = new Side("kafka", kafka, random);
        this.ottla = new Side("ottla", ottla, random);
    }

    public static void main(String[] arguments) {
        Trial.run(() -> new Mirror(arguments[0], arguments[1], Path.of(arguments[2]), Long.parseLong(arguments[3])).trial());
    }

    private Process start(Path log) throws Exception {
        Map<String, Object> settings = new TreeMap<>(Map.of("clusters", "kafka,ottla", "kafka.bootstrap.servers", kafka.cluster.bootstrap,
            "ottla.bootstrap.servers", ottla.cluster.bootstrap, "kafka->ottla.enabled", true, "ottla->kafka.enabled", true,
            "topics", "from-.*", "plugin.discovery", "service_load"));
        for (String topic : List.of("replication", "checkpoints.topic.replication", "heartbeats.topic.replication", "offset-syncs.topic.replication",
            "config.storage.replication", "offset.storage.replication", "status.storage.replication")) settings.put(topic + ".factor", 1);
        for (String interval : List.of("refresh.topics", "refresh.groups", "sync.topic.configs", "sync.topic.acls", "sync.group.offsets", "emit.checkpoints", "emit.heartbeats"))
            settings.put(interval + ".interval.seconds", 1);
        // Every batch's offset is noted, so that the end of a partition translates to the end of its copy.
        settings.putAll(Map.of("sync.group.offsets.enabled", true, "offset.lag.max", 0, "tasks.max", 2, "offset.flush.interval.ms", 500));
        Path file = Files.writeString(work.resolve("mirror.properties"),
            settings.entrySet().stream().map(setting -> setting.getKey() + "=" + setting.getValue() + "\n").collect(Collectors.joining()));
        return Trial.java(log, "org.apache.kafka.connect.mirror.MirrorMaker", file);
    }

    private void trial() throws Exception {
        List<Side> sides = List.of(kafka, ottla);
        for (Side side : sides) {
            side.cluster.create(side.topic, PARTITIONS, Map.of("retention.ms", "7654321000", "max.message.bytes", "2000000"));
            side.write(0, RECORDS / 3);
        }
        Path log = work.resolve("first.log");
        Process mirror = start(log);
        for (Side side : sides) {
            arrived(side, RECORDS / 3);
            side.write(RECORDS / 3, 2 * RECORDS / 3);
            arrived(side, 2 * RECORDS / 3);
        }
        healthy("at first", log);
        Trial.end(mirror);
        for (Side side : sides) {
            side.write(2 * RECORDS / 3, RECORDS);
            side.cluster.admin.createPartitions(Map.of(side.topic, NewPartitions.increaseTo(PARTITIONS + 1))).all().get();
            var resource = new org.apache.kafka.common.config.ConfigResource(org.apache.kafka.common.config.ConfigResource.Type.TOPIC, side.topic);
            side.cluster.admin.incrementalAlterConfigs(Map.of(resource, List.of(
                new AlterConfigOp(new ConfigEntry("max.message.bytes", "3000000"), AlterConfigOp.OpType.SET)))).all().get();
        }
        log = work.resolve("second.log");
        mirror = start(log);
        for (Side side : sides) {
            arrived(side, RECORDS);
            compare(side);
        }
        for (Side side : sides) {
            offsets(side);
            follows(side);
        }
        healthy("after a restart", log);
        Trial.end(mirror);
    }

    /** What MirrorMaker has to say for itself while it runs. */
    private static void healthy(String when, Path log) throws Exception {
        // Without an authorizer there are no rules to copy, and it has to see that of both (SECURITY_DISABLED).
        Trial.until("no rules to copy", () -> Trial.said(log, "No ACL authorizer is configured on the source").size() == 2);
        List<String> errors = Trial.said(log, " ERROR ");
        Trial.check("no error in MirrorMaker's log " + when, errors.isEmpty(), errors);
    }

    private Side other(Side side) { return side == kafka ? ottla : kafka; }

    /** MirrorMaker's name for a copy. */
    private static String copy(Side side) { return side.name + "." + side.topic; }

    private void arrived(Side from, int count) throws Exception {
        Trial.until(copy(from) + " to have " + count, () -> other(from).cluster.count(copy(from)) >= count);
    }

    private void compare(Side from) throws Exception {
        List<String> expected = from.records.stream().map(record -> describe(record.partition(), record.timestamp(), record.key(), record.value(), record.headers())).toList();
        var copies = other(from).cluster.read(copy(from));
        List<String> found = copies.stream().map(record -> describe(record.partition(), record.timestamp(), record.key(), record.value(), record.headers())).toList();
        Trial.same("records from " + from.name, expected, found);
        for (int i = 0; i < PARTITIONS; i++) {
            String partition = i + " ";
            // Closed, it writes nothing twice that it has noted; a batch that came again would be in its place twice.
            Trial.check("order in " + copy(from) + "-" + i, expected.stream().filter(record -> record.startsWith(partition)).toList()
                .equals(found.stream().filter(record -> record.startsWith(partition)).distinct().toList()), "another one");
        }
        Trial.check("timestamps of " + copy(from) + " are its makers'",
            copies.stream().allMatch(record -> record.timestampType() == org.apache.kafka.common.record.TimestampType.CREATE_TIME), "not of type CreateTime");
    }

    private static String describe(int partition, long timestamp, byte[] key, byte[] value, Headers headers) {
        var text = new StringBuilder().append(partition).append(' ').append(timestamp).append(' ').append(Arrays.toString(key)).append(Arrays.toString(value));
        for (Header header : headers) text.append(' ').append(header.key()).append(Arrays.toString(header.value()));
        return text.toString();
    }

    /** Groups at the source are groups at the target, at the same record or before it. */
    private void offsets(Side from) throws Exception {
        Cluster source = from.cluster, target = other(from).cluster;
        Map<TopicPartition, Long> ends = source.offsets(from.topic, OffsetSpec.latest());
        ends.keySet().removeIf(partition -> partition.partition() == PARTITIONS);
        String whole = "whole-" + from.name, half = "half-" + from.name;
        from.commit(whole, ends);
        Map<TopicPartition, Long> halves = new HashMap<>();
        ends.forEach((partition, end) -> halves.put(partition, end / 2));
        from.commit(half, halves);

        Map<TopicPartition, Long> copied = target.offsets(copy(from), OffsetSpec.latest());
        copied.keySet().removeIf(partition -> partition.partition() == PARTITIONS);
        Trial.until("the offsets of " + whole, () -> target.committed(whole).equals(copied));
        Trial.held("the end of each partition translates to the end of its copy, from " + from.name);

        Trial.until("the offsets of " + half, () -> target.committed(half).size() == PARTITIONS);
        // What is before the translated offset must all have been read at the source: nothing may be skipped.
        var originals = source.read(from.topic);
        var copies = target.read(copy(from));
        for (var partition : halves.keySet()) {
            long translated = target.committed(half).get(new TopicPartition(copy(from), partition.partition()));
            Set<String> read = originals.stream().filter(record -> record.partition() == partition.partition() && record.offset() < halves.get(partition))
                .map(record -> Cluster.text(record.headers().lastHeader("number").value())).collect(Collectors.toSet());
            Set<String> skipped = copies.stream().filter(record -> record.partition() == partition.partition() && record.offset() < translated)
                .map(record -> Cluster.text(record.headers().lastHeader("number").value())).collect(Collectors.toSet());
            Trial.check("half of " + partition + " translates to what was read", translated > 0 && read.containsAll(skipped), translated + " for " + halves.get(partition));
        }
        // What MirrorMaker's own client reads from the checkpoints.
        var checkpoints = RemoteClusterUtils.translateOffsets(Map.of("bootstrap.servers", target.bootstrap), from.name, whole, Duration.ofSeconds(20));
        Map<TopicPartition, Long> translated = new HashMap<>();
        checkpoints.forEach((partition, offset) -> translated.put(partition, offset.offset()));
        Trial.check("checkpoints say the same, from " + from.name, translated.equals(copied), translated + ", not " + copied);
    }

    /** Settings, partitions and heartbeats. */
    private void follows(Side from) throws Exception {
        Cluster target = other(from).cluster;
        Trial.until("settings of " + copy(from), () -> {
            var configs = target.configs(copy(from));
            return "7654321000".equals(configs.get("retention.ms")) && "3000000".equals(configs.get("max.message.bytes"));
        });
        Trial.until("a new partition of " + copy(from), () -> target.partitions(copy(from)).size() == PARTITIONS + 1);
        Trial.held("settings and partitions follow from " + from.name);
        Trial.until("heartbeats from " + from.name, () -> target.count(from.name + ".heartbeats") > 0);
        Trial.check("heartbeats reach the other from " + from.name,
            RemoteClusterUtils.upstreamClusters(Map.of("bootstrap.servers", target.bootstrap)).contains(from.name), "");
        var topics = target.topics();
        Trial.check("checkpoints and heartbeats are topics, from " + from.name, topics.containsAll(List.of("heartbeats", from.name + ".checkpoints.internal")), topics);
    }
}
