//! Which topic names are legal, and which collide.

use super::Error;
use crate::image::Image;

/// A partition's directory is `NAME-PARTITION` and file names end at 255 bytes: Kafka keeps 249 for the name.
pub const NAME_BYTES_MAX: usize = 249;

/// Checks `name` alone.
/// # Errors
/// `InvalidTopic` with Kafka's text.
pub fn validate(name: &str) -> Result<(), Error> {
    let refuse = |why: String| Err(Error::InvalidTopic(format!("Topic name is invalid: {why}")));
    if name.is_empty() {
        return refuse("the empty string is not allowed".into());
    }
    if name == "." || name == ".." {
        return refuse(format!("'{name}' is not allowed"));
    }
    // Kafka counts UTF-16 units here; legal names are ASCII, for which they are bytes.
    if name.encode_utf16().count() > NAME_BYTES_MAX {
        return refuse(format!(
            "the length of '{name}' is longer than the max allowed length {NAME_BYTES_MAX}"
        ));
    }
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        return refuse(format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
        ));
    }
    Ok(())
}

/// `.` and `_` are the same character in the names of metrics.
pub fn unified(name: &str) -> String {
    name.replace('.', "_")
}

/// A topic of `image` whose name is another but the same once `.` and `_` are one.
pub fn colliding<'a>(image: &'a Image, name: &str) -> Option<&'a str> {
    let first = name.find(['.', '_'])?;
    let unified_name = unified(name);
    // Names that collide are equal up to the first such character: walk those only.
    let prefix = name.get(..first)?;
    image
        .topics_by_name
        .range::<str, _>((std::ops::Bound::Included(prefix), std::ops::Bound::Unbounded))
        .map(|(other, _)| &**other)
        .take_while(|other| other.starts_with(prefix))
        .find(|other| *other != name && unified(other) == unified_name)
}
