//! A broker that is known in every respect: one topic in memory, over TCP, with a pause or a fault that the test asks for.
//!
//! It speaks ApiVersions, Metadata, Produce, Fetch and ListOffsets, a thread for each connection.

use ottla_protocol::messages as m;
use ottla_protocol::records::{BatchHeader, patch_assignment};
use ottla_protocol::{ApiKey, Decoder, Encoder, Message, Records};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

pub const TOPIC: &str = "model";
pub const PARTITIONS: i32 = 2;

/// API, lowest and highest version served.
const APIS: [(ApiKey, i16, i16); 5] = [
    (ApiKey::Produce, 3, 9),
    (ApiKey::Fetch, 4, 11),
    (ApiKey::ListOffsets, 1, 5),
    (ApiKey::Metadata, 4, 9),
    (ApiKey::ApiVersions, 0, 3),
];

/// What is wrong with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Behaviour {
    /// From so long after the first produce it answers nothing for so long.
    pub pause: Option<(Duration, Duration)>,
    /// Every so many-th batch is acknowledged and …
    pub fault: Option<(usize, Fault)>,
    /// It breaks off the connection instead of answering the n-th produce, which it stored.
    pub cut_at: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "each test has its own faults")]
pub enum Fault {
    /// … not stored.
    Lose,
    /// … stored twice.
    Double,
    /// … stored after the next one.
    Reorder,
    /// … stored with another last byte and a right checksum.
    Change,
}

pub struct Model {
    pub address: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct State {
    first_produce: Option<Instant>,
    produces: usize,
    /// By partition: each batch with its offset already in it.
    logs: [Vec<Vec<u8>>; PARTITIONS as usize],
    ends: [i64; PARTITIONS as usize],
    held_back: Vec<(usize, Vec<u8>)>,
}

struct Shared {
    behaviour: Behaviour,
    state: Mutex<State>,
    connections: AtomicUsize,
    grew: Condvar,
}

impl Model {
    pub fn start(behaviour: Behaviour) -> Model {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address").to_string();
        let shared = Arc::new(Shared {
            behaviour,
            state: Mutex::default(),
            connections: AtomicUsize::new(0),
            grew: Condvar::new(),
        });
        let accepting = Arc::clone(&shared);
        let port = listener.local_addr().expect("its address").port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&accepting);
                shared.connections.fetch_add(1, Ordering::Relaxed);
                // A client that goes away ends the thread of its connection.
                std::thread::spawn(move || serve(stream, &shared, port));
            }
        });
        Model { address, shared }
    }

    /// How many there have been.
    #[allow(dead_code, reason = "not every test asks")]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

fn serve(mut stream: TcpStream, shared: &Shared, port: u16) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut frame)?;
        let key = ApiKey::from_i16(i16::from_be_bytes([frame[0], frame[1]])).expect("a known API");
        let version = i16::from_be_bytes([frame[2], frame[3]]);
        let mut decoder = Decoder::new(&frame);
        let header_version = key.request_header_version(version);
        let header = m::RequestHeader::decode(&mut decoder, header_version).expect("a header");
        let mut encoder = Encoder::new();
        encoder.int32(0);
        let response = m::ResponseHeader { correlation_id: header.correlation_id };
        response.encode(&mut encoder, key.response_header_version(version)).expect("a header");
        match key {
            ApiKey::ApiVersions => api_versions(&mut encoder, version),
            ApiKey::Metadata => metadata(&mut encoder, version, port),
            ApiKey::ListOffsets => list_offsets(&mut encoder, version, shared),
            ApiKey::Produce => {
                let request = m::ProduceRequest::decode(&mut decoder, version).expect("a produce");
                if !produce(&mut encoder, version, &request, shared) {
                    return Ok(());
                }
            }
            ApiKey::Fetch => {
                let request = m::FetchRequest::decode(&mut decoder, version).expect("a fetch");
                fetch(&mut encoder, version, &request, shared);
            }
            other => panic!("{other:?} was asked for"),
        }
        let mut frame = encoder.into_vec();
        let length = (frame.len() - 4) as u32;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        shared.pause();
        stream.write_all(&frame)?;
    }
}

impl Shared {
    /// Sleeps for the rest of the pause, if it is now.
    fn pause(&self) {
        let began = self.state.lock().unwrap().first_produce;
        if let (Some((after, length)), Some(began)) = (self.behaviour.pause, began)
            && began.elapsed() >= after
        {
            std::thread::sleep((after + length).saturating_sub(began.elapsed()));
        }
    }
}

fn api_versions(encoder: &mut Encoder, version: i16) {
    let api_keys = APIS
        .into_iter()
        .map(|(key, min_version, max_version)| m::api_versions_response::ApiVersion {
            api_key: key as i16,
            min_version,
            max_version,
        })
        .collect();
    let response = m::ApiVersionsResponse { api_keys, ..Default::default() };
    response.encode(encoder, version).expect("an answer");
}

