//! Recorded answers, the list of differences that are meant, and the comparison.

use crate::text;
use crate::trial::Case;
use std::fs;
use std::io;
use std::path::Path;

/// `# NAME` and the answer's lines below it.
pub fn write(path: &Path, cases: &[Case]) -> io::Result<()> {
    let mut out = String::new();
    for case in cases {
        out.push_str(&format!("# {}\n", case.name));
        for line in &case.lines {
            out.push_str(line);
            out.push('\n');
        }
    }
    fs::write(path, out)
}

pub fn read(path: &Path) -> io::Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    for line in fs::read_to_string(path)?.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            cases.push(Case { name: name.to_string(), lines: Vec::new() });
        } else if let Some(case) = cases.last_mut() {
            case.lines.push(line.to_string());
        }
    }
    Ok(cases)
}

/// A difference that is meant: in which cases, on which side, which line.
pub struct Meant {
    pub text: String,
    cases: String,
    side: char,
    line: String,
    pub used: bool,
}

/// `CASES | - LINE` (only Kafka says it) or `CASES | + LINE` (only Ottla does), `*` for any text. Comment lines are reasons, and
/// every rule must stand below one.
pub fn differences(path: &Path) -> io::Result<Vec<Meant>> {
    let mut rules = Vec::new();
    let mut reason = false;
    for line in fs::read_to_string(path)?.lines() {
        if line.trim().is_empty() {
            reason = false;
            continue;
        }
        if line.starts_with('#') {
            reason = true;
            continue;
        }
        let wrong = || io::Error::other(format!("{}: '{line}'", path.display()));
        let (cases, rest) = line.split_once(" | ").filter(|_| reason).ok_or_else(wrong)?;
        let mut rest = rest.chars();
        let side = rest.next().filter(|side| ['-', '+'].contains(side)).ok_or_else(wrong)?;
        rules.push(Meant {
            text: line.to_string(),
            cases: cases.trim().to_string(),
            side,
            line: rest.as_str().trim().to_string(),
            used: false,
        });
    }
    Ok(rules)
}

/// Whether `pattern`, in which `*` stands for any text, is the whole of `text`.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let parts = parts.collect::<Vec<_>>();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The lines of a readable diff, or nothing when all that differs is meant.
pub fn compare(expected: &Case, actual: &Case, meant: &mut [Meant]) -> Vec<String> {
    let diff = text::diff(&expected.lines, &actual.lines);
    let mut wrong = vec![false; diff.len()];
    for (index, (side, line)) in diff.iter().enumerate() {
        if *side == ' ' {
            continue;
        }
        let rule = meant.iter_mut().find(|rule| {
            rule.side == *side && matches(&rule.cases, &expected.name) && matches(&rule.line, line.trim())
        });
        match rule {
            Some(rule) => rule.used = true,
            None => wrong[index] = true,
        }
    }
    if !wrong.contains(&true) {
        return Vec::new();
    }
    // Three lines around what is wrong, as diff -u does.
    let near = |index: usize| (index.saturating_sub(3)..(index + 4).min(diff.len())).any(|near| wrong[near]);
    let mut out = Vec::new();
    let mut gap = false;
    for (index, (side, line)) in diff.iter().enumerate() {
        if near(index) {
            let side = if *side != ' ' && !wrong[index] { '~' } else { *side };
            out.push(format!("{side} {line}"));
            gap = false;
        } else if !gap {
            out.push("  ...".to_string());
            gap = true;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        assert!(matches("a*c", "abc"));
        assert!(matches("*", ""));
        assert!(matches("error_message: *", "error_message: \"x\""));
        assert!(!matches("a*c", "abd"));
        assert!(!matches("abc", "abcd"));
        assert!(matches("a*b*c", "a-b-b-c"));
    }

    /// A difference that no rule means is shown, one that a rule means is not.
    #[test]
    fn only_what_is_meant_passes() {
        let case = |lines: &[&str]| Case {
            name: "Fetch v4".into(),
            lines: lines.iter().map(|line| line.to_string()).collect(),
        };
        let (kafka, ottla) = (case(&["a: 1", "b: 2"]), case(&["a: 1", "b: 3"]));
        assert!(!compare(&kafka, &ottla, &mut []).is_empty());
        let rule = |side, line: &str| Meant {
            text: String::new(),
            cases: "Fetch*".into(),
            side,
            line: line.into(),
            used: false,
        };
        assert!(compare(&kafka, &ottla, &mut [rule('-', "b: *"), rule('+', "b: 3")]).is_empty());
        assert!(!compare(&kafka, &ottla, &mut [rule('-', "b: *")]).is_empty());
    }
}
