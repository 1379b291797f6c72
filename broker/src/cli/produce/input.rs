//! Lines of input as records: `KEY:VALUE` text, or a JSON object for each record.

use super::super::client::producer::{NewHeader, NewRecord};
use super::super::time;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

/// How a line becomes a record.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Each line is a JSON object.
    pub json: bool,
    /// What stands between key and value; without it the whole line is the value.
    pub key_separator: Option<String>,
    /// The key of every record.
    pub key: Option<String>,
    /// A key or value that is exactly this is null.
    pub null_marker: Option<String>,
    /// Headers of every record, before those of the line.
    pub headers: Vec<(String, String)>,
    /// Of every record; without it the time at which its line was read.
    pub timestamp_ms: Option<i64>,
    /// Of every record.
    pub partition: Option<i32>,
}

/// A record and the partition that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed {
    pub record: NewRecord,
    pub partition: Option<i32>,
}

impl Form {
    /// # Errors
    /// What is wrong with the line, in words.
    pub fn parse(&self, line: &[u8], now_ms: i64) -> Result<Parsed, String> {
        if self.json { self.parse_json(line, now_ms) } else { self.parse_text(line, now_ms) }
    }

    fn own_headers(&self) -> Vec<NewHeader> {
        self.headers.iter().map(|(name, value)| (name.clone(), Some(value.clone().into_bytes()))).collect()
    }

    fn parse_text(&self, line: &[u8], now_ms: i64) -> Result<Parsed, String> {
        let (key, value) = match &self.key_separator {
            None => (self.key.as_ref().map(|key| key.as_bytes()), line),
            Some(separator) => match split_once(line, separator.as_bytes()) {
                Some((key, value)) => (Some(key), value),
                None => return Err(format!("there is no key separator '{separator}' in it")),
            },
        };
        let null = |bytes: &&[u8]| self.null_marker.as_ref().is_none_or(|marker| marker.as_bytes() != *bytes);
        Ok(Parsed {
            record: NewRecord {
                key: key.filter(null).map(<[u8]>::to_vec),
                value: Some(line).map(|_| value).filter(null).map(<[u8]>::to_vec),
                headers: self.own_headers(),
                timestamp_ms: self.timestamp_ms.unwrap_or(now_ms),
            },
            partition: self.partition,
        })
    }

    fn parse_json(&self, line: &[u8], now_ms: i64) -> Result<Parsed, String> {
        let object: Map<String, Value> =
            serde_json::from_slice(line).map_err(|error| match error.classify() {
                serde_json::error::Category::Data => "expected a JSON object".to_owned(),
                _ => format!("no JSON: {error}"),
            })?;
        // The last three are what consume prints beside the rest; a new record gets its own.
        let known = [
            "key",
            "key_base64",
            "value",
            "value_base64",
            "headers",
            "partition",
            "timestamp",
            "topic",
            "offset",
            "timestamp_type",
        ];
        if let Some(name) = object.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(format!(
                "unknown field '{name}': a record has key, value, headers, partition, timestamp"
            ));
        }
        let value = bytes_of(&object, "value")?
            .ok_or("there is no 'value': give a string, null for a tombstone, or value_base64")?;
        let mut headers = self.own_headers();
        headers.extend(headers_of(object.get("headers"))?);
        let timestamp = match object.get("timestamp") {
            None | Some(Value::Null) => None,
            Some(Value::Number(number)) => Some(
                number
                    .as_i64()
                    .filter(|number| *number >= 0)
                    .ok_or_else(|| format!("'timestamp' is {number}: expected milliseconds since 1970"))?,
            ),
            Some(Value::String(text)) => {
                Some(time::parse(text).map_err(|expected| format!("'timestamp' is '{text}': {expected}"))?)
            }
            Some(other) => return Err(format!("'timestamp' is {other}: expected {}", time::HELP)),
        };
        let partition = match object.get("partition") {
            None | Some(Value::Null) => None,
            Some(number) => Some(
                number
                    .as_i64()
                    .and_then(|number| i32::try_from(number).ok())
                    .ok_or_else(|| format!("'partition' is {number}: expected a number"))?,
            ),
        };
        Ok(Parsed {
            record: NewRecord {
                key: bytes_of(&object, "key")?
                    .unwrap_or_else(|| self.key.as_ref().map(|key| key.clone().into_bytes())),
                value,
                headers,
                timestamp_ms: self.timestamp_ms.or(timestamp).unwrap_or(now_ms),
            },
            partition: self.partition.or(partition),
        })
    }
}

/// The field `name`, or `name_base64`: outer `None` when neither is there, inner `None` for null.
fn bytes_of(object: &Map<String, Value>, name: &str) -> Result<Option<Option<Vec<u8>>>, String> {
    let encoded = format!("{name}_base64");
    match (object.get(name), object.get(&encoded)) {
        (Some(_), Some(_)) => Err(format!("both '{name}' and '{encoded}'")),
        (Some(Value::String(text)), None) => Ok(Some(Some(text.clone().into_bytes()))),
        (Some(Value::Null), None) => Ok(Some(None)),
        (Some(_), None) => Err(format!("'{name}' must be a string or null: write other JSON as a string")),
        (None, Some(Value::String(text))) => match BASE64.decode(text) {
            Ok(bytes) => Ok(Some(Some(bytes))),
            Err(error) => Err(format!("'{encoded}' is no base64: {error}")),
        },
        (None, Some(_)) => Err(format!("'{encoded}' must be a string")),
        (None, None) => Ok(None),
    }
}

