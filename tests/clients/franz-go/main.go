// The cases of tests/clients/README.md with franz-go, which negotiates up to the newest version of everything.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	count          = 40
	partitions     = 3
	firstTimestamp = 1_700_000_000_000
)

var (
	bootstrap = os.Getenv("BOOTSTRAP")
	run       = os.Getenv("RUN_NAME") + ".franz-go"
	failures  int
	values    [count][]byte
)

func pattern(seed, length int) []byte {
	out, s := make([]byte, length), uint32(seed+1)
	for j := range out {
		s = (s*1103515245 + 12345) & 0x7fffffff
		out[j] = byte(s >> 16)
	}
	return out
}

func init() {
	for i := range values {
		switch {
		case i == 20:
			values[i] = pattern(i, 900_000)
		case i%8 == 1:
			values[i] = []byte{}
		case i%8 == 2:
			values[i] = nil
		case i%8 == 3:
			values[i] = []byte("x")
		default:
			values[i] = pattern(i, 50*i)
		}
	}
}

func key(i int) []byte {
	switch i % 4 {
	case 0:
		return nil
	case 1:
		return []byte{}
	}
	return fmt.Appendf(nil, "key-%d", i)
}

func headers(i int) []kgo.RecordHeader {
	switch i / 3 % 3 {
	case 1:
		return []kgo.RecordHeader{{Key: "h", Value: []byte("1")}, {Key: "h", Value: []byte("2")}, {Key: "t", Value: fmt.Append(nil, i)}}
	case 2:
		return []kgo.RecordHeader{{Key: "e", Value: []byte{}}}
	}
	return nil
}

func timestamp(i int) int64 { return firstTimestamp + int64(i)*1000 }

// same tells absent from empty.
func same(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

func compare(r *kgo.Record) error {
	i := int(r.Offset)*partitions + int(r.Partition)
	at := fmt.Sprintf("%s-%d@%d", r.Topic, r.Partition, r.Offset)
	switch {
	case i >= count:
		return fmt.Errorf("%s: beyond the last record", at)
	case !same(key(i), r.Key):
		return fmt.Errorf("%s: key %q", at, r.Key)
	case !same(values[i], r.Value):
		return fmt.Errorf("%s: value of %d bytes", at, len(r.Value))
	case r.Timestamp.UnixMilli() != timestamp(i):
		return fmt.Errorf("%s: timestamp %d", at, r.Timestamp.UnixMilli())
	case len(r.Headers) != len(headers(i)):
		return fmt.Errorf("%s: %d headers", at, len(r.Headers))
	}
	for n, h := range headers(i) {
		if r.Headers[n].Key != h.Key || !same(r.Headers[n].Value, h.Value) {
			return fmt.Errorf("%s: header %d is %s=%q", at, n, r.Headers[n].Key, r.Headers[n].Value)
		}
	}
	return nil
}

func attempt(name string, body func(ctx context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	if err := body(ctx); err != nil {
		failures++
		fmt.Printf("FAIL %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Println("ok", name)
}

func client(opts ...kgo.Opt) *kgo.Client {
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(bootstrap), kgo.RecordPartitioner(kgo.ManualPartitioner())},
		opts...)...)
	if err != nil {
		panic(err)
	}
	return cl
}

// read consumes `wanted` records from the offsets given and checks each, and that offsets follow one another.
func read(ctx context.Context, topic string, from map[int32]kgo.Offset, wanted int, check func(*kgo.Record) error) error {
	cl := client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	defer cl.Close()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	next, seen := map[int32]int64{}, 0
	for seen < wanted {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return fmt.Errorf("after %d of %d records: %w", seen, wanted, err)
		}
		for _, r := range fetches.Records() {
			if expected, ok := next[r.Partition]; ok && expected != r.Offset {
				return fmt.Errorf("partition %d: offset %d after %d", r.Partition, r.Offset, expected-1)
			}
			next[r.Partition] = r.Offset + 1
			seen++
			if err := check(r); err != nil {
				return err
			}
		}
	}
	if seen != wanted {
		return fmt.Errorf("%d records, not %d", seen, wanted)
	}
	return nil
}

