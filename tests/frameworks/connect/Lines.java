import java.io.IOException;
import java.nio.file.*;
import java.util.*;
import java.util.stream.IntStream;

/** A file that a source reads and one that a sink writes, with the topic between them. */
final class Lines {
    final String source, sink, topic;
    private final Path in, out;
    private final List<String> written = new ArrayList<>();

    Lines(Path work, String name) throws IOException {
        topic = "lines-" + name;
        source = "source-" + name;
        sink = "sink-" + name;
        in = Files.createFile(work.resolve(name + ".in"));
        out = work.resolve(name + ".out");
    }

    Map<String, String> sourceConfig() {
        return Map.of("name", source, "connector.class", "FileStreamSource", "tasks.max", "1", "file", in.toString(), "topic", topic);
    }

    Map<String, String> sinkConfig() {
        return Map.of("name", sink, "connector.class", "FileStreamSink", "tasks.max", "1", "file", out.toString(), "topics", topic);
    }

    /** Appends so many lines, each of them different from all others, up to 500 bytes. ASCII: Kafka's file source counts characters where it seeks bytes. */
    void write(int count) throws IOException {
        List<String> lines = IntStream.range(written.size(), written.size() + count)
            .mapToObj(i -> topic + " " + i + " " + "0123456789".repeat(i % 49)).toList();
        Files.write(in, lines, StandardOpenOption.APPEND);
        written.addAll(lines);
    }

    int arrived() throws IOException { return Files.exists(out) ? new HashSet<>(Files.readAllLines(out)).size() : 0; }

    /** Returns when as many different lines have arrived as were written; whether they are the same is for `compare` to say. */
    void await() throws Exception { Trial.until("the lines of " + out, () -> arrived() >= written.size()); }

    void compare(String when, Cluster cluster) throws Exception {
        Trial.same(topic + " has the lines " + when, written, cluster.read(topic).stream().map(record -> Cluster.text(record.value())).toList());
        Trial.same(sink + " has written the lines " + when, written, Files.readAllLines(out));
    }

    /** Of the file that the source reads, in bytes. */
    long size() throws IOException { return Files.size(in); }

    /** How often the first line has arrived. */
    long times() throws IOException { return Files.readAllLines(out).stream().filter(written.get(0)::equals).count(); }
}
