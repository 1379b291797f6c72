//! A whole broker inside a test: its own threads, a port of the kernel's choice, a directory that goes with it.

use crate::config::{BrokerConfig, Input};
use crate::server::{self, Startup};
use ottla_protocol::messages as m;
use ottla_protocol::{ApiKey, Decoder, Encoder, Message};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

/// Stops when it is dropped.
pub(crate) struct TestBroker {
    address: SocketAddr,
    data: TempDir,
    stop: tokio::sync::watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

/// A response as it came, behind its length.
pub(crate) struct Answer {
    key: ApiKey,
    version: i16,
    bytes: Vec<u8>,
}

impl TestBroker {
    /// A broker of two shards with these settings, when it serves.
    pub(crate) fn start(settings: &[(&str, &str)]) -> TestBroker {
        let data = TempDir::new().expect("a directory");
        let own = [
            ("listeners", "PLAINTEXT://127.0.0.1:0"),
            ("log.dirs", &data.path().display().to_string()),
            ("ottla.shards", "2"),
            ("ottla.pin.cores", "off"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut overrides = own.to_vec();
        overrides.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let input = Input { file: None, overrides: &overrides, host_name: "localhost" };
        let config = BrokerConfig::load(input).expect("good settings").config;
        let addresses = server::addresses(&config).expect("an address");
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let (ready, is_ready) = mpsc::channel();
        let on_ready = Box::new(move |address| {
            // Whoever waited has given up.
            let _ = ready.send(address);
        });
        let startup = Startup { config, addresses, on_ready, stop: stopped };
        let thread = std::thread::spawn(move || server::run(startup).expect("it runs"));
        let address = is_ready.recv_timeout(PATIENCE).expect("it gets ready");
        TestBroker { address, data, stop, thread: Some(thread) }
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// As a signal does; it is waited for when the value is dropped.
    pub(crate) fn ask_to_stop(&self) {
        // Its receiver is gone when the broker has ended by itself.
        let _ = self.stop.send(true);
    }

    /// Sends `request` on a connection of its own.
    pub(crate) fn ask<'m>(&self, key: ApiKey, version: i16, request: &impl Message<'m>) -> Answer {
        let header = m::RequestHeader {
            request_api_key: key as i16,
            request_api_version: version,
            correlation_id: 7,
            client_id: Some("test".into()),
        };
        let mut encoder = Encoder::new();
        header.encode(&mut encoder, key.request_header_version(version)).expect("a header");
        request.encode(&mut encoder, version).expect("a request of this version");
        let bytes = self.send(&encoder.into_vec()).expect("an answer").expect("an answer, not the end");
        Answer { key, version, bytes }
    }

    /// The answer to a frame, or `None` when the broker closes the connection instead.
    pub(crate) fn send(&self, frame: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let length = i32::try_from(frame.len()).expect("a frame's length");
        stream.write_all(&[&length.to_be_bytes(), frame].concat())?;
        let mut length = [0; 4];
        match stream.read_exact(&mut length) {
            Ok(()) => {}
            Err(error)
                if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
        let length = usize::try_from(i32::from_be_bytes(length)).expect("a response's length");
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes)?;
        Ok(Some(bytes))
    }

    pub(crate) fn create_topic(&self, name: &str, num_partitions: i32) {
        let topic = m::create_topics_request::CreatableTopic {
            name: name.into(),
            num_partitions,
            replication_factor: 1,
            ..Default::default()
        };
        let request = m::CreateTopicsRequest { topics: vec![topic], ..Default::default() };
        let answer = self.ask(ApiKey::CreateTopics, 5, &request);
        let response: m::CreateTopicsResponse<'_> = answer.decode();
        assert_eq!(response.topics.first().map(|topic| topic.error_code), Some(0), "{response:?}");
    }
}

impl Drop for TestBroker {
    fn drop(&mut self) {
        // Its receiver is gone when the broker has ended by itself.
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the broker panicked");
        }
    }
}

impl Answer {
    /// The message; every byte of the answer belongs to it.
    pub(crate) fn decode<'a, M: Message<'a>>(&'a self) -> M {
        let mut decoder = Decoder::new(&self.bytes);
        let version = self.key.response_header_version(self.version);
        let header = m::ResponseHeader::decode(&mut decoder, version).expect("a header");
        assert_eq!(header.correlation_id, 7);
        let message = M::decode(&mut decoder, self.version).expect("a response");
        decoder.finish().expect("nothing behind it");
        message
    }
}
