import java.util.*;

/**
 * What the application is given, and what must come of it, computed here from the input alone without Kafka Streams.
 *
 * An order has a customer, a product and an amount. Some are paid, a few of those twice, a few too late. Products have a price; those
 * whose number ends in 9 are withdrawn before the first order.
 */
final class Input {
    static final int ORDERS = 4000, CUSTOMERS = 60, PRODUCTS = 40;
    static final long WINDOW_MS = 60_000, IN_TIME_MS = 10_000;

    record Order(int id, String customer, String product, int amount, long at) {
        String key() { return "o" + id; }
        String value() { return key() + "," + product + "," + amount; }
    }

    record Payment(String order, int sum, long at) {}

    final List<Order> orders = new ArrayList<>();
    final List<Payment> payments = new ArrayList<>();
    final Map<String, Integer> prices = new TreeMap<>();
    /** A whole window, some hours ago: retention leaves it alone. */
    final long begin;

    Input(long seed, long begin) {
        this.begin = begin;
        Random random = new Random(seed);
        for (int i = 0; i < PRODUCTS; i++) prices.put("p" + i, i % 10 == 9 ? null : 1 + random.nextInt(500));
        for (int i = 0; i < ORDERS; i++) {
            var order = new Order(i, "c" + random.nextInt(CUSTOMERS), "p" + random.nextInt(PRODUCTS), 1 + random.nextInt(9), begin + i * 500L);
            orders.add(order);
            int times = random.nextInt(10);
            // 0-6: once, 7: twice, 8: too late, 9: never. On the very edge is in time.
            if (times <= 7) payments.add(new Payment(order.key(), random.nextInt(10_000), order.at() + random.nextInt((int) IN_TIME_MS + 1)));
            if (times == 7) payments.add(new Payment(order.key(), random.nextInt(10_000), Math.max(begin, order.at() - IN_TIME_MS)));
            if (times == 8) payments.add(new Payment(order.key(), random.nextInt(10_000), order.at() + IN_TIME_MS + 1 + random.nextInt(60_000)));
        }
        payments.sort(Comparator.comparingLong(Payment::at));
    }

    /** Of stream with stream, within a window: the topic `paid`. */
    List<String> paid() {
        Map<String, Order> byId = new HashMap<>();
        orders.forEach(order -> byId.put(order.key(), order));
        List<String> lines = new ArrayList<>();
        for (Payment payment : payments) {
            Order order = byId.get(payment.order());
            if (Math.abs(payment.at() - order.at()) <= IN_TIME_MS) lines.add(order.key() + "=" + order.value() + "/" + payment.sum());
        }
        return lines;
    }

    /** Of stream with table: the topic `priced`. */
    List<String> priced() {
        List<String> lines = new ArrayList<>();
        for (Order order : orders) {
            Integer price = prices.get(order.product());
            if (price != null) lines.add(order.product() + "=" + order.key() + ":" + order.amount() * price);
        }
        return lines;
    }

    /** Of a windowed aggregation over `priced`: the topic `totals`, keys PRODUCT@BEGIN. */
    List<String> totals() {
        Map<String, Set<String>> windows = new TreeMap<>();
        for (Order order : orders) {
            Integer price = prices.get(order.product());
            if (price == null) continue;
            windows.computeIfAbsent(order.product() + "@" + order.at() / WINDOW_MS * WINDOW_MS, key -> new TreeSet<>())
                .add(order.key() + ":" + order.amount() * price);
        }
        return windows.entrySet().stream().map(window -> window.getKey() + "=" + String.join(" ", window.getValue())).toList();
    }

    /** Of an aggregation without windows: the topic `customers`, all orders of each. */
    List<String> customers() {
        Map<String, Set<String>> all = new TreeMap<>();
        orders.forEach(order -> all.computeIfAbsent(order.customer(), key -> new TreeSet<>()).add(order.key() + ":" + order.amount()));
        return all.entrySet().stream().map(customer -> customer.getKey() + "=" + String.join(" ", customer.getValue())).toList();
    }
}
