//! Bad input from the network. Whatever is sent, the broker answers with Kafka's own error or closes the connection.

use crate::ground::{Ground, RESIDENT_BYTES_MAX, fetch_request, numbered, produce, produce_bytes};
use ottla_protocol::ApiKey;
use ottla_protocol::messages::*;
use ottla_tests::batch::{Batch, Codec, Record, varint};
use ottla_tests::client::{Connection, Request, frame, is_closed, with_length};
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

pub type Check = fn(&Ground, u64) -> Result<(), String>;

pub const CHECKS: [(&str, Check); 17] = [
    ("random bytes", random_bytes),
    ("frames of random bytes", random_frames),
    ("headers of every API with random bodies", random_bodies),
    ("lengths of 2^31, negative, and none", lengths),
    ("frames that end early", truncated),
    ("half a frame and then silence", silence),
    ("frames a byte at a time", drip),
    ("two thousand connections", many_connections),
    ("connections that come and go", churn),
    ("a client that never reads its answers", never_reads),
    ("a flood of requests without reading", flood),
    ("every golden request with every byte flipped", flipped),
    ("every golden request cut short and made longer", cut),
    ("extremes in every place of every golden request", extremes),
    ("decompression bombs", bombs),
    ("small requests for large answers", amplified),
    ("extremes in fetches and batches", numbers),
];

type Io = Result<(), String>;

fn text(error: io::Error) -> String {
    error.to_string()
}