fn metadata(encoder: &mut Encoder, version: i16, port: u16) {
    let partitions = (0..PARTITIONS)
        .map(|partition_index| m::metadata_response::MetadataResponsePartition {
            partition_index,
            leader_id: 1,
            replica_nodes: vec![1],
            isr_nodes: vec![1],
            ..Default::default()
        })
        .collect();
    let response = m::MetadataResponse {
        brokers: vec![m::metadata_response::MetadataResponseBroker {
            node_id: 1,
            host: "127.0.0.1".into(),
            port: i32::from(port),
            rack: None,
        }],
        controller_id: 1,
        topics: vec![m::metadata_response::MetadataResponseTopic {
            name: Some(TOPIC.into()),
            partitions,
            ..Default::default()
        }],
        ..Default::default()
    };
    response.encode(encoder, version).expect("an answer");
}

fn list_offsets(encoder: &mut Encoder, version: i16, shared: &Shared) {
    let ends = shared.state.lock().unwrap().ends;
    let partitions = (0..PARTITIONS)
        .map(|partition_index| m::list_offsets_response::ListOffsetsPartitionResponse {
            partition_index,
            offset: ends[partition_index as usize],
            ..Default::default()
        })
        .collect();
    let topics = vec![m::list_offsets_response::ListOffsetsTopicResponse { name: TOPIC.into(), partitions }];
    let response = m::ListOffsetsResponse { topics, ..Default::default() };
    response.encode(encoder, version).expect("an answer");
}

/// Whether there is an answer.
fn produce(encoder: &mut Encoder, version: i16, request: &m::ProduceRequest<'_>, shared: &Shared) -> bool {
    let mut state = shared.state.lock().unwrap();
    state.first_produce.get_or_insert_with(Instant::now);
    state.produces += 1;
    let mut answered = Vec::new();
    for data in request.topic_data.iter().flat_map(|topic| &topic.partition_data) {
        let batch = data.records.as_ref().expect("records").to_vec();
        state.store(data.index as usize, batch, shared.behaviour.fault);
        answered
            .push(m::produce_response::PartitionProduceResponse { index: data.index, ..Default::default() });
    }
    shared.grew.notify_all();
    if shared.behaviour.cut_at == Some(state.produces) {
        return false;
    }
    let responses = vec![m::produce_response::TopicProduceResponse {
        name: TOPIC.into(),
        partition_responses: answered,
        ..Default::default()
    }];
    let response = m::ProduceResponse { responses, ..Default::default() };
    response.encode(encoder, version).expect("an answer");
    true
}

impl State {
    fn store(&mut self, partition: usize, batch: Vec<u8>, fault: Option<(usize, Fault)>) {
        let hit = fault.filter(|(every, _)| self.produces.is_multiple_of(*every)).map(|(_, fault)| fault);
        match hit {
            Some(Fault::Lose) => {}
            Some(Fault::Double) => {
                self.append(partition, batch.clone());
                self.append(partition, batch);
            }
            Some(Fault::Reorder) => self.held_back.push((partition, batch)),
            Some(Fault::Change) => self.append(partition, changed(&batch)),
            None => self.append(partition, batch),
        }
        if hit != Some(Fault::Reorder) {
            let (ready, waiting) =
                std::mem::take(&mut self.held_back).into_iter().partition(|(held, _)| *held == partition);
            self.held_back = waiting;
            let ready: Vec<(usize, Vec<u8>)> = ready;
            for (partition, batch) in ready {
                self.append(partition, batch);
            }
        }
    }

    fn append(&mut self, partition: usize, mut batch: Vec<u8>) {
        let base = self.ends[partition];
        patch_assignment(&mut batch, base, 0);
        let header = BatchHeader::parse(&batch).expect("a batch");
        self.ends[partition] = header.next_offset();
        self.logs[partition].push(batch);
    }
}

/// The last value's last byte is another one; the batch itself is sound.
fn changed(batch: &[u8]) -> Vec<u8> {
    let mut batch = batch.to_vec();
    // Behind the value comes the count of headers, which is none.
    let at = batch.len() - 2;
    batch[at] ^= 1;
    let header = BatchHeader::parse(&batch).expect("a batch");
    ottla_protocol::records::patch_timestamps(&mut batch, false, header.max_timestamp);
    batch
}

fn fetch(encoder: &mut Encoder, version: i16, request: &m::FetchRequest<'_>, shared: &Shared) {
    let deadline = Instant::now() + Duration::from_millis(request.max_wait_ms as u64);
    let mut state = shared.state.lock().unwrap();
    let asked = || request.topics.iter().flat_map(|topic| &topic.partitions);
    while !asked().any(|asked| state.ends[asked.partition as usize] > asked.fetch_offset) {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        state = shared.grew.wait_timeout(state, left).unwrap().0;
    }
    let partitions = asked()
        .map(|asked| {
            let log = &state.logs[asked.partition as usize];
            let wanted = log.iter().filter(|batch| {
                BatchHeader::parse(batch).expect("a batch").next_offset() > asked.fetch_offset
            });
            m::fetch_response::PartitionData {
                partition_index: asked.partition,
                high_watermark: state.ends[asked.partition as usize],
                records: Some(Records::Parts(wanted.map(|batch| batch.clone().into()).take(200).collect())),
                ..Default::default()
            }
        })
        .collect();
    let responses = vec![m::fetch_response::FetchableTopicResponse {
        topic: TOPIC.into(),
        partitions,
        ..Default::default()
    }];
    let response = m::FetchResponse { responses, ..Default::default() };
    response.encode(encoder, version).expect("an answer");
}
