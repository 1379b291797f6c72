//! The notation of `protocol/definitions`, one file for each API, and one for each record that coordinators store.
//!
//! ```text
//! api Fetch 1
//!
//! request 4-18 flexible 12+          -- prose
//!   max_wait_ms int32 0+             -- prose
//!   topics []FetchTopic 0+
//!     topic string 0-12 ignorable    -- deeper by two blanks: a field of FetchTopic
//!   struct Shared 0+                 -- a struct that several fields name
//!     node_id int32 0+
//! ```
//! After a field's name, type and versions may follow, in any order: `nullable VERSIONS`, `tag NUMBER VERSIONS`, `default VALUE`,
//! `ignorable` (left out without an error in versions that lack it), `plain` (never in compact form).
//!
//! A record is `record NAME TYPE`, then `key VERSIONS flexible VERSIONS` and `value VERSIONS flexible VERSIONS`.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    pub first: i16,
    pub last: i16,
}

impl Versions {
    const NONE: Versions = Versions { first: 1, last: 0 };

    /// # Errors
    /// What is no version.
    pub fn parse(text: &str) -> Result<Versions, String> {
        let number = |text: &str| text.parse::<i16>().map_err(|_| format!("'{text}' is no version"));
        if text == "none" {
            return Ok(Versions::NONE);
        }
        if let Some(first) = text.strip_suffix('+') {
            return Ok(Versions { first: number(first)?, last: i16::MAX });
        }
        match text.split_once('-') {
            Some((first, last)) => Ok(Versions { first: number(first)?, last: number(last)? }),
            None => Ok(Versions { first: number(text)?, last: number(text)? }),
        }
    }

    pub fn is_none(self) -> bool {
        self.first > self.last
    }

    pub fn intersect(self, other: Versions) -> Versions {
        Versions { first: self.first.max(other.first), last: self.last.min(other.last) }
    }
}

pub struct Api {
    pub name: String,
    /// `None` for headers and records.
    pub key: Option<i16>,
    pub messages: Vec<Message>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Header,
    Request,
    Response,
    /// Of a coordinator's record.
    Key,
    Value,
}

pub struct Message {
    pub name: String,
    pub kind: Kind,
    pub versions: Versions,
    pub flexible: Versions,
    pub prose: String,
    pub fields: Vec<Field>,
    /// Structs that several fields name.
    pub shared: Vec<(String, Vec<Field>)>,
}

impl Message {
    pub fn module(&self) -> String {
        let mut module = String::new();
        for letter in self.name.chars() {
            if letter.is_uppercase() && !module.is_empty() {
                module.push('_');
            }
            module.extend(letter.to_lowercase());
        }
        module
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// `bool`, `int8` … `records`: as in the notation.
    Plain(String),
    Struct(String),
    Array(Box<Type>),
}

pub struct Field {
    pub name: String,
    pub kind: Type,
    pub versions: Versions,
    pub nullable: Versions,
    pub tag: Option<(u32, Versions)>,
    pub default: Option<String>,
    pub ignorable: bool,
    pub plain: bool,
    pub prose: String,
    /// Of a struct defined in place.
    pub fields: Vec<Field>,
}

impl Type {
    fn parse(text: &str) -> Type {
        const PLAIN: [&str; 13] = [
            "bool", "int8", "int16", "uint16", "int32", "uint32", "int64", "float64", "string", "uuid",
            "bytes", "records", "varint",
        ];
        match text.strip_prefix("[]") {
            Some(element) => Type::Array(Box::new(Type::parse(element))),
            None if PLAIN.contains(&text) => Type::Plain(text.to_owned()),
            None => Type::Struct(text.to_owned()),
        }
    }

    pub fn struct_name(&self) -> Option<&str> {
        match self {
            Type::Plain(_) => None,
            Type::Struct(name) => Some(name),
            Type::Array(element) => element.struct_name(),
        }
    }
}

struct Line<'a> {
    number: usize,
    depth: usize,
    words: Vec<&'a str>,
    prose: String,
}

