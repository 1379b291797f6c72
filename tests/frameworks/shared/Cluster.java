import java.time.Duration;
import java.util.*;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.*;

/** A broker as a trial sees it: topics made, records written and read whole, offsets looked up. */
final class Cluster implements AutoCloseable {
    final String bootstrap;
    final Admin admin;

    Cluster(String bootstrap) {
        this.bootstrap = bootstrap;
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    @Override public void close() { admin.close(); }

    void create(String topic, int partitions, Map<String, String> configs) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(configs))).all().get();
    }

    Set<String> topics() throws Exception {
        return new TreeSet<>(admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get());
    }

    Map<String, String> configs(String topic) throws Exception {
        var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        return admin.describeConfigs(List.of(resource)).all().get().get(resource).entries().stream()
            .collect(Collectors.toMap(ConfigEntry::name, ConfigEntry::value));
    }

    List<TopicPartition> partitions(String topic) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
            .map(partition -> new TopicPartition(topic, partition.partition())).toList();
    }

    Map<TopicPartition, Long> offsets(String topic, OffsetSpec spec) throws Exception {
        var asked = partitions(topic).stream().collect(Collectors.toMap(partition -> partition, partition -> spec));
        return admin.listOffsets(asked).all().get().entrySet().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().offset()));
    }

    long count(String topic) throws Exception {
        return offsets(topic, OffsetSpec.latest()).values().stream().mapToLong(offset -> offset).sum();
    }

    Map<TopicPartition, Long> committed(String group) throws Exception {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get()
            .forEach((partition, offset) -> { if (offset != null) offsets.put(partition, offset.offset()); });
        return offsets;
    }

    /** Whether `group` has committed the end of every partition of `topic`. */
    boolean readToEnd(String group, String topic) throws Exception {
        var ends = offsets(topic, OffsetSpec.latest());
        var committed = committed(group);
        return ends.entrySet().stream().allMatch(end -> end.getValue().equals(committed.getOrDefault(end.getKey(), 0L)));
    }

    Producer<byte[], byte[]> producer() {
        return new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "linger.ms", 5), new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Every record that `topic` holds now, partition by partition in the order of offsets. */
    List<ConsumerRecord<byte[], byte[]>> read(String topic) throws Exception {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        var partitions = partitions(topic);
        var ends = offsets(topic, OffsetSpec.latest());
        try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap, "allow.auto.create.topics", false),
            new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Trial.until("all of " + topic, () -> {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
                return partitions.stream().allMatch(partition -> consumer.position(partition) >= ends.get(partition));
            });
        }
        records.sort(Comparator.comparingInt((ConsumerRecord<byte[], byte[]> record) -> record.partition()).thenComparingLong(ConsumerRecord::offset));
        return records;
    }

    /** "key=value" of every record. */
    List<String> lines(String topic) throws Exception {
        return read(topic).stream().map(record -> text(record.key()) + "=" + text(record.value())).toList();
    }

    /** "key=value" of each key's last record. */
    Collection<String> lastLines(String topic) throws Exception {
        Map<String, String> last = new TreeMap<>();
        read(topic).forEach(record -> last.put(text(record.key()), text(record.key()) + "=" + text(record.value())));
        return last.values();
    }

    static String text(byte[] bytes) { return bytes == null ? null : new String(bytes, java.nio.charset.StandardCharsets.UTF_8); }

    static byte[] bytes(String text) { return text == null ? null : text.getBytes(java.nio.charset.StandardCharsets.UTF_8); }
}
