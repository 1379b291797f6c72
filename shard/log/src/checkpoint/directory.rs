//! `.kafka_cleanshutdown` of a data directory.

/// The file's name.
pub const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";

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
    fn the_clean_shutdown_mark_names_the_broker_epoch() {
        assert_eq!(format_clean_shutdown(12), r#"{"version":0,"brokerEpoch":12}"#);
        assert_eq!(parse_clean_shutdown(br#"{"version":0,"brokerEpoch":12}"#), 12);
        assert_eq!(parse_clean_shutdown(b""), -1);
    }
}
