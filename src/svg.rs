//! Charts as SVG text, legible on light and dark backgrounds.
//!
//! Pure: values in, text out. Colours follow the reader's `prefers-color-scheme`; lines can also be
//! told apart by the shapes of their marks and the names next to them. A picture is self-contained:
//! no script, font or address is loaded.

mod axes;

use axes::Axes;
use std::fmt::Write;

/// A picture in progress.
#[derive(Debug)]
pub struct Picture {
    body: String,
    width: f64,
    height: f64,
    title: String,
}

/// A rectangle on a picture, in its units (pixels, unless it is scaled).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Extent to the right.
    pub width: f64,
    /// Extent downwards.
    pub height: f64,
}

/// Lines over a linear axis.
#[derive(Debug)]
pub struct Lines<'a> {
    /// The title.
    pub title: &'a str,
    /// The label of the horizontal axis, with its unit.
    pub x_label: &'a str,
    /// Named places on it; if there are none, the places of the points.
    pub x_names: &'a [(f64, String)],
    /// The label of the vertical axis, with its unit.
    pub y_label: &'a str,
    /// The scale of the vertical axis.
    pub y_scale: Scale,
    /// The lines.
    pub series: &'a [Series],
    /// A line of small print below the chart.
    pub note: &'a str,
}

/// The scale of an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal distances are equal differences, from zero.
    Linear,
    /// Equal distances are equal ratios, so that values of very different size keep their shape.
    Log,
}

/// A line, and the dashed line of its ideal.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its colour and mark, modulo [`STYLES`]; the same in every chart of a picture.
    pub style: usize,
    /// Points, from left to right. Values that are not positive are omitted.
    pub points: Vec<(f64, f64)>,
    /// Points of the ideal.
    pub ideal: Vec<(f64, f64)>,
}

/// Horizontal bars from zero.
#[derive(Debug)]
pub struct Bars<'a> {
    /// The title, with the unit.
    pub title: &'a str,
    /// Name, style and value of each bar.
    pub bars: &'a [(String, usize, f64)],
    /// A line of small print below the chart.
    pub note: &'a str,
}

/// Number of styles.
pub const STYLES: usize = 7;

/// Colours on light and on dark backgrounds, each with a contrast of at least 3:1.
const COLORS: [(&str, &str); STYLES] = [
    ("#b3261e", "#ff8a80"),
    ("#1f5fbf", "#82b1ff"),
    ("#a05a00", "#ffb74d"),
    ("#00796b", "#4dd0c0"),
    ("#7b1fa2", "#d9a0f0"),
    ("#5f6b00", "#cddc5a"),
    ("#111111", "#ffffff"),
];

/// Points of a line beyond which no marks are drawn.
const MARKS_MAX: usize = 40;

/// Width reserved for names next to lines and bars, their marks included.
const NAMES: f64 = 124.0;

/// Distance of text lines that do not touch.
const LINE: f64 = 17.0;

impl Picture {
    /// Creates an empty picture. Screen readers read the title.
    pub fn new(title: &str, width: f64, height: f64) -> Picture {
        Picture { body: String::new(), width, height, title: title.to_owned() }
    }

    /// Returns the complete text.
    pub fn finish(self) -> String {
        let Picture { body, width, height, title } = self;
        let (mut light, mut dark) = (String::new(), String::new());
        for (style, (on_light, on_dark)) in COLORS.iter().enumerate() {
            let _ = write!(light, ".s{style}{{--c:{on_light}}}");
            let _ = write!(dark, ".s{style}{{--c:{on_dark}}}");
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" role=\"img\">\n<title>{}</title>\n<style>\n\
             svg{{color-scheme:light dark;font:13px system-ui,sans-serif;--p:#fff;--i:#1a1a1a;\
             --g:#d0d0d0;--q:#555}}\n{light}\n@media screen and (prefers-color-scheme:dark){{\
             svg{{--p:#16181c;--i:#ececec;--g:#3a3f47;--q:#a8adb5}}{dark}}}\n\
             .paper{{fill:var(--p)}}text{{fill:var(--i)}}.h{{font-size:15px;font-weight:600}}\
             .q{{fill:var(--q);font-size:12px}}.n{{fill:var(--c);font-weight:600}}\
             .g{{stroke:var(--g)}}.a{{stroke:var(--q)}}.e{{text-anchor:end}}\
             .m{{text-anchor:middle}}\n.l{{fill:none;stroke:var(--c);stroke-width:2}}\
             .d{{fill:none;stroke:var(--c);stroke-width:1.2;stroke-dasharray:3 4}}\
             .t{{fill:none;stroke:var(--c);stroke-width:.8}}.b{{fill:var(--c)}}\n</style>\n\
             <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{body}</svg>\n",
            escaped(&title)
        )
    }

