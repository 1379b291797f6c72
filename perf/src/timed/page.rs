//! All records on one page: for each scenario its figures over the commits, a picture each.

use super::record::Record;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use plotters::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

const SIZE: (u32, u32) = (560, 220);
const INK: RGBColor = RGBColor(0x09, 0x69, 0xDA);
const SOFT: RGBColor = RGBColor(0x59, 0x63, 0x6E);

/// The page of `records`, which are in the order of time.
/// # Errors
/// A picture cannot be drawn.
pub fn page(records: &[Record]) -> io::Result<String> {
    let mut scenarios: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in records {
        scenarios.entry(&record.scenario).or_default().push(record);
    }
    let sections: io::Result<Vec<Markup>> =
        scenarios.iter().map(|(name, records)| section(name, records)).collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Ottla over time" }
                style { (PreEscaped("body{font:15px sans-serif;margin:2em;max-width:1200px}figure{display:inline-block;margin:0 1em 1em 0}td,th{padding:0 .8em;text-align:right}td:first-child{text-align:left}")) }
            }
            body {
                h1 { "Ottla over time" }
                p { "Medians of timed scenarios. Figures of different machines do not compare: see each record." }
                @for section in sections? { (section) }
            }
        }
    };
    Ok(page.into_string())
}

fn section(name: &str, records: &[&Record]) -> io::Result<Markup> {
    let names: BTreeSet<&String> =
        records.iter().flat_map(|record| record.candidate.medians.keys()).collect();
    let mut pictures = Vec::new();
    for figure in names {
        let points: Vec<(usize, f64)> = records
            .iter()
            .enumerate()
            .filter_map(|(at, record)| Some((at, *record.candidate.medians.get(figure)?)))
            .collect();
        pictures.push((figure, picture(&points).map_err(io::Error::other)?));
    }
    let last = records.last();
    Ok(html! {
        h2 { (name) }
        @if let Some(last) = last { p { (last.question) } }
        @for (figure, svg) in &pictures {
            figure { figcaption { (figure) } (PreEscaped(svg)) }
        }
        table {
            tr { th { "commit" } th { "base" } th { "machine" } th { "valid" } }
            @for record in records {
                tr {
                    td { (record.candidate.commit) }
                    td { (record.base.as_ref().map_or("-", |base| base.commit.as_str())) }
                    td { (record.machine.cores) " × " (record.machine.cpu) ", " (record.machine.kernel) }
                    td { @if record.invalid.is_empty() { "yes" } @else { (record.invalid.join("; ")) } }
                }
            }
        }
    })
}

/// A line through the points, from 0 up. As SVG.
fn picture(points: &[(usize, f64)]) -> Result<String, String> {
    let mut svg = String::new();
    {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let most = points.iter().map(|(_, value)| *value).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
        let end = points.last().map_or(0, |(at, _)| *at).max(1);
        let mut chart = ChartBuilder::on(&root)
            .margin(8)
            .x_label_area_size(4)
            .y_label_area_size(70)
            .build_cartesian_2d(0..end, 0.0..most * 1.1)
            .map_err(|error| told(&error))?;
        chart
            .configure_mesh()
            .disable_mesh()
            .disable_x_axis()
            .y_labels(4)
            .axis_style(SOFT)
            .draw()
            .map_err(|error| told(&error))?;
        chart
            .draw_series(LineSeries::new(points.iter().copied(), INK.stroke_width(2)))
            .map_err(|error| told(&error))?;
        chart
            .draw_series(points.iter().map(|point| Circle::new(*point, 3, INK.filled())))
            .map_err(|error| told(&error))?;
        root.present().map_err(|error| told(&error))?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A point for each value, one alone among them, none of them lost.
    #[test]
    fn pictures_have_their_points() {
        for points in [vec![(0, 5.0)], vec![(0, 5.0), (1, 6.0), (2, 4.0)]] {
            let svg = picture(&points).expect("a picture");
            assert_eq!(svg.matches("<circle").count(), points.len(), "{svg}");
        }
    }
}
