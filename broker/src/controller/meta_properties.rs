//! `meta.properties`: which cluster, node and directory a log directory belongs to. Kafka's file, version 1.

use ottla_io::file;
use ottla_metadata::Uuid;
use ottla_metadata::id::Seed;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

pub const FILE_NAME: &str = "meta.properties";
/// The file has four short lines.
const FILE_BYTES_MAX: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaProperties {
    pub cluster_id: String,
    pub node_id: i32,
    pub directory_id: Uuid,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}: {what}")]
    Malformed { path: PathBuf, what: String },
    #[error(
        "{path} says cluster.id={found}, but this broker is of cluster {expected}. Point log.dirs to the right \
         directory, or start with the cluster id {found}"
    )]
    WrongCluster { path: PathBuf, found: String, expected: String },
    #[error(
        "{path} says node.id={found}, but this broker has node.id={expected}. Point log.dirs to the right directory, or \
         set node.id={found}"
    )]
    WrongNode { path: PathBuf, found: i32, expected: i32 },
}

impl MetaProperties {
    /// Reads the file in `dir`; `None` when the directory was never formatted.
    pub async fn read(dir: &Path) -> Result<Option<MetaProperties>, Error> {
        let path = dir.join(FILE_NAME);
        match file::read(&path, FILE_BYTES_MAX).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Io { path, source }),
            Ok(bytes) => match parse(&bytes) {
                Ok(found) => Ok(Some(found)),
                Err(what) => Err(Error::Malformed { path, what }),
            },
        }
    }

    /// Reads the file in `dir` and checks it, or writes it when there is none: with `cluster_id`, or an id drawn for a
    /// new cluster. The directory exists.
    /// # Errors
    /// `WrongCluster` when `cluster_id` is given and the file names another; `WrongNode`.
    pub async fn read_or_format(
        dir: &Path,
        node_id: i32,
        cluster_id: Option<&str>,
    ) -> Result<MetaProperties, Error> {
        let path = dir.join(FILE_NAME);
        if let Some(found) = MetaProperties::read(dir).await? {
            found.check(&path, node_id, cluster_id)?;
            return Ok(found);
        }
        let mut seed = Seed::new(ottla_io::task::random_u64());
        let made = MetaProperties {
            cluster_id: cluster_id.map_or_else(|| seed.next_uuid().to_string(), str::to_owned),
            node_id,
            directory_id: seed.next_uuid(),
        };
        let text = made.text();
        file::replace(&path, text.as_bytes()).await.map_err(|source| Error::Io { path, source })?;
        Ok(made)
    }

    fn check(&self, path: &Path, node_id: i32, cluster_id: Option<&str>) -> Result<(), Error> {
        let path = || path.to_owned();
        if let Some(expected) = cluster_id
            && self.cluster_id != expected
        {
            let (found, expected) = (self.cluster_id.clone(), expected.to_owned());
            return Err(Error::WrongCluster { path: path(), found, expected });
        }
        if self.node_id != node_id {
            return Err(Error::WrongNode { path: path(), found: self.node_id, expected: node_id });
        }
        Ok(())
    }

    fn text(&self) -> String {
        format!(
            "#\ncluster.id={}\ndirectory.id={}\nnode.id={}\nversion=1\n",
            self.cluster_id, self.directory_id, self.node_id
        )
    }
}

/// Java's properties, as far as this file ever uses them: `key=value`, `key:value`, comments, blank lines.
pub(crate) fn parse(bytes: &[u8]) -> Result<MetaProperties, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
    let mut properties = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', '!']) {
            continue;
        }
        let (key, value) = line.split_once(['=', ':']).ok_or_else(|| format!("'{line}' is not key=value"))?;
        properties.insert(key.trim(), value.trim());
    }
    let get = |key: &str| properties.get(key).copied().ok_or_else(|| format!("{key} is missing"));
    match get("version")? {
        "1" => {}
        "0" => {
            return Err(
                "version 0 is of a ZooKeeper cluster: migrate it to KRaft with Kafka's own tools first"
                    .into(),
            );
        }
        other => return Err(format!("version {other} is not known; 1 is")),
    }
    let cluster_id = get("cluster.id")?.to_owned();
    if cluster_id.is_empty() {
        return Err("cluster.id is empty".into());
    }
    let node_id = get("node.id")?;
    let node_id = node_id.parse().map_err(|_| format!("node.id={node_id} is not a node's number"))?;
    let directory_id = get("directory.id")?;
    let directory_id = directory_id.parse().map_err(|e| format!("directory.id: {e}"))?;
    Ok(MetaProperties { cluster_id, node_id, directory_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that Kafka 4.3's `kafka-storage format` wrote.
    const KAFKAS: &str = "#\n#Mon Nov 23 08:38:21 UTC 2026\ncluster.id=MkU3OEVBNTcwNTJENDM2Qg\n\
                          directory.id=hDEX_DEYc5pvR2KBRhcpAw\nnode.id=1\nversion=1\n";

    #[test]
    fn kafkas_file_is_read_and_ours_reads_back() {
        let found = parse(KAFKAS.as_bytes()).unwrap();
        assert_eq!(found.cluster_id, "MkU3OEVBNTcwNTJENDM2Qg");
        assert_eq!(found.node_id, 1);
        assert_eq!(found.directory_id.to_string(), "hDEX_DEYc5pvR2KBRhcpAw");
        assert_eq!(parse(found.text().as_bytes()), Ok(found));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let without = |key: &str| {
            let lines = KAFKAS.lines().filter(|line| !line.starts_with(key));
            parse(lines.collect::<Vec<_>>().join("\n").as_bytes()).unwrap_err()
        };
        for key in ["version", "cluster.id", "node.id", "directory.id"] {
            assert_eq!(without(key), format!("{key} is missing"));
        }
        assert!(parse(&[0xff]).unwrap_err().contains("not text"));
        assert!(parse(b"version=2").unwrap_err().contains("version 2"));
        assert!(parse(b"rubbish").unwrap_err().contains("rubbish"));
        let found = parse(KAFKAS.as_bytes()).unwrap();
        let path = Path::new("/data/meta.properties");
        assert!(found.check(path, 1, None).is_ok());
        let text = found.check(path, 2, None).unwrap_err().to_string();
        assert!(text.contains("node.id=1") && text.contains("node.id=2"), "{text}");
        let text = found.check(path, 1, Some("other")).unwrap_err().to_string();
        assert!(text.contains("MkU3OEVBNTcwNTJENDM2Qg") && text.contains("other"), "{text}");
    }
}