/// Reads until the broker closes or nothing has come for a moment; a frame that is no frame is an error.
fn drain(connection: &mut Connection, patience: Duration) -> io::Result<bool> {
    connection.stream.set_read_timeout(Some(patience))?;
    loop {
        match connection.receive() {
            Ok(_) => {}
            Err(error) if is_closed(&error) => return Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Writes what the broker may refuse to read: a closed connection is no error.
fn write(connection: &mut Connection, bytes: &[u8]) -> io::Result<bool> {
    match connection.stream.write_all(bytes) {
        Ok(()) => Ok(true),
        Err(error) if is_closed(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn random_bytes(ground: &Ground, seed: u64) -> Io {
    let mut rng = SmallRng::seed_from_u64(seed);
    for _ in 0..300 {
        let mut connection = ground.open().map_err(text)?;
        let mut bytes = vec![0; rng.random_range(1..5000)];
        rng.fill_bytes(&mut bytes);
        write(&mut connection, &bytes).map_err(text)?;
        let _ = connection.stream.shutdown(std::net::Shutdown::Write);
        if !drain(&mut connection, Duration::from_secs(5)).map_err(text)? {
            return Err("a connection that the client ended stays open".to_string());
        }
    }
    Ok(())
}

fn random_frames(ground: &Ground, seed: u64) -> Io {
    let mut rng = SmallRng::seed_from_u64(seed);
    for _ in 0..300 {
        let mut connection = ground.open().map_err(text)?;
        for _ in 0..5 {
            let mut bytes = vec![0; rng.random_range(0..600)];
            rng.fill_bytes(&mut bytes);
            if !write(&mut connection, &with_length(&bytes)).map_err(text)? {
                break;
            }
        }
        let _ = connection.stream.shutdown(std::net::Shutdown::Write);
        drain(&mut connection, Duration::from_secs(5)).map_err(text)?;
    }
    Ok(())
}

fn random_bodies(ground: &Ground, seed: u64) -> Io {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut many = Pipeline::new(ground);
    for key in ApiKey::ALL {
        for version in key.valid_versions() {
            for _ in 0..8 {
                let mut bytes = header(*key, version);
                let mut body = vec![0; rng.random_range(0..200)];
                rng.fill_bytes(&mut body);
                // Small numbers are read further than random ones.
                if rng.random() {
                    body.iter_mut().for_each(|byte| *byte &= if *byte & 0x80 == 0 { 0x03 } else { 0xff });
                }
                bytes.extend_from_slice(&body);
                many.ask(&bytes)?;
            }
        }
    }
    Ok(())
}

fn lengths(ground: &Ground, _: u64) -> Io {
    for length in [i32::MAX, i32::MIN, -1, 0, 1, 104_857_601, 0x4745_5420] {
        let mut connection = ground.open().map_err(text)?;
        write(&mut connection, &length.to_be_bytes()).map_err(text)?;
        write(&mut connection, b"GET / HTTP/1.1\r\n\r\n").map_err(text)?;
        if !(0..=104_857_600).contains(&length)
            && !drain(&mut connection, Duration::from_secs(5)).map_err(text)?
        {
            return Err(format!("a length of {length} is accepted"));
        }
    }
    Ok(())
}

fn truncated(ground: &Ground, _: u64) -> Io {
    let batch = numbered(0).build();
    let request = produce_to("victim", &batch);
    let whole = frame(9, 1, &request);
    for end in 0..whole.len() {
        let mut connection = ground.open().map_err(text)?;
        write(&mut connection, &whole[..end]).map_err(text)?;
        let _ = connection.stream.shutdown(std::net::Shutdown::Write);
        if !drain(&mut connection, Duration::from_secs(5)).map_err(text)? {
            return Err(format!("after {end} bytes of {} the connection stays open", whole.len()));
        }
    }
    Ok(())
}

/// Frames that claim the most that is allowed and never come: memory for them may be counted, but not taken, and others go on.
fn silence(ground: &Ground, _: u64) -> Io {
    let mut silent = Vec::new();
    let before = ground.resident_bytes();
    for index in 0..200 {
        let mut connection = ground.open().map_err(text)?;
        let length: i32 = if index % 2 == 0 { 104_857_600 } else { 1000 };
        write(&mut connection, &length.to_be_bytes()).map_err(text)?;
        write(&mut connection, &header(ApiKey::Produce, 9)).map_err(text)?;
        silent.push(connection);
    }
    for _ in 0..5 {
        std::thread::sleep(Duration::from_millis(200));
        ground.is_well()?;
    }
    let grown = ground.resident_bytes().saturating_sub(before);
    if grown > RESIDENT_BYTES_MAX / 2 {
        return Err(format!("200 silent connections take {} MiB", grown >> 20));
    }
    Ok(())
}

fn drip(ground: &Ground, _: u64) -> Io {
    let mut connection = ground.open().map_err(text)?;
    let request = frame(0, 5, &ApiVersionsRequest::default());
    for byte in request {
        connection.stream.write_all(&[byte]).map_err(text)?;
        std::thread::sleep(Duration::from_millis(5));
    }
    connection.answer::<ApiVersionsRequest<'_>>(0, 5).map_err(text)?;
    Ok(())
}

fn many_connections(ground: &Ground, _: u64) -> Io {
    let mut all = Vec::new();
    for number in 0..2000 {
        let open = ground.open();
        all.push(open.map_err(|error| format!("connection {number}: {error} (ulimit -n?)"))?);
    }
    ground.is_well()?;
    for (number, connection) in all.iter_mut().enumerate() {
        connection
            .call(0, &ApiVersionsRequest::default())
            .map_err(|error| format!("connection {number} of 2,000: {error}"))?;
    }
    ground.is_well()
}

fn churn(ground: &Ground, _: u64) -> Io {
    for number in 0..3000 {
        let mut connection = ground.open().map_err(text)?;
        if number % 3 == 0 {
            connection.send(0, &ApiVersionsRequest::default()).map_err(text)?;
        }
    }
    Ok(())
}

/// Asks for the same megabyte again and again and takes nothing of it.
fn never_reads(ground: &Ground, _: u64) -> Io {
    let mut connection = ground.open().map_err(text)?;
    for _ in 0..4 {
        let batch = Batch::of([Record::new("k", &"v".repeat(900_000))]);
        produce(&mut connection, "victim", &batch).map_err(text)?;
    }
    let mut idle = Vec::new();
    for _ in 0..20 {
        let mut connection = ground.open().map_err(text)?;
        connection.stream.set_write_timeout(Some(Duration::from_millis(200))).map_err(text)?;
        for number in 0..2000 {
            let request = fetch_request("victim", 0, 0, 4 << 20);
            if connection.stream.write_all(&frame(11, number, &request)).is_err() {
                break;
            }
        }
        idle.push(connection);
        ground.is_well()?;
    }
    std::thread::sleep(Duration::from_millis(500));
    ground.is_well()?;
    // Those that read late get all that they asked for, in order.
    let mut late = idle.swap_remove(0);
    for number in 0..3 {
        late.answer::<FetchRequest<'_>>(11, number).map_err(|error| format!("a late reader: {error}"))?;
    }
    Ok(())
}

fn flood(ground: &Ground, _: u64) -> Io {
    let mut connection = ground.open().map_err(text)?;
    connection.stream.set_write_timeout(Some(Duration::from_millis(500))).map_err(text)?;
    let one = frame(0, 1, &ApiVersionsRequest::default());
    let many = one.repeat(1000);
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        if connection.stream.write_all(&many).is_err() {
            // The broker takes no more until somebody reads: as it should.
            break;
        }
    }
    ground.is_well()?;
    let mut some = vec![0; 1 << 16];
    connection.stream.read_exact(&mut some).map_err(text)
}

/// Many requests, one after another; where the broker closes, a new connection goes on.
struct Pipeline<'a> {
    ground: &'a Ground,
    connection: Option<Connection>,
    asked: u64,
}

impl Pipeline<'_> {
    fn new(ground: &Ground) -> Pipeline<'_> {
        Pipeline { ground, connection: None, asked: 0 }
    }

    /// Sends a frame and, on the same connection, a request that is always answered: so that what came before was dealt with.
    fn ask(&mut self, bytes: &[u8]) -> Io {
        self.asked += 1;
        if self.connection.is_none() {
            let connection = self.ground.open().map_err(text)?;
            connection.stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(text)?;
            self.connection = Some(connection);
        }
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let mut both = with_length(bytes);
        both.extend_from_slice(&frame(0, -77, &ApiVersionsRequest::default()));
        let mut result = connection.stream.write_all(&both);
        // The answer to the first, if there is one, and then to the second.
        while result.is_ok() {
            match connection.receive() {
                Ok(answer) if answer.starts_with(&(-77_i32).to_be_bytes()) => break,
                Ok(_) => {}
                Err(error) => result = Err(error),
            }
        }
        match result {
            Ok(()) => {}
            Err(error) if is_closed(&error) => self.connection = None,
            Err(error) => return Err(format!("request {}: {error}: {bytes:02x?}", self.asked)),
        }
        if self.asked.is_multiple_of(2000) {
            self.ground.is_well().map_err(|error| format!("{error}, after {bytes:02x?}"))?;
        }
        Ok(())
    }
}

fn header(key: ApiKey, version: i16) -> Vec<u8> {
    let mut bytes = (key as i16).to_be_bytes().to_vec();
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes.extend_from_slice(&1_i32.to_be_bytes());
    bytes.extend_from_slice(&[0xff, 0xff]);
    if key.request_header_version(version) == 2 {
        bytes.push(0);
    }
    bytes
}

/// The requests that `protocol/golden` has, with their headers, of the APIs that the broker advertises.
fn golden(ground: &Ground) -> Result<Vec<Vec<u8>>, String> {
    let mut connection = ground.open().map_err(text)?;
    let answer = connection.call(0, &ApiVersionsRequest::default()).map_err(text)?;
    let served = answer.read().map_err(text)?.api_keys.iter().map(|api| api.api_key).collect::<Vec<_>>();
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../protocol/golden");
    let mut requests = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(text)? {
        let content = std::fs::read_to_string(entry.map_err(text)?.path()).map_err(text)?;
        let key =
            content.lines().next().and_then(|line| line.rsplit("key ").next()?.trim().parse::<i16>().ok());
        let Some(key) = key.and_then(ApiKey::from_i16).filter(|key| served.contains(&(*key as i16))) else {
            continue;
        };
        for line in content.lines() {
            let words = line.split(' ').collect::<Vec<_>>();
            let ["request", version, _, hex] = words[..] else { continue };
            let version = version.parse::<i16>().map_err(|error| format!("{line}: {error}"))?;
            let body =
                (0..hex.len() / 2).filter_map(|at| u8::from_str_radix(hex.get(2 * at..2 * at + 2)?, 16).ok());
            let mut request = header(key, version);
            request.extend(body);
            requests.push(request);
        }
    }
    if requests.len() < 50 {
        return Err(format!("only {} golden requests", requests.len()));
    }
    requests.sort();
    Ok(requests)
}

fn flipped(ground: &Ground, seed: u64) -> Io {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut many = Pipeline::new(ground);
    for request in golden(ground)? {
        many.ask(&request)?;
        for at in 0..request.len() {
            let mut bytes = request.clone();
            bytes[at] ^= 1 << rng.random_range(0..8);
            many.ask(&calm(bytes))?;
        }
    }
    Ok(())
}

/// A Fetch that waits as long as it says would hold up all that follow it: at most a moment is asked for.
fn calm(mut bytes: Vec<u8>) -> Vec<u8> {
    if let [0, 1, high, low, ..] = bytes[..] {
        let version = i16::from_be_bytes([high, low]);
        // replica_id stands before max_wait_ms up to version 14; the flexible header has one byte more.
        let at = 10 + usize::from(version >= 12) + if version <= 14 { 4 } else { 0 };
        if let Some(place) = bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&1_i32.to_be_bytes());
        }
    }
    bytes
}

