//! The report as one page that needs nothing else: no script, no font, no picture from elsewhere. One outcome, or several side by side.
//!
//! The page is well-formed XML as well as HTML, so that any parser of either can check it.

mod axis;
mod charts;
mod columns;
mod plot;

use super::figures::{Better, Figure, figures, headline};
use super::units::{count, duration, duration_f, significant, span};
use super::{Error, text};
use crate::outcome::{Outcome, Pacing};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");
/// A ratio within this of one is no difference worth a colour.
const SAME_RATIO: f64 = 0.05;

/// An outcome and what it is called beside others.
#[derive(Clone, Debug)]
pub struct Labelled<'a> {
    pub label: String,
    pub outcome: &'a Outcome,
}

/// The page of these outcomes, in their order; ratios are to the first.
///
/// # Errors
/// A histogram that is none, or a plot that can't be drawn.
pub fn page(outcomes: &[Labelled<'_>]) -> Result<String, Error> {
    let heading = match outcomes {
        [] => "No outcome".to_owned(),
        [only] => only.outcome.workload.name.clone(),
        several => several.iter().map(|labelled| labelled.label.as_str()).collect::<Vec<_>>().join(" · "),
    };
    let percentiles = drawn(charts::percentiles(outcomes)?)?;
    let over_time = drawn(charts::over_time(outcomes))?;
    let heat = drawn(charts::heat(outcomes))?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (PreEscaped(r#"<meta charset="utf-8"/><meta name="viewport" content="width=device-width, initial-scale=1"/>"#))
                title { (heading) " – ottla-bench" }
                style { (PreEscaped(STYLE)) (PreEscaped(plot::style_rules())) }
            }
            body {
                h1 { (heading) }
                (questions(outcomes))
                (warnings(outcomes))
                (facts(outcomes))
                h2 { "Figures" }
                @if let [only] = outcomes { (latency_table(only.outcome)) } @else { (figure_table(outcomes, headline)) }
                details {
                    summary { "All figures, by the names that baselines of gates use" }
                    (figure_table(outcomes, figures))
                }
                @for (title, plots) in [("Percentiles", &percentiles), ("Over time", &over_time), ("Heat", &heat)] {
                    @if !plots.is_empty() {
                        h2 { (title) }
                        div .plots { @for plot in plots { (plot) } }
                    }
                }
                (repeat(outcomes))
            }
        }
    };
    Ok(page.into_string())
}

fn drawn(plots: Vec<plot::Plot>) -> Result<Vec<Markup>, Error> {
    plots.iter().map(plot::Plot::figure).collect()
}

