//! Records as text: chosen columns, a format of one's own, or a JSON object a line.

use super::super::client::consumer::Fetched;
use super::super::time;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::ValueEnum;
use ottla_protocol::records::Headers;
use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use std::io::{self, Write};

/// What stands before the value, always in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Field {
    Partition,
    Offset,
    Timestamp,
    Headers,
    Key,
    /// All of these
    All,
}

/// How a record is printed.
#[derive(Clone, Debug)]
pub enum Format {
    Columns { fields: Vec<Field>, null: String },
    Own { parts: Vec<Part>, null: String },
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Topic,
    Partition,
    Offset,
    TimestampMs,
    Date,
    Key,
    KeyBytes,
    Value,
    ValueBytes,
    Headers,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    Token(Token),
}

const TOKENS: [(char, Token); 10] = [
    ('t', Token::Topic),
    ('p', Token::Partition),
    ('o', Token::Offset),
    ('T', Token::TimestampMs),
    ('D', Token::Date),
    ('k', Token::Key),
    ('K', Token::KeyBytes),
    ('v', Token::Value),
    ('V', Token::ValueBytes),
    ('h', Token::Headers),
];

/// Parses `%p:%o %k=%v\n`.
///
/// # Errors
/// An unknown `%` or `\` sequence, by name.
pub fn parse(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => match letters.next() {
                Some('%') => plain.push('%'),
                Some(name) => {
                    let token = TOKENS.iter().find(|(known, _)| *known == name).map(|(_, token)| *token);
                    let token = token.ok_or_else(|| {
                        format!("unknown '%{name}': expected one of %t %p %o %T %D %k %K %v %V %h %%")
                    })?;
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Token(token));
                }
                None => return Err("it ends with a single '%': write %% for the sign itself".to_owned()),
            },
            '\\' => plain.push(match letters.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('r') => '\r',
                Some('0') => '\0',
                Some('\\') => '\\',
                other => {
                    let name = other.map(String::from).unwrap_or_default();
                    return Err(format!("unknown '\\{name}': expected one of \\n \\t \\r \\0 \\\\"));
                }
            }),
            letter => plain.push(letter),
        }
    }
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(parts)
}

impl Format {
    pub fn write(&self, out: &mut impl Write, topic: &str, fetched: &Fetched<'_>) -> io::Result<()> {
        let record = &fetched.record;
        match self {
            Format::Json => {
                let line = JsonRecord {
                    topic,
                    partition: fetched.partition,
                    offset: fetched.offset,
                    timestamp: fetched.timestamp_ms,
                    timestamp_type: if fetched.is_log_append_time { "log_append" } else { "create" },
                    key: Bytes("key", record.key),
                    value: Bytes("value", record.value),
                    headers: HeaderList(record.headers),
                };
                serde_json::to_writer(&mut *out, &line)?;
                out.write_all(b"\n")
            }
            Format::Columns { fields, null } => {
                let shown = |field| fields.contains(&field) || fields.contains(&Field::All);
                let null = null.as_bytes();
                if shown(Field::Partition) {
                    write!(out, "partition={}\t", fetched.partition)?;
                }
                if shown(Field::Offset) {
                    write!(out, "offset={}\t", fetched.offset)?;
                }
                if shown(Field::Timestamp) {
                    write!(out, "{}\t", time::show(fetched.timestamp_ms))?;
                }
                if shown(Field::Headers) {
                    write_headers(out, record.headers, null)?;
                    out.write_all(b"\t")?;
                }
                if shown(Field::Key) {
                    out.write_all(b"key=")?;
                    out.write_all(record.key.unwrap_or(null))?;
                    out.write_all(b"\t")?;
                }
                out.write_all(record.value.unwrap_or(null))?;
                out.write_all(b"\n")
            }
            Format::Own { parts, null } => {
                let null = null.as_bytes();
                let length = |bytes: Option<&[u8]>| bytes.map_or(-1, |bytes| bytes.len() as i64);
                for part in parts {
                    match part {
                        Part::Text(text) => out.write_all(text.as_bytes())?,
                        Part::Token(Token::Topic) => out.write_all(topic.as_bytes())?,
                        Part::Token(Token::Partition) => write!(out, "{}", fetched.partition)?,
                        Part::Token(Token::Offset) => write!(out, "{}", fetched.offset)?,
                        Part::Token(Token::TimestampMs) => write!(out, "{}", fetched.timestamp_ms)?,
                        Part::Token(Token::Date) => {
                            out.write_all(time::show(fetched.timestamp_ms).as_bytes())?
                        }
                        Part::Token(Token::Key) => out.write_all(record.key.unwrap_or(null))?,
                        Part::Token(Token::KeyBytes) => write!(out, "{}", length(record.key))?,
                        Part::Token(Token::Value) => out.write_all(record.value.unwrap_or(null))?,
                        Part::Token(Token::ValueBytes) => write!(out, "{}", length(record.value))?,
                        Part::Token(Token::Headers) => write_headers(out, record.headers, null)?,
                    }
                }
                Ok(())
            }
        }
    }
}

