//! Values of settings: from text as Kafka reads it, and back as Kafka prints it.

use super::registry::{Kind, Setting, Valid};
use std::collections::BTreeSet;
use std::fmt;

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Boolean(bool),
    Int(i32),
    Short(i16),
    Long(i64),
    Double(f64),
    /// Strings, names of classes, passwords.
    Text(String),
    List(Vec<String>),
}

/// The value that `text` stands for.
/// # Errors
/// Kafka's own sentence, which names the setting and the value, when the text is not of the setting's type or out of
/// its range.
pub fn check(setting: &Setting, text: &str) -> Result<Value, String> {
    let mut value = parse(setting.kind, text).map_err(|why| invalid(setting.name, text, why))?;
    if let (Value::List(items), Valid::Each { .. } | Valid::Voters | Valid::Addresses) =
        (&mut value, &setting.valid)
    {
        // Twice the same counts once (KIP-1161).
        let mut seen = BTreeSet::new();
        items.retain(|item| seen.insert(item.clone()));
    }
    validate(setting, &value)?;
    Ok(value)
}

/// The value that `text` stands for, out of range or not.
/// # Errors
/// What was expected.
pub fn parse(kind: Kind, text: &str) -> Result<Value, &'static str> {
    let trimmed = java_trim(text);
    Ok(match kind {
        Kind::Boolean if trimmed.eq_ignore_ascii_case("true") => Value::Boolean(true),
        Kind::Boolean if trimmed.eq_ignore_ascii_case("false") => Value::Boolean(false),
        Kind::Boolean => return Err("Expected value to be either true or false"),
        Kind::Int => Value::Int(trimmed.parse().map_err(|_| "Not a number of type INT")?),
        Kind::Short => Value::Short(trimmed.parse().map_err(|_| "Not a number of type SHORT")?),
        Kind::Long => Value::Long(trimmed.parse().map_err(|_| "Not a number of type LONG")?),
        Kind::Double => Value::Double(trimmed.parse().map_err(|_| "Not a number of type DOUBLE")?),
        Kind::String => Value::Text(trimmed.to_owned()),
        Kind::Class | Kind::Password => Value::Text(text.to_owned()),
        Kind::List if trimmed.is_empty() => Value::List(Vec::new()),
        Kind::List => Value::List(trimmed.split(',').map(|item| java_trim(item).to_owned()).collect()),
    })
}

fn validate(setting: &Setting, value: &Value) -> Result<(), String> {
    let name = setting.name;
    match (&setting.valid, value) {
        (Valid::Any, _) => Ok(()),
        (Valid::Range(low, high), _) => {
            let number = value.number().unwrap_or_default();
            if number < *low {
                return Err(invalid(name, value, format_args!("Value must be at least {low}")));
            }
            match high {
                Some(high) if number > *high => {
                    Err(invalid(name, value, format_args!("Value must be no more than {high}")))
                }
                _ => Ok(()),
            }
        }
        (Valid::RangeOr(low, high, other), _) => {
            let number = value.number().unwrap_or_default();
            if (*low as f64..=*high as f64).contains(&number) || number == *other as f64 {
                return Ok(());
            }
            let why = format_args!("Value must be between {low} and {high} or equal to {other}");
            Err(invalid(name, value, why))
        }
        (Valid::OneOf(names), Value::Text(text)) => one_of(name, names, text),
        (Valid::OneOfAnyCase(names), Value::Text(text)) => {
            if names.iter().any(|known| known.eq_ignore_ascii_case(text)) {
                return Ok(());
            }
            let why = format!("String must be one of (case insensitive): {}", names.join(", "));
            Err(invalid(name, text, why))
        }
        (Valid::NotEmpty, Value::Text(text)) if text.is_empty() => {
            Err(invalid(name, text, "String must be non-empty"))
        }
        (Valid::Each { not_empty, of }, Value::List(items)) => {
            check_items(name, items)?;
            if *not_empty && items.is_empty() {
                let known = if of.is_empty() {
                    "any non-empty value".to_owned()
                } else {
                    format!("[{}]", of.join(", "))
                };
                return Err(format!(
                    "Configuration '{name}' must not be empty. Valid values include: {known}"
                ));
            }
            if of.is_empty() {
                return Ok(());
            }
            items.iter().try_for_each(|item| one_of(name, of, item))
        }
        (Valid::Voters, Value::List(items)) => {
            check_items(name, items)?;
            if items.iter().all(|item| is_voter(item)) {
                return Ok(());
            }
            Err(format!(
                "Invalid configuration value for {name}. Each entry should be in the form `{{id}}@{{host}}:{{port}}`."
            ))
        }
        (Valid::Addresses, Value::List(items)) => {
            check_items(name, items)?;
            match items.iter().find(|item| host_and_port(item).is_none()) {
                None => Ok(()),
                Some(item) => Err(format!(
                    "Failed to parse host name from {item} for the configuration {name}. Each entry should be in the \
                     form \"{{host}}:{{port}}\""
                )),
            }
        }
        (Valid::ThrottledReplicas, Value::List(items)) => {
            let one_for_all = matches!(items.as_slice(), [star] if star == "*");
            if one_for_all || items.iter().all(|item| is_partition_and_broker(item)) {
                return Ok(());
            }
            let why = format!(
                "{name} must be the literal '*' or a list of replicas in the following format: \
                 [partitionId]:[brokerId],[partitionId]:[brokerId],..."
            );
            Err(invalid(name, format_args!("[{}]", items.join(", ")), why))
        }
        (Valid::OffsetReset, Value::Text(text)) => {
            if is_offset_reset(text) {
                return Ok(());
            }
            let why = format!(
                "Invalid value `{text}` for configuration {name}. The value must be either 'earliest', 'latest' or of \
                 the format 'by_duration:<PnDTnHnMn.nS>'."
            );
            Err(invalid(name, text, why))
        }
        _ => Ok(()),
    }
}

