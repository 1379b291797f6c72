//! Where an axis begins, ends and has its ticks.

use super::plot::Axis;
use crate::report::units::{duration_f, number, span};

/// Ticks that an axis has about.
const TICKS: f64 = 5.0;
/// Decades up to which a logarithmic axis has ticks at 2 and 5 too.
const FINE_DECADES: f64 = 2.6;

/// Nanoseconds, by their decimal logarithm, over all the values; zero counts as one.
pub fn latency(values_ns: impl Iterator<Item = f64>) -> Axis {
    let (least, greatest) = values_ns
        .map(|ns| ns.max(1.0).log10())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), value| {
            (least.min(value), greatest.max(value))
        });
    // Without values: a decade around a millisecond.
    let (least, greatest) = if least <= greatest { (least, greatest) } else { (5.5, 6.5) };
    let (from, to) = (step_down(least), step_up(greatest));
    let steps: &[f64] = if to - from <= FINE_DECADES { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let mut ticks = Vec::new();
    for decade in from.floor() as i32..=to.ceil() as i32 {
        for step in steps {
            let place = f64::from(decade) + step.log10();
            if (from - 1e-9..=to + 1e-9).contains(&place) {
                ticks.push((place, short(step * 10f64.powi(decade))));
            }
        }
    }
    Axis { title: String::new(), from, to, ticks }
}

/// `200 µs`, without the digits that a tick has no use for.
fn short(ns: f64) -> String {
    duration_f(ns).replacen(".00", "", 1).replacen(".0", "", 1)
}

/// The next of 1, 2 and 5 times a power of ten that is not above, as a logarithm.
fn step_down(logarithm: f64) -> f64 {
    let decade = logarithm.floor();
    [5f64, 2.0, 1.0]
        .iter()
        .map(|step| decade + step.log10())
        .find(|place| *place <= logarithm)
        .unwrap_or(decade)
}

/// The next one above.
fn step_up(logarithm: f64) -> f64 {
    let decade = logarithm.floor();
    [1f64, 2.0, 5.0, 10.0]
        .iter()
        .map(|step| decade + step.log10())
        .find(|place| *place > logarithm)
        .unwrap_or(decade + 1.0)
}

/// Percentiles up to the last that `count` records can tell: by how many nines, 50 % being 0.3, 90 % 1, 99 % 2.
pub fn percentiles(count: u64) -> Axis {
    let to = (count.max(10) as f64).log10();
    let named = [(0.5, "50 %"), (0.9, "90 %"), (0.99, "99 %"), (0.999, "99.9 %")];
    let mut ticks: Vec<(f64, String)> =
        named.iter().map(|(quantile, label)| (nines(*quantile), (*label).to_owned())).collect();
    for decade in 4..=9 {
        ticks.push((f64::from(decade), format!("99.{} %", "9".repeat(decade as usize - 2))));
    }
    ticks.retain(|(place, _)| *place <= to);
    Axis { title: String::new(), from: 0.0, to, ticks }
}

/// How many nines a quantile has; 1 has as many as its neighbours, so callers leave it out.
pub fn nines(quantile: f64) -> f64 {
    -(1.0 - quantile).max(1e-12).log10()
}

/// From zero to a little above the greatest value.
pub fn linear(values: impl Iterator<Item = f64>, format: fn(f64) -> String) -> Axis {
    let greatest = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
    let step = nice(if greatest > 0.0 { greatest } else { 1.0 } / TICKS);
    let steps = (greatest * 1.04 / step).ceil().max(1.0);
    let ticks =
        (0..=steps as u32).map(|tick| f64::from(tick) * step).map(|place| (place, format(place))).collect();
    Axis { title: String::new(), from: 0.0, to: steps * step, ticks }
}

/// Seconds of a run, from its beginning.
pub fn time(seconds: f64) -> Axis {
    let seconds = seconds.max(1.0);
    // Minutes and hours have no ten: the first of these that gives few enough ticks.
    let steps = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0,
        43_200.0, 86_400.0,
    ];
    let step = steps.into_iter().find(|step| seconds / step <= 10.0).unwrap_or(seconds / 8.0);
    let ticks = (0..=(seconds / step) as u32).map(|tick| f64::from(tick) * step);
    let label = |place: f64| {
        if place < 90.0 { number(place).replacen(".00", "", 1).replacen(".0", "", 1) } else { span(place) }
    };
    Axis {
        title: "seconds".to_owned(),
        from: 0.0,
        to: seconds,
        ticks: ticks.map(|place| (place, label(place))).collect(),
    }
}

/// 1, 2 or 5 times a power of ten, at least `value`.
fn nice(value: f64) -> f64 {
    let decade = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|step| step * decade)
        .find(|step| *step >= value * 0.999_999)
        .unwrap_or(decade * 10.0)
}

/// As a tick of a rate: `20k`, `1.5M`.
pub fn compact(value: f64) -> String {
    let (value, suffix) = match value {
        v if v >= 1e9 => (v / 1e9, "G"),
        v if v >= 1e6 => (v / 1e6, "M"),
        v if v >= 1e3 => (v / 1e3, "k"),
        v => (v, ""),
    };
    // Ticks are round: six decimals hold them all, and the zeros behind say nothing.
    let digits = format!("{value:.6}");
    format!("{}{suffix}", digits.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn latency_ticks_are_fine_for_few_decades_and_coarse_for_many() {
        let fine = latency([300_000.0, 6_100_000.0].into_iter());
        assert_eq!(labels(&fine), ["200 µs", "500 µs", "1 ms", "2 ms", "5 ms", "10 ms"]);
        let coarse = latency([900.0, 2e9].into_iter());
        assert_eq!(labels(&coarse), ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"]);
        assert!(coarse.from < 900f64.log10() && coarse.to > 2e9f64.log10());
    }

    /// An outcome without a record still has axes that can be drawn.
    #[test]
    fn of_nothing() {
        for axis in
            [latency(std::iter::empty()), linear(std::iter::empty(), compact), time(0.0), percentiles(0)]
        {
            assert!(axis.from < axis.to, "{axis:?}");
            assert!(!axis.ticks.is_empty(), "{axis:?}");
        }
    }

    #[test]
    fn percentiles_end_where_the_records_do() {
        assert_eq!(labels(&percentiles(20_000)), ["50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
        assert!((nines(0.99) - 2.0).abs() < 1e-9);
    }

    #[test]
    fn linear_and_time() {
        assert_eq!(labels(&linear([19_800.0].into_iter(), compact)), ["0", "5k", "10k", "15k", "20k", "25k"]);
        assert_eq!(labels(&linear([0.61].into_iter(), compact)), ["0", "0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(labels(&time(30.0)), ["0", "5", "10", "15", "20", "25", "30"]);
        assert_eq!(labels(&time(7_200.0)).last(), Some(&"2 h"));
    }
}
