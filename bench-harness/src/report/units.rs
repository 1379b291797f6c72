//! Numbers for people: three significant digits with their unit, counts with separators.

/// `1.23 ms`: nanoseconds in the largest unit that leaves a whole part.
pub fn duration(ns: u64) -> String {
    duration_f(ns as f64)
}

pub fn duration_f(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{} ns", ns.round()),
        ns if ns < 999_500.0 => format!("{} µs", significant(ns / 1e3)),
        ns if ns < 999_500_000.0 => format!("{} ms", significant(ns / 1e6)),
        ns => format!("{} s", significant(ns / 1e9)),
    }
}

/// `1.23 GB`: powers of ten, as disks and networks count.
pub fn bytes(bytes: f64) -> String {
    match bytes {
        b if b < 999.5 => format!("{} B", b.round()),
        b if b < 999_500.0 => format!("{} kB", significant(b / 1e3)),
        b if b < 999_500_000.0 => format!("{} MB", significant(b / 1e6)),
        b if b < 999.5e9 => format!("{} GB", significant(b / 1e9)),
        b => format!("{} TB", significant(b / 1e12)),
    }
}

/// `1,234,567`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate or a share of one: whole with separators from 1,000 on, three significant digits below.
pub fn number(value: f64) -> String {
    if value.abs() >= 999.5 && value.is_finite() {
        let whole = count(value.abs().round() as u64);
        return if value < 0.0 { format!("-{whole}") } else { whole };
    }
    significant(value)
}

/// Three significant digits, no exponent; whole numbers stay whole.
pub fn significant(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    // Rounding may carry into one more digit (9.996 is 10.0), so the magnitude is that of the rounded value.
    let magnitude = value.abs().log10().floor() as i32;
    let rounded = (value * 10f64.powi(2 - magnitude)).round() / 10f64.powi(2 - magnitude);
    let magnitude = rounded.abs().log10().floor() as i32;
    let decimals = usize::try_from(2 - magnitude).unwrap_or(0).min(9);
    format!("{rounded:.decimals$}")
}

/// `42 %`.
pub fn share(share: f64) -> String {
    format!("{} %", significant(share * 100.0))
}

/// `1 min 30 s`: how long something takes.
pub fn span(seconds: f64) -> String {
    if seconds < 90.0 && seconds.fract() == 0.0 {
        return format!("{seconds} s");
    }
    if seconds < 90.0 {
        return format!("{} s", significant(seconds));
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, minutes, 0) => format!("{minutes} min"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Units change where a fourth digit would appear, never showing `1000 µs`.
    #[test]
    fn at_the_edges_of_units() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (12_345, "12.3 µs"),
            (999_499, "999 µs"),
            (999_500, "1.00 ms"),
            (9_996_000, "10.0 ms"),
            (1_234_567_890, "1.23 s"),
        ];
        for (ns, expected) in cases {
            assert_eq!(duration(ns), expected);
        }
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(bytes(1_024.0), "1.02 kB");
        assert_eq!(bytes(16_000_000_000.0), "16.0 GB");
    }

    #[test]
    fn separators_and_digits() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(number(-12_345.6), "-12,346");
        assert_eq!(number(0.012_345), "0.0123");
        assert_eq!(significant(f64::NAN), "–");
        assert_eq!(share(0.5), "50.0 %");
        assert_eq!(span(30.0), "30 s");
        assert_eq!(span(1.5), "1.50 s");
        assert_eq!(span(3_725.0), "1 h 2 min");
    }
}
