//! Java's properties files: what `server.properties` is written in.
//!
//! `java.util.Properties.load` is the rule: comments by `#` and `!`, lines continued by a backslash at their end,
//! names ended by `=`, `:` or white space, `\t \n \r \f \uXXXX` escapes, and the last of two equal names counts.

/// The names and values of `text`, in order, each name once with its last value.
/// # Errors
/// The number of the line, from 1, and what is wrong there.
pub fn parse(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
    let mut properties: Vec<(String, String)> = Vec::new();
    for (number, line) in logical_lines(text) {
        let (name, value) = split(&line);
        let name = unescape(name).map_err(|why| (number, why))?;
        let value = unescape(value).map_err(|why| (number, why))?;
        properties.retain(|(known, _)| *known != name);
        properties.push((name, value));
    }
    Ok(properties)
}

/// Lines joined at their continuations, without comments and blank ones, each with the number of its first line.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    // A lone CR ends a line too; CR LF makes an empty line more, which means nothing except after a continuation.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for (number, raw) in (1..).zip(text.split('\n')) {
        let line = raw.trim_start_matches([' ', '\t', '\u{c}']);
        if open.is_none() && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        let backslashes = line.len() - line.trim_end_matches('\\').len();
        let goes_on = backslashes % 2 == 1;
        let part = if goes_on { &line[..line.len() - 1] } else { line };
        let (_, whole) = open.get_or_insert_with(|| (number, String::new()));
        whole.push_str(part);
        if !goes_on {
            lines.extend(open.take());
        }
    }
    lines.extend(open);
    lines
}

/// At the first `=`, `:` or white space that is not escaped. One `=` or `:` may have white space around it.
fn split(line: &str) -> (&str, &str) {
    const BLANK: [char; 3] = [' ', '\t', '\u{c}'];
    let mut escaped = false;
    let end = line.char_indices().find(|(_, c)| {
        let ends = !escaped && (matches!(c, '=' | ':') || BLANK.contains(c));
        escaped = !escaped && *c == '\\';
        ends
    });
    let Some((end, _)) = end else { return (line, "") };
    let (name, rest) = line.split_at(end);
    let rest = rest.trim_start_matches(BLANK);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (name, rest.trim_start_matches(BLANK))
}

fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut units: Vec<u16> = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let plain = match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let unit = u16::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4);
                    units.push(
                        unit.ok_or_else(|| format!("\\u{digits} is not \\u and four hexadecimal digits"))?,
                    );
                    continue;
                }
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some(other) => other,
                None => continue,
            },
            (c, false) => c,
        };
        out.push_str(&String::from_utf16_lossy(&units));
        units.clear();
        out.push(plain);
    }
    out.push_str(&String::from_utf16_lossy(&units));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::parse;

    /// What `java.util.Properties` makes of the same text.
    #[test]
    fn reads_as_java_does() {
        let table: &[(&str, &[(&str, &str)])] = &[
            ("", &[]),
            ("# a comment\n! another\n\n   \t\n", &[]),
            (
                "a=1\nb = 2\n c: 3\nd 4\ne\t=\t5  \n",
                &[("a", "1"), ("b", "2"), ("c", "3"), ("d", "4"), ("e", "5  ")],
            ),
            ("a=1\na=2", &[("a", "2")]),
            ("a=1,\\\n   2,\\\n   3\nb=4", &[("a", "1,2,3"), ("b", "4")]),
            ("a=1\\\n# no comment\n", &[("a", "1# no comment")]),
            ("a=1\\\\\nb=2", &[("a", "1\\"), ("b", "2")]),
            ("a\\=b=c\\:d", &[("a=b", "c:d")]),
            ("a b=c", &[("a", "b=c")]),
            ("a = = b", &[("a", "= b")]),
            ("lonely", &[("lonely", "")]),
            ("p=C:\\\\data\\tx", &[("p", "C:\\data\tx")]),
            ("u=\\u00e9\\uD83D\\uDE00!", &[("u", "é😀!")]),
            ("a=1\r\nb=2\rc=3", &[("a", "1"), ("b", "2"), ("c", "3")]),
            ("a=\\q", &[("a", "q")]),
            ("a=1\\", &[("a", "1")]),
            ("=x", &[("", "x")]),
        ];
        for (text, expected) in table {
            let got = parse(text).unwrap();
            let got: Vec<(&str, &str)> = got.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            assert_eq!(got, *expected, "{text:?}");
        }
    }

    #[test]
    fn says_where_an_escape_is_wrong() {
        assert_eq!(parse("a=1\n\nb=\\u12x4").unwrap_err().0, 3);
        assert_eq!(
            parse("a=\\u12").unwrap_err(),
            (1, "\\u12 is not \\u and four hexadecimal digits".to_owned())
        );
    }
}
