import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;

/**
 * The trial of Kafka Streams: `Streams BOOTSTRAP WORK SEED`.
 *
 * The application gets a third of its input, is killed (SIGKILL) while the second flows, comes up without its state directory, gets the
 * rest, is closed and comes up without it again. What it has made in the end is compared record by record with what `Input` computes.
 * Then it is reset by Kafka's tool and makes the same once more.
 */
public final class Streams {
    private static final List<String> IN = List.of("orders", "payments", "products"), OUT = List.of("paid", "priced", "totals", "customers");
    private static final List<String> STORES = List.of("products-store", "paid-this-join-store", "paid-other-join-store", "totals-store", "customers-store");

    private final Cluster cluster;
    private final Path work, state;
    private final Input input;
    private int written;

    private Streams(Cluster cluster, Path work, long seed) {
        this.cluster = cluster;
        this.work = work;
        state = work.resolve("state");
        long windows = System.currentTimeMillis() / Input.WINDOW_MS - 240;
        input = new Input(seed, windows * Input.WINDOW_MS);
    }

    public static void main(String[] arguments) {
        Trial.run(() -> {
            try (var cluster = new Cluster(arguments[0])) {
                new Streams(cluster, Path.of(arguments[1]), Long.parseLong(arguments[2])).trial();
            }
        });
    }

    private void trial() throws Exception {
        for (String topic : IN) cluster.create(topic, 3, topic.equals("products") ? Map.of("cleanup.policy", "compact") : Map.of());
        for (String topic : OUT) cluster.create(topic, 3, Map.of());
        List<ProducerRecord<byte[], byte[]>> prices = new ArrayList<>();
        input.prices.forEach((product, price) -> {
            if (price == null) prices.add(record("products", product, "1", input.begin - 2));
            prices.add(record("products", product, price == null ? null : price.toString(), input.begin - 1));
        });
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        input.orders.forEach(order -> records.add(record("orders", order.customer(), order.value(), order.at())));
        input.payments.forEach(payment -> records.add(record("payments", payment.order(), String.valueOf(payment.sum()), payment.at())));
        records.sort(Comparator.comparingLong(ProducerRecord::timestamp));

        try (var producer = cluster.producer()) {
            write(producer, prices, prices.size(), Integer.MAX_VALUE);
            written = 0;
            int third = records.size() / 3;
            write(producer, records, third, Integer.MAX_VALUE);

            Path log = work.resolve("first.log");
            Process application = start(log);
            Trial.until("the first results", () -> cluster.count("paid") > 0 && cluster.count("totals") > 0 && !cluster.committed(Application.ID).isEmpty());
            // At a pace that takes some seconds, so that the kill falls into it.
            var flow = CompletableFuture.runAsync(() -> write(producer, records, 2 * third, 1500));
            long before = cluster.count("priced");
            Trial.until("results of the second third", () -> cluster.count("priced") > before + 200);
            Trial.check("killed in the midst", !flow.isDone(), "all was written before");
            Trial.kill(application);
            Trial.remove(state);

            log = work.resolve("second.log");
            application = start(log);
            flow.join();
            done();
            restored("after a kill", log);
            Trial.end(application);
            Trial.remove(state);

            log = work.resolve("third.log");
            application = start(log);
            write(producer, records, records.size(), Integer.MAX_VALUE);
            done();
            restored("after a close", log);
            internals();
            Trial.end(application);
        }
        compare("");
        reset();
    }

    private Process start(Path log) throws Exception { return Trial.java(log, "Application", cluster.bootstrap, state); }

    private static ProducerRecord<byte[], byte[]> record(String topic, String key, String value, long at) {
        return new ProducerRecord<>(topic, null, at, Cluster.bytes(key), Cluster.bytes(value));
    }

    /** Writes on to record `end`, so many a second at most; returns when all are acknowledged. */
    private void write(Producer<byte[], byte[]> producer, List<ProducerRecord<byte[], byte[]>> records, int end, int perSecond) {
        List<Future<RecordMetadata>> acks = new ArrayList<>();
        for (; written < end; written++) {
            acks.add(producer.send(records.get(written)));
            if (perSecond < Integer.MAX_VALUE) LockSupport.parkNanos(1_000_000_000L / perSecond);
        }
        producer.flush();
        for (var ack : acks) {
            try { ack.get(); } catch (Exception e) { throw new CompletionException(e); }
        }
    }

