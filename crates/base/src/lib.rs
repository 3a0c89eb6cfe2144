//! What every phase speaks: places in the source, diagnostics with fixes, and quantities that
//! know their unit and where they come from; and pages that are escaped by construction. This crate
//! knows nothing of models.

mod diagnostic;
pub mod html;
mod quantity;
mod source;
mod suggest;

pub use diagnostic::{Diagnostic, Edit, Fix, Label, Severity, has_errors, sort_diagnostics};
pub use quantity::{
    Bytes, Duration, Percentile, Percentiles, Price, Provenance, Quantity, RATE_PER, Rate, Share,
};
pub use source::{FileId, Position, Range, SourceFile, SourceMap, Span, Spanned};
pub use suggest::{did_you_mean, one_of};