fn cut(ground: &Ground, _: u64) -> Io {
    let mut many = Pipeline::new(ground);
    for request in golden(ground)? {
        for end in 0..request.len() {
            many.ask(&calm(request[..end].to_vec()))?;
        }
        let mut longer = calm(request.clone());
        longer.extend_from_slice(&[0x55; 9]);
        many.ask(&longer)?;
    }
    Ok(())
}

/// Counts that lie and numbers at their ends, wherever a number could stand.
fn extremes(ground: &Ground, _: u64) -> Io {
    let values: [&[u8]; 10] = [
        &[0x7f, 0xff, 0xff, 0xff],
        &[0x80, 0, 0, 0],
        &[0xff, 0xff, 0xff, 0xfe],
        &[0x7f, 0xff],
        &[0x80, 0],
        &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x80, 0, 0, 0, 0, 0, 0, 0],
        // Variable-length numbers: 2^32 - 1, and one that doesn't end.
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x0f, 0x42, 0x40],
    ];
    let mut many = Pipeline::new(ground);
    for request in golden(ground)? {
        for at in 8..request.len() {
            for value in values {
                let mut bytes = request.clone();
                let end = (at + value.len()).min(bytes.len());
                bytes[at..end].copy_from_slice(&value[..end - at]);
                many.ask(&calm(bytes))?;
            }
        }
    }
    Ok(())
}

