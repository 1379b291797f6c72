import java.io.*;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** What every trial of a framework does: says what held, waits for conditions, starts programs and ends them. */
final class Trial {
    /** A wait that takes longer has failed. The longest take 15 s, with two cores for all parts at once. */
    static final Duration PATIENCE = Duration.ofSeconds(90);

    private static final AtomicInteger failed = new AtomicInteger();
    private static final List<Process> programs = Collections.synchronizedList(new ArrayList<>());

    interface Body { void run() throws Exception; }

    private Trial() {}

    /** Runs a trial and exits: 0 when all that it checked held. No program that it started is left. */
    static void run(Body body) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> programs.forEach(Process::destroyForcibly)));
        try {
            body.run();
        } catch (Throwable e) {
            fail(e.getClass().getSimpleName() + ": " + e.getMessage());
            e.printStackTrace();
        }
        System.exit(failed.get() == 0 ? 0 : 1);
    }

    static void check(String what, boolean holds, Object otherwise) {
        if (holds) held(what);
        else fail(what + ": " + otherwise);
    }

    /** For what a wait has shown. */
    static void held(String what) { System.out.println("ok " + what); }

    /** Holds when `found` is `expected`; what is missing and what is too much is shown by up to three examples each. */
    static <T> void same(String what, Collection<T> expected, Collection<T> found) {
        Set<T> missing = new LinkedHashSet<>(expected), strange = new LinkedHashSet<>(found);
        missing.removeAll(new HashSet<>(found));
        strange.removeAll(new HashSet<>(expected));
        check(what + ", " + expected.size(), missing.isEmpty() && strange.isEmpty() && !expected.isEmpty(),
            missing.size() + " missing " + some(missing) + ", " + strange.size() + " too much " + some(strange));
    }

    private static <T> String some(Collection<T> all) { return Arrays.toString(all.stream().limit(3).toArray()); }

    private static void fail(String what) {
        failed.incrementAndGet();
        System.out.println("FAIL " + what.replace('\n', ' '));
    }

    /** Returns once `condition` holds. An error of the condition counts as "not yet": what is asked may be starting. */
    static void until(String what, Callable<Boolean> condition) throws Exception {
        long begin = System.nanoTime(), end = begin + PATIENCE.toNanos();
        Exception last = null;
        do {
            try {
                if (condition.call()) {
                    long took = Duration.ofNanos(System.nanoTime() - begin).toSeconds();
                    if (took >= 3) System.out.println("# " + took + " s for " + what);
                    return;
                }
                last = null;
            } catch (Exception e) {
                last = e;
            }
            Thread.sleep(50);
        } while (System.nanoTime() < end);
        throw new IllegalStateException("waited " + PATIENCE.toSeconds() + " s for " + what + (last == null ? "" : ", last " + last));
    }

    /** Starts a Java program with this one's class path; what it says, and logs, is appended to `log`. */
    static Process java(Path log, String program, Object... arguments) throws IOException { return start(log, "info", program, arguments); }

    /** The same for a tool whose words count: it logs warnings only. */
    static Process tool(Path log, String program, Object... arguments) throws IOException { return start(log, "warn", program, arguments); }

    private static Process start(Path log, String level, String program, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx400m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto",
            "-Dlog4j2.configurationFile=" + System.getProperty("log4j2.configurationFile"), "-Dpeer.log.level=" + level,
            "-cp", System.getProperty("java.class.path"), program));
        for (Object argument : arguments) command.add(argument.toString());
        Process process = new ProcessBuilder(command).redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())).start();
        programs.add(process);
        return process;
    }

    /** SIGKILL; returns when the process is gone. */
    static void kill(Process process) throws InterruptedException { process.destroyForcibly().waitFor(); }

    /** SIGTERM; returns when the process is gone. */
    static void end(Process process) throws Exception {
        process.destroy();
        until("the end of " + process.info().command().orElse("a program"), () -> !process.isAlive());
    }

    static void remove(Path folder) throws IOException {
        if (!Files.exists(folder)) return;
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) Files.delete(path);
        }
    }

    /** The lines of a program's log that have `text` in them. */
    static List<String> said(Path log, String text) throws IOException {
        try (Stream<String> lines = Files.lines(log)) { return lines.filter(line -> line.contains(text)).toList(); }
    }
}
