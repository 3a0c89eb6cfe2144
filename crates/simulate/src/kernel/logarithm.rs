//! The natural logarithm of a share, to the bits of `libm::log`, written so that a loop over several
//! is free of branches and calls: half of the time of a simple network goes into logarithms.
//!
//! The method is that of fdlibm's `e_log.c` (Sun Microsystems 1993): a power of two is split off, and
//! what is left, between the square roots of one half and of two, goes through `s = f / (2 + f)` into
//! an odd polynomial of degree 14.

/// Logarithm of two, in two parts: products of the first with an exponent are exact.
const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];

/// The polynomial in the square of `s`, its even and its odd terms.
const EVEN: [f64; 4] = [
    6.666_666_666_666_735e-1,
    2.857_142_874_366_239e-1,
    1.818_357_216_161_805e-1,
    1.479_819_860_511_658_6e-1,
];
const ODD: [f64; 3] =
    [3.999_999_999_940_942e-1, 2.222_219_843_214_978_4e-1, 1.531_383_769_920_937_3e-1];

/// Upper half of the bits of the square root of one half, and of one, where doubles have them.
const ROOT: u64 = 0x3fe6_a09e << 32;
const ONE: u64 = 0x3ff0_0000 << 32;
const MANTISSA: u64 = (1 << 52) - 1;

/// The logarithm of a normal number that is neither negative nor infinite.
#[inline]
pub(super) fn logarithm(of: f64) -> f64 {
    let bits = of.to_bits() + (ONE - ROOT);
    let exponent = f64::from((bits >> 52) as i32 - 0x3ff);
    let rest = f64::from_bits((bits & MANTISSA) + ROOT) - 1.0;
    let half_square = 0.5 * rest * rest;
    let s = rest / (2.0 + rest);
    let (z, [a, c, e, g], [b, d, f]) = (s * s, EVEN, ODD);
    let w = z * z;
    let odd = w * (b + w * (d + w * f));
    let even = z * (a + w * (c + w * (e + w * g)));
    s * (half_square + (even + odd)) + exponent * LN_2[1] - half_square + rest + exponent * LN_2[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Random;

    #[test]
    fn it_is_the_librarys_to_the_last_bit() {
        let mut random = Random::new(11);
        let ends = [1.0, f64::MIN_POSITIVE, 0.5, 1.0 / 9_007_199_254_740_992.0, 1e300];
        let draws = (0..2_000_000).map(|_| random.positive());
        for share in ends.into_iter().chain(draws) {
            let (found, wanted) = (logarithm(share), libm::log(share));
            assert_eq!(found.to_bits(), wanted.to_bits(), "{share}: {found} {wanted}");
        }
    }
}