fn produce_to<'a>(topic: &'a str, batch: &'a [u8]) -> ProduceRequest<'a> {
    ProduceRequest {
        acks: 1,
        timeout_ms: 1000,
        topic_data: vec![produce_request::TopicProduceData {
            name: topic.into(),
            partition_data: vec![produce_request::PartitionProduceData {
                index: 0,
                records: Some(ottla_protocol::Records::Slice(batch)),
            }],
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// A batch that is small on the wire and one huge record, or millions of tiny ones, when it is unpacked; to a topic that
/// recompresses, so that the broker has to unpack it.
fn bombs(ground: &Ground, _: u64) -> Io {
    for (topic, configs) in
        [("bomb-gzip", ("compression.type", "gzip")), ("bomb-keys", ("cleanup.policy", "compact"))]
    {
        crate::ground::create(ground.address(), topic, &[configs]).map_err(text)?;
    }
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        // What each codec can make of a megabyte, the largest batch that is taken.
        let megabytes = match codec {
            Codec::Gzip => 900,
            Codec::Snappy => 18,
            Codec::Lz4 => 220,
            _ => 1500,
        };
        let mut one = Vec::new();
        let value = megabytes << 20;
        let mut body = vec![0u8];
        varint(&mut body, 0);
        varint(&mut body, 0);
        varint(&mut body, 1);
        body.push(b'k');
        varint(&mut body, value as i64);
        varint(&mut one, (body.len() + value + 1) as i64);
        one.extend_from_slice(&body);
        one.resize(one.len() + value + 1, 0);
        let batch = Batch { codec, payload: Some(one), ..Batch::numbered(1) }.build();
        for topic in ["victim", "bomb-gzip", "bomb-keys"] {
            let mut connection = ground.open().map_err(text)?;
            let begun = Instant::now();
            let answer = produce_bytes(&mut connection, topic, 0, &batch)
                .map_err(|error| format!("{codec:?} bomb of {megabytes} MiB to {topic}: {error}"))?;
            println!(
                "#   {codec:?}: {megabytes} MiB in {} bytes to {topic}: {:?}, {:.0?}, {} MiB resident",
                batch.len(),
                answer.0,
                begun.elapsed(),
                ground.resident_bytes() >> 20
            );
            ground.is_well().map_err(|error| format!("{codec:?} bomb to {topic}: {error}"))?;
        }
    }
    // Framing that claims gigabytes: snappy's own length and xerial's block length.
    let mut claims = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0\x0a".to_vec();
    claims.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0]);
    let mut block = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\x7f\xff\xff\xff".to_vec();
    block.extend_from_slice(&[0; 20]);
    for payload in [claims, block, vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0]] {
        let batch = Batch { attributes: 2, payload: Some(payload), ..Batch::numbered(3) }.build();
        let mut connection = ground.open().map_err(text)?;
        let (error, _) = produce_bytes(&mut connection, "bomb-gzip", 0, &batch).map_err(text)?;
        if error.is_none() {
            return Err("a snappy block that isn't one is accepted".to_string());
        }
    }
    Ok(())
}

