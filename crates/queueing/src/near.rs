//! How tests compare what is computed with what is known.

/// The two agree to a share of the one that is wanted.
#[track_caller]
pub(crate) fn near(found: f64, wanted: f64, tolerance: f64) {
    assert!((found / wanted - 1.0).abs() < tolerance, "{found} {wanted}");
}

/// The same where nothing but rounding may differ.
#[track_caller]
pub(crate) fn same(found: f64, wanted: f64) {
    near(found, wanted, 1e-9);
}
