//! What numbers of a run are worth: histograms, intervals, warm-up, trends.

mod coarse;
mod estimate;
mod histogram;
mod steady;
mod student;

pub use coarse::Coarse;
pub use estimate::Estimate;
pub use histogram::{Histogram, Recorder};
pub use steady::{growth, warm_up};
pub use student::student_quantile;