fn questions(outcomes: &[Labelled<'_>]) -> Markup {
    let mut questions: Vec<&str> =
        outcomes.iter().filter_map(|labelled| labelled.outcome.workload.question.as_deref()).collect();
    questions.dedup();
    html! { @for question in questions { p .soft { (question) } } }
}

/// What must be known before a figure is read.
fn warnings(outcomes: &[Labelled<'_>]) -> Markup {
    html! {
        @for Labelled { label, outcome } in outcomes {
            @if !outcome.invalid.is_empty() {
                div .bad {
                    "INVALID: the figures of " (label) " can't be trusted."
                    ul { @for reason in &outcome.invalid { li { (reason) } } }
                }
            }
            @if let Some(note) = loop_note(&outcome.pacing) {
                div .bad { (label) ": " (note) }
            }
        }
        @for difference in differences(outcomes) { div .mind { (difference) } }
    }
}

fn loop_note(pacing: &Pacing) -> Option<String> {
    match pacing {
        Pacing::Open { .. } => None,
        Pacing::Closed { .. } | Pacing::Flood => Some(text::pacing(pacing)),
    }
}

/// What makes outcomes hard to compare, in sentences; empty for one outcome.
pub fn differences(outcomes: &[Labelled<'_>]) -> Vec<String> {
    let Some((first, others)) = outcomes.split_first() else { return Vec::new() };
    let mut sentences = Vec::new();
    let mut note = |differs: fn(&Outcome, &Outcome) -> bool, sentence: &str| {
        let different: Vec<&str> = others
            .iter()
            .filter(|other| differs(first.outcome, other.outcome))
            .map(|other| other.label.as_str())
            .collect();
        if !different.is_empty() {
            sentences.push(format!("{} against {}: {sentence}", first.label, different.join(", ")));
        }
    };
    note(|a, b| a.workload.text != b.workload.text, "not the same workload");
    note(|a, b| a.pacing != b.pacing, "not paced alike");
    note(|a, b| a.durability.durable != b.durability.durable, "an acknowledgement is not worth the same");
    note(
        |a, b| a.host.cpu != b.host.cpu || a.host.cores != b.host.cores || a.host.kernel != b.host.kernel,
        "not the same machine or kernel",
    );
    sentences
}

fn facts(outcomes: &[Labelled<'_>]) -> Markup {
    type Row = fn(&Outcome) -> String;
    let rows: [(&str, Row); 5] = [
        ("Pacing", |outcome| text::pacing(&outcome.pacing)),
        ("Durability", text::durability),
        ("Measured", |outcome| {
            format!("{}, from {}", span(outcome.measured_s), text::date(outcome.began_at_s))
        }),
        ("Broker CPU", |outcome| match &outcome.broker {
            Some(cost) => format!("{} (from {})", text::cpu(cost, outcome.measured_s), cost.source),
            None => "not measured".to_owned(),
        }),
        ("Load", text::load),
    ];
    let host: Vec<&str> =
        outcomes.first().map(|first| names(text::host_rows(first.outcome))).unwrap_or_default();
    html! {
        div .wide {
            table {
                @if outcomes.len() > 1 {
                    thead { tr { th { } @for labelled in outcomes { th { (labelled.label) } } } }
                }
                tbody {
                    @for (name, row) in rows {
                        tr { th { (name) } @for labelled in outcomes { td { (row(labelled.outcome)) } } }
                    }
                    @for name in host {
                        tr {
                            th { (name) }
                            @for labelled in outcomes {
                                td { (text::host_rows(labelled.outcome).into_iter().find(|row| row.0 == name).map_or(String::new(), |row| row.1)) }
                            }
                        }
                    }
                    @if outcomes.iter().any(|labelled| !labelled.outcome.notes.is_empty()) {
                        tr {
                            th { "Notes" }
                            @for labelled in outcomes {
                                td { @for note in &labelled.outcome.notes { p { (note) } } }
                            }
                        }
                    }
                    @if outcomes.iter().any(|labelled| labelled.outcome.verification.is_some()) {
                        tr {
                            th { "Verified" }
                            @for labelled in outcomes {
                                td { (labelled.outcome.verification.as_ref().map_or("–".to_owned(), text::verified)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn names(rows: Vec<(&'static str, String)>) -> Vec<&'static str> {
    rows.into_iter().map(|(name, _)| name).collect()
}

/// Stages down, percentiles across.
fn latency_table(outcome: &Outcome) -> Markup {
    let columns = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)];
    html! {
        div .wide {
            table .numbers {
                thead {
                    tr { th { "latency" } th { "records" } th { "mean" } @for (name, _) in columns { th { (name) } } th { "maximum" } }
                }
                tbody {
                    @for (stage, seen) in &outcome.stages {
                        @let values = [seen.p50_ns, seen.p90_ns, seen.p99_ns, seen.p999_ns, seen.p9999_ns];
                        tr {
                            th { (super::title(*stage)) }
                            td { (count(seen.count)) }
                            td { (duration_f(seen.mean_ns)) }
                            @for ((_, quantile), ns) in columns.into_iter().zip(values) {
                                td { @if text::is_seen(seen, quantile) { (duration(ns)) } @else { "–" } }
                            }
                            td { (duration(seen.max_ns)) }
                        }
                    }
                }
            }
        }
        (figure_table(&[Labelled { label: "value".to_owned(), outcome }], |outcome| {
            headline(outcome).into_iter().filter(|figure| !figure.name.starts_with("latency.")).collect()
        }))
    }
}

/// A row for each figure that any outcome has.
fn figure_table(outcomes: &[Labelled<'_>], which: fn(&Outcome) -> Vec<Figure>) -> Markup {
    let columns: Vec<Vec<Figure>> = outcomes.iter().map(|labelled| which(labelled.outcome)).collect();
    let mut rows: Vec<&Figure> = Vec::new();
    for figure in columns.iter().flatten() {
        if !rows.iter().any(|row| row.name == figure.name) {
            rows.push(figure);
        }
    }
    let find = |column: &[Figure], name: &str| column.iter().find(|figure| figure.name == name).cloned();
    html! {
        div .wide {
            table .numbers {
                thead { tr { th { "figure" } @for labelled in outcomes { th { (labelled.label) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            th title=(row.name) { (row.title) }
                            @for (index, column) in columns.iter().enumerate() {
                                td {
                                    @match find(column, &row.name) {
                                        Some(figure) => {
                                            (figure.unit.format(figure.value))
                                            @if index > 0 {
                                                @if let Some(first) = columns.first().and_then(|first| find(first, &row.name)) {
                                                    " " (ratio(&first, &figure))
                                                }
                                            }
                                        }
                                        None => "–",
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn ratio(first: &Figure, figure: &Figure) -> Markup {
    if first.value == 0.0 {
        return html! {};
    }
    let ratio = figure.value / first.value;
    let is_same = (ratio - 1.0).abs() <= SAME_RATIO;
    let class = match (figure.better, ratio > 1.0) {
        _ if is_same => "soft",
        (Better::Neither, _) => "soft",
        (Better::Lower, true) | (Better::Higher, false) => "worse",
        (Better::Lower, false) | (Better::Higher, true) => "better",
    };
    html! { span class=(class) { "×" (significant(ratio)) } }
}

fn repeat(outcomes: &[Labelled<'_>]) -> Markup {
    let is_same = |a: &Outcome, b: &Outcome| a.command == b.command && a.workload.text == b.workload.text;
    // Contenders of one command share it.
    let are_same = outcomes.windows(2).all(|pair| matches!(pair, [a, b] if is_same(a.outcome, b.outcome)));
    let shown = if are_same { outcomes.get(..1).unwrap_or_default() } else { outcomes };
    html! {
        h2 { "Repeat" }
        @for labelled in shown {
            @if shown.len() > 1 { p .soft { (labelled.label) } }
            pre { (text::command(&labelled.outcome.command)) }
            @if !labelled.outcome.workload.text.is_empty() {
                details {
                    summary { "The workload, as it was read" }
                    pre { (labelled.outcome.workload.text) }
                }
            }
        }
    }
}
