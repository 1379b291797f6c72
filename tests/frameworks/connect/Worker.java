import com.fasterxml.jackson.databind.*;
import java.io.IOException;
import java.net.*;
import java.net.http.*;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.stream.Collectors;

/** A Connect worker, a process of its own, and its REST interface. */
final class Worker {
    private static final HttpClient http = HttpClient.newHttpClient();
    private static final ObjectMapper json = new ObjectMapper();

    record Answer(int code, JsonNode body) {}

    private final String program, url;
    private final Path settings, log;
    private final List<Path> connectors;
    private Process process;

    /** `connectors` are property files, which only a standalone worker takes. */
    Worker(String program, Path work, String name, int port, Map<String, Object> settings, Path... connectors) throws IOException {
        this.program = program;
        this.connectors = List.of(connectors);
        url = "http://127.0.0.1:" + port;
        log = work.resolve(name + ".log");
        Map<String, Object> all = new TreeMap<>(settings);
        // Only one way to look for plugins: scanning all jars takes seconds.
        all.putAll(Map.of("listeners", url, "plugin.discovery", "service_load", "offset.flush.interval.ms", 500,
            "key.converter", "org.apache.kafka.connect.storage.StringConverter", "value.converter", "org.apache.kafka.connect.storage.StringConverter"));
        this.settings = properties(work.resolve(name + ".properties"), all);
    }

    static Path properties(Path file, Map<String, ?> settings) throws IOException {
        return Files.writeString(file, settings.entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue() + "\n").collect(Collectors.joining()));
    }

    /** A port that nothing listens on now, from `first` on. */
    static int freePort(int first) throws IOException {
        for (int port = first; ; port++) {
            try (var socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (BindException e) {
                if (port >= first + 80) throw e;
            }
        }
    }

    void start() throws Exception {
        List<Object> arguments = new ArrayList<>(List.of(settings));
        arguments.addAll(connectors);
        process = Trial.java(log, program, arguments.toArray());
    }

    void kill() throws Exception { Trial.kill(process); }

    void end() throws Exception { Trial.end(process); }

    String address() { return url.substring("http://".length()); }

    Answer ask(String method, String path, Object... body) throws Exception {
        var content = body.length == 0 ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(json.writeValueAsString(body[0]));
        var request = HttpRequest.newBuilder(URI.create(url + path)).method(method, content)
            .header("Content-Type", "application/json").timeout(Duration.ofSeconds(30)).build();
        var response = http.send(request, HttpResponse.BodyHandlers.ofString());
        return new Answer(response.statusCode(), response.body().isEmpty() ? json.nullNode() : json.readTree(response.body()));
    }

    /** The same, until it is answered so: a worker that rebalances says 409. */
    Answer ask(int code, String method, String path, Object... body) throws Exception {
        var last = new Answer[1];
        try {
            Trial.until(method + " " + path, () -> (last[0] = ask(method, path, body)).code() == code);
        } catch (IllegalStateException e) {
            throw new IllegalStateException(e.getMessage() + ", was answered " + last[0]);
        }
        return last[0];
    }

    /** Returns when these connectors and their tasks run; the workers that run something of them, by address. */
    Set<String> running(Collection<String> names) throws Exception {
        Set<String> workers = new TreeSet<>();
        Trial.until(names + " to run", () -> {
            workers.clear();
            for (String name : names) {
                var status = ask("GET", "/connectors/" + name + "/status").body();
                if (!status.at("/connector/state").asText().equals("RUNNING") || status.path("tasks").size() != 1) return false;
                if (!status.at("/tasks/0/state").asText().equals("RUNNING")) return false;
                workers.add(status.at("/connector/worker_id").asText());
                workers.add(status.at("/tasks/0/worker_id").asText());
            }
            return true;
        });
        return workers;
    }
}
