import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Random;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.record.internal.CompressionType;

/** What Apache Kafka's own classes write and read; `tests/wire/run` compares. */
public final class Wire {
  private static final String[] HEADERS = {"RequestHeader", "ResponseHeader"};
  /** Random messages of each version, besides one of defaults and one with every field set. */
  private static final int RANDOM_PER_VERSION = 25;

  public static void main(String[] arguments) throws Exception {
    Path path = Path.of(arguments[1]);
    switch (arguments[0]) {
      case "messages" -> messages(path, Long.parseLong(arguments[2]));
      case "batches" -> batches(path, Long.parseLong(arguments[2]));
      case "check-batches" -> {
        int[] counts;
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(Files.newInputStream(path)))) {
          counts = Batches.check(in);
        }
        System.out.printf("%d passed, %d failed: batches of ours in Kafka%n", counts[0], counts[1]);
        if (counts[1] > 0 || counts[0] == 0) System.exit(1);
      }
      case "golden" -> golden(path);
      default -> throw new IllegalArgumentException(arguments[0]);
    }
  }

  private static void messages(Path path, long seed) throws Exception {
    try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(path)))) {
      for (ApiMessageType api : ApiMessageType.values()) {
        if (api.highestSupportedVersion(true) < 0) continue;
        corpus(out, api.name, api.apiKey(), 0, new Messages(api.name + "Request"), api, seed);
        corpus(out, api.name, api.apiKey(), 1, new Messages(api.name + "Response"), api, seed);
      }
      for (String header : HEADERS) corpus(out, header, -1, 2, new Messages(header), null, seed);
    }
  }

  private static void corpus(DataOutputStream out, String api, int key, int kind, Messages messages, ApiMessageType type, long seed) throws Exception {
    Random random = new Random(seed ^ messages.name.hashCode());
    short[] versions = messages.versions();
    for (short version = versions[0]; version <= versions[1]; version++) {
      int header = type == null ? -1 : kind == 0 ? type.requestHeaderVersion(version) : type.responseHeaderVersion(version);
      for (int i = 0; i < RANDOM_PER_VERSION + 2; i++) {
        Messages.Fill fill = i == 0 ? Messages.Fill.MIN : i == 1 ? Messages.Fill.FULL : Messages.Fill.RANDOM;
        Message message = messages.make(version, fill, random);
        byte[] bytes = Messages.bytes(message, version);
        entry(out, api, key, kind, version, header, fill.ordinal(), bytes, bytes);
        if (i > 1 && i < 5 && messages.flexible(version)) {
          Messages.addUnknownTags(message, random);
          entry(out, api, key, kind, version, header, fill.ordinal(), Messages.bytes(message, version), bytes);
        }
      }
    }
  }

  private static void entry(DataOutputStream out, String api, int key, int kind, short version, int header, int fill, byte[] bytes, byte[] expected) throws Exception {
    out.writeUTF(api);
    out.writeShort(key);
    out.writeByte(kind);
    out.writeShort(version);
    out.writeShort(header);
    out.writeByte(fill);
    out.writeInt(bytes.length);
    out.write(bytes);
    out.writeInt(expected.length);
    out.write(expected);
  }

  private static void batches(Path path, long seed) throws Exception {
    Random random = new Random(seed);
    try (DataOutputStream out = new DataOutputStream(new BufferedOutputStream(Files.newOutputStream(path)))) {
      for (CompressionType type : CompressionType.values()) {
        for (int i = 0; i < 60; i++) Batches.write(out, Batches.random(type, i % 23 - 1, i % 20 == 0 ? Batches.Size.LARGE : Batches.Size.MIXED, random));
      }
      for (int i = 0; i < 10; i++) Batches.write(out, Batches.marker(i % 2 == 0, random));
    }
  }

  private static void golden(Path directory) throws Exception {
    Files.createDirectories(directory);
    for (ApiMessageType api : ApiMessageType.values()) {
      if (api.highestSupportedVersion(true) < 0) continue;
      String lines = golden("request", new Messages(api.name + "Request")) + golden("response", new Messages(api.name + "Response"));
      Files.writeString(directory.resolve(api.name + ".txt"), "# " + api.name + ", key " + api.apiKey() + "\n" + lines);
    }
    for (String header : HEADERS) Files.writeString(directory.resolve(header + ".txt"), "# " + header + "\n" + golden("header", new Messages(header)));
    Random random = new Random(1);
    StringBuilder text = new StringBuilder("# Batches: bytes, then what Kafka reads in them\n");
    for (CompressionType type : CompressionType.values()) {
      for (int i = 0; i < 3; i++) batch(text, Batches.random(type, -1, Batches.Size.SMALL, random));
    }
    batch(text, Batches.marker(true, random));
    batch(text, Batches.marker(false, random));
    Files.writeString(directory.resolve("batches.txt"), text);
  }

  private static void batch(StringBuilder text, java.nio.ByteBuffer batch) {
    byte[] bytes = new byte[batch.remaining()];
    batch.duplicate().get(bytes);
    text.append("bytes ").append(HexFormat.of().formatHex(bytes)).append('\n').append(Batches.describe(batch.duplicate()));
  }

  private static String golden(String kind, Messages messages) throws Exception {
    StringBuilder lines = new StringBuilder();
    short[] versions = messages.versions();
    for (short version = versions[0]; version <= versions[1]; version++) {
      for (Messages.Fill fill : new Messages.Fill[] {Messages.Fill.MIN, Messages.Fill.FULL}) {
        byte[] bytes = Messages.bytes(messages.make(version, fill, new Random(version)), version);
        lines.append(kind).append(' ').append(version).append(' ').append(fill.name().toLowerCase()).append(' ')
            .append(HexFormat.of().formatHex(bytes)).append('\n');
      }
    }
    return lines.toString();
  }
}
