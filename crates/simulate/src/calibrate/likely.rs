//! The least of a function of a few numbers, without derivatives (Nelder and Mead, A Simplex Method
//! for Function Minimization, 1965).

/// Steps after which the best so far is taken.
const STEPS: usize = 400;
/// Least difference between the best and the worst corner.
const ENOUGH: f64 = 1e-9;

/// Where a function is least, from a start and first steps along each axis, with its value there.
pub(super) fn least<const N: usize>(
    start: [f64; N],
    step: [f64; N],
    value: impl Fn(&[f64; N]) -> f64,
) -> ([f64; N], f64) {
    let at = |point: [f64; N]| (point, value(&point));
    let mut corners = vec![at(start)];
    for axis in 0..N {
        let mut corner = start;
        corner[axis] += step[axis];
        corners.push(at(corner));
    }
    for _ in 0..STEPS {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (best, worst) = (corners[0], corners[N]);
        if (worst.1 - best.1).abs() <= ENOUGH * (1.0 + best.1.abs()) && spread(&corners) < 1e-6 {
            break;
        }
        let middle: [f64; N] = std::array::from_fn(|axis| {
            corners[..N].iter().map(|(point, _)| point[axis]).sum::<f64>() / count(N)
        });
        let towards = |factor: f64| -> [f64; N] {
            std::array::from_fn(|axis| middle[axis] + factor * (worst.0[axis] - middle[axis]))
        };
        let reflected = at(towards(-1.0));
        let next = if reflected.1 < best.1 {
            let farther = at(towards(-2.0));
            if farther.1 < reflected.1 { farther } else { reflected }
        } else if reflected.1 < corners[N - 1].1 {
            reflected
        } else {
            let nearer = at(towards(if reflected.1 < worst.1 { -0.5 } else { 0.5 }));
            if nearer.1 >= worst.1.min(reflected.1) {
                for corner in &mut corners[1..] {
                    let half = |axis| f64::midpoint(best.0[axis], corner.0[axis]);
                    *corner = at(std::array::from_fn(half));
                }
                continue;
            }
            nearer
        };
        corners[N] = next;
    }
    corners.sort_by(|a, b| a.1.total_cmp(&b.1));
    corners[0]
}

/// How far the corners are from the first at most, along any axis.
fn spread<const N: usize>(corners: &[([f64; N], f64)]) -> f64 {
    let (first, _) = &corners[0];
    let apart = |(point, _): &([f64; N], f64)| {
        (0..N).map(|axis| (point[axis] - first[axis]).abs()).fold(0.0, f64::max)
    };
    corners.iter().map(apart).fold(0.0, f64::max)
}

#[expect(clippy::cast_precision_loss, reason = "two or three")]
const fn count(of: usize) -> f64 {
    of as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bottom_of_a_narrow_valley_is_found() {
        let valley = |[x, y]: &[f64; 2]| (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2);
        let ([x, y], value) = least([-1.2, 1.0], [0.5, 0.5], valley);
        assert!((x - 1.0).abs() < 1e-4 && (y - 1.0).abs() < 1e-4 && value < 1e-8, "{x} {y}");
    }
}
