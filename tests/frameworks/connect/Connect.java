import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;

/**
 * The trial of Kafka Connect: `Connect BOOTSTRAP WORK PORT`. REST ports are free ones from PORT on.
 *
 * A standalone worker, and beside it two distributed ones of which one dies, take lines from files to topics and from topics to files.
 * Every line has to arrive at least once, and nothing else.
 */
public final class Connect {
    private static final int LINES = 1500;

    private final Cluster cluster;
    private final Path work;
    private final int port;

    private Connect(Cluster cluster, Path work, int port) {
        this.cluster = cluster;
        this.work = work;
        this.port = port;
    }

    public static void main(String[] arguments) {
        Trial.run(() -> {
            try (var cluster = new Cluster(arguments[0])) {
                var trial = new Connect(cluster, Path.of(arguments[1]), Integer.parseInt(arguments[2]));
                var standalone = CompletableFuture.runAsync(() -> {
                    try { trial.standalone(); } catch (Exception e) { throw new CompletionException(e); }
                });
                trial.distributed();
                standalone.join();
            }
        });
    }

    private void standalone() throws Exception {
        var lines = new Lines(work, "alone");
        var worker = new Worker("org.apache.kafka.connect.cli.ConnectStandalone", work, "standalone", Worker.freePort(port),
            Map.of("bootstrap.servers", cluster.bootstrap, "offset.storage.file.filename", work.resolve("standalone.offsets")),
            Worker.properties(work.resolve("source.properties"), lines.sourceConfig()),
            Worker.properties(work.resolve("sink.properties"), lines.sinkConfig()));
        worker.start();
        worker.running(List.of(lines.source, lines.sink));
        lines.write(LINES);
        lines.await();
        worker.end();
        lines.write(LINES);
        worker.start();
        lines.await();
        worker.end();
        lines.compare("after a restart", cluster);
        Trial.check(lines.topic + " has each line once after a close", cluster.count(lines.topic) == 2 * LINES, cluster.count(lines.topic));
    }

    private Worker distributed(String name, int port) throws Exception {
        Map<String, Object> settings = new TreeMap<>(Map.of("bootstrap.servers", cluster.bootstrap, "group.id", "connect"));
        for (String kept : List.of("config", "offset", "status")) {
            settings.put(kept + ".storage.topic", "connect-" + kept);
            settings.put(kept + ".storage.replication.factor", 1);
        }
        // What a worker that died has run is given away so long after its session has ended.
        settings.putAll(Map.of("session.timeout.ms", 6000, "heartbeat.interval.ms", 1000, "scheduled.rebalance.max.delay.ms", 1000));
        // A sink's consumer dies with its worker: by default its group would wait 45 s for it.
        settings.putAll(Map.of("consumer.session.timeout.ms", 6000, "consumer.heartbeat.interval.ms", 1000));
        return new Worker("org.apache.kafka.connect.cli.ConnectDistributed", work, name, port, settings);
    }

    private void distributed() throws Exception {
        List<Lines> all = List.of(new Lines(work, "a"), new Lines(work, "b"));
        List<String> names = new ArrayList<>();
        int second = Worker.freePort(port + 5);
        Worker one = distributed("first", second), two = distributed("second", Worker.freePort(second + 1));
        Set<String> both = Set.of(one.address(), two.address());
        one.start();
        two.start();
        two.ask(200, "GET", "/");
        one.ask(200, "GET", "/");
        // One of the two is not the leader and passes on what it is asked.
        for (Lines lines : all) {
            names.addAll(List.of(lines.source, lines.sink));
            one.ask(201, "POST", "/connectors", Map.of("name", lines.source, "config", lines.sourceConfig()));
            two.ask(201, "POST", "/connectors", Map.of("name", lines.sink, "config", lines.sinkConfig()));
        }
        Trial.until("both workers at work", () -> one.running(names).equals(both));
        for (Lines lines : all) lines.write(LINES);
        for (Lines lines : all) lines.await();
        topics();

        // The other has to take over while lines come in.
        for (Lines lines : all) lines.write(LINES);
        Trial.until("some of them", () -> all.get(0).arrived() > LINES || all.get(1).arrived() > LINES);
        one.kill();
        for (Lines lines : all) lines.write(LINES);
        for (Lines lines : all) lines.await();
        Trial.until("the other worker to run all", () -> two.running(names).equals(Set.of(two.address())));
        for (Lines lines : all) lines.compare("after a kill", cluster);

        // Who comes back gets its part again, and all when the other leaves.
        one.start();
        Trial.until("both workers at work again", () -> two.running(names).equals(both));
        two.end();
        Trial.until("the first worker to run all", () -> one.running(names).equals(Set.of(one.address())));
        for (Lines lines : all) lines.write(LINES);
        for (Lines lines : all) lines.await();
        for (Lines lines : all) lines.compare("after a rebalance", cluster);
        offsets(one, all.get(0));

        for (String name : names) one.ask(204, "DELETE", "/connectors/" + name);
        Trial.until("no connector", () -> one.ask("GET", "/connectors").body().isEmpty());
        one.end();
    }

    /** What the workers keep on the broker, in topics that they have made themselves. */
    private void topics() throws Exception {
        for (var topic : Map.of("connect-config", 1, "connect-offset", 25, "connect-status", 5).entrySet()) {
            var policy = cluster.configs(topic.getKey()).get("cleanup.policy");
            Trial.check(topic.getKey() + " is compacted", "compact".equals(policy) && cluster.partitions(topic.getKey()).size() == topic.getValue(), policy);
        }
        var configs = cluster.read("connect-config").stream().map(record -> Cluster.text(record.key())).toList();
        Trial.check("connect-config has the connectors", configs.containsAll(List.of("connector-source-a", "connector-sink-b", "task-sink-a-0")), configs);
        Trial.until("the sources' offsets", () -> cluster.read("connect-offset").size() >= 2);
    }

    /** KIP-875: offsets of a stopped connector are shown and removed, and it begins again. */
    private void offsets(Worker worker, Lines lines) throws Exception {
        Trial.until("the sink's offsets", () -> {
            var offsets = worker.ask("GET", "/connectors/" + lines.sink + "/offsets").body();
            return offsets.at("/offsets/0/offset/kafka_offset").asLong() == cluster.count(lines.topic);
        });
        worker.ask(204, "PUT", "/connectors/" + lines.sink + "/stop");
        worker.ask(200, "DELETE", "/connectors/" + lines.sink + "/offsets");
        Trial.check("the sink's group has no offsets", cluster.committed("connect-" + lines.sink).isEmpty(), cluster.committed("connect-" + lines.sink));
        long before = lines.times();
        worker.ask(202, "PUT", "/connectors/" + lines.sink + "/resume");
        Trial.until("the lines once more", () -> lines.times() > before);

        var position = worker.ask(200, "GET", "/connectors/" + lines.source + "/offsets").body().at("/offsets/0/offset/position").asLong();
        Trial.check("the source's offset is the end of its file", position == lines.size(), position + ", not " + lines.size());
    }
}