/// Frames of a few MB that name the same thing again and again, or are made of empty elements: what is decoded and what is
/// answered would take gigabytes.
fn amplified(ground: &Ground, _: u64) -> Io {
    let broker = describe_configs_request::DescribeConfigsResource {
        resource_type: 4,
        resource_name: "1".into(),
        configuration_keys: None,
    };
    let describe = DescribeConfigsRequest {
        resources: vec![broker; 200_000],
        include_synonyms: true,
        include_documentation: true,
    };
    ask_large(ground, 4, &describe)?;
    let names =
        vec![
            metadata_request::MetadataRequestTopic { name: Some("victim".into()), ..Default::default() };
            400_000
        ];
    ask_large(ground, 4, &MetadataRequest { topics: Some(names), ..Default::default() })?;
    let asked = describe_producers_request::TopicRequest {
        name: "victim".into(),
        partition_indexes: vec![0; 500_000],
    };
    ask_large(ground, 0, &DescribeProducersRequest { topics: vec![asked] })?;
    let config = create_topics_request::CreatableTopicConfig { name: "".into(), value: None };
    let topic = create_topics_request::CreatableTopic {
        name: "amplified".into(),
        num_partitions: 1,
        replication_factor: 1,
        configs: vec![config; 1_000_000],
        ..Default::default()
    };
    let topics = (0..8).map(|_| topic.clone()).collect();
    ask_large(ground, 7, &CreateTopicsRequest { topics, timeout_ms: 1000, validate_only: true })
}

/// Sends a request on several connections at a time. An answer or a closed connection is fine, as long as others are served.
fn ask_large<R: Request + Sync>(ground: &Ground, version: i16, request: &R) -> Io {
    let ask = || match ground.open().and_then(|mut connection| connection.call(version, request)) {
        Ok(_) => Ok(()),
        Err(error) if is_closed(&error) => Ok(()),
        Err(error) => Err(format!("{}: {error}", R::KEY.name())),
    };
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().try_for_each(|asked| asked.join().map_err(|_| "it panicked".to_owned())?)
    })?;
    println!("#   {}: {} MiB resident", R::KEY.name(), ground.resident_bytes() >> 20);
    ground.is_well()
}

/// Every number of a fetch and of a batch's header at its ends.
fn numbers(ground: &Ground, _: u64) -> Io {
    let mut connection = ground.open().map_err(text)?;
    let ends = [i64::MIN, i64::MIN + 1, -2, -1, 0, 1, i64::MAX - 1, i64::MAX];
    let small = [i32::MIN, -2, -1, 0, 1, i32::MAX];
    for offset in ends {
        for partition in small {
            for bytes_max in small {
                let mut request = fetch_request("victim", partition, offset, bytes_max);
                request.max_wait_ms = 0;
                connection
                    .call(11, &request)
                    .map_err(|error| format!("fetch of {partition} from {offset}: {error}"))?;
            }
        }
    }
    let good = numbered(1).build();
    for at in 0..ottla_tests::batch::HEADER_BYTES {
        for value in
            [[0xff; 8], [0; 8], [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [0x80, 0, 0, 0, 0, 0, 0, 0]]
        {
            for width in [1, 2, 4, 8] {
                let mut bytes = good.clone();
                bytes[at..at + width].copy_from_slice(&value[..width]);
                // With its CRC made to fit, so that more than the CRC is looked at.
                for fits in [false, true] {
                    if fits {
                        let crc = crc32c::crc32c(&bytes[21..]);
                        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
                    }
                    produce_bytes(&mut connection, "victim", 0, &bytes)
                        .map_err(|error| format!("{width} bytes {value:02x?} at {at} of a batch: {error}"))?;
                }
            }
        }
    }
    Ok(())
}
