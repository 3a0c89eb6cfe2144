//! Where to look for what is near a point: an index on coordinates knows boxes alone.

use super::Near;

/// Metres for a degree of latitude, rounded down so that a box is rather too large.
const METRES_PER_DEGREE: f64 = 110_500.0;

/// A box on the map that holds a circle.
#[derive(Debug, PartialEq)]
pub struct Area {
    /// Least latitude.
    pub south: f64,
    /// Greatest latitude.
    pub north: f64,
    /// Ranges of longitude: two where it crosses the date line, none where it is all around.
    pub bands: Vec<(f64, f64)>,
}

impl Area {
    /// The box around what is near.
    #[must_use]
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
