//! Where the boxes of the map stand: actors on the left, a band for each deployable with its
//! contexts in columns by who asks whom, externals on the right.

use std::collections::{BTreeMap, BTreeSet};

/// Size of a context's box, and of the others, in units of the drawing.
pub const BOX: (f64, f64) = (184.0, 62.0);
/// Room between columns, and between rows.
const GAP: (f64, f64) = (92.0, 30.0);
/// Room inside a band, around its contexts; above them its name.
const PADDING: (f64, f64) = (22.0, 20.0);
const BAND_TITLE: f64 = 30.0;
/// Columns of contexts at most: longer chains end in the last.
const COLUMNS: usize = 4;
/// Contexts of one column before it is divided in two.
const COLUMN_LENGTH: usize = 7;

/// A box at a place: its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub x: f64,
    pub y: f64,
}

/// A band around the contexts of one deployable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    pub y: f64,
    pub height: f64,
}

/// The whole drawing.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    pub width: f64,
    pub height: f64,
    /// Left edge and width of all bands.
    pub bands_at: (f64, f64),
    pub bands: Vec<Band>,
    pub contexts: BTreeMap<String, Place>,
    pub actors: Vec<Place>,
    pub externals: Vec<Place>,
}

/// Places everything. `bands` are the contexts of each deployable, `asks` who asks whom.
pub fn layout(
    bands: &[Vec<String>],
    asks: &BTreeSet<(String, String)>,
    actors: usize,
    externals: usize,
) -> Layout {
    let depths = depths(bands, asks);
    let columns: Vec<Vec<Vec<&str>>> = bands.iter().map(|band| columns(band, &depths)).collect();
    let most = columns.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let left = if actors == 0 { 0.0 } else { BOX.0 + GAP.0 };
    let inner = count(most) * (BOX.0 + GAP.0) - GAP.0;
    let bands_width = inner + 2.0 * PADDING.0;
    let mut layout = Layout { bands_at: (left, bands_width), ..Layout::default() };
    let mut y = 0.0;
    for band in &columns {
        let rows = band.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let height = BAND_TITLE + column_height(rows) + 2.0 * PADDING.1;
        for (at, column) in band.iter().enumerate() {
            let x = left + PADDING.0 + count(at) * (BOX.0 + GAP.0);
            let top = y + BAND_TITLE + PADDING.1;
            let spare = (column_height(rows) - column_height(column.len())) / 2.0;
            for (row, name) in column.iter().enumerate() {
                let y = top + spare + count(row) * (BOX.1 + GAP.1);
                layout.contexts.insert((*name).to_owned(), Place { x, y });
            }
        }
        layout.bands.push(Band { y, height });
        y += height + GAP.1;
    }
    let height = (y - GAP.1).max(column_height(actors)).max(column_height(externals));
    let right = left + bands_width + GAP.0;
    layout.actors = column(0.0, actors, height);
    layout.externals = column(right, externals, height);
    layout.width = if externals == 0 { left + bands_width } else { right + BOX.0 };
    layout.height = height;
    layout
}

/// How far each context stands from those that nobody asks; a circle is cut where it closes.
fn depths(bands: &[Vec<String>], asks: &BTreeSet<(String, String)>) -> BTreeMap<String, usize> {
    let mut names: Vec<&String> = bands.iter().flatten().collect();
    names.sort();
    let mut depths: BTreeMap<String, usize> = names.iter().map(|of| ((*of).clone(), 0)).collect();
    // As many rounds as there are columns settle every chain that fits; longer ones and circles
    // stay in the last column.
    for _ in 0..COLUMNS {
        for (from, to) in asks {
            let (Some(&source), Some(&target)) = (depths.get(from), depths.get(to)) else {
                continue;
            };
            let mutual = asks.contains(&(to.clone(), from.clone())) && from > to;
            if !mutual && target <= source {
                depths.insert(to.clone(), (source + 1).min(COLUMNS - 1));
            }
        }
    }
    depths
}

/// The contexts of a band by depth, empty columns left out and long ones divided.
fn columns<'b>(band: &'b [String], depths: &BTreeMap<String, usize>) -> Vec<Vec<&'b str>> {
    let mut by_depth: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for name in band {
        by_depth.entry(depths.get(name).copied().unwrap_or(0)).or_default().push(name);
    }
    let divided = by_depth.into_values().flat_map(|mut column| {
        column.sort_unstable();
        let parts = column.len().div_ceil(COLUMN_LENGTH).max(1);
        let length = column.len().div_ceil(parts);
        column.chunks(length.max(1)).map(<[&str]>::to_vec).collect::<Vec<_>>()
    });
    divided.collect()
}

/// Boxes one below the other, in the middle of a height.
fn column(x: f64, boxes: usize, height: f64) -> Vec<Place> {
    let top = (height - column_height(boxes)) / 2.0;
    (0..boxes).map(|at| Place { x, y: top + count(at) * (BOX.1 + GAP.1) }).collect()
}

fn column_height(boxes: usize) -> f64 {
    (count(boxes) * (BOX.1 + GAP.1) - GAP.1).max(0.0)
}

fn count(count: usize) -> f64 {
    decide::facts::count(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|name| (*name).to_owned()).collect()
    }

    fn asks(of: &[(&str, &str)]) -> BTreeSet<(String, String)> {
        of.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
    }

    #[test]
    fn who_is_asked_stands_to_the_right() {
        let layout = layout(&[names(&["a", "b", "c"])], &asks(&[("a", "b"), ("b", "c")]), 1, 1);
        let x = |name: &str| layout.contexts[name].x;
        assert!(x("a") < x("b") && x("b") < x("c"));
        assert!(layout.actors[0].x < x("a") && x("c") < layout.externals[0].x);
    }

    #[test]
    fn no_two_boxes_overlap_even_in_circles_and_crowds() {
        let many: Vec<String> = (0..40).map(|at| format!("c{at:02}")).collect();
        let circle = asks(&[("c00", "c01"), ("c01", "c02"), ("c02", "c00"), ("c01", "c00")]);
        let layout = layout(&[many, names(&["own"])], &circle, 3, 2);
        let places: Vec<Place> = layout.contexts.values().copied().collect();
        assert_eq!(places.len(), 41);
        for (at, a) in places.iter().enumerate() {
            for b in places.iter().skip(at + 1) {
                assert!((a.x - b.x).abs() >= BOX.0 || (a.y - b.y).abs() >= BOX.1, "{a:?} {b:?}");
            }
            assert!(a.x + BOX.0 <= layout.width && a.y + BOX.1 <= layout.height);
        }
    }
}
