//! Messages that Kafka's generated classes filled at random and wrote.

use crate::Counts;
use ottla_protocol::messages::{RequestHeader, ResponseHeader};
use ottla_protocol::{ApiKey, DecodeError, Decoder, Encoder, Message, RoundTripError};
use std::path::Path;

/// Reads the corpus: each entry is an API's name, its key (16 bits), request, response or header (8), version (16), its header's version (16),
/// fill (8), bytes as Kafka wrote them and bytes that we should write (each with a 32-bit length).
struct Corpus<'a>(Decoder<'a>);

impl<'a> Corpus<'a> {
    fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.0.uint32()?;
        self.0.take(len as usize)
    }
}

pub fn compare(path: &Path) -> Result<Counts, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut corpus = Corpus(Decoder::new(&bytes));
    let mut counts = Counts::default();
    while !corpus.0.remaining().is_empty() {
        entry(&mut corpus, &mut counts).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(counts)
}

fn entry(corpus: &mut Corpus<'_>, counts: &mut Counts) -> Result<(), DecodeError> {
    let name_len = corpus.0.uint16()?;
    let name = String::from_utf8_lossy(corpus.0.take(usize::from(name_len))?);
    let (key, kind, version) = (corpus.0.int16()?, corpus.0.int8()?, corpus.0.int16()?);
    let (header_version, fill) = (corpus.0.int16()?, corpus.0.int8()?);
    let (bytes, expected) = (corpus.bytes()?, corpus.bytes()?);
    let what =
        || format!("{name} {} v{version} fill {fill}", ["request", "response", "header"][kind as usize]);
    if kind == 2 {
        let written = match &*name {
            "RequestHeader" => again::<RequestHeader<'_>>(bytes, version),
            _ => again::<ResponseHeader>(bytes, version),
        };
        // Kafka's class still knows the header v0 of a request that no broker takes.
        counts.note(written.as_deref() == Ok(expected), || format!("{}: {written:?}", what()));
        return Ok(());
    }
    let Some(api) = ApiKey::from_i16(key).filter(|api| api.name() == name) else {
        counts.note(false, || format!("{}: no such API here", what()));
        return Ok(());
    };
    let header =
        if kind == 0 { api.request_header_version(version) } else { api.response_header_version(version) };
    counts.note(header == header_version, || {
        format!("{}: header v{header} instead of v{header_version}", what())
    });
    let written = ottla_protocol::round_trip(api, kind == 1, version, bytes);
    counts.note(written.as_deref() == Ok(expected), || match &written {
        Ok(written) => {
            let at = written.iter().zip(expected).position(|(one, other)| one != other);
            format!("{}: {} bytes instead of {}, different at {at:?}", what(), written.len(), expected.len())
        }
        Err(error) => format!("{}: {error}", what()),
    });
    Ok(())
}

fn again<'a, M: Message<'a>>(bytes: &'a [u8], version: i16) -> Result<Vec<u8>, RoundTripError> {
    let mut decoder = Decoder::new(bytes);
    let message = M::decode(&mut decoder, version)?;
    decoder.finish()?;
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, version)?;
    Ok(encoder.into_vec())
}
