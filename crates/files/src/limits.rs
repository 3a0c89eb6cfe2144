//! Bounds.

use std::time::Duration;

/// How much one server does at once, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Uploads at once.
    pub uploads: usize,
    /// Of these, of one caller; of one address for callers who prove nothing.
    pub uploads_of_one: usize,
    /// Uploads of one caller that wait for the row that names them.
    pub waiting_of_one: u32,
    /// How long a client may send nothing.
    pub silence: Duration,
    /// Bytes a second that a client has to send, after the first `silence`.
    pub slowest: u64,
    /// Contents that are sent at once.
    pub downloads: usize,
    /// Megapixels of images that are made smaller at once.
    pub megapixels: u32,
    /// Megapixels of the largest image that is made smaller.
    pub largest_image: u32,
    /// Bytes of the largest file that an image is made smaller from.
    pub largest_image_file: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            uploads: 32,
            uploads_of_one: 4,
            waiting_of_one: 100,
            silence: Duration::from_secs(20),
            slowest: 8 * 1024,
            downloads: 1024,
            megapixels: 50,
            largest_image: 50,
            largest_image_file: 32 * 1024 * 1024,
        }
    }
}
