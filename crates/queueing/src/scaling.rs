//! How throughput grows with parallelism (Gunther's Universal Scalability Law, 1993).

/// Coefficients of the law.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scalability {
    /// Throughput of one.
    pub single: f64,
    /// Contention: the serial share.
    pub contention: f64,
    /// Coherency: the cost of each pair that must agree.
    pub coherency: f64,
}

impl Scalability {
    /// Throughput of `n`.
    #[must_use]
    pub fn throughput(&self, n: f64) -> f64 {
        let pairs = n * (n - 1.0);
        self.single * n / (1.0 + self.contention * (n - 1.0) + self.coherency * pairs)
    }

    /// The number beyond which more is less.
    #[must_use]
    pub fn peak(&self) -> f64 {
        ((1.0 - self.contention) / self.coherency).sqrt()
    }
}
