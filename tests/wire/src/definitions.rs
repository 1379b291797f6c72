//! Our definitions against the JSON schemas in Kafka's jar: names, types, versions, nullability, defaults, tags, and the order of fields.

use crate::Counts;
use ottla_protocol_generator::definition::{Api, Field, Kind, Message, Type, Versions};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// `folder` holds Kafka's schemas, one file for each message.
pub fn compare(folder: &Path) -> Result<Counts, String> {
    let protocol = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocol");
    let apis = ottla_protocol_generator::definitions(&protocol)?;
    let mut counts = Counts::default();
    let mut defined = BTreeSet::new();
    for (api, message) in apis.iter().flat_map(|api| api.messages.iter().map(move |message| (api, message))) {
        defined.insert(message.name.clone());
        let path = folder.join(format!("{}.json", message.name));
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let schema = serde_json::from_str(&without_comments(&text))
                    .map_err(|error| format!("{}: {error}", path.display()))?;
                compare_message(api, message, &schema, &mut counts);
            }
            Err(error) => counts.note(false, || format!("{}: {error}", path.display())),
        }
    }
    for entry in
        std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?.flatten()
    {
        let name = entry.file_name().to_string_lossy().trim_end_matches(".json").to_owned();
        if name.ends_with("Request") || name.ends_with("Response") {
            let schema: Value =
                std::fs::read_to_string(entry.path()).map_err(|error| error.to_string()).and_then(
                    |text| serde_json::from_str(&without_comments(&text)).map_err(|error| error.to_string()),
                )?;
            // Keys 4 to 7 went with ZooKeeper; their schemas stayed, without a version.
            if schema["validVersions"] != "none" {
                counts.note(defined.contains(&name), || format!("{name} is not defined"));
            }
        }
    }
    Ok(counts)
}

/// JSON with lines of `//` comments, which Kafka's own reader allows.
fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn compare_message(api: &Api, message: &Message, schema: &Value, counts: &mut Counts) {
    let name = &message.name;
    let mut same = |what: &str, ours: String, theirs: String| {
        counts.note(ours == theirs, || format!("{name} {what}: {ours} instead of {theirs}"));
    };
    if message.kind != Kind::Header {
        same("key", format!("{:?}", api.key), format!("{:?}", schema["apiKey"].as_i64()));
    }
    same("versions", show(message.versions), text(schema, "validVersions"));
    same("flexible", show(message.flexible), text(schema, "flexibleVersions"));
    compare_fields(name, message, &message.fields, &schema["fields"], counts);
    for (shared, fields) in &message.shared {
        let theirs = schema["commonStructs"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|theirs| theirs["name"] == **shared);
        counts.note(theirs.is_some(), || format!("{name}: no struct {shared} in Kafka"));
        if let Some(theirs) = theirs {
            compare_fields(&format!("{name}.{shared}"), message, fields, &theirs["fields"], counts);
        }
    }
}

fn compare_fields(path: &str, message: &Message, ours: &[Field], theirs: &Value, counts: &mut Counts) {
    let empty = Vec::new();
    let theirs = theirs.as_array().unwrap_or(&empty);
    // A field that no version of the message has is none.
    let ours: Vec<&Field> =
        ours.iter().filter(|field| !field.versions.intersect(message.versions).is_none()).collect();
    let theirs: Vec<&Value> = theirs
        .iter()
        .filter(|field| {
            Versions::parse(&text(field, "versions"))
                .is_ok_and(|versions| !versions.intersect(message.versions).is_none())
        })
        .collect();
    counts.note(ours.len() == theirs.len(), || {
        let names = |names: Vec<String>| names.join(" ");
        let ours = names(ours.iter().map(|field| field.name.clone()).collect());
        format!(
            "{path} has the fields {ours} instead of {}",
            names(theirs.iter().map(|field| text(field, "name")).collect())
        )
    });
    for (our, their) in ours.into_iter().zip(theirs) {
        compare_field(&format!("{path}.{}", our.name), message, our, their, counts);
    }
}

fn compare_field(path: &str, message: &Message, our: &Field, their: &Value, counts: &mut Counts) {
    let ranges = |versions: &str| {
        Versions::parse(versions)
            .map_or(versions.to_owned(), |versions| show(versions.intersect(message.versions)))
    };
    let within = |versions: Versions| show(versions.intersect(message.versions));
    let default = |value: &str| {
        value.strip_prefix("0x").map_or(value.to_owned(), |hex| {
            i64::from_str_radix(hex, 16).map_or(value.to_owned(), |number| number.to_string())
        })
    };
    let pairs = [
        ("name", our.name.replace('_', ""), text(their, "name").to_lowercase()),
        ("type", show_type(&our.kind), text(their, "type")),
        ("versions", within(our.versions), ranges(&text(their, "versions"))),
        ("nullable", within(our.nullable), ranges(&or(text(their, "nullableVersions"), "none"))),
        ("tag", our.tag.map_or(String::new(), |(tag, _)| tag.to_string()), text(their, "tag")),
        (
            "tagged",
            our.tag.map_or("none".to_owned(), |(_, versions)| within(versions)),
            ranges(&or(text(their, "taggedVersions"), "none")),
        ),
        ("default", default(our.default.as_deref().unwrap_or_default()), default(&text(their, "default"))),
        ("ignorable", our.ignorable.to_string(), or(text(their, "ignorable"), "false")),
        ("plain", our.plain.to_string(), (text(their, "flexibleVersions") == "none").to_string()),
    ];
    for (what, ours, theirs) in pairs {
        counts.note(ours == theirs, || format!("{path} {what}: '{ours}' instead of '{theirs}'"));
    }
    // A struct that several fields name has its fields in one of them, or among the shared ones.
    if !our.fields.is_empty() || their.get("fields").is_some() {
        compare_fields(path, message, &our.fields, &their["fields"], counts);
    }
}

fn or(text: String, other: &str) -> String {
    if text.is_empty() { other.to_owned() } else { text }
}

/// A value as text; nothing is empty.
fn text(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn show(versions: Versions) -> String {
    match versions {
        Versions { first, last } if first > last => "none".to_owned(),
        Versions { first, last: i16::MAX } => format!("{first}+"),
        Versions { first, last } if first == last => first.to_string(),
        Versions { first, last } => format!("{first}-{last}"),
    }
}

fn show_type(kind: &Type) -> String {
    match kind {
        Type::Plain(name) | Type::Struct(name) => name.clone(),
        Type::Array(element) => format!("[]{}", show_type(element)),
    }
}
