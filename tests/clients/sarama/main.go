// The cases of tests/clients/README.md with sarama.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/IBM/sarama"
)

const (
	count          = 40
	partitions     = 3
	firstTimestamp = 1_700_000_000_000
)

var (
	bootstrap = []string{os.Getenv("BOOTSTRAP")}
	run       = os.Getenv("RUN_NAME") + ".sarama"
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

func headers(i int) []sarama.RecordHeader {
	switch i / 3 % 3 {
	case 1:
		return []sarama.RecordHeader{{Key: []byte("h"), Value: []byte("1")}, {Key: []byte("h"), Value: []byte("2")},
			{Key: []byte("t"), Value: fmt.Append(nil, i)}}
	case 2:
		return []sarama.RecordHeader{{Key: []byte("e"), Value: []byte{}}}
	}
	return nil
}

func timestamp(i int) int64 { return firstTimestamp + int64(i)*1000 }

// encoder keeps absent apart from empty: a nil Encoder is an absent field.
func encoder(b []byte) sarama.Encoder {
	if b == nil {
		return nil
	}
	return sarama.ByteEncoder(b)
}

func same(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

func compare(r *sarama.ConsumerMessage) error {
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
		if !same(r.Headers[n].Key, h.Key) || !same(r.Headers[n].Value, h.Value) {
			return fmt.Errorf("%s: header %d is %s=%q", at, n, r.Headers[n].Key, r.Headers[n].Value)
		}
	}
	return nil
}

func attempt(name string, body func() error) {
	if err := body(); err != nil {
		failures++
		fmt.Printf("FAIL %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Println("ok", name)
}

func settings() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.MaxVersion
	c.Producer.Return.Successes = true
	c.Producer.Return.Errors = true
	c.Producer.Partitioner = sarama.NewManualPartitioner
	c.Producer.Flush.Frequency = 5 * time.Millisecond
	c.Consumer.Return.Errors = true
	c.Consumer.MaxWaitTime = 50 * time.Millisecond // closing a partition waits for its fetch
	return c
}

func create(topic string, config *sarama.Config) error {
	admin, err := sarama.NewClusterAdmin(bootstrap, config)
	if err != nil {
		return err
	}
	defer admin.Close()
	if err := admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false); err != nil {
		return err
	}
	client, err := sarama.NewClient(bootstrap, config)
	if err != nil {
		return err
	}
	defer client.Close()
	deadline := time.Now().Add(15 * time.Second)
	for p := int32(0); p < partitions; { // Apache Kafka answers before its partitions serve
		if _, err = client.GetOffset(topic, p, sarama.OffsetNewest); err == nil {
			p++
		} else if time.Now().After(deadline) {
			return err
		} else {
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}

func read(config *sarama.Config, topic string, from [partitions]int64, wanted [partitions]int) error {
	consumer, err := sarama.NewConsumer(bootstrap, config)
	if err != nil {
		return err
	}
	defer consumer.Close()
	for p := range int32(partitions) {
		part, err := consumer.ConsumePartition(topic, p, from[p])
		if err != nil {
			return err
		}
		for n, limit := 0, time.After(20*time.Second); n < wanted[p]; n++ {
			select {
			case r := <-part.Messages():
				if from[p] >= 0 && r.Offset != from[p]+int64(n) {
					return fmt.Errorf("partition %d: offset %d, not %d", p, r.Offset, from[p]+int64(n))
				}
				if err := compare(r); err != nil {
					return err
				}
			case err := <-part.Errors():
				return err
			case <-limit:
				return fmt.Errorf("partition %d: %d of %d records", p, n, wanted[p])
			}
		}
		if err := part.Close(); err != nil {
			return err
		}
	}
	return nil
}

func codec(topic string, compression sarama.CompressionCodec, promise string) error {
	config := settings()
	config.Producer.Compression = compression
	switch promise {
	case "idempotent":
		config.Producer.Idempotent = true
		config.Producer.RequiredAcks = sarama.WaitForAll
		config.Net.MaxOpenRequests = 1
	case "acks1":
		config.Producer.RequiredAcks = sarama.WaitForLocal
	case "acks0":
		config.Producer.RequiredAcks = sarama.NoResponse
	}
	if err := create(topic, config); err != nil {
		return err
	}
	producer, err := sarama.NewSyncProducer(bootstrap, config)
	if err != nil {
		return err
	}
	messages := make([]*sarama.ProducerMessage, count)
	for i := range messages {
		messages[i] = &sarama.ProducerMessage{Topic: topic, Partition: int32(i % partitions), Key: encoder(key(i)),
			Value: encoder(values[i]), Headers: headers(i), Timestamp: time.UnixMilli(timestamp(i))}
	}
	if err := errors.Join(producer.SendMessages(messages), producer.Close()); err != nil {
		return err
	}
	if promise != "acks0" {
		for i, m := range messages {
			if m.Offset != int64(i/partitions) || m.Partition != int32(i%partitions) {
				return fmt.Errorf("the ack of record %d is for %d@%d", i, m.Partition, m.Offset)
			}
		}
	}

	if err := read(config, topic, [3]int64{0, 0, 0}, [3]int{14, 13, 13}); err != nil {
		return err
	}
	if err := read(config, topic, [3]int64{7, 7, 7}, [3]int{7, 6, 6}); err != nil {
		return err
	}
	client, err := sarama.NewClient(bootstrap, config)
	if err != nil {
		return err
	}
	defer client.Close()
	for _, i := range []int{0, 1, 17, 20, count - 1} {
		if offset, err := client.GetOffset(topic, int32(i%partitions), timestamp(i)-500); err != nil || offset != int64(i/partitions) {
			return fmt.Errorf("for the time of record %d: offset %d, %v", i, offset, err)
		}
	}
	for p, end := range []int64{14, 13, 13} {
		oldest, err := client.GetOffset(topic, int32(p), sarama.OffsetOldest)
		if err != nil || oldest != 0 {
			return fmt.Errorf("partition %d begins at %d, %v", p, oldest, err)
		}
		newest, err := client.GetOffset(topic, int32(p), sarama.OffsetNewest)
		if err != nil || newest != end {
			return fmt.Errorf("partition %d ends at %d, %v", p, newest, err)
		}
		if past, err := client.GetOffset(topic, int32(p), timestamp(count)); err != nil || past != -1 {
			return fmt.Errorf("after the last record's time: offset %d, %v", past, err)
		}
	}
	return nil
}

func topics() error {
	config, topic := settings(), run+".admin"
	if err := create(topic, config); err != nil {
		return err
	}
	admin, err := sarama.NewClusterAdmin(bootstrap, config)
	if err != nil {
		return err
	}
	defer admin.Close()
	if err := admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false); !errors.Is(err, sarama.ErrTopicAlreadyExists) {
		return fmt.Errorf("created twice: %v", err)
	}
	if err := admin.CreateTopic("a b", &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}, false); !errors.Is(err, sarama.ErrInvalidTopic) {
		return fmt.Errorf("a topic with a space in its name: %v", err)
	}
	described, err := admin.DescribeTopics([]string{topic})
	if err != nil || len(described) != 1 || described[0].Err != sarama.ErrNoError || len(described[0].Partitions) != partitions {
		return fmt.Errorf("described as %+v, %v", described, err)
	}
	listed, err := admin.ListTopics()
	if err != nil || listed[topic].NumPartitions != partitions {
		return fmt.Errorf("listed as %+v, %v", listed[topic], err)
	}
	if err := admin.CreatePartitions(topic, partitions+2, nil, false); err != nil {
		return err
	}
	value := "123456"
	if err := admin.IncrementalAlterConfig(sarama.TopicResource, topic, map[string]sarama.IncrementalAlterConfigsEntry{
		"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value}}, false); err != nil {
		return err
	}
	configs, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic, ConfigNames: []string{"retention.ms"}})
	if err != nil || len(configs) != 1 || configs[0].Value != value {
		return fmt.Errorf("configs %+v, %v", configs, err)
	}
	if brokers, _, err := admin.DescribeCluster(); err != nil || len(brokers) != 1 {
		return fmt.Errorf("%d brokers, %v", len(brokers), err)
	}
	if err := admin.DeleteTopic(topic); err != nil {
		return err
	}
	if err := admin.DeleteTopic(topic); !errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
		return fmt.Errorf("deleted twice: %v", err)
	}
	return nil
}

func main() {
	for _, c := range []sarama.CompressionCodec{sarama.CompressionNone, sarama.CompressionGZIP, sarama.CompressionSnappy,
		sarama.CompressionLZ4, sarama.CompressionZSTD} {
		for _, promise := range []string{"idempotent", "acks1", "acks0"} {
			attempt(c.String()+" "+promise, func() error { return codec(run+"."+c.String()+"."+promise, c, promise) })
		}
	}
	attempt("topics", topics)
	if failures > 0 {
		os.Exit(1)
	}
}
