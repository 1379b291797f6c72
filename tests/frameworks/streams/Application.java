import java.nio.file.Path;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.processor.StateRestoreListener;

/**
 * The Kafka Streams application under trial: `Application BOOTSTRAP STATE_DIR`, until SIGTERM.
 *
 * At least once: a record may be processed again, so its aggregates are sets, which adding a thing twice does not change.
 */
public final class Application {
    static final String ID = "shop";
    static final Duration GRACE = Duration.ofDays(1);

    static Topology topology() {
        var builder = new StreamsBuilder();
        KStream<String, String> orders = builder.stream("orders");
        KStream<String, String> payments = builder.stream("payments");
        KTable<String, String> products = builder.table("products", Materialized.as("products-store"));

        // By order: a repartition topic, and two window stores with changelogs.
        orders.selectKey((customer, order) -> order.split(",")[0])
            .repartition(Repartitioned.as("by-order"))
            .join(payments, (order, sum) -> order + "/" + sum, JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(Input.IN_TIME_MS), GRACE),
                StreamJoined.as("paid"))
            .to("paid");

        // By product: another repartition topic, and the table that was built from `products`.
        KStream<String, String> priced = orders.selectKey((customer, order) -> order.split(",")[1])
            .repartition(Repartitioned.as("by-product"))
            .join(products, (order, price) -> order.split(",")[0] + ":" + Integer.parseInt(order.split(",")[2]) * Integer.parseInt(price));
        priced.to("priced");
        priced.groupByKey()
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(Input.WINDOW_MS), GRACE))
            .aggregate(() -> "", (product, order, all) -> with(all, order), Materialized.as("totals-store"))
            .toStream((window, all) -> window.key() + "@" + window.window().start())
            .to("totals");

        orders.groupByKey()
            .aggregate(() -> "", (customer, order, all) -> with(all, order.split(",")[0] + ":" + order.split(",")[2]), Materialized.as("customers-store"))
            .toStream().to("customers");
        return builder.build();
    }

    /** The set `all`, as text in order, with `one` in it. */
    private static String with(String all, String one) {
        var set = new TreeSet<>(Arrays.asList(all.split(" ")));
        set.remove("");
        set.add(one);
        return String.join(" ", set);
    }

    public static void main(String[] arguments) {
        var settings = new Properties();
        settings.putAll(Map.of("bootstrap.servers", arguments[0], "application.id", ID, "state.dir", Path.of(arguments[1]).toString(),
            "default.key.serde", Serdes.StringSerde.class, "default.value.serde", Serdes.StringSerde.class,
            "num.stream.threads", 2, "commit.interval.ms", 300, "repartition.purge.interval.ms", 300, "processing.guarantee", "at_least_once"));
        // The shortest that brokers allow by default: whoever was killed is missed after this time.
        settings.putAll(Map.of("session.timeout.ms", 6000, "heartbeat.interval.ms", 1000, "auto.offset.reset", "earliest"));
        var streams = new KafkaStreams(topology(), settings);
        streams.setGlobalStateRestoreListener(new StateRestoreListener() {
            @Override public void onRestoreStart(TopicPartition partition, String store, long begin, long end) {}
            @Override public void onBatchRestored(TopicPartition partition, String store, long end, long records) {}
            @Override public void onRestoreEnd(TopicPartition partition, String store, long records) {
                System.out.println("RESTORED " + store + " " + partition.partition() + " " + records);
            }
        });
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(
            CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP).withTimeout(Duration.ofSeconds(20)))));
        streams.start();
    }
}
