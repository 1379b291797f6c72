//! What must hold between the settings of a broker. Texts are Kafka's.

use super::sources::parse_overrides;
use super::value::Value;

/// Checks values that are each valid, where `get` gives the one that counts.
/// # Errors
/// What must hold.
pub(super) fn between(get: &dyn Fn(&str) -> Option<Value>) -> Result<(), String> {
    let number = |name: &str| get(name).and_then(|value| value.number());
    let is_below = |name: &str, low: f64| number(name).is_some_and(|value| value < low);
    let required =
        |holds: bool, text: &str| if holds { Ok(()) } else { Err(format!("requirement failed: {text}")) };
    let in_order =
        |low: &str, high: &str| number(low).zip(number(high)).is_none_or(|(low, high)| low <= high);

    required(!is_below("log.roll.ms", 1.0), "log.roll.ms must be greater than or equal to 1")?;
    required(!is_below("log.roll.jitter.ms", 0.0), "log.roll.jitter.ms must be greater than or equal to 0")?;
    required(
        number("log.retention.ms") != Some(0.0),
        "log.retention.ms must be unlimited (-1) or, greater than or equal to 1",
    )?;
    required(
        in_order("replica.fetch.wait.max.ms", "replica.socket.timeout.ms"),
        "replica.socket.timeout.ms should always be at least replica.fetch.wait.max.ms to prevent unnecessary socket \
         timeouts",
    )?;
    required(
        in_order("replica.fetch.wait.max.ms", "replica.lag.time.max.ms"),
        "replica.fetch.wait.max.ms should always be less than or equal to replica.lag.time.max.ms to prevent frequent \
         changes in ISR",
    )?;
    let table_bytes = number("log.cleaner.dedupe.buffer.size").zip(number("log.cleaner.threads"));
    required(
        table_bytes.is_none_or(|(bytes, threads)| threads == 0.0 || bytes / threads > f64::from(1 << 20)),
        "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.",
    )?;
    let queued = number("queued.max.request.bytes").unwrap_or(0.0);
    required(
        queued <= 0.0 || in_order("socket.request.max.bytes", "queued.max.request.bytes"),
        "queued.max.request.bytes must be larger or equal to socket.request.max.bytes",
    )?;
    let overrides =
        get("max.connections.per.ip.overrides").map(|value| value.to_string()).unwrap_or_default();
    let Some(parsed) = parse_overrides(&overrides) else {
        return Err(format!(
            "Error parsing configuration property 'max.connections.per.ip.overrides': {overrides} is not \
             HOST:COUNT,..."
        ));
    };
    required(
        number("max.connections.per.ip") != Some(0.0) || !parsed.is_empty(),
        "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.",
    )?;
    cordoned(get)
}

fn cordoned(get: &dyn Fn(&str) -> Option<Value>) -> Result<(), String> {
    let list = |name: &str| match get(name) {
        Some(Value::List(items)) => items,
        _ => Vec::new(),
    };
    let cordoned = list("cordoned.log.dirs");
    if cordoned.iter().any(|dir| dir == "*") {
        return match cordoned.len() {
            1 => Ok(()),
            _ => Err(
                "requirement failed: When cordoned.log.dirs is set to *, it must not contain other values"
                    .to_owned(),
            ),
        };
    }
    let dirs = match list("log.dirs") {
        dirs if dirs.is_empty() => list("log.dir"),
        dirs => dirs,
    };
    let missing: Vec<&str> =
        cordoned.iter().map(String::as_str).filter(|dir| !dirs.iter().any(|d| d == dir)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "requirement failed: All entries in cordoned.log.dirs must be present in log.dirs or log.dir. Missing entries : {}",
        missing.join(",")
    ))
}