/// `name=value,name=value`; nothing when there are none.
fn write_headers(out: &mut impl Write, headers: Headers<'_>, null: &[u8]) -> io::Result<()> {
    for (position, header) in headers.iter().enumerate() {
        if position > 0 {
            out.write_all(b",")?;
        }
        out.write_all(header.key)?;
        out.write_all(b"=")?;
        out.write_all(header.value.unwrap_or(null))?;
    }
    Ok(())
}

#[derive(Serialize)]
struct JsonRecord<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    timestamp: i64,
    timestamp_type: &'static str,
    #[serde(flatten)]
    key: Bytes<'a>,
    #[serde(flatten)]
    value: Bytes<'a>,
    headers: HeaderList<'a>,
}

/// A field that is null, a string, or `NAME_base64` when its bytes are no text.
pub struct Bytes<'a>(pub &'static str, pub Option<&'a [u8]>);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self.1.map(|bytes| std::str::from_utf8(bytes).map_err(|_| bytes)) {
            None => map.serialize_entry(self.0, &None::<&str>)?,
            Some(Ok(text)) => map.serialize_entry(self.0, text)?,
            Some(Err(bytes)) => map.serialize_entry(&format!("{}_base64", self.0), &BASE64.encode(bytes))?,
        }
        map.end()
    }
}

/// A record's headers, in order.
pub struct HeaderList<'a>(pub Headers<'a>);

#[derive(Serialize)]
struct JsonHeader<'a> {
    key: std::borrow::Cow<'a, str>,
    #[serde(flatten)]
    value: Bytes<'a>,
}

impl Serialize for HeaderList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for header in self.0.iter() {
            // A name is text to Kafka's clients, which replace what is none.
            let key = String::from_utf8_lossy(header.key);
            list.serialize_element(&JsonHeader { key, value: Bytes("value", header.value) })?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ottla_protocol::records::{BatchBuilder, Header, RecordsReader, batches};

    fn shown(format: &Format, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header<'_>]) -> String {
        let mut builder = BatchBuilder::new();
        builder.push(1_700_000_000_123, key, value, headers);
        let bytes = builder.build().unwrap();
        let (header, batch) = batches(&bytes).next().unwrap().unwrap();
        let mut reader = RecordsReader::new(&header, batch, 1 << 20).unwrap();
        let fetched = Fetched {
            partition: 3,
            offset: 42,
            timestamp_ms: header.base_timestamp,
            is_log_append_time: false,
            record: reader.next().unwrap().unwrap(),
        };
        let mut out = Vec::new();
        format.write(&mut out, "orders", &fetched).unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    const HEADERS: [Header<'static>; 2] =
        [Header { key: b"a", value: Some(b"1") }, Header { key: b"b", value: None }];

    fn columns(fields: &[Field]) -> Format {
        Format::Columns { fields: fields.to_vec(), null: "(null)".into() }
    }

    #[test]
    fn columns_stand_before_the_value() {
        assert_eq!(shown(&columns(&[]), Some(b"k"), Some(b"v"), &HEADERS), "v\n");
        assert_eq!(shown(&columns(&[]), Some(b"k"), None, &[]), "(null)\n");
        assert_eq!(
            shown(&columns(&[Field::Key, Field::Offset]), None, Some(b""), &[]),
            "offset=42\tkey=(null)\t\n"
        );
        assert_eq!(
            shown(&columns(&[Field::All]), Some(b"k"), Some(b"v"), &HEADERS),
            "partition=3\toffset=42\t2023-11-14T22:13:20.123Z\ta=1,b=(null)\tkey=k\tv\n"
        );
    }

    #[test]
    fn a_format_of_ones_own() {
        let own = |text: &str| Format::Own { parts: parse(text).unwrap(), null: "NULL".into() };
        let text = r"%t/%p/%o %T %D [%h] %k(%K)=%v(%V) 100%%\t\\\n";
        assert_eq!(
            shown(&own(text), Some(b"key"), None, &HEADERS),
            "orders/3/42 1700000000123 2023-11-14T22:13:20.123Z [a=1,b=NULL] key(3)=NULL(-1) 100%\t\\\n"
        );
        assert_eq!(shown(&own(""), None, None, &[]), "");
        for (wrong, expected) in [("%q", "'%q'"), ("%", "single '%'"), (r"\x", r"'\x'"), (r"\", r"'\'")] {
            let error = parse(wrong).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn json_keeps_every_byte() {
        let line = shown(&Format::Json, Some(b"k\"\n"), Some(&[0xff, 0]), &HEADERS);
        assert_eq!(
            line,
            "{\"topic\":\"orders\",\"partition\":3,\"offset\":42,\"timestamp\":1700000000123,\"timestamp_type\":\"create\",\
             \"key\":\"k\\\"\\n\",\"value_base64\":\"/wA=\",\"headers\":[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"b\",\"value\":null}]}\n"
        );
        assert!(shown(&Format::Json, None, None, &[]).contains("\"key\":null,\"value\":null,\"headers\":[]"));
    }
}