pub(super) fn invalid(name: &str, value: impl fmt::Display, why: impl fmt::Display) -> String {
    format!("Invalid value {value} for configuration {name}: {why}")
}

fn one_of(name: &str, known: &[&str], text: &str) -> Result<(), String> {
    if known.contains(&text) {
        return Ok(());
    }
    Err(invalid(name, text, format_args!("String must be one of: {}", known.join(", "))))
}

/// What holds for every list: an item is never blank.
fn check_items(name: &str, items: &[String]) -> Result<(), String> {
    if items.iter().any(String::is_empty) {
        return Err(format!("Configuration '{name}' values must not be empty."));
    }
    Ok(())
}

fn is_voter(text: &str) -> bool {
    text.split_once('@')
        .is_some_and(|(id, address)| id.parse::<i32>().is_ok() && host_and_port(address).is_some())
}

/// `host:port`, `[ipv6]:port`.
pub(super) fn host_and_port(text: &str) -> Option<(&str, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    (!host.is_empty()).then_some((host, port.parse().ok()?))
}

fn is_partition_and_broker(text: &str) -> bool {
    let number = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    text.split_once(':').is_some_and(|(partition, broker)| number(partition) && number(broker))
}

fn is_offset_reset(text: &str) -> bool {
    match text.strip_prefix("by_duration:") {
        Some(duration) => is_duration(duration),
        None => matches!(text, "earliest" | "latest"),
    }
}

/// An ISO 8601 duration that is not negative, such as `P1DT2H` or `PT0.5S`.
fn is_duration(text: &str) -> bool {
    let Some(rest) = text.to_ascii_uppercase().strip_prefix('P').map(str::to_owned) else { return false };
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days.to_owned(), time.to_owned()),
        Some(_) => return false,
        None => (rest, String::new()),
    };
    if days.is_empty() && time.is_empty() {
        return false;
    }
    takes_units(&days, "D") && takes_units(&time, "HMS")
}

/// Numbers, each followed by one of `units`, in their order; only the seconds may have a fraction.
fn takes_units(text: &str, units: &str) -> bool {
    let mut left = units;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() || c == '.' {
            number.push(c);
            continue;
        }
        let Some(at) = left.find(c) else { return false };
        let whole = number.parse::<i64>().is_ok();
        let fraction =
            c == 'S' && number.len() > 1 && !number.starts_with('.') && number.parse::<f64>().is_ok();
        if !whole && !fraction {
            return false;
        }
        left = left.get(at + 1..).unwrap_or_default();
        number.clear();
    }
    number.is_empty()
}

/// Java's `String.trim`.
fn java_trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

impl Value {
    pub fn number(&self) -> Option<f64> {
        Some(match self {
            Value::Int(v) => f64::from(*v),
            Value::Short(v) => f64::from(*v),
            Value::Long(v) => *v as f64,
            Value::Double(v) => *v,
            Value::Boolean(_) | Value::Text(_) | Value::List(_) => return None,
        })
    }
}

/// As Kafka prints it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Boolean(v) => v.fmt(f),
            Value::Int(v) => v.fmt(f),
            Value::Short(v) => v.fmt(f),
            Value::Long(v) => v.fmt(f),
            Value::Double(v) => f.write_str(&java_double(*v)),
            Value::Text(v) => v.fmt(f),
            Value::List(v) => f.write_str(&v.join(",")),
        }
    }
}

/// Java's `Double.toString`: `0.5`, `1.0`, `1.7976931348623157E308`.
fn java_double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".to_owned() } else { "-Infinity".to_owned() };
    }
    if value == 0.0 || (1e-3..1e7).contains(&value.abs()) {
        return format!("{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, power)) if !digits.contains('.') => format!("{digits}.0E{power}"),
        _ => text,
    }
}