    /// Adds a text; `class` is one of the styles above.
    fn text(&mut self, (x, y): (f64, f64), class: &str, words: &str) {
        let words = escaped(words);
        let _ =
            writeln!(self.body, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>");
    }

    fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let _ = writeln!(
            self.body,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    fn path(&mut self, class: &str, points: impl Iterator<Item = (f64, f64)>) {
        let mut d = String::new();
        for (place, (x, y)) in points.enumerate() {
            let _ = write!(d, "{}{x:.1} {y:.1}", if place == 0 { 'M' } else { 'L' });
        }
        if !d.is_empty() {
            let _ = writeln!(self.body, "<path class=\"{class}\" d=\"{d}\"/>");
        }
    }

    /// Adds a line chart whose axes, labels and names stay inside `area`.
    pub fn lines(&mut self, area: Area, chart: &Lines<'_>) {
        let plot = Area {
            x: area.x + 62.0,
            y: area.y + 56.0,
            width: area.width - 62.0 - NAMES,
            height: area.height - 56.0 - 66.0,
        };
        let axes = Axes::fit(plot, chart);
        self.text((area.x, area.y + 18.0), "h", chart.title);
        self.text((area.x, area.y + 40.0), "q", chart.y_label);
        let bottom = plot.y + plot.height;
        for &tick in &axes.y_ticks {
            let y = axes.y(tick);
            self.line("g", (plot.x, y), (plot.x + plot.width, y));
            self.text((plot.x - 8.0, y + 4.5), "e", &tick.to_string());
        }
        for (tick, name) in &axes.x_ticks {
            let x = axes.x(*tick);
            self.line("a", (x, bottom), (x, bottom + 5.0));
            self.text((x, bottom + 20.0), "m", name);
        }
        self.line("a", (plot.x, bottom), (plot.x + plot.width, bottom));
        self.text((plot.x + plot.width / 2.0, bottom + 40.0), "q m", chart.x_label);
        self.text((area.x, area.y + area.height - 6.0), "q", chart.note);
        for series in chart.series {
            self.series(&axes, series);
        }
        self.names(&axes, chart.series);
    }

    fn series(&mut self, axes: &Axes, series: &Series) {
        let style = series.style % STYLES;
        self.path(&format!("d s{style}"), axes.places(&series.ideal));
        self.path(&format!("l s{style}"), axes.places(&series.points));
        if series.points.len() > MARKS_MAX {
            return;
        }
        for (x, y) in axes.places(&series.points) {
            let _ = writeln!(self.body, "<path class=\"b s{style}\" d=\"{}\"/>", mark(style, x, y));
        }
    }

    /// Adds each name at the end of its line, moved so that no two overlap.
    fn names(&mut self, axes: &Axes, all: &[Series]) {
        let end = |series: &Series| axes.places(&series.points).last();
        let mut ends =
            all.iter().filter_map(|series| end(series).map(|at| (at, series))).collect::<Vec<_>>();
        ends.sort_by(|((_, a), _), ((_, b), _)| a.total_cmp(b));
        let plot = axes.plot;
        let wanted = ends.iter().map(|((_, y), _)| *y).collect::<Vec<_>>();
        let rows = spread(&wanted, plot.y - LINE, plot.y + plot.height);
        for (((x, y), series), row) in ends.iter().zip(rows) {
            let (style, left) = (series.style % STYLES, plot.x + plot.width + 20.0);
            self.path(&format!("t s{style}"), [(x + 6.0, *y), (left - 4.0, row)].into_iter());
            let _ = writeln!(
                self.body,
                "<path class=\"b s{style}\" d=\"{}\"/>",
                mark(style, left + 3.0, row)
            );
            self.text((left + 12.0, row + 4.5), &format!("n s{style}"), &series.name);
        }
    }

    /// Adds bars with their names to the left and their values to the right.
    pub fn bars(&mut self, area: Area, chart: &Bars<'_>) {
        self.text((area.x, area.y + 18.0), "h", chart.title);
        self.text((area.x, area.y + area.height - 6.0), "q", chart.note);
        let most = chart.bars.iter().map(|(_, _, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
        let (left, top) = (area.x + NAMES, area.y + 56.0);
        let longest = area.width - NAMES - 64.0;
        let step = (area.height - 56.0 - 66.0) / chart.bars.len().max(1) as f64;
        for (row, (name, style, value)) in chart.bars.iter().enumerate() {
            let (style, middle) = (style % STYLES, top + step * (row as f64 + 0.5));
            let (width, height) = (longest * value.max(0.0) / most, (step * 0.55).min(24.0));
            self.text((left - 10.0, middle + 4.5), &format!("n e s{style}"), name);
            let _ = writeln!(
                self.body,
                "<rect class=\"b s{style}\" x=\"{left:.1}\" y=\"{:.1}\" width=\"{width:.1}\" \
                 height=\"{height:.1}\"/>",
                middle - height / 2.0
            );
            self.text((left + width + 8.0, middle + 4.5), "", &rounded(*value));
        }
        self.line("a", (left, top), (left, top + step * chart.bars.len() as f64));
    }
}

/// Returns rows near the wanted ones (which ascend), `LINE` apart, between `top` and `bottom` if
/// they fit.
fn spread(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut rows = Vec::with_capacity(wanted.len());
    let mut next = top;
    for &row in wanted {
        rows.push(row.max(next));
        next = rows[rows.len() - 1] + LINE;
    }
    let mut limit = bottom;
    for row in rows.iter_mut().rev() {
        *row = row.min(limit);
        limit = *row - LINE;
    }
    rows
}

/// Returns the mark of a style: circle, square, triangle, diamond, inverted triangle, hexagon,
/// star.
fn mark(style: usize, x: f64, y: f64) -> String {
    let (count, turn, radius) = match style {
        1 => (4, 45.0, 5.0),
        2 => (3, -90.0, 5.5),
        3 => (4, 0.0, 5.5),
        4 => (3, 90.0, 5.5),
        5 => (6, 0.0, 5.0),
        6 => (10, -90.0, 6.5),
        _ => (20, 0.0, 4.0),
    };
    let mut d = String::new();
    for corner in 0..count {
        let angle = (turn + 360.0 * f64::from(corner) / f64::from(count)).to_radians();
        // Every other corner of a star is moved inwards.
        let radius: f64 = if style == 6 && corner % 2 == 1 { radius * 0.45 } else { radius };
        let (x, y) = (x + radius * angle.cos(), y + radius * angle.sin());
        let _ = write!(d, "{}{x:.1} {y:.1}", if corner == 0 { 'M' } else { 'L' });
    }
    d + "Z"
}

/// Formats three significant digits, or all before the point.
fn rounded(value: f64) -> String {
    match value {
        value if value >= 99.95 => format!("{value:.0}"),
        value if value >= 9.995 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(name: &str, style: usize, points: &[(f64, f64)]) -> Series {
        Series { name: name.to_owned(), style, points: points.to_vec(), ideal: points.to_vec() }
    }

    fn chart(series: &[Series], y_scale: Scale) -> Lines<'_> {
        let (title, x_label, y_label, note) = ("t", "x", "y, s", "n");
        Lines { title, x_label, x_names: &[], y_label, y_scale, series, note }
    }

    fn drawn(all: &[Series]) -> String {
        let mut picture = Picture::new("a < b", 600.0, 400.0);
        let area = Area { x: 10.0, y: 10.0, width: 580.0, height: 380.0 };
        picture.lines(area, &chart(all, Scale::Log));
        let bars = [("a".to_owned(), 0, 3.0), ("b".to_owned(), 8, 0.0)];
        picture.bars(area, &Bars { title: "KiB", bars: &bars, note: "" });
        picture.finish()
    }

    #[test]
    fn a_picture_has_names_units_and_no_broken_number() {
        let all = [
            series("first", 0, &[(50.0, 15.0), (300.0, 90.0)]),
            series("second", 6, &[(50.0, 0.5), (300.0, 0.5), (400.0, 0.0)]),
        ];
        let text = drawn(&all);
        for part in ["prefers-color-scheme:dark", ">first<", ">y, s<", "a &lt; b", ">300<"] {
            assert!(text.contains(part), "{part}");
        }
        for broken in ["NaN", "inf", "http://www.w3.org/1999"] {
            assert!(!text.contains(broken), "{broken}");
        }
        assert_eq!(text.matches("<svg").count(), text.matches("</svg>").count());
    }

    #[test]
    fn nothing_to_draw_is_drawn() {
        for all in [&[][..], &[series("empty", 0, &[])], &[series("one", 1, &[(1.0, 1.0)])]] {
            let text = drawn(all);
            assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        }
    }

    #[test]
    fn names_keep_their_distance_and_stay_inside() {
        let rows = spread(&[10.0, 11.0, 12.0, 99.0, 100.0], 0.0, 100.0);
        assert!(rows.windows(2).all(|pair| pair[1] - pair[0] >= LINE - 1e-9), "{rows:?}");
        assert!(rows[0] >= 0.0 && rows[4] <= 100.0, "{rows:?}");
    }
}
