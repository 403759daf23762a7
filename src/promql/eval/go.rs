//! Functions of numbers as Go has them, where the C library has them otherwise.

/// The larger one; NaN when one is, but infinity is above it.
pub fn larger(one: f64, other: f64) -> f64 {
    if one == f64::INFINITY || other == f64::INFINITY {
        f64::INFINITY
    } else if one.is_nan() || other.is_nan() {
        f64::NAN
    } else if one == 0.0 && one == other {
        if one.is_sign_negative() { other } else { one }
    } else if one > other {
        one
    } else {
        other
    }
}

/// The smaller one; NaN when one is, but minus infinity is below it.
pub fn smaller(one: f64, other: f64) -> f64 {
    -larger(-one, -other)
}

/// The logarithm to base two: exact for powers of two, so that `floor` of it is.
pub fn log2(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return value.ln();
    }
    let (fraction, exponent) = split(value);
    if fraction == 0.5 {
        return f64::from(exponent - 1);
    }
    fraction.ln() * std::f64::consts::LOG2_E + f64::from(exponent)
}

/// The logarithm to base ten, rounded as Go rounds it: `floor(log10(1000))` is 2 there.
pub fn log10(value: f64) -> f64 {
    log2(value) * std::f64::consts::LOG10_2
}

/// A positive number as a fraction of at least a half and below one, and a power of two.
fn split(value: f64) -> (f64, i32) {
    let is_small = value < f64::MIN_POSITIVE;
    let scaled =
        if is_small { value * f64::from(2_u32.pow(30)) * f64::from(2_u32.pow(30)) } else { value };
    let bits = scaled.to_bits();
    let raised = i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0);
    let fraction = f64::from_bits(bits & !(0x7ff << 52) | 1022 << 52);
    (fraction, raised - 1022 - if is_small { 60 } else { 0 })
}

/// The sign; of zero and NaN the value itself.
pub fn sign(value: f64) -> f64 {
    if value < 0.0 {
        -1.0
    } else if value > 0.0 {
        1.0
    } else {
        value
    }
}

/// A power: its fraction by logarithm, the rest by squares, as Go has it. The C library rounds
/// better, but a modulus of a large power is all rounding.
pub fn power(base: f64, exponent: f64) -> f64 {
    let (size, negative) = (exponent.abs(), exponent < 0.0);
    let is_special = base == 0.0 || base == 1.0 || !base.is_finite() || !exponent.is_finite();
    let (mut whole, mut fraction) = (size.trunc(), size.fract());
    if is_special || size >= 9.2e18 || fraction != 0.0 && base < 0.0 {
        return base.powf(exponent);
    }
    if size == 0.5 {
        return if negative { 1.0 / base.sqrt() } else { base.sqrt() };
    }
    let (mut made, mut made_exponent) = (1.0, 0_i32);
    if fraction != 0.0 {
        if fraction > 0.5 {
            fraction -= 1.0;
            whole += 1.0;
        }
        made = (fraction * base.ln()).exp();
    }
    let (part, mut part_exponent) = split(base.abs());
    let mut part = part.copysign(base);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 2^63")]
    let mut rest = whole as u64;
    while rest != 0 {
        if part_exponent.abs() > 1 << 12 {
            made_exponent = made_exponent.saturating_add(part_exponent);
            break;
        }
        if rest & 1 == 1 {
            made *= part;
            made_exponent += part_exponent;
        }
        part *= part;
        part_exponent *= 2;
        if part < 0.5 {
            part += part;
            part_exponent -= 1;
        }
        rest >>= 1;
    }
    if negative { scaled(1.0 / made, -made_exponent) } else { scaled(made, made_exponent) }
}

/// A number times a power of two, in steps that do not overflow on the way.
fn scaled(mut value: f64, exponent: i32) -> f64 {
    let mut rest = exponent.clamp(-4000, 4000);
    while rest != 0 {
        let step = rest.clamp(-1000, 1000);
        value *= 2.0_f64.powi(step);
        rest -= step;
    }
    value
}

/// The hyperbolic sine; half of the exponential where the rest is nothing, so it overflows with it.
pub fn sinh(value: f64) -> f64 {
    if value.abs() > 21.0 { (value.abs().exp() * 0.5).copysign(value) } else { value.sinh() }
}

/// The hyperbolic cosine; it overflows with the exponential.
pub fn cosh(value: f64) -> f64 {
    if value.abs() > 21.0 { value.abs().exp() * 0.5 } else { value.cosh() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_of_powers_are_exact() {
        assert_eq!(log2(f64::from_bits(1)), -1074.0);
        for power in [-1022, -3, 0, 1, 10, 1023] {
            assert_eq!(log2(2.0_f64.powi(power)), f64::from(power), "{power}");
        }
        assert!(log2(-1.0).is_nan());
        assert_eq!(log2(0.0), f64::NEG_INFINITY);
        assert!((log10(1000.0) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn the_larger_and_the_smaller_know_infinity_and_nan() {
        assert_eq!(larger(f64::NAN, f64::INFINITY), f64::INFINITY);
        assert!(larger(f64::NAN, 1.0).is_nan());
        assert_eq!(smaller(f64::NAN, f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert_eq!((larger(1.0, 2.0), smaller(1.0, 2.0)), (2.0, 1.0));
        assert!(larger(-0.0, 0.0).is_sign_positive() && smaller(-0.0, 0.0).is_sign_negative());
    }

    #[test]
    fn powers_are_those_of_repeated_squares() {
        let cases = [
            (2.0, 10.0, 1024.0),
            (-2.0, 3.0, -8.0),
            (10.0, -2.0, 0.01),
            (2.0, -1074.0, f64::from_bits(1)),
            (2.0, 1024.0, f64::INFINITY),
            (9.0, 0.5, 3.0),
            (0.0, -1.0, f64::INFINITY),
            (-0.0, -1.0, f64::NEG_INFINITY),
            (f64::NAN, 0.0, 1.0),
            (-1.0, f64::INFINITY, 1.0),
            (0.5, 1e300, 0.0),
        ];
        for (base, exponent, expected) in cases {
            assert_eq!(power(base, exponent), expected, "{base} ^ {exponent}");
        }
        assert!(power(-8.0, 1.0 / 3.0).is_nan());
        assert!((power(7.3, 2.25) / 7.3_f64.powf(2.25) - 1.0).abs() < 1e-14);
    }
}
