//! Axes: their ticks, and the mapping from values to places.

use super::{Area, Lines, Scale, Series};

/// The mapping from values to places.
pub(super) struct Axes {
    pub(super) plot: Area,
    pub(super) x_ticks: Vec<(f64, String)>,
    pub(super) y_ticks: Vec<f64>,
    x_max: f64,
    scale: Scale,
    /// The ends of the vertical axis, in units of the scale.
    ends: (f64, f64),
}

impl Axes {
    pub(super) fn fit(plot: Area, chart: &Lines<'_>) -> Axes {
        let (series, scale) = (chart.series, chart.y_scale);
        let all = || series.iter().flat_map(|series| series.points.iter().chain(&series.ideal));
        let x_max = all().map(|point| point.0).fold(f64::MIN_POSITIVE, f64::max);
        let y_ticks = match scale {
            Scale::Log => log_ticks(all().map(|point| point.1)),
            Scale::Linear => linear_ticks(all().map(|point| point.1).fold(0.0, f64::max)),
        };
        let end = |tick: Option<&f64>| scale.place(tick.copied().unwrap_or(1.0));
        let ends = (end(y_ticks.first()), end(y_ticks.last()));
        let x_ticks = match chart.x_names {
            [] => places(series),
            names => names.to_vec(),
        };
        Axes { plot, x_ticks, y_ticks, x_max, scale, ends }
    }

    pub(super) fn x(&self, value: f64) -> f64 {
        self.plot.x + self.plot.width * value / self.x_max
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        let (low, high) = self.ends;
        self.plot.y + self.plot.height * (1.0 - (self.scale.place(value) - low) / (high - low))
    }

    pub(super) fn places(&self, points: &[(f64, f64)]) -> impl Iterator<Item = (f64, f64)> {
        let shown = |point: &&(f64, f64)| self.scale == Scale::Linear || point.1 > 0.0;
        points.iter().filter(shown).map(|&(x, y)| (self.x(x), self.y(y)))
    }
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        match self {
            Scale::Linear => value,
            Scale::Log => value.ln(),
        }
    }
}

/// Returns at most ten places of the points, named by their numbers.
fn places(series: &[Series]) -> Vec<(f64, String)> {
    let mut places = series.iter().flat_map(|s| &s.points).map(|p| p.0).collect::<Vec<_>>();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let every = places.len().div_ceil(10).max(1);
    let named = |place: f64| (place, place.to_string());
    places.into_iter().rev().step_by(every).map(named).collect()
}

fn log_ticks(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let positive = values.filter(|y| *y > 0.0);
    let (least, most) =
        positive.fold((f64::MAX, 0.0), |(least, most), y| (y.min(least), y.max(most)));
    let (least, most) = if most == 0.0 { (1.0, 10.0) } else { (least, most) };
    let steps = steps();
    let first = steps.iter().rposition(|step| *step <= least).unwrap_or(0);
    let last = steps.iter().position(|step| *step >= most).unwrap_or(steps.len() - 1);
    let last = last.max(first + 1).min(steps.len() - 1);
    let first = first.min(last - 1);
    if last - first < TICKS_MAX {
        return steps[first..=last].to_vec();
    }
    // Only decades: more ticks would crowd the axis.
    let last = last.next_multiple_of(3).min(steps.len() - 1);
    steps[first - first % 3..=last].iter().copied().step_by(3).collect()
}

/// Returns four to ten round numbers from zero to at least `most`.
fn linear_ticks(most: f64) -> Vec<f64> {
    let steps = steps();
    let step = steps.iter().find(|step| **step * 8.0 >= most).copied().unwrap_or(1.0);
    let count = (most / step).ceil().max(1.0) as usize;
    (0..=count).map(|n| n as f64 * step).map(tidy).collect()
}

/// Removes the rounding errors of binary fractions.
fn tidy(value: f64) -> f64 {
    format!("{value:.9}").parse().unwrap_or(value)
}

/// Returns 1, 2, 5, 10, 20, 50 … from a millionth to a million million.
fn steps() -> Vec<f64> {
    let decade = |exponent: i32| {
        [1, 2, 5].map(|digit| {
            // Parsed from text: 0.1 exactly, not a product of rounded factors.
            format!("{digit}e{exponent}").parse().expect("a number in this form")
        })
    };
    (-6..=12).flat_map(decade).collect()
}

/// Ticks of a logarithmic axis beyond which only every third gets a line.
const TICKS_MAX: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(f64, f64)]) -> Series {
        Series { name: String::new(), style: 0, points: points.to_vec(), ideal: Vec::new() }
    }

    fn axes(points: &[(f64, f64)], y_scale: Scale) -> Axes {
        let (title, x_label, y_label, note) = ("", "", "", "");
        let series = &[series(points)];
        let chart = Lines { title, x_label, x_names: &[], y_label, y_scale, series, note };
        Axes::fit(Area { x: 0.0, y: 0.0, width: 100.0, height: 100.0 }, &chart)
    }

    #[test]
    fn an_axis_has_the_steps_of_people() {
        let log = axes(&[(50.0, 0.3), (100.0, 90.0)], Scale::Log);
        assert_eq!(log.y_ticks, [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        let x_ticks = log.x_ticks.iter().map(|(x, name)| (*x, &**name)).collect::<Vec<_>>();
        assert_eq!(x_ticks, [(100.0, "100"), (50.0, "50")]);
        assert!((log.y(100.0)).abs() < 1e-9 && (log.y(0.2) - 100.0).abs() < 1e-9);
        let wide = axes(&[(1.0, 0.3), (2.0, 90_000.0)], Scale::Log);
        assert_eq!(wide.y_ticks, [0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0, 100_000.0]);
        for (most, ticks) in [(0.0, 2), (7.0, 8), (0.3, 7), (45_000.0, 6)] {
            let linear = axes(&[(1.0, most)], Scale::Linear);
            assert_eq!(
                (linear.y_ticks[0], linear.y_ticks.len()),
                (0.0, ticks),
                "{:?}",
                linear.y_ticks
            );
            assert!(linear.y_ticks[ticks - 1] >= most);
        }
    }
}
