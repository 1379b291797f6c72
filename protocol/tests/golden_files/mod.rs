//! Reads `protocol/golden`.

#![allow(dead_code, reason = "each test uses a part")]

pub mod describe;

use ottla_protocol::ApiKey;
use std::fmt;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Request,
    Response,
    Header,
}

pub struct Golden {
    pub api: String,
    pub kind: Kind,
    pub version: i16,
    pub full: bool,
    pub bytes: Vec<u8>,
}

impl Golden {
    pub fn key(&self) -> ApiKey {
        ApiKey::ALL.iter().copied().find(|key| key.name() == self.api).unwrap()
    }
}

impl fmt::Display for Golden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fill = if self.full { "full" } else { "min" };
        write!(f, "{} {:?} v{} {fill}", self.api, self.kind, self.version)
    }
}

fn files() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    text.as_bytes().chunks(2).map(digits).collect()
}

pub fn messages() -> Vec<Golden> {
    let mut messages = Vec::new();
    for (api, text) in files().into_iter().filter(|(name, _)| name != "batches") {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<_> = line.split(' ').collect();
            let [kind, version, fill, hex] = words[..] else { panic!("{api}: {line}") };
            messages.push(Golden {
                api: api.clone(),
                kind: match kind {
                    "request" => Kind::Request,
                    "response" => Kind::Response,
                    "header" => Kind::Header,
                    other => panic!("{other}"),
                },
                version: version.parse().unwrap(),
                full: fill == "full",
                bytes: unhex(hex),
            });
        }
    }
    messages
}

/// Batches, each with what Kafka reads in it.
pub fn batches() -> Vec<(Vec<u8>, String)> {
    let (_, text) = files().into_iter().find(|(name, _)| name == "batches").unwrap();
    let batches = text.split("\nbytes ").skip(1).map(|paragraph| {
        let (hex, expected) = paragraph.split_once('\n').unwrap();
        (unhex(hex), format!("{}\n", expected.trim_end()))
    });
    batches.collect()
}