    private List<String> internal(String suffix) throws Exception {
        return cluster.topics().stream().filter(topic -> topic.startsWith(Application.ID + "-") && topic.endsWith(suffix)).toList();
    }

    /** Returns when all input is processed and committed: first what was written, then what the application wrote to itself. */
    private void done() throws Exception {
        for (String topic : IN) Trial.until("the end of " + topic, () -> cluster.readToEnd(Application.ID, topic));
        for (String topic : internal("-repartition")) Trial.until("the end of " + topic, () -> cluster.readToEnd(Application.ID, topic));
    }

    private static void restored(String when, Path log) throws Exception {
        Map<String, Long> records = Trial.said(log, "RESTORED ").stream().map(line -> line.split(" "))
            .collect(Collectors.groupingBy(words -> words[1], TreeMap::new, Collectors.summingLong(words -> Long.parseLong(words[3]))));
        Trial.check("every store came back from its changelog " + when, STORES.stream().allMatch(store -> records.getOrDefault(store, 0L) > 0), records);
    }

    /** The topics that the application made for itself, with what it asked of them. */
    private void internals() throws Exception {
        var repartition = internal("-repartition");
        Trial.same("repartition topics", List.of("shop-by-order-repartition", "shop-by-product-repartition"), repartition);
        for (String topic : repartition) {
            var configs = cluster.configs(topic);
            Trial.check(topic + " is kept until it is purged", "delete".equals(configs.get("cleanup.policy")) && "-1".equals(configs.get("retention.ms")), configs);
            Trial.until("the purge of " + topic, () -> cluster.offsets(topic, OffsetSpec.earliest()).equals(cluster.offsets(topic, OffsetSpec.latest())));
        }
        Map<String, String> policies = new TreeMap<>();
        for (String topic : internal("-changelog"))
            policies.put(topic, Stream.of(cluster.configs(topic).get("cleanup.policy").split(",")).sorted().collect(Collectors.joining(",")));
        Map<String, String> expected = new TreeMap<>();
        for (String store : STORES) {
            // Windows that hold one key several times, as joins of streams do, are never compacted.
            String policy = store.startsWith("paid") ? "delete" : store.startsWith("totals") ? "compact,delete" : "compact";
            expected.put("shop-" + store + "-changelog", policy);
        }
        Trial.same("changelog topics", expected.entrySet(), policies.entrySet());
    }

    private void compare(String when) throws Exception {
        Trial.same("joins of stream with stream" + when, input.paid(), cluster.lines("paid"));
        Trial.same("joins of stream with table" + when, input.priced(), cluster.lines("priced"));
        Trial.same("aggregates by window" + when, input.totals(), cluster.lastLines("totals"));
        Trial.same("aggregates by key" + when, input.customers(), cluster.lastLines("customers"));
    }

    /** Everything back to the begin, by kafka-streams-application-reset. What it says is kept for `run` to compare. */
    private void reset() throws Exception {
        Path words = work.resolve("reset.words");
        for (var flags : List.of(List.of("--dry-run"), List.of("--force"))) {
            List<Object> arguments = new ArrayList<>(List.of("--bootstrap-server", cluster.bootstrap, "--application-id", Application.ID,
                "--input-topics", String.join(",", IN)));
            arguments.addAll(flags);
            int code = Trial.tool(words, "org.apache.kafka.tools.StreamsResetter", arguments.toArray()).waitFor();
            Trial.check("reset " + flags.get(0), code == 0, "exit code " + code + ", see " + words);
        }
        Trial.check("no topic of its own is left", internal("").isEmpty(), internal(""));
        Map<TopicPartition, Long> begins = new HashMap<>();
        for (String topic : IN) begins.putAll(cluster.offsets(topic, OffsetSpec.earliest()));
        // Those of topics that were deleted are forgotten soon after, by Kafka too.
        Trial.until("input to begin again", () -> cluster.committed(Application.ID).equals(begins));
        Trial.held("input begins again");

        // What is there already is emptied, so that only what the application makes now counts.
        Map<TopicPartition, RecordsToDelete> old = new HashMap<>();
        for (String topic : OUT) for (var partition : cluster.partitions(topic)) old.put(partition, RecordsToDelete.beforeOffset(-1));
        cluster.admin.deleteRecords(old).all().get();
        Trial.remove(state);
        Process application = start(work.resolve("fourth.log"));
        done();
        Trial.end(application);
        compare(" after a reset");
    }
}
