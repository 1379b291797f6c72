//! One plot as SVG, by `plotters`: lines or cells over two axes, and areas that say their values when a pointer rests on them.
//!
//! Colours are written as constants and given their meaning by the page's style sheet, so that one picture does for light and dark.

use crate::report::Error;
use maud::{Markup, PreEscaped, html};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;
use std::fmt::Write as _;
use std::ops::Range;

/// Pixels of the drawing; the page scales it. Large, because the library rounds to whole ones.
const SIZE: (u32, u32) = (1_640, 720);
const LABEL_PX: i32 = 36;
const INK: RGBColor = RGBColor(0x1F, 0x23, 0x28);
const SOFT: RGBColor = RGBColor(0x59, 0x63, 0x6E);
const GRID: RGBColor = RGBColor(0xE1, 0xE6, 0xEB);

/// A colour of lines, by number.
pub const LINES: usize = 6;
const LINE_COLOURS: [RGBColor; LINES] = [
    RGBColor(0x09, 0x69, 0xDA),
    RGBColor(0xBC, 0x4C, 0x00),
    RGBColor(0x1A, 0x7F, 0x37),
    RGBColor(0x82, 0x50, 0xDF),
    RGBColor(0xCF, 0x22, 0x2E),
    RGBColor(0x57, 0x60, 0x6A),
];
/// Steps of the heat plot, from little to much.
pub const HEAT: usize = 8;
const HEAT_COLOURS: [RGBColor; HEAT] = [
    RGBColor(0xE3, 0xEF, 0xFD),
    RGBColor(0xC3, 0xDF, 0xFB),
    RGBColor(0x9A, 0xCC, 0xF7),
    RGBColor(0x6C, 0xB3, 0xEE),
    RGBColor(0x43, 0x97, 0xE0),
    RGBColor(0x23, 0x79, 0xC7),
    RGBColor(0x16, 0x5D, 0xA0),
    RGBColor(0x12, 0x3F, 0x70),
];

/// An axis in the plot's own measure; logarithms are taken by whoever makes it.
#[derive(Clone, Debug)]
pub struct Axis {
    pub title: String,
    pub from: f64,
    pub to: f64,
    /// Places and what stands there.
    pub ticks: Vec<(f64, String)>,
}

#[derive(Clone, Debug)]
pub struct Line {
    pub label: String,
    /// Taken modulo [`LINES`].
    pub colour: usize,
    pub points: Vec<(f64, f64)>,
}

/// A filled rectangle of the heat plot.
#[derive(Clone, Debug)]
pub struct Cell {
    pub from: (f64, f64),
    pub to: (f64, f64),
    /// Below [`HEAT`].
    pub step: usize,
    pub text: String,
}

/// What is said where the pointer rests.
#[derive(Clone, Debug)]
pub enum Hover {
    /// The whole height between two places of the x axis.
    Strip { from: f64, to: f64, text: String },
    /// A dot in the colour of a line.
    Dot { at: (f64, f64), colour: usize, text: String },
}

#[derive(Clone, Debug)]
pub struct Plot {
    pub title: String,
    pub note: Option<String>,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
    pub cells: Vec<Cell>,
    pub hovers: Vec<Hover>,
}

impl Plot {
    /// The plot with its heading and legend.
    ///
    /// # Errors
    /// [`Error::Plot`] when the library can't draw it.
    pub fn figure(&self) -> Result<Markup, Error> {
        let svg = self.svg()?;
        Ok(html! {
            figure {
                h3 { (self.title) }
                @if let Some(note) = &self.note { p .soft { (note) } }
                @if self.lines.len() > 1 {
                    p .legend {
                        @for line in &self.lines {
                            span {
                                span .swatch style=(format!("color: var(--c{})", line.colour % LINES)) {}
                                (line.label)
                            }
                        }
                    }
                }
                (PreEscaped(svg))
            }
        })
    }

    fn svg(&self) -> Result<String, Error> {
        let mut svg = String::new();
        let hovers = self.draw(&mut svg).map_err(|why| Error::Plot { what: "an outcome", why })?;
        // The library knows nothing of what is said on hovering: it goes in before the end.
        let end = svg.rfind("</svg>").unwrap_or(svg.len());
        svg.insert_str(end, &hovers);
        let end = svg.find('>').unwrap_or(0);
        let mut label = String::new();
        escape(&mut label, &self.title);
        svg.insert_str(end, &format!(" role=\"img\" aria-label=\"{label}\""));
        Ok(svg)
    }

