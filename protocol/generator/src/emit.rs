//! Rust from definitions.

use crate::definition::{Api, Field, Kind, Message, Type, Versions};
use std::fmt::Write;

const HEADER: &str = "// Generated from protocol/definitions by ottla-protocol-generator. Do not edit.\n\n";

/// A struct to write: its name, fields and the versions in which it can occur.
struct Struct<'a> {
    name: &'a str,
    fields: &'a [Field],
    prose: String,
}

pub fn message(message: &Message) -> String {
    let mut structs =
        vec![Struct { name: &message.name, fields: &message.fields, prose: message_prose(message) }];
    collect(&message.fields, &mut structs);
    for (name, fields) in &message.shared {
        structs.push(Struct { name, fields, prose: String::new() });
        collect(fields, &mut structs);
    }
    let mut code = HEADER.to_owned();
    code.push_str("use crate::wire::{DecodeError, Decoder, EncodeError, Encoder, Message};\n");
    let mut used = String::new();
    for index in 0..structs.len() {
        write_struct(&mut used, message, &structs, index);
    }
    if used.contains("Records<") {
        code.push_str("use crate::records_field::Records;\n");
    }
    if used.contains("Uuid") {
        code.push_str("use crate::uuid::Uuid;\n");
    }
    if used.contains("Cow<") {
        code.push_str("use std::borrow::Cow;\n");
    }
    code.push('\n');
    code.push_str(&used);
    code
}

fn message_prose(message: &Message) -> String {
    let versions = message.versions;
    let flexible = if message.flexible.is_none() {
        "never".to_owned()
    } else {
        format!("from {}", message.flexible.first)
    };
    let prose = if message.prose.is_empty() { String::new() } else { format!("{}\n\n", message.prose) };
    format!("{prose}Versions {} to {}, flexible {flexible}.", versions.first, versions.last)
}

fn collect<'a>(fields: &'a [Field], structs: &mut Vec<Struct<'a>>) {
    for field in fields {
        if let (Some(name), false) = (field.kind.struct_name(), field.fields.is_empty()) {
            structs.push(Struct { name, fields: &field.fields, prose: field.prose.clone() });
            collect(&field.fields, structs);
        }
    }
}