/// `{"name": "value"}`, or `[{"key": "name", "value": "value"}]`, which can repeat a name.
fn headers_of(field: Option<&Value>) -> Result<Vec<NewHeader>, String> {
    let expected = "'headers' must be an object of strings, or an array of {\"key\", \"value\"}";
    match field {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(object)) => object
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => Ok((name.clone(), Some(text.clone().into_bytes()))),
                Value::Null => Ok((name.clone(), None)),
                _ => Err(expected.to_owned()),
            })
            .collect(),
        Some(Value::Array(array)) => array
            .iter()
            .map(|header| {
                let object = header.as_object().ok_or(expected)?;
                let name = object.get("key").and_then(Value::as_str).ok_or(expected)?;
                Ok((name.to_owned(), bytes_of(object, "value")?.flatten()))
            })
            .collect(),
        Some(_) => Err(expected.to_owned()),
    }
}

fn split_once<'a>(line: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = line.windows(separator.len()).position(|window| window == separator)?;
    Some((line.get(..at)?, line.get(at + separator.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: Option<&str>, value: Option<&str>) -> NewRecord {
        let bytes = |text: &str| text.as_bytes().to_vec();
        NewRecord { key: key.map(bytes), value: value.map(bytes), headers: Vec::new(), timestamp_ms: 7 }
    }

    fn header(name: &str, value: Option<&str>) -> (String, Option<Vec<u8>>) {
        (name.to_owned(), value.map(|value| value.as_bytes().to_vec()))
    }

    #[test]
    fn a_line_of_text_is_a_value_or_a_key_and_a_value() {
        let plain = Form::default();
        assert_eq!(plain.parse(b"a:b", 7).unwrap().record, record(None, Some("a:b")));
        assert_eq!(plain.parse(b"", 7).unwrap().record, record(None, Some("")));
        assert_eq!(plain.parse(&[0xff], 7).unwrap().record.value, Some(vec![0xff]));
        let keyed =
            Form { key_separator: Some("::".into()), null_marker: Some("NULL".into()), ..Default::default() };
        for (line, key, value) in [
            ("k::v", Some("k"), Some("v")),
            ("k::v::w", Some("k"), Some("v::w")),
            ("::v", Some(""), Some("v")),
            ("k::", Some("k"), Some("")),
            ("k::NULL", Some("k"), None),
            ("NULL::v", None, Some("v")),
        ] {
            assert_eq!(keyed.parse(line.as_bytes(), 7).unwrap().record, record(key, value), "{line}");
        }
        assert!(keyed.parse(b"k:v", 7).unwrap_err().contains("'::'"));
        let fixed = Form {
            key: Some("all".into()),
            headers: vec![("h".into(), "1".into())],
            timestamp_ms: Some(99),
            partition: Some(3),
            ..Default::default()
        };
        let parsed = fixed.parse(b"v", 7).unwrap();
        let expected = NewRecord {
            headers: vec![header("h", Some("1"))],
            timestamp_ms: 99,
            ..record(Some("all"), Some("v"))
        };
        assert_eq!(parsed, Parsed { record: expected, partition: Some(3) });
    }

    #[test]
    fn a_line_of_json_says_everything() {
        let form = Form { json: true, ..Default::default() };
        let parse = |text: &str| form.parse(text.as_bytes(), 7);
        assert_eq!(parse(r#"{"value":"v"}"#).unwrap().record, record(None, Some("v")));
        assert_eq!(parse(r#"{"key":null,"value":null}"#).unwrap().record, record(None, None));
        let all = parse(
            r#"{"topic":"x","offset":5,"timestamp_type":"create","key_base64":"AP8=","value":"é","partition":2,"timestamp":1234,
                "headers":[{"key":"a","value":"1"},{"key":"a","value":null},{"key":"b","value_base64":"YQ=="}]}"#,
        )
        .unwrap();
        assert_eq!(all.partition, Some(2));
        assert_eq!(all.record.key, Some(vec![0, 0xff]));
        assert_eq!(all.record.timestamp_ms, 1234);
        assert_eq!(all.record.headers, [header("a", Some("1")), header("a", None), header("b", Some("a"))]);
        let dated = parse(r#"{"value":"","timestamp":"1970-01-01T00:00:01Z","headers":{"n":"v"}}"#).unwrap();
        assert_eq!(dated.record.timestamp_ms, 1000);
        assert_eq!(dated.record.headers, [header("n", Some("v"))]);
    }

    #[test]
    fn what_is_wrong_with_json_is_said() {
        let form = Form { json: true, ..Default::default() };
        for (text, expected) in [
            ("hello", "no JSON"),
            ("[1]", "expected a JSON object"),
            (r#"{"key":"k"}"#, "no 'value'"),
            (r#"{"value":{"a":1}}"#, "write other JSON as a string"),
            (r#"{"value":"v","valeu":1}"#, "'valeu'"),
            (r#"{"value":"v","value_base64":"AA=="}"#, "both"),
            (r#"{"value_base64":"*"}"#, "no base64"),
            (r#"{"value":"v","partition":"x"}"#, "'partition'"),
            (r#"{"value":"v","partition":3000000000}"#, "'partition'"),
            (r#"{"value":"v","timestamp":-5}"#, "'timestamp'"),
            (r#"{"value":"v","timestamp":"soon"}"#, "'soon'"),
            (r#"{"value":"v","headers":"h"}"#, "'headers'"),
            (r#"{"value":"v","headers":[{"value":"h"}]}"#, "'headers'"),
        ] {
            let error = form.parse(text.as_bytes(), 7).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