func create(ctx context.Context, cl *kgo.Client, topic string) error {
	adm := kadm.NewClient(cl)
	if _, err := adm.CreateTopic(ctx, partitions, 1, nil, topic); err != nil {
		return err
	}
	for { // Apache Kafka answers before its partitions serve
		offsets, err := adm.ListEndOffsets(ctx, topic)
		if err == nil && offsets.Error() == nil && len(offsets[topic]) == partitions {
			return nil
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func codec(ctx context.Context, topic string, blind bool, opts ...kgo.Opt) error {
	cl := client(opts...)
	defer cl.Close()
	if err := create(ctx, cl, topic); err != nil {
		return err
	}
	records := make([]*kgo.Record, count)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Partition: int32(i % partitions), Key: key(i), Value: values[i],
			Headers: headers(i), Timestamp: time.UnixMilli(timestamp(i))}
	}
	for i, result := range cl.ProduceSync(ctx, records...) {
		if result.Err != nil {
			return fmt.Errorf("record %d: %w", i, result.Err)
		}
	}
	for i, r := range records {
		if !blind && (r.Offset != int64(i/partitions) || r.Partition != int32(i%partitions)) {
			return fmt.Errorf("the ack of record %d is for %d@%d", i, r.Partition, r.Offset)
		}
	}

	from := func(o kgo.Offset) map[int32]kgo.Offset { return map[int32]kgo.Offset{0: o, 1: o, 2: o} }
	if err := read(ctx, topic, from(kgo.NewOffset().AtStart()), count, compare); err != nil {
		return err
	}
	rest := 0
	for i := range count {
		if i/partitions >= 7 {
			rest++
		}
	}
	if err := read(ctx, topic, from(kgo.NewOffset().At(7)), rest, compare); err != nil {
		return err
	}
	// By timestamp: the records of every partition from the time of record 15 on.
	if err := read(ctx, topic, from(kgo.NewOffset().AfterMilli(timestamp(15)-500)), count-15, func(r *kgo.Record) error {
		if r.Offset < 5 {
			return fmt.Errorf("offset %d is before the time asked for", r.Offset)
		}
		return compare(r)
	}); err != nil {
		return err
	}
	adm := kadm.NewClient(cl)
	for _, i := range []int{0, 1, 17, 20, count - 1} {
		found, err := adm.ListOffsetsAfterMilli(ctx, timestamp(i)-500, topic)
		if err != nil {
			return err
		}
		if o, _ := found.Lookup(topic, int32(i%partitions)); o.Offset != int64(i/partitions) || o.Timestamp != timestamp(i) {
			return fmt.Errorf("for the time of record %d: offset %d, timestamp %d", i, o.Offset, o.Timestamp)
		}
	}
	start, err := adm.ListStartOffsets(ctx, topic)
	if err != nil {
		return err
	}
	end, err := adm.ListEndOffsets(ctx, topic)
	if err != nil {
		return err
	}
	for p := range int32(partitions) {
		first, _ := start.Lookup(topic, p)
		last, _ := end.Lookup(topic, p)
		if first.Offset != 0 || last.Offset != int64((count-int(p)+2)/partitions) {
			return fmt.Errorf("partition %d is from %d to %d", p, first.Offset, last.Offset)
		}
	}
	return nil
}

func topics(ctx context.Context) error {
	cl := client()
	defer cl.Close()
	adm, topic := kadm.NewClient(cl), run+".admin"
	if err := create(ctx, cl, topic); err != nil {
		return err
	}
	if _, err := adm.CreateTopic(ctx, 1, 1, nil, topic); !errors.Is(err, kerr.TopicAlreadyExists) {
		return fmt.Errorf("created twice: %v", err)
	}
	if _, err := adm.CreateTopic(ctx, 1, 1, nil, "a b"); !errors.Is(err, kerr.InvalidTopicException) {
		return fmt.Errorf("a topic with a space in its name: %v", err)
	}
	details, err := adm.ListTopics(ctx, topic)
	if err != nil {
		return err
	}
	if d := details[topic]; d.Err != nil || len(d.Partitions) != partitions || d.ID == (kadm.TopicID{}) {
		return fmt.Errorf("listed as %+v", d)
	}
	configs, err := adm.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return err
	}
	described, err := configs.On(topic, nil)
	if err != nil || described.Err != nil || len(described.Configs) < 10 {
		return fmt.Errorf("configs: %v, %v, %d of them", err, described.Err, len(described.Configs))
	}
	metadata, err := adm.BrokerMetadata(ctx)
	if err != nil || len(metadata.Brokers) != 1 || metadata.Cluster == "" {
		return fmt.Errorf("brokers: %v, %+v", err, metadata)
	}
	if _, err := adm.DeleteTopic(ctx, topic); err != nil {
		return err
	}
	if _, err := adm.DeleteTopic(ctx, topic); !errors.Is(err, kerr.UnknownTopicOrPartition) {
		return fmt.Errorf("deleted twice: %v", err)
	}
	return nil
}

func outOfRange(ctx context.Context) error {
	topic := run + ".range"
	admin := client()
	defer admin.Close()
	if err := create(ctx, admin, topic); err != nil {
		return err
	}
	cl := client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(1000)}}),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	defer cl.Close()
	for ctx.Err() == nil {
		if err := cl.PollFetches(ctx).Err(); errors.Is(err, kerr.OffsetOutOfRange) {
			return nil
		}
	}
	return errors.New("a fetch beyond the end was not refused")
}

func main() {
	codecs := []struct {
		name  string
		codec kgo.CompressionCodec
	}{{"none", kgo.NoCompression()}, {"gzip", kgo.GzipCompression()}, {"snappy", kgo.SnappyCompression()},
		{"lz4", kgo.Lz4Compression()}, {"zstd", kgo.ZstdCompression()}}
	for _, c := range codecs {
		topic, compression := run+"."+c.name+".", kgo.ProducerBatchCompression(c.codec)
		attempt(c.name+" idempotent", func(ctx context.Context) error {
			return codec(ctx, topic+"idempotent", false, compression)
		})
		attempt(c.name+" acks1", func(ctx context.Context) error {
			return codec(ctx, topic+"acks1", false, compression, kgo.DisableIdempotentWrite(), kgo.RequiredAcks(kgo.LeaderAck()))
		})
		attempt(c.name+" acks0", func(ctx context.Context) error {
			return codec(ctx, topic+"acks0", true, compression, kgo.DisableIdempotentWrite(), kgo.RequiredAcks(kgo.NoAck()))
		})
	}
	attempt("topics", topics)
	attempt("out of range", outOfRange)
	if failures > 0 {
		os.Exit(1)
	}
}
