import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/** Batches by Kafka's MemoryRecordsBuilder, and what Kafka reads in a batch, as text. */
final class Batches {
  private static final int MAX = 40 << 20;

  static Compression compression(CompressionType type, int level) {
    switch (type) {
      case GZIP: return level < 0 ? Compression.gzip().build() : Compression.gzip().level(1 + level % 9).build();
      case LZ4: return level < 0 ? Compression.lz4().build() : Compression.lz4().level(1 + level % 17).build();
      case ZSTD: return level < 0 ? Compression.zstd().build() : Compression.zstd().level(1 + level % 22).build();
      default: return Compression.of(type).build();
    }
  }

  /** Large ones span several blocks of every codec. */
  enum Size { SMALL, MIXED, LARGE }

  static ByteBuffer random(CompressionType type, int level, Size size, Random random) {
    boolean appendTime = random.nextInt(3) == 0;
    boolean producer = random.nextBoolean();
    boolean transactional = producer && random.nextBoolean();
    long base = random.nextInt(3) == 0 ? 0 : random.nextLong() >>> 2;
    MemoryRecordsBuilder builder = new MemoryRecordsBuilder(new ByteBufferOutputStream(1024), RecordBatch.MAGIC_VALUE_V2,
        compression(type, level), appendTime ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME, base,
        appendTime ? 1_700_000_000_000L : RecordBatch.NO_TIMESTAMP,
        producer ? random.nextLong() >>> 1 : -1, (short) (producer ? random.nextInt(Short.MAX_VALUE) : -1),
        producer ? random.nextInt() & Integer.MAX_VALUE : -1, transactional, false, random.nextInt(100) - 1, MAX);
    int records = size == Size.LARGE ? 200 : 1 + random.nextInt(size == Size.SMALL ? 4 : 20);
    long offset = base;
    boolean gaps = random.nextInt(4) == 0;
    for (int i = 0; i < records; i++) {
      long timestamp = random.nextInt(10) == 0 ? random.nextLong() >>> 1 : 1_700_000_000_000L + random.nextInt(1000) - 500;
      builder.appendWithOffset(offset, timestamp, bytes(random, Size.SMALL), bytes(random, size), headers(random));
      offset += gaps ? 1 + random.nextInt(3) : 1;
    }
    return builder.build().buffer();
  }

  static ByteBuffer marker(boolean commit, Random random) {
    MemoryRecordsBuilder builder = new MemoryRecordsBuilder(new ByteBufferOutputStream(128), RecordBatch.MAGIC_VALUE_V2,
        Compression.NONE, TimestampType.CREATE_TIME, 0, RecordBatch.NO_TIMESTAMP, random.nextLong() >>> 1,
        (short) random.nextInt(Short.MAX_VALUE), -1, true, true, -1, MAX);
    ControlRecordType type = commit ? ControlRecordType.COMMIT : ControlRecordType.ABORT;
    builder.appendEndTxnMarker(1_700_000_000_000L, new EndTransactionMarker(type, random.nextInt() >>> 1));
    return builder.build().buffer();
  }

  private static byte[] bytes(Random random, Size size) {
    if (random.nextInt(8) == 0) return null;
    int length = size == Size.SMALL ? random.nextInt(20) : size == Size.LARGE ? random.nextInt(3000) : Messages.size(random);
    byte[] bytes = new byte[length];
    // Half of it compresses well.
    if (random.nextBoolean()) random.nextBytes(bytes);
    return bytes;
  }

  private static Header[] headers(Random random) {
    Header[] headers = new Header[random.nextInt(3) == 0 ? 1 + random.nextInt(3) : 0];
    for (int i = 0; i < headers.length; i++) headers[i] = new RecordHeader("hé" + random.nextInt(2), bytes(random, Size.SMALL));
    return headers;
  }

  /** Every field that Kafka reads, one batch a paragraph. */
  static String describe(ByteBuffer bytes) {
    StringBuilder text = new StringBuilder();
    for (MutableRecordBatch batch : MemoryRecords.readableRecords(bytes).batches()) {
      batch.ensureValid();
      text.append(String.format("batch offsets %d %d epoch %d codec %s time %s max %d producer %d %d %d %d transactional %b control %b count %d crc %d bytes %d%n",
          batch.baseOffset(), batch.lastOffset(), batch.partitionLeaderEpoch(), batch.compressionType().name, batch.timestampType().name,
          batch.maxTimestamp(), batch.producerId(), batch.producerEpoch(), batch.baseSequence(), batch.lastSequence(),
          batch.isTransactional(), batch.isControlBatch(), batch.countOrNull(), batch.checksum(), batch.sizeInBytes()));
      for (Record record : batch) {
        record.ensureValid();
        text.append(String.format("record %d %d %d %s %s", record.offset(), record.timestamp(), record.sequence(), hex(record.key()), hex(record.value())));
        for (Header header : record.headers()) {
          ByteBuffer key = ByteBuffer.wrap(header.key().getBytes(StandardCharsets.UTF_8));
          text.append(' ').append(hex(key)).append('=').append(hex(header.value() == null ? null : ByteBuffer.wrap(header.value())));
        }
        if (batch.isControlBatch()) {
          EndTransactionMarker marker = EndTransactionMarker.deserialize(record);
          text.append(' ').append(marker.controlType()).append(' ').append(marker.coordinatorEpoch());
        }
        text.append('\n');
      }
    }
    return text.toString();
  }

  private static String hex(ByteBuffer bytes) {
    if (bytes == null) return "null";
    byte[] array = new byte[bytes.remaining()];
    bytes.duplicate().get(array);
    return "x" + HexFormat.of().formatHex(array);
  }

  static void write(DataOutputStream out, ByteBuffer batch) throws Exception {
    byte[] bytes = new byte[batch.remaining()];
    batch.duplicate().get(bytes);
    byte[] text = describe(batch.duplicate()).getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
    out.writeInt(text.length);
    out.write(text);
  }

  /** Compares what Kafka reads with what their writer says. */
  static int[] check(DataInputStream in) throws Exception {
    int passed = 0, failed = 0;
    while (true) {
      byte[] bytes;
      try {
        bytes = in.readNBytes(in.readInt());
      } catch (EOFException end) {
        return new int[] {passed, failed};
      }
      String expected = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8), found;
      try {
        found = describe(ByteBuffer.wrap(bytes));
      } catch (RuntimeException error) {
        found = "Kafka refuses it: " + error;
      }
      if (found.equals(expected)) {
        passed++;
      } else {
        failed++;
        System.err.println("FAILED a batch of ours:\n" + shorten(found) + "\ninstead of\n" + shorten(expected));
      }
    }
  }

  private static String shorten(String text) {
    return text.length() < 2000 ? text : text.substring(0, 2000) + " …";
  }
}