fn write_struct(code: &mut String, message: &Message, structs: &[Struct<'_>], index: usize) {
    let Struct { name, fields, prose } = &structs[index];
    let borrowed = borrows(structs, name);
    let life = if borrowed { "<'a>" } else { "" };
    docs(code, prose, "");
    let _ = writeln!(code, "#[derive(Clone, Debug, PartialEq)]\npub struct {name}{life} {{");
    for field in *fields {
        let mut prose = field.prose.clone();
        let range = field.versions.intersect(message.versions);
        if range != message.versions {
            let text = if range.last == message.versions.last {
                format!("From version {}.", range.first)
            } else {
                format!("Versions {} to {}.", range.first, range.last)
            };
            prose = format!("{prose} {text}").trim().to_owned();
        }
        docs(code, &prose, "    ");
        let _ = writeln!(code, "    pub {}: {},", ident(&field.name), rust_type(field, structs));
    }
    code.push_str("}\n\n");

    let _ = writeln!(
        code,
        "impl{life} Default for {name}{life} {{\n    fn default() -> Self {{\n        {name} {{"
    );
    for field in *fields {
        let _ = writeln!(code, "{}: {},", ident(&field.name), default_value(field));
    }
    code.push_str("}\n}\n}\n\n");

    let _ = writeln!(code, "impl<'a> Message<'a> for {name}{life} {{");
    let _ =
        writeln!(code, "fn decode(decoder: &mut Decoder<'a>, version: i16) -> Result<Self, DecodeError> {{");
    if index == 0 {
        let _ = writeln!(
            code,
            "if !({}..={}).contains(&version) {{ return Err(DecodeError::Version(version)); }}",
            message.versions.first, message.versions.last
        );
    }
    let _ = writeln!(code, "let flexible = {};", in_versions(message.flexible, message.versions));
    for field in *fields {
        let plain = untagged(field).intersect(message.versions);
        let mutable = if field.tag.is_some() { "mut " } else { "" };
        let read = read_field(message, field);
        let variable = ident(&field.name);
        let condition = in_versions(plain, message.versions);
        let value = match &*condition {
            "true" => read,
            "false" => default_value(field),
            condition => format!("if {condition} {{ {read} }} else {{ {} }}", default_value(field)),
        };
        let _ = writeln!(code, "let {mutable}{variable} = {value};");
    }
    if !message.flexible.is_none() {
        let tagged: Vec<&Field> = fields.iter().filter(|field| field.tag.is_some()).collect();
        if tagged.is_empty() {
            code.push_str("if flexible { decoder.tagged_fields(|_, _| Ok(()))?; }\n");
        } else {
            code.push_str("if flexible { decoder.tagged_fields(|tag, decoder| { match tag {\n");
            for field in tagged {
                let Some((tag, versions)) = field.tag else { continue };
                let condition = in_versions(versions.intersect(field.versions), message.versions);
                let guard = if condition == "true" { String::new() } else { format!(" if {condition}") };
                let _ = writeln!(
                    code,
                    "{tag}{guard} => {} = {},",
                    ident(&field.name),
                    read_field(message, field)
                );
            }
            code.push_str("_ => {}\n}\nOk(())\n})?; }\n");
        }
    }
    let names: Vec<String> = fields.iter().map(|field| ident(&field.name)).collect();
    let _ = writeln!(code, "Ok({name} {{ {} }})\n}}\n", names.join(", "));

    let _ =
        writeln!(code, "fn encode(&self, encoder: &mut Encoder, version: i16) -> Result<(), EncodeError> {{");
    if index == 0 {
        let _ = writeln!(
            code,
            "if !({}..={}).contains(&version) {{ return Err(EncodeError::Version(version)); }}",
            message.versions.first, message.versions.last
        );
    }
    let _ = writeln!(code, "let flexible = {};", in_versions(message.flexible, message.versions));
    for field in *fields {
        let this = format!("self.{}", ident(&field.name));
        let plain = untagged(field).intersect(message.versions);
        let condition = in_versions(plain, message.versions);
        if condition != "false" {
            let write = write_field(message, field, &this);
            match &*condition {
                "true" => code.push_str(&write),
                condition => {
                    let _ = writeln!(code, "if {condition} {{ {write} }}");
                }
            }
        }
        let present = field.versions.intersect(message.versions);
        if present != message.versions && !field.ignorable {
            let absent = format!("!({})", in_versions(present, message.versions));
            let _ = writeln!(
                code,
                "if {absent} && {} {{ return Err(EncodeError::Unsupported {{ field: \"{}\", version }}); }}",
                differs(field, &this),
                field.name
            );
        }
    }
    if !message.flexible.is_none() {
        let mut tagged: Vec<&Field> = fields.iter().filter(|field| field.tag.is_some()).collect();
        tagged.sort_by_key(|field| field.tag.map(|(tag, _)| tag));
        code.push_str("if flexible {\n");
        if tagged.is_empty() {
            code.push_str("encoder.unsigned_varint(0);\n");
        } else {
            let conditions: Vec<String> = tagged
                .iter()
                .map(|field| {
                    let versions =
                        field.tag.map_or(field.versions, |(_, versions)| versions).intersect(field.versions);
                    let differs = differs(field, &format!("self.{}", ident(&field.name)));
                    match &*in_versions(versions, message.versions) {
                        "true" => differs,
                        condition => format!("({condition}) && {differs}"),
                    }
                })
                .collect();
            for (position, condition) in conditions.iter().enumerate() {
                let _ = writeln!(code, "let tagged_{position} = {condition};");
            }
            let sum: Vec<String> =
                (0..conditions.len()).map(|position| format!("u32::from(tagged_{position})")).collect();
            let _ = writeln!(code, "encoder.unsigned_varint({});", sum.join(" + "));
            for (position, field) in tagged.iter().enumerate() {
                let Some((tag, _)) = field.tag else { continue };
                let write = write_field(message, field, &format!("self.{}", ident(&field.name)));
                let _ = writeln!(
                    code,
                    "if tagged_{position} {{ encoder.tagged_field({tag}, |encoder| {{ {write} Ok(()) }})?; }}"
                );
            }
        }
        code.push_str("}\n");
    }
    code.push_str("Ok(())\n}\n\n");
    if message.kind == Kind::Response && tells_errors(structs, name) {
        write_error_codes(code, structs, fields);
    }
    code.push_str("}\n\n");
}

/// A part of the struct, or the struct itself, has an error code.
fn tells_errors(structs: &[Struct<'_>], name: &str) -> bool {
    let Some(found) = structs.iter().find(|candidate| candidate.name == name) else { return false };
    found.fields.iter().any(|field| is_error_code(field) || part_that_tells(structs, &field.kind).is_some())
}

fn is_error_code(field: &Field) -> bool {
    field.name == "error_code" && matches!(&field.kind, Type::Plain(name) if name == "int16")
}

/// The struct in `kind` that has error codes.
fn part_that_tells<'k>(structs: &[Struct<'_>], kind: &'k Type) -> Option<&'k str> {
    match kind {
        Type::Struct(name) => tells_errors(structs, name).then_some(name),
        Type::Array(element) => part_that_tells(structs, element),
        Type::Plain(_) => None,
    }
}

fn write_error_codes(code: &mut String, structs: &[Struct<'_>], fields: &[Field]) {
    code.push_str("fn error_codes(&self, tell: &mut dyn FnMut(i16)) {\n");
    for field in fields {
        let this = format!("self.{}", ident(&field.name));
        if is_error_code(field) {
            let _ = writeln!(code, "tell({this});");
        } else if part_that_tells(structs, &field.kind).is_some() {
            let _ = match (&field.kind, is_option(field)) {
                (Type::Array(_), false) => {
                    writeln!(code, "for item in &{this} {{ item.error_codes(tell); }}")
                }
                (Type::Array(_), true) => {
                    writeln!(code, "for item in {this}.iter().flatten() {{ item.error_codes(tell); }}")
                }
                (_, false) => writeln!(code, "{this}.error_codes(tell);"),
                (_, true) => writeln!(code, "for part in &{this} {{ part.error_codes(tell); }}"),
            };
        }
    }
    code.push_str("}\n");
}

fn docs(code: &mut String, prose: &str, indent: &str) {
    for line in prose.lines() {
        let _ = writeln!(code, "{indent}/// {line}");
    }
}

fn ident(name: &str) -> String {
    if matches!(name, "type" | "match" | "ref" | "move" | "use" | "where") {
        format!("{name}_")
    } else {
        name.to_owned()
    }
}

/// Versions in which the field is written in its place.
fn untagged(field: &Field) -> Versions {
    match field.tag {
        Some((_, tagged)) => Versions { first: field.versions.first, last: tagged.first - 1 },
        None => field.versions,
    }
}

/// A condition on `version`, given that it is one of `all`.
fn in_versions(versions: Versions, all: Versions) -> String {
    let versions = versions.intersect(all);
    if versions.is_none() {
        return "false".to_owned();
    }
    match (versions.first > all.first, versions.last < all.last) {
        (false, false) => "true".to_owned(),
        (true, false) => format!("version >= {}", versions.first),
        (false, true) => format!("version <= {}", versions.last),
        (true, true) => format!("({}..={}).contains(&version)", versions.first, versions.last),
    }
}

fn is_option(field: &Field) -> bool {
    !field.nullable.is_none() || matches!(&field.kind, Type::Plain(name) if name == "records")
}

fn borrows(structs: &[Struct<'_>], name: &str) -> bool {
    let Some(found) = structs.iter().find(|candidate| candidate.name == name) else { return false };
    found.fields.iter().any(|field| type_borrows(&field.kind, structs))
}

fn type_borrows(kind: &Type, structs: &[Struct<'_>]) -> bool {
    match kind {
        Type::Plain(name) => matches!(name.as_str(), "string" | "bytes" | "records"),
        Type::Struct(name) => borrows(structs, name),
        Type::Array(element) => type_borrows(element, structs),
    }
}

fn rust_type(field: &Field, structs: &[Struct<'_>]) -> String {
    let inner = element_type(&field.kind, structs);
    if is_option(field) { format!("Option<{inner}>") } else { inner }
}

fn element_type(kind: &Type, structs: &[Struct<'_>]) -> String {
    match kind {
        Type::Plain(name) => match name.as_str() {
            "bool" => "bool",
            "int8" => "i8",
            "int16" => "i16",
            "uint16" => "u16",
            "int32" => "i32",
            "uint32" => "u32",
            "int64" => "i64",
            "float64" => "f64",
            "string" => "Cow<'a, str>",
            "bytes" => "Cow<'a, [u8]>",
            "records" => "Records<'a>",
            "uuid" => "Uuid",
            other => other,
        }
        .to_owned(),
        Type::Struct(name) => {
            if borrows(structs, name) {
                format!("{name}<'a>")
            } else {
                name.clone()
            }
        }
        Type::Array(element) => format!("Vec<{}>", element_type(element, structs)),
    }
}

fn default_value(field: &Field) -> String {
    let wrap = |value: String| if is_option(field) { format!("Some({value})") } else { value };
    let default = field.default.as_deref();
    if default == Some("null") {
        return "None".to_owned();
    }
    match &field.kind {
        Type::Plain(name) => match name.as_str() {
            "bool" => wrap(default.unwrap_or("false").to_owned()),
            "string" => wrap(format!("Cow::Borrowed(\"{}\")", default.unwrap_or_default())),
            "bytes" => wrap("Cow::Borrowed(&[])".to_owned()),
            "records" => "None".to_owned(),
            "uuid" => wrap("Uuid::ZERO".to_owned()),
            "float64" => wrap(default.map_or("0.0".to_owned(), |value| format!("{value}f64"))),
            _ => wrap(default.unwrap_or("0").to_owned()),
        },
        Type::Struct(name) => wrap(format!("{name}::default()")),
        Type::Array(_) => wrap("Vec::new()".to_owned()),
    }
}

/// A condition that the field is not its default.
fn differs(field: &Field, this: &str) -> String {
    match (&field.kind, field.default.as_deref()) {
        (_, Some("null")) => format!("{this}.is_some()"),
        (Type::Array(_), _) if !is_option(field) => format!("!{this}.is_empty()"),
        (Type::Plain(name), None) if name == "string" && !is_option(field) => format!("!{this}.is_empty()"),
        (Type::Plain(name), Some("true")) if name == "bool" => format!("!{this}"),
        (Type::Plain(name), _) if name == "bool" => this.to_owned(),
        (Type::Plain(name), _) if name == "records" => format!("{this}.is_some()"),
        _ => format!("{this} != {}", default_value(field)),
    }
}

fn flexible(field: &Field) -> &'static str {
    if field.plain { "false" } else { "flexible" }
}

fn read_field(message: &Message, field: &Field) -> String {
    let flexible = flexible(field);
    let read = match &field.kind {
        Type::Plain(name) => match name.as_str() {
            "string" => format!("decoder.nullable_string({flexible})?"),
            "bytes" => format!("decoder.nullable_bytes({flexible})?"),
            "records" => format!("decoder.nullable_records({flexible})?"),
            simple => return format!("decoder.{simple}()?"),
        },
        Type::Struct(name) if is_option(field) => {
            format!("if decoder.int8()? < 0 {{ None }} else {{ Some({name}::decode(decoder, version)?) }}")
        }
        Type::Struct(name) => return format!("{name}::decode(decoder, version)?"),
        Type::Array(element) => {
            let element = match &**element {
                Type::Plain(name) => match name.as_str() {
                    "string" => format!(
                        "decoder.nullable_string({flexible})?.ok_or(DecodeError::Null {{ field: \"{}\" }})",
                        field.name
                    ),
                    "bytes" => format!(
                        "decoder.nullable_bytes({flexible})?.ok_or(DecodeError::Null {{ field: \"{}\" }})",
                        field.name
                    ),
                    simple => format!("decoder.{simple}()"),
                },
                Type::Struct(name) => format!("{name}::decode(decoder, version)"),
                Type::Array(_) => "compile_error!(\"arrays of arrays are not served\")".to_owned(),
            };
            format!("decoder.nullable_array({flexible}, |decoder| {element})?")
        }
    };
    let null = format!("DecodeError::Null {{ field: \"{}\" }}", field.name);
    if !is_option(field) {
        return format!("{read}.ok_or({null})?");
    }
    let nullable =
        if matches!(&field.kind, Type::Plain(name) if name == "records") && field.nullable.is_none() {
            "false".to_owned()
        } else {
            in_versions(field.nullable, message.versions.intersect(field.versions))
        };
    match &*nullable {
        "true" => read,
        "false" => format!("Some({read}.ok_or({null})?)"),
        nullable => format!(
            "{{ let value = {read}; if value.is_none() && !({nullable}) {{ return Err({null}); }} value }}"
        ),
    }
}

fn write_field(message: &Message, field: &Field, this: &str) -> String {
    let flexible = flexible(field);
    let mut code = String::new();
    if is_option(field) {
        let nullable = in_versions(field.nullable, message.versions.intersect(field.versions));
        if nullable != "true" {
            let _ = write!(
                code,
                "if {this}.is_none() && !({nullable}) {{ return Err(EncodeError::Null {{ field: \"{}\", version }}); }}",
                field.name
            );
        }
    }
    let option =
        |method: &str| if is_option(field) { format!("{this}.{method}()") } else { format!("Some(&{this})") };
    let write = match &field.kind {
        Type::Plain(name) => match name.as_str() {
            "string" => format!("encoder.nullable_string({flexible}, {})?;", option("as_deref")),
            "bytes" => format!("encoder.nullable_bytes({flexible}, {})?;", option("as_deref")),
            "records" => format!("encoder.nullable_records({flexible}, {this}.as_ref())?;"),
            simple => format!("encoder.{simple}({this});"),
        },
        Type::Struct(_) if is_option(field) => format!(
            "match &{this} {{ Some(value) => {{ encoder.int8(1); value.encode(encoder, version)?; }} None => encoder.int8(-1) }}"
        ),
        Type::Struct(_) => format!("{this}.encode(encoder, version)?;"),
        Type::Array(element) => {
            let element = match &**element {
                Type::Plain(name) => match name.as_str() {
                    "string" => format!("encoder.nullable_string({flexible}, Some(item))"),
                    "bytes" => format!("encoder.nullable_bytes({flexible}, Some(item))"),
                    simple => format!("{{ encoder.{simple}(*item); Ok(()) }}"),
                },
                _ => "item.encode(encoder, version)".to_owned(),
            };
            format!("encoder.nullable_array({flexible}, {}, |encoder, item| {element})?;", option("as_deref"))
        }
    };
    code.push_str(&write);
    code.push('\n');
    code
}

pub fn table_of_contents(apis: &[Api]) -> String {
    let mut code = HEADER.to_owned();
    code.push_str("#![allow(unused_variables, unreachable_pub, clippy::all)]\n\npub mod api_key;\n");
    for message in apis.iter().flat_map(|api| &api.messages) {
        let _ = writeln!(code, "pub mod {};", message.module());
    }
    code.push('\n');
    for message in apis.iter().flat_map(|api| &api.messages) {
        let _ = writeln!(code, "pub use {}::{};", message.module(), message.name);
    }
    code.push_str(
        "\n/// Decodes a request or response whole and encodes it again: for tests and fuzzing.\n\
         pub fn round_trip(key: api_key::ApiKey, response: bool, version: i16, bytes: &[u8]) \
         -> Result<Vec<u8>, crate::wire::RoundTripError> {\n",
    );
    for_every_message(&mut code, apis, "round_trip", "bytes, version");
    code.push_str(
        "\n/// A request or response of defaults: for tests.\n\
         pub fn encode_default(key: api_key::ApiKey, response: bool, version: i16) \
         -> Result<Vec<u8>, crate::wire::EncodeError> {\n",
    );
    for_every_message(&mut code, apis, "encode_default", "version");
    code
}

/// The body of a function that calls `wire::function::<Message>(arguments)`.
fn for_every_message(code: &mut String, apis: &[Api], function: &str, arguments: &str) {
    code.push_str("use api_key::ApiKey;\n match (key, response) {\n");
    for api in apis.iter().filter(|api| api.key.is_some()) {
        for message in &api.messages {
            let _ = writeln!(
                code,
                "(ApiKey::{}, {}) => crate::wire::{function}::<{}>({arguments}),",
                api.name,
                message.kind == Kind::Response,
                message.name
            );
        }
    }
    code.push_str("}\n}\n");
}

pub fn api_keys(apis: &[Api]) -> String {
    let mut keyed: Vec<(&Api, i16)> = apis.iter().filter_map(|api| Some((api, api.key?))).collect();
    keyed.sort_by_key(|(_, key)| *key);
    let mut code = HEADER.to_owned();
    code.push_str(
        "/// Kafka's APIs by their numbers.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\n\
         #[repr(i16)]\npub enum ApiKey {\n",
    );
    for (api, key) in &keyed {
        let _ = writeln!(code, "    {} = {key},", api.name);
    }
    code.push_str(
        "}\n\nimpl ApiKey {\n/// In the order of their numbers.\npub const ALL: &'static [ApiKey] = &[\n",
    );
    for (api, _) in &keyed {
        let _ = writeln!(code, "ApiKey::{},", api.name);
    }
    code.push_str("];\n\npub fn from_i16(key: i16) -> Option<ApiKey> {\nSome(match key {\n");
    for (api, key) in &keyed {
        let _ = writeln!(code, "{key} => ApiKey::{},", api.name);
    }
    code.push_str("_ => return None,\n})\n}\n\npub fn name(self) -> &'static str {\nmatch self {\n");
    for (api, _) in &keyed {
        let _ = writeln!(code, "ApiKey::{0} => \"{0}\",", api.name);
    }
    code.push_str("}\n}\n\n/// Versions that the definitions have; what a broker serves may be less.\npub fn valid_versions(self) -> std::ops::RangeInclusive<i16> {\nmatch self {\n");
    let request = |api: &&Api| {
        api.messages.iter().find(|message| message.kind == Kind::Request).map(|m| (m.versions, m.flexible))
    };
    for (api, _) in &keyed {
        if let Some((versions, _)) = request(api) {
            let _ = writeln!(code, "ApiKey::{} => {}..={},", api.name, versions.first, versions.last);
        }
    }
    code.push_str("}\n}\n\n/// The first version with compact forms and tagged fields.\npub fn flexible_from(self) -> Option<i16> {\nmatch self {\n");
    for (api, _) in &keyed {
        if let Some((_, flexible)) = request(api) {
            let value =
                if flexible.is_none() { "None".to_owned() } else { format!("Some({})", flexible.first) };
            let _ = writeln!(code, "ApiKey::{} => {value},", api.name);
        }
    }
    code.push_str("}\n}\n}\n");
    code
}