/// # Errors
/// The line's number and what is wrong with it.
pub fn parse(text: &str) -> Result<Api, String> {
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (code, prose) = line.split_once(" -- ").unwrap_or((line, ""));
        let words: Vec<&str> = code.split_whitespace().collect();
        if words.is_empty() || code.trim_start().starts_with('#') {
            continue;
        }
        let depth = (code.len() - code.trim_start().len()) / 2;
        lines.push(Line { number: index + 1, depth, words, prose: prose.trim().to_owned() });
    }
    let mut lines = lines.as_slice();
    let (first, rest) = lines.split_first().ok_or("1: an empty definition")?;
    lines = rest;
    let (name, key) = match first.words.as_slice() {
        ["api", name, key] => (name.to_string(), Some(key.parse().map_err(|_| at(first, "no key"))?)),
        ["header", name] | ["record", name, _] => (name.to_string(), None),
        _ => return Err(at(first, "expected 'api NAME KEY', 'header NAME' or 'record NAME TYPE'")),
    };
    let mut messages = Vec::new();
    while let Some((line, rest)) = lines.split_first() {
        let (kind, suffix) = match line.words.first().copied() {
            Some("header") => (Kind::Header, ""),
            Some("request") => (Kind::Request, "Request"),
            Some("response") => (Kind::Response, "Response"),
            Some("key") => (Kind::Key, "Key"),
            Some("value") => (Kind::Value, "Value"),
            _ => return Err(at(line, "expected 'request', 'response', 'header', 'key' or 'value'")),
        };
        let [_, versions, "flexible", flexible] = line.words.as_slice() else {
            return Err(at(line, "expected 'request VERSIONS flexible VERSIONS'"));
        };
        let body = rest.iter().take_while(|line| line.depth > 0).count();
        let (body, after) = rest.split_at(body);
        lines = after;
        let mut message = Message {
            name: format!("{name}{suffix}"),
            kind,
            versions: Versions::parse(versions).map_err(|error| at(line, &error))?,
            flexible: Versions::parse(flexible).map_err(|error| at(line, &error))?,
            prose: line.prose.clone(),
            fields: Vec::new(),
            shared: Vec::new(),
        };
        let mut body = body;
        while let Some((line, rest)) = body.split_first() {
            let deeper = rest.iter().take_while(|next| next.depth > line.depth).count();
            let (inner, after) = rest.split_at(deeper);
            body = after;
            match line.words.as_slice() {
                ["struct", name, ..] => message.shared.push((name.to_string(), fields(inner)?)),
                _ => message.fields.push(field(line, inner)?),
            }
        }
        messages.push(message);
    }
    Ok(Api { name, key, messages })
}

fn fields(mut lines: &[Line<'_>]) -> Result<Vec<Field>, String> {
    let mut fields = Vec::new();
    while let Some((line, rest)) = lines.split_first() {
        let deeper = rest.iter().take_while(|next| next.depth > line.depth).count();
        let (inner, after) = rest.split_at(deeper);
        lines = after;
        fields.push(field(line, inner)?);
    }
    Ok(fields)
}

fn field(line: &Line<'_>, inner: &[Line<'_>]) -> Result<Field, String> {
    let [name, kind, versions, options @ ..] = line.words.as_slice() else {
        return Err(at(line, "expected 'NAME TYPE VERSIONS'"));
    };
    let parse = |text: &str| Versions::parse(text).map_err(|error| at(line, &error));
    let mut field = Field {
        name: name.to_string(),
        kind: Type::parse(kind),
        versions: parse(versions)?,
        nullable: Versions::NONE,
        tag: None,
        default: None,
        ignorable: false,
        plain: false,
        prose: line.prose.clone(),
        fields: fields(inner)?,
    };
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let mut value =
            || options.next().copied().ok_or_else(|| at(line, &format!("'{option}' wants a value")));
        match *option {
            "nullable" => field.nullable = parse(value()?)?,
            "tag" => {
                let tag = value()?.parse().map_err(|_| at(line, "no tag number"))?;
                field.tag = Some((tag, parse(value()?)?));
            }
            "default" => field.default = Some(value()?.to_owned()),
            "ignorable" => field.ignorable = true,
            "plain" => field.plain = true,
            other => return Err(at(line, &format!("'{other}' is no option of a field"))),
        }
    }
    Ok(field)
}

fn at(line: &Line<'_>, error: &str) -> String {
    format!("{}: {error}", line.number)
}
