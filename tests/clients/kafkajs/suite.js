// The cases of tests/clients/README.md with KafkaJS, which speaks no flexible version of any API.
//
// Its consumer is always a member of a group, so the records are fetched by the parts below the consumer: its
// cluster, its requests and its decoders.
const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = require('kafkajs')
const Cluster = require('kafkajs/src/cluster')
const createSocketFactory = require('kafkajs/src/network/socketFactory')
const { createLogger } = require('kafkajs/src/loggers')
const logCreator = require('kafkajs/src/loggers/console')
const snappy = require('snappy')
const lz4 = require('lz4-napi')
const zstd = require('@mongodb-js/zstd')

// KafkaJS takes these three from elsewhere. Java's snappy has xerial's framing; KafkaJS plugins write plain blocks.
const XERIAL = Buffer.from([130, 83, 78, 65, 80, 80, 89, 0])
CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: encoder => snappy.compress(encoder.buffer),
  decompress: async buffer => {
    if (!buffer.subarray(0, 8).equals(XERIAL)) return snappy.uncompress(buffer)
    const blocks = []
    for (let at = 16; at < buffer.length; ) {
      const size = buffer.readInt32BE(at)
      blocks.push(await snappy.uncompress(buffer.subarray(at + 4, at + 4 + size)))
      at += 4 + size
    }
    return Buffer.concat(blocks)
  },
})
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: encoder => lz4.compressFrame(encoder.buffer),
  decompress: buffer => lz4.decompressFrame(buffer),
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: encoder => zstd.compress(encoder.buffer),
  decompress: buffer => zstd.decompress(buffer),
})

const COUNT = 40
const PARTITIONS = 3
const FIRST_TIMESTAMP = 1_700_000_000_000
const BOOTSTRAP = process.env.BOOTSTRAP
const RUN = `${process.env.RUN_NAME}.kafkajs`
let failures = 0

function pattern(seed, length) {
  const out = Buffer.alloc(length)
  let s = seed + 1
  for (let j = 0; j < length; j++) {
    s = (Math.imul(s, 1103515245) + 12345) & 0x7fffffff
    out[j] = (s >> 16) & 0xff
  }
  return out
}
const VALUES = Array.from({ length: COUNT }, (_, i) => {
  if (i === 20) return pattern(i, 900_000)
  return { 1: Buffer.alloc(0), 2: null, 3: Buffer.from('x') }[i % 8] ?? (i % 8 === 2 ? null : pattern(i, 50 * i))
})
const key = i => (i % 4 === 0 ? null : i % 4 === 1 ? Buffer.alloc(0) : Buffer.from(`key-${i}`))
const headers = i => [{}, { h: ['1', '2'], t: String(i) }, { e: '' }][Math.floor(i / 3) % 3]
const timestamp = i => FIRST_TIMESTAMP + 1000 * i
const end = p => Math.floor((COUNT - p + 2) / PARTITIONS)

function check(holds, what) {
  if (!holds) throw new Error(what)
}
const same = (a, b) => (a === null || b === null ? a === b : Buffer.from(a).equals(b))

function compare(partition, record) {
  const offset = Number(record.offset)
  const i = offset * PARTITIONS + partition
  const at = `${partition}@${offset}`
  check(i < COUNT, `${at}: beyond the last record`)
  check(same(key(i), record.key), `${at}: key ${record.key}`)
  check(same(VALUES[i], record.value), `${at}: value of ${record.value === null ? -1 : record.value.length} bytes`)
  check(Number(record.timestamp) === timestamp(i), `${at}: timestamp ${record.timestamp}`)
  const text = h => JSON.stringify(Object.entries(h).map(([k, v]) => [k, [].concat(v).map(String)]))
  check(text(headers(i)) === text(record.headers), `${at}: headers ${text(record.headers)}`)
}

async function attempt(name, body) {
  try {
    await body()
    console.log(`ok ${name}`)
  } catch (error) {
    failures++
    console.log(`FAIL ${name}: ${String(error).replaceAll('\n', ' ')}`)
    console.error(error)
  }
}

const kafka = new Kafka({ brokers: [BOOTSTRAP], clientId: 'tests', logLevel: logLevel.ERROR, retry: { retries: 8, initialRetryTime: 50 } })
const admin = kafka.admin()

async function refused(type, body) {
  try {
    await body()
  } catch (error) {
    const seen = error.type ?? error.errors?.[0]?.type ?? error.cause?.type
    check(seen === type, `expected ${type}, saw ${error}`)
    return
  }
  throw new Error(`expected ${type}`)
}

async function create(topic, numPartitions = PARTITIONS) {
  await admin.createTopics({ topics: [{ topic, numPartitions, replicationFactor: 1 }], waitForLeaders: true })
  for (const limit = Date.now() + 15_000; ; ) // Apache Kafka answers before its partitions serve
    try {
      return await admin.fetchTopicOffsets(topic)
    } catch (error) {
      if (error.type !== 'NOT_LEADER_FOR_PARTITION' || Date.now() > limit) throw error
    }
}