    fn draw(&self, svg: &mut String) -> Result<String, String> {
        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let (x, y) = (&self.x, &self.y);
        let mut chart = ChartBuilder::on(&area)
            .margin(14)
            .margin_right(50)
            .x_label_area_size(if x.title.is_empty() { 56 } else { 96 })
            .y_label_area_size(150)
            .build_cartesian_2d(x.clone(), y.clone())
            .map_err(|error| error.to_string())?;
        for cell in &self.cells {
            let colour = HEAT_COLOURS.get(cell.step).unwrap_or(&INK);
            let rectangle = Rectangle::new([cell.from, cell.to], colour.filled());
            chart.draw_series([rectangle]).map_err(|error| error.to_string())?;
        }
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(2))
            .axis_style(SOFT.stroke_width(2))
            .label_style(("sans-serif", LABEL_PX, &SOFT))
            .axis_desc_style(("sans-serif", LABEL_PX, &INK))
            .x_labels(x.ticks.len())
            .y_labels(y.ticks.len())
            .x_desc(x.title.clone())
            .y_desc(y.title.clone())
            .draw()
            .map_err(|error| error.to_string())?;
        for line in &self.lines {
            let style = colour(line.colour).stroke_width(4);
            chart
                .draw_series(LineSeries::new(line.points.iter().copied(), style))
                .map_err(|error| error.to_string())?;
        }
        let at = |place: (f64, f64)| chart.plotting_area().map_coordinate(&place);
        let mut hovers = String::from("<g class=\"hover\">\n");
        for cell in &self.cells {
            let (left, bottom) = at(cell.from);
            let (right, top) = at(cell.to);
            rect(&mut hovers, (left, top), (right, bottom), &cell.text);
        }
        for hover in &self.hovers {
            match hover {
                Hover::Strip { from, to, text } => {
                    rect(&mut hovers, at((*from, y.to)), at((*to, y.from)), text);
                }
                Hover::Dot { at: place, colour: number, text } => {
                    let (cx, cy) = at(*place);
                    let RGBColor(r, g, b) = colour(*number);
                    let _ = write!(
                        hovers,
                        "<circle cx=\"{cx}\" cy=\"{cy}\" r=\"11\" fill=\"#{r:02X}{g:02X}{b:02X}\">"
                    );
                    titled(&mut hovers, text);
                    hovers.push_str("</circle>\n");
                }
            }
        }
        hovers.push_str("</g>\n");
        area.present().map_err(|error| error.to_string())?;
        Ok(hovers)
    }
}

fn colour(number: usize) -> RGBColor {
    LINE_COLOURS.get(number % LINES).copied().unwrap_or(INK)
}

/// Linear between its ends, with the ticks that it says.
impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        // What lies outside is drawn at the edge.
        let share = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        first + (share * f64::from(last - first)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            return Vec::new();
        }
        self.ticks.iter().map(|(place, _)| *place).collect()
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, place: &f64) -> String {
        self.ticks.iter().find(|(tick, _)| tick == place).map(|(_, label)| label.clone()).unwrap_or_default()
    }
}

fn rect(svg: &mut String, (left, top): (i32, i32), (right, bottom): (i32, i32), text: &str) {
    let (width, height) = ((right - left).max(1), (bottom - top).max(1));
    let _ = write!(svg, "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\">");
    titled(svg, text);
    svg.push_str("</rect>\n");
}

fn titled(svg: &mut String, text: &str) {
    svg.push_str("<title>");
    escape(svg, text);
    svg.push_str("</title>");
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
}

/// Rules that give the constants of this file their meaning in the page: `var(--c0)` in the place of the first line's colour.
pub fn style_rules() -> String {
    let mut rules = String::new();
    let mut rule = |RGBColor(r, g, b): RGBColor, variable: String| {
        let _ = writeln!(
            rules,
            "svg [stroke=\"#{r:02X}{g:02X}{b:02X}\"] {{ stroke: var({variable}); }} \
             svg [fill=\"#{r:02X}{g:02X}{b:02X}\"] {{ fill: var({variable}); }}"
        );
    };
    rule(INK, "--ink".to_owned());
    rule(SOFT, "--soft".to_owned());
    rule(GRID, "--grid".to_owned());
    for (number, colour) in LINE_COLOURS.into_iter().enumerate() {
        rule(colour, format!("--c{number}"));
    }
    for (step, colour) in HEAT_COLOURS.into_iter().enumerate() {
        rule(colour, format!("--h{step}"));
    }
    rules
}
