//! `meta.properties` and `.kafka_cleanshutdown` of a data directory.

use super::partition::{id_from_text, id_to_text};
use super::{CheckpointFault, clip};
use uuid::Uuid;

/// The file's name.
pub const META_PROPERTIES: &str = "meta.properties";
/// The file's name.
pub const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";

/// `meta.properties`, version 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    pub node_id: i32,
    pub directory_id: Uuid,
    /// Free text in Kafka, by default an id like the others.
    pub cluster_id: String,
}

impl MetaProperties {
    pub fn parse(bytes: &[u8]) -> Result<MetaProperties, CheckpointFault> {
        let text = std::str::from_utf8(bytes).map_err(|_| CheckpointFault::Encoding)?;
        let value = |key: &'static str| {
            let find = |line: &str| {
                let (found, value) = line.split_once('=')?;
                (found.trim() == key).then(|| value.trim().to_owned())
            };
            let mut lines = text.lines().filter(|line| !line.starts_with(['#', '!']));
            lines.find_map(find).ok_or(CheckpointFault::Missing(key))
        };
        let version = value("version")?;
        if version != "1" {
            return Err(CheckpointFault::Version(clip(&version)));
        }
        let fault = |text: &str| CheckpointFault::Line { line: 0, text: clip(text) };
        let (node_id, directory_id) = (value("node.id")?, value("directory.id")?);
        Ok(MetaProperties {
            node_id: node_id.parse().map_err(|_| fault(&node_id))?,
            directory_id: id_from_text(&directory_id).ok_or_else(|| fault(&directory_id))?,
            cluster_id: value("cluster.id")?,
        })
    }

    /// The keys in the order in which Kafka's tools write them; without the date, so that equal content is equal.
    pub fn format(&self) -> String {
        format!(
            "#\nnode.id={}\ndirectory.id={}\nversion=1\ncluster.id={}\n",
            self.node_id,
            id_to_text(self.directory_id),
            self.cluster_id
        )
    }
}

/// The content of the clean-shutdown mark.
pub fn format_clean_shutdown(broker_epoch: i64) -> String {
    format!("{{\"version\":0,\"brokerEpoch\":{broker_epoch}}}")
}

/// The broker epoch of a clean-shutdown mark; -1 when it names none. The mark's presence is what counts.
pub fn parse_clean_shutdown(bytes: &[u8]) -> i64 {
    let text = String::from_utf8_lossy(bytes);
    let after = text.split_once("\"brokerEpoch\"").map_or("", |(_, rest)| rest);
    let digits: String = after
        .trim_start_matches([' ', ':'])
        .chars()
        .take_while(|character| character.is_ascii_digit())
        .collect();
    digits.parse().unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafkas_form_is_read_and_ours_is_read_back() {
        let text = "#\n#Mon Nov 23 08:35:20 UTC 2026\nnode.id=1\ndirectory.id=0J8M8DXib4cmRar1Vo20zw\nversion=1\n\
                    cluster.id=MkU3OEVBNTcwNTJENDM2Qk\n";
        let meta = MetaProperties::parse(text.as_bytes()).unwrap();
        assert_eq!((meta.node_id, meta.cluster_id.as_str()), (1, "MkU3OEVBNTcwNTJENDM2Qk"));
        assert_eq!(MetaProperties::parse(meta.format().as_bytes()).unwrap(), meta);
        assert!(MetaProperties::parse(b"version=1\nnode.id=1\n").is_err());
        assert!(MetaProperties::parse(text.replace("version=1", "version=2").as_bytes()).is_err());
    }

    #[test]
    fn the_clean_shutdown_mark_names_the_broker_epoch() {
        assert_eq!(format_clean_shutdown(12), r#"{"version":0,"brokerEpoch":12}"#);
        assert_eq!(parse_clean_shutdown(br#"{"version":0,"brokerEpoch":12}"#), 12);
        assert_eq!(parse_clean_shutdown(b""), -1);
    }
}
