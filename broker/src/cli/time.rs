//! Times as people write them and as records carry them: milliseconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

pub const HELP: &str = "milliseconds since 1970, a date such as 2026-03-01 or 2026-03-01T12:30:00Z (UTC unless it says another), \
                        or a span before now: -30s, -10m, -2h, -7d";

pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds, a date with or without a time, or a span before now.
pub fn parse(text: &str) -> Result<i64, String> {
    parse_at(text, now_ms())
}

fn parse_at(text: &str, now: i64) -> Result<i64, String> {
    let wrong = || format!("expected {HELP}");
    if let Some(span) = text.strip_prefix('-') {
        let unit = match span.chars().last() {
            Some('s') => 1_000,
            Some('m') => 60_000,
            Some('h') => 3_600_000,
            Some('d') => 86_400_000,
            _ => return Err(wrong()),
        };
        let number =
            span.get(..span.len() - 1).and_then(|digits| digits.parse::<u32>().ok()).ok_or_else(wrong)?;
        return Ok((now - i64::from(number) * unit).max(0));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_err(|_| wrong());
    }
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(timestamp.as_millisecond());
    }
    // Without a zone it is UTC. A date alone means its first moment.
    let date = text.parse::<jiff::civil::DateTime>().map_err(|_| wrong())?;
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?;
    Ok(zoned.timestamp().as_millisecond())
}

/// `2026-03-01T12:30:00.123Z`, or the number itself when it is no time.
pub fn show(timestamp_ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(timestamp_ms) {
        Ok(timestamp) if timestamp_ms >= 0 => format!("{timestamp:.3}"),
        _ => timestamp_ms.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form() {
        let now = 1_700_000_000_000;
        for (text, expected) in [
            ("0", 0),
            ("1700000000123", 1_700_000_000_123),
            ("2023-11-14T22:13:20Z", now),
            ("2023-11-14T23:13:20+01:00", now),
            ("2023-11-14T22:13:20", now),
            ("2023-11-14", now - 80_000_000),
            ("-10m", now - 600_000),
            ("-2h", now - 7_200_000),
        ] {
            assert_eq!(parse_at(text, now), Ok(expected), "{text}");
        }
        for wrong in ["", "-", "-5", "-5x", "yesterday", "-é", "99999999999999999999", "2023-13-01"] {
            assert!(parse_at(wrong, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_shown_with_milliseconds() {
        assert_eq!(show(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
        assert_eq!(show(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(show(-1), "-1");
        assert_eq!(show(i64::MAX), i64::MAX.to_string());
    }
}
