//! A response as lines that can be compared and read: Rust's Debug form without its brackets, with names for what differs from run to
//! run.

use ottla_protocol::ErrorCode;
use std::fmt;

/// One line of the Debug form and what is indented below it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Node {
    line: String,
    children: Vec<Node>,
}

/// Lists of structs are sorted unless `ordered`: most of Kafka's answers follow the order of some hash table.
pub fn lines(value: &impl fmt::Debug, ordered: bool) -> Vec<String> {
    let debug = format!("{value:#?}");
    let mut source = debug.lines().peekable();
    let mut nodes = Vec::new();
    while source.peek().is_some() {
        nodes.extend(node(&mut source, ordered));
    }
    let mut out = Vec::new();
    for node in &nodes {
        write(node, 0, &mut out);
    }
    out
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// `None` for a line that only closes a bracket.
fn node<'a>(source: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>, ordered: bool) -> Option<Node> {
    let first = source.next()?;
    let depth = indent(first);
    let line = first.trim().trim_end_matches(',').to_string();
    let mut children = Vec::new();
    while source.peek().is_some_and(|next| indent(next) > depth) {
        children.extend(node(source, ordered));
    }
    if matches!(line.as_str(), "}" | "]" | ")") {
        return None;
    }
    let leaves = children.iter().all(|child| child.children.is_empty() && !child.line.contains(": "));
    if let Some(name) = line.strip_suffix("Some(") {
        // An option around a leaf, or around a list or struct, whose children move up.
        let [only] = <[Node; 1]>::try_from(children).ok()?;
        let line = if only.line.is_empty() {
            name.trim_end_matches(": ").to_string()
        } else {
            format!("{name}{}", only.line)
        };
        return Some(Node { line, children: only.children });
    }
    if let Some(name) = line.strip_suffix('[') {
        if !ordered {
            children.sort();
        }
        if leaves {
            let items = children.iter().map(|child| child.line.as_str()).collect::<Vec<_>>().join(", ");
            return Some(Node { line: format!("{name}[{items}]"), children: Vec::new() });
        }
        return Some(Node { line: name.trim_end().trim_end_matches(':').to_string(), children });
    }
    let line = line.strip_suffix(" {").map(str::to_string).unwrap_or(line);
    Some(Node { line: with_error_name(line), children })
}

fn with_error_name(line: String) -> String {
    let Some(code) = line.strip_prefix("error_code: ").and_then(|code| code.parse::<i16>().ok()) else {
        return line;
    };
    format!("error_code: {code} {}", ErrorCode(code).name())
}

fn write(node: &Node, depth: usize, out: &mut Vec<String>) {
    out.push(format!("{}{}", "  ".repeat(depth), node.line));
    for child in &node.children {
        write(child, depth + 1, out);
    }
}

/// A diff by longest common subsequence: `-` only in `expected`, `+` only in `actual`.
pub fn diff<'a>(expected: &'a [String], actual: &'a [String]) -> Vec<(char, &'a str)> {
    let (rows, columns) = (expected.len(), actual.len());
    let mut common = vec![vec![0u32; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            common[row][column] = if expected[row] == actual[column] {
                common[row + 1][column + 1] + 1
            } else {
                common[row + 1][column].max(common[row][column + 1])
            };
        }
    }
    let (mut row, mut column, mut out) = (0, 0, Vec::new());
    while row < rows || column < columns {
        if row < rows && column < columns && expected[row] == actual[column] {
            out.push((' ', expected[row].as_str()));
            (row, column) = (row + 1, column + 1);
        } else if row < rows && (column == columns || common[row + 1][column] >= common[row][column + 1]) {
            out.push(('-', expected[row].as_str()));
            row += 1;
        } else {
            out.push(('+', actual[column].as_str()));
            column += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[allow(dead_code)]
    struct Answer {
        error_code: i16,
        name: Option<&'static str>,
        nodes: Vec<i32>,
        topics: Option<Vec<Topic>>,
    }
    #[derive(Debug)]
    #[allow(dead_code)]
    struct Topic {
        id: i32,
    }

    /// Brackets go, options melt away, lists of numbers take one line, lists of structs are sorted.
    #[test]
    fn an_answer_reads_like_a_page() {
        let topics = Some(vec![Topic { id: 2 }, Topic { id: 1 }]);
        let answer = Answer { error_code: 3, name: Some("x"), nodes: vec![1, 2], topics };
        let expected = [
            "Answer",
            "  error_code: 3 UNKNOWN_TOPIC_OR_PARTITION",
            "  name: \"x\"",
            "  nodes: [1, 2]",
            "  topics",
            "    Topic",
            "      id: 1",
            "    Topic",
            "      id: 2",
        ];
        assert_eq!(lines(&answer, false), expected);
        let none = Answer { error_code: 0, name: None, nodes: vec![], topics: None };
        assert_eq!(
            lines(&none, false),
            ["Answer", "  error_code: 0 NONE", "  name: None", "  nodes: []", "  topics: None"]
        );
    }

    #[test]
    fn a_diff_shows_what_changed_and_where() {
        let text = |words: &[&str]| words.iter().map(|word| word.to_string()).collect::<Vec<_>>();
        let (one, other) = (text(&["a", "b", "c"]), text(&["a", "x", "c", "d"]));
        assert_eq!(diff(&one, &other), [(' ', "a"), ('-', "b"), ('+', "x"), (' ', "c"), ('+', "d")]);
    }
}