// Fetches [from, end) of one partition by KafkaJS's own requests and decoders.
async function read(cluster, topic, partition, from) {
  const broker = await cluster.findBroker({ nodeId: cluster.findLeaderForPartitions(topic, [partition]) && Number(Object.keys(cluster.findLeaderForPartitions(topic, [partition]))[0]) })
  let next = from
  for (const limit = Date.now() + 20_000; next < end(partition); ) {
    check(Date.now() < limit, `partition ${partition}: read up to ${next} of ${end(partition)}`)
    const { responses } = await broker.fetch({ maxWaitTime: 500, minBytes: 1, maxBytes: 10_000_000, isolationLevel: 0,
      topics: [{ topic, partitions: [{ partition, fetchOffset: next, maxBytes: 2_000_000 }] }] })
    for (const record of responses[0].partitions[0].messages) {
      if (Number(record.offset) < next) continue // a batch begins before the offset asked for
      check(Number(record.offset) === next, `partition ${partition}: offset ${record.offset}, not ${next}`)
      compare(partition, record)
      next++
    }
  }
  check(next === end(partition), `partition ${partition}: read up to ${next}`)
}

async function codec(topic, compression, { idempotent, acks }) {
  await create(topic)
  const producer = kafka.producer({ idempotent, allowAutoTopicCreation: false, createPartitioner: () => ({ message }) => message.partition })
  await producer.connect()
  // One send makes one batch for each partition, which max.message.bytes bounds: the large value goes alone.
  for (const [from, to] of [[0, 20], [20, 21], [21, COUNT]]) {
    const messages = []
    for (let i = from; i < to; i++)
      messages.push({ partition: i % PARTITIONS, key: key(i), value: VALUES[i], headers: headers(i), timestamp: String(timestamp(i)) })
    const answers = await producer.send({ topic, acks, compression, messages })
    for (const { partition, baseOffset } of acks === 0 ? [] : answers) {
      const first = messages.findIndex(m => m.partition === partition) + from
      check(Number(baseOffset) === Math.floor(first / PARTITIONS), `the ack of partition ${partition} from record ${from} is for ${baseOffset}`)
    }
  }
  await producer.disconnect()

  const cluster = new Cluster({ brokers: [BOOTSTRAP], clientId: 'tests', logger: createLogger({ level: logLevel.ERROR, logCreator }),
    socketFactory: createSocketFactory(), connectionTimeout: 2000, requestTimeout: 20_000, enforceRequestTimeout: true,
    metadataMaxAge: 300_000, allowAutoTopicCreation: false, retry: { retries: 5 } })
  await cluster.connect()
  await cluster.addTargetTopic(topic)
  for (let p = 0; p < PARTITIONS; p++) {
    await read(cluster, topic, p, 0)
    await read(cluster, topic, p, 7)
  }
  await cluster.disconnect()

  for (const i of [0, 1, 17, 20, COUNT - 1]) {
    const found = (await admin.fetchTopicOffsetsByTimestamp(topic, timestamp(i) - 500)).find(o => o.partition === i % PARTITIONS)
    check(Number(found.offset) === Math.floor(i / PARTITIONS), `for the time of record ${i}: offset ${found.offset}`)
  }
  for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
    check(Number(low) === 0 && Number(high) === end(partition), `partition ${partition} is from ${low} to ${high}`)
}

async function topics() {
  const topic = `${RUN}.admin`
  await create(topic, 2)
  check((await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })) === false, 'created twice')
  await refused('INVALID_TOPIC_EXCEPTION', () => admin.createTopics({ topics: [{ topic: 'a b', numPartitions: 1 }], waitForLeaders: false }))
  check((await admin.listTopics()).includes(topic), 'not listed')
  const metadata = await admin.fetchTopicMetadata({ topics: [topic] })
  check(metadata.topics[0].partitions.length === 2, 'partitions')
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
  const configs = await admin.describeConfigs({ includeSynonyms: true, resources: [{ type: 2, name: topic, configNames: ['cleanup.policy'] }] })
  check(configs.resources[0].configEntries[0].configValue === 'delete', 'cleanup.policy')
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries: [{ name: 'retention.ms', value: '123456' }] }] })
  const changed = await admin.describeConfigs({ resources: [{ type: 2, name: topic, configNames: ['retention.ms'] }] })
  check(changed.resources[0].configEntries[0].configValue === '123456', 'retention.ms')
  check((await admin.describeCluster()).brokers.length === 1, 'brokers')
  await admin.deleteTopics({ topics: [topic] })
  check(!(await admin.listTopics()).includes(topic), 'still listed')
}

const CODECS = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }
const PROMISES = {
  idempotent: { idempotent: true, acks: -1 },
  acks1: { idempotent: false, acks: 1 },
  acks0: { idempotent: false, acks: 0 },
}

async function main() {
  await admin.connect()
  for (const [name, compression] of Object.entries(CODECS))
    for (const [promise, settings] of Object.entries(PROMISES)) {
      // KafkaJS 2.2 sends Produce v7 at most and zstd needs just that.
      await attempt(`${name} ${promise}`, () => codec(`${RUN}.${name}.${promise}`, compression, settings))
    }
  await attempt('topics', topics)
  await admin.disconnect()
  process.exit(failures > 0 ? 1 : 0)
}
main()
