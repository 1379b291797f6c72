import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.record.internal.MemoryRecords;

/** Fills Kafka's generated message classes, led by the JSON schemas in the same jar. */
final class Messages {
  enum Fill { MIN, FULL, RANDOM }

  private static final JsonMapper JSON = JsonMapper.builder().enable(JsonReadFeature.ALLOW_JAVA_COMMENTS).build();
  private static final String[] LETTERS = {"a", "Z", "7", ".", "-", "\u0000", "é", "日", "😀", " "};

  final String name;
  private final JsonNode schema;
  private final Map<String, JsonNode> structs = new HashMap<>();
  private final Map<String, Method> setters = new HashMap<>();

  Messages(String name) throws Exception {
    this.name = name;
    try (InputStream in = Messages.class.getResourceAsStream("/common/message/" + name + ".json")) {
      schema = JSON.readTree(in);
    }
    schema.path("commonStructs").forEach(struct -> structs.put(struct.get("name").asText(), struct.get("fields")));
    collect(schema.path("fields"));
  }

  private void collect(JsonNode fields) {
    for (JsonNode field : fields) {
      if (field.has("fields")) {
        structs.put(field.get("type").asText().replace("[]", ""), field.get("fields"));
        collect(field.get("fields"));
      }
    }
  }

  /** First and last version. */
  short[] versions() {
    return range(schema.get("validVersions").asText());
  }

  boolean flexible(short version) {
    return in(schema.get("flexibleVersions").asText(), version);
  }

  Message make(short version, Fill fill, Random random) throws Exception {
    return (Message) struct("", schema.path("fields"), version, fill, random);
  }

  static byte[] bytes(Message message, short version) {
    ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  static void addUnknownTags(Message message, Random random) {
    message.unknownTaggedFields().add(new RawTaggedField(1000, bytesOf(random, 5)));
    message.unknownTaggedFields().add(new RawTaggedField(70000, new byte[0]));
  }

  private Object struct(String type, JsonNode fields, short version, Fill fill, Random random) throws Exception {
    String outer = "org.apache.kafka.common.message." + name + "Data";
    Class<?> of = Class.forName(type.isEmpty() ? outer : outer + "$" + type);
    Object struct = of.getDeclaredConstructor().newInstance();
    if (fill == Fill.MIN) return struct;
    for (JsonNode field : fields) {
      if (!in(field.get("versions").asText(), version)) continue;
      // A field sometimes keeps its default: tagged ones are then left out.
      boolean records = field.get("type").asText().equals("records");
      if (fill == Fill.RANDOM && random.nextInt(6) == 0 && !records) continue;
      Method setter = setter(of, "set" + field.get("name").asText());
      boolean nullable = in(field.path("nullableVersions").asText("none"), version);
      Object value = fill == Fill.RANDOM && nullable && random.nextInt(4) == 0
          ? null
          : value(field.get("type").asText(), setter.getParameterTypes()[0], version, fill, random);
      setter.invoke(struct, value);
    }
    return struct;
  }

  private Method setter(Class<?> of, String setter) {
    return setters.computeIfAbsent(of.getName() + setter, unused -> {
      for (Method method : of.getMethods()) {
        if (method.getName().equalsIgnoreCase(setter) && method.getParameterCount() == 1) return method;
      }
      throw new IllegalStateException(of + " has no " + setter);
    });
  }

  @SuppressWarnings("unchecked")
  private Object value(String type, Class<?> parameter, short version, Fill fill, Random random) throws Exception {
    if (type.startsWith("[]")) {
      Collection<Object> list = parameter == List.class
          ? new ArrayList<>()
          : (Collection<Object>) parameter.getDeclaredConstructor().newInstance();
      int count = fill == Fill.FULL ? 1 : random.nextInt(100) == 0 ? 130 : random.nextInt(4);
      // A wide struct repeated on every level grows too large to be worth the time.
      if (count > 4 && structs.containsKey(type.substring(2))) count = 4;
      for (int i = 0; i < count; i++) list.add(value(type.substring(2), null, version, fill, random));
      return list;
    }
    if (structs.containsKey(type)) return struct(type, structs.get(type), version, fill, random);
    long number = fill == Fill.FULL ? 1 + random.nextInt(100) : number(random);
    switch (type) {
      case "bool": return fill == Fill.FULL || random.nextBoolean();
      case "int8": return (byte) number;
      case "int16": return (short) number;
      case "uint16": return (int) (number & 0xffff);
      case "int32": return (int) number;
      case "uint32": return number & 0xffffffffL;
      case "int64": return number;
      case "float64": return fill == Fill.FULL ? 0.5 : Double.longBitsToDouble(random.nextLong() & 0x7fefffffffffffffL);
      case "uuid": return new Uuid(random.nextLong(), random.nextLong());
      case "string": return text(fill, random);
      case "bytes": {
        byte[] bytes = bytesOf(random, fill == Fill.FULL ? 3 : size(random));
        return parameter == ByteBuffer.class ? ByteBuffer.wrap(bytes) : bytes;
      }
      case "records": return MemoryRecords.readableRecords(ByteBuffer.wrap(bytesOf(random, fill == Fill.FULL ? 4 : size(random))));
      default: throw new IllegalStateException("no type " + type);
    }
  }

  private static long number(Random random) {
    switch (random.nextInt(5)) {
      case 0: return random.nextInt(10) - 2;
      case 1: return random.nextBoolean() ? Long.MAX_VALUE : Long.MIN_VALUE;
      case 2: return random.nextBoolean() ? Integer.MAX_VALUE : Integer.MIN_VALUE;
      default: return random.nextLong();
    }
  }

  static int size(Random random) {
    return random.nextInt(50) == 0 ? 100 + random.nextInt(20000) : random.nextInt(20);
  }

  static byte[] bytesOf(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  private static String text(Fill fill, Random random) {
    if (fill == Fill.FULL) return "text" + random.nextInt(10);
    StringBuilder text = new StringBuilder();
    for (int letters = Math.min(size(random), 8000); letters > 0; letters--) text.append(LETTERS[random.nextInt(LETTERS.length)]);
    return new String(text.toString().getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }

  private static short[] range(String versions) {
    if (versions.equals("none")) return new short[] {1, 0};
    if (versions.endsWith("+")) return new short[] {Short.parseShort(versions.replace("+", "")), Short.MAX_VALUE};
    String[] ends = versions.split("-");
    return new short[] {Short.parseShort(ends[0]), Short.parseShort(ends[ends.length - 1])};
  }

  private static boolean in(String versions, short version) {
    short[] range = range(versions);
    return range[0] <= version && version <= range[1];
  }
}
