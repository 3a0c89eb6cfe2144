//! Random bytes as choices. Fewer and smaller bytes are simpler cases, so that shrinking the bytes
//! shrinks the case.

pub struct Choice<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl<'b> Choice<'b> {
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { bytes: bytes.iter() }
    }

    /// A number below `count`; 0 once the bytes are used up.
    pub fn below(&mut self, count: usize) -> usize {
        self.bytes.next().map_or(0, |byte| usize::from(*byte) % count.max(1))
    }

    pub fn of<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }

    pub fn yes(&mut self) -> bool {
        self.below(2) == 1
    }
}
