//! What people type, as SQLite's full-text index and its indexes on coordinates understand it.

use crate::store::Near;

/// Most words of a search; the rest is left out.
const WORDS: usize = 16;
/// Metres for a degree of latitude, rounded down so that a box is rather too large.
const METRES_PER_DEGREE: f64 = 110_500.0;

/// The full-text query that demands every word, the last one as a prefix. Each word is quoted, so
/// nothing in it is an operator. `None` if there is no word.
pub(super) fn words(text: &str) -> Option<String> {
    let meaningful = |word: &&str| word.contains(char::is_alphanumeric);
    let quoted = |word: &str| format!("\"{}\"", word.replace('"', "\"\"").replace('\0', ""));
    let words: Vec<_> =
        text.split_whitespace().filter(meaningful).take(WORDS).map(quoted).collect();
    (!words.is_empty()).then(|| format!("{}*", words.join(" AND ")))
}

/// A box on the map that holds a circle.
#[derive(Debug, PartialEq)]
pub(super) struct Area {
    /// Least latitude.
    pub south: f64,
    /// Greatest latitude.
    pub north: f64,
    /// Ranges of longitude: two where it crosses the date line, none where it is all around.
    pub bands: Vec<(f64, f64)>,
}

impl Area {
    /// The box around what is near.
    pub fn around(near: &Near) -> Self {
        let height = near.within / METRES_PER_DEGREE;
        let (south, north) = (near.latitude - height, near.latitude + height);
        // Meridians are closest at the end that is nearer to a pole.
        let widest = south.abs().max(north.abs());
        let width = height / widest.min(90.0).to_radians().cos();
        let bands = if widest >= 89.9 || !width.is_finite() || width >= 180.0 {
            Vec::new()
        } else {
            bands(near.longitude - width, near.longitude + width)
        };
        Self { south, north, bands }
    }
}

fn bands(west: f64, east: f64) -> Vec<(f64, f64)> {
    if west < -180.0 {
        vec![(west + 360.0, 180.0), (-180.0, east)]
    } else if east > 180.0 {
        vec![(west, 180.0), (-180.0, east - 360.0)]
    } else {
        vec![(west, east)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expression::FieldIndex;

    #[test]
    fn words_are_quoted_and_the_last_is_a_prefix() {
        assert_eq!(words("red  Sh").as_deref(), Some("\"red\" AND \"Sh\"*"));
        assert_eq!(words("a\" OR b*").as_deref(), Some("\"a\"\"\" AND \"OR\" AND \"b*\"*"));
        assert_eq!(words(" \" * ( "), None);
    }

    #[test]
    fn an_area_may_cross_the_date_line_or_hold_a_pole() {
        let near = |latitude, longitude| Near {
            field: FieldIndex(0),
            latitude,
            longitude,
            within: 20_000.0,
        };
        let across = Area::around(&near(0.0, 179.95));
        assert_eq!(across.bands.len(), 2);
        assert!(across.bands[1].1 < -179.0);
        assert_eq!(Area::around(&near(89.95, 0.0)).bands, []);
        assert_eq!(Area::around(&near(52.0, 13.0)).bands.len(), 1);
    }
}
