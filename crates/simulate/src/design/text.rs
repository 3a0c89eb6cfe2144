//! Disturbances as people write them: `cardProcessor=down@60s..120s`, `store.ordering=3x`,
//! `5x@30s for 20s`.

use std::fmt;

use super::{Disturbance, Happening};
use crate::output::format::{digits, share, time};

/// A time of the day of a run.
const TIMES: &str = "`@60s..120s`, `@60s for 20s` or `@60s` (to the end)";

impl Disturbance {
    /// `NAME=down`, `NAME=hang` or `NAME=30%` (a share of failures), with a time behind `@`, and
    /// from the start to the end without.
    ///
    /// # Errors
    ///
    /// In words: what is wrong and what it could be.
    pub fn parse_failure(text: &str) -> Result<Self, String> {
        let (name, what, (from, until)) = named(text)?;
        let what = match what {
            "down" => Happening::Down(name),
            "hang" => Happening::Hanging(name),
            share => {
                let percent = share.strip_suffix('%').and_then(|number| number.trim().parse().ok());
                let percent = percent.filter(|percent: &f64| (0.0..=100.0).contains(percent));
                let percent = percent.ok_or_else(|| {
                    format!("`{share}` is neither `down` nor `hang` nor a share such as `30%`")
                })?;
                Happening::Failing(name, percent / 100.0)
            }
        };
        Ok(Self { what, from, until })
    }

    /// `NAME=3x`: it takes so many times as long.
    ///
    /// # Errors
    ///
    /// In words: what is wrong and what it could be.
    pub fn parse_slowness(text: &str) -> Result<Self, String> {
        let (name, what, (from, until)) = named(text)?;
        Ok(Self { what: Happening::Slow(name, multiple(what)?), from, until })
    }

    /// `5x@30s for 20s`: requests come at so many times their rate.
    ///
    /// # Errors
    ///
    /// In words: what is wrong and what it could be.
    pub fn parse_surge(text: &str) -> Result<Self, String> {
        let (what, (from, until)) = timed(text)?;
        Ok(Self { what: Happening::Surge(multiple(what)?), from, until })
    }

    /// `@60s..120s`, or nothing: a zone is lost.
    ///
    /// # Errors
    ///
    /// In words: what is wrong and what it could be.
    pub fn parse_lost_zone(text: &str) -> Result<Self, String> {
        let (what, (from, until)) = timed(text)?;
        if !what.is_empty() {
            return Err(format!("`{what}` is no time: {TIMES}"));
        }
        Ok(Self { what: Happening::ZoneLost, from, until })
    }
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Happening::Down(name) => write!(f, "{name} is down")?,
            Happening::Hanging(name) => write!(f, "{name} hangs")?,
            Happening::Slow(name, factor) => {
                write!(f, "{name} takes {} times as long", digits(*factor))?;
            }
            Happening::Failing(name, part) => write!(f, "{name} fails {}", share(*part))?,
            Happening::ZoneLost => f.write_str("the first zone is lost")?,
            Happening::Surge(factor) => write!(f, "{} times as much comes", digits(*factor))?,
        }
        match (self.from, self.until) {
            (0.0, None) => f.write_str(", all the time"),
            (from, None) => write!(f, ", from {} to the end", time(from)),
            (from, Some(until)) => write!(f, ", from {} to {}", time(from), time(until)),
        }
    }
}

type Times = (f64, Option<f64>);

fn named(text: &str) -> Result<(String, &str, Times), String> {
    let (name, rest) =
        text.split_once('=').filter(|(name, _)| !name.trim().is_empty()).ok_or_else(|| {
            format!("`{text}` names nothing: `NAME=..`, for example `cardProcessor=down@60s..120s`")
        })?;
    let (what, times) = timed(rest)?;
    Ok((name.trim().to_owned(), what, times))
}

/// What stands before `@`, and the time behind it.
fn timed(text: &str) -> Result<(&str, Times), String> {
    let Some((what, time)) = text.split_once('@') else { return Ok((text.trim(), (0.0, None))) };
    let bounds = if let Some((from, until)) = time.split_once("..") {
        (seconds(from)?, Some(seconds(until)?))
    } else if let Some((from, length)) = time.split_once(" for ") {
        let from = seconds(from)?;
        (from, Some(from + seconds(length)?))
    } else {
        (seconds(time)?, None)
    };
    if bounds.1.is_some_and(|until| until <= bounds.0) {
        return Err(format!("`{time}` ends before it starts"));
    }
    Ok((what.trim(), bounds))
}

fn multiple(text: &str) -> Result<f64, String> {
    let factor = text.strip_suffix('x').and_then(|number| number.trim().parse().ok());
    let factor = factor.filter(|factor: &f64| factor.is_finite() && (0.0..=1e6).contains(factor));
    factor.ok_or_else(|| format!("`{text}` is no multiple such as `3x`"))
}

/// A length of time in seconds: `500ms`, `90s`, `10m`, `1h`.
///
/// # Errors
///
/// In words: what is wrong and what it could be.
pub fn seconds(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let units = [("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("min", 60.0), ("h", 3600.0)];
    let number = text.trim_end_matches(char::is_alphabetic);
    let (number, unit) = (number.trim(), text[number.len()..].trim());
    let factor = units.iter().find(|(name, _)| *name == unit).map(|(_, factor)| factor);
    let time = factor.zip(number.parse::<f64>().ok()).map(|(factor, number)| factor * number);
    let time = time.filter(|time| time.is_finite() && (0.0..=86_400.0 * 365.0).contains(time));
    time.ok_or_else(|| format!("`{text}` is no time: {TIMES}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disturbances_are_read_as_people_write_them() {
        let down = Disturbance::parse_failure("cardProcessor=down@60s..120s").unwrap();
        assert_eq!(down.what, Happening::Down("cardProcessor".to_owned()));
        assert_eq!((down.from, down.until), (60.0, Some(120.0)));
        let some = Disturbance::parse_failure("mail=30%").unwrap();
        assert_eq!(some.what, Happening::Failing("mail".to_owned(), 0.3));
        assert_eq!((some.from, some.until), (0.0, None));
        let slow = Disturbance::parse_slowness("store.ordering=3x@1.5m").unwrap();
        assert_eq!(slow.what, Happening::Slow("store.ordering".to_owned(), 3.0));
        assert_eq!((slow.from, slow.until), (90.0, None));
        let surge = Disturbance::parse_surge("5x@30s for 20s").unwrap();
        assert_eq!(surge.what, Happening::Surge(5.0));
        assert_eq!((surge.from, surge.until), (30.0, Some(50.0)));
        let lost = Disturbance::parse_lost_zone("@500ms").unwrap();
        assert_eq!((lost.what, lost.from), (Happening::ZoneLost, 0.5));
    }

    #[test]
    fn what_is_no_disturbance_says_what_it_could_be() {
        let wrong = |result: Result<Disturbance, String>| result.unwrap_err();
        assert!(wrong(Disturbance::parse_failure("down")).contains("NAME="));
        assert!(wrong(Disturbance::parse_failure("=down")).contains("NAME="));
        assert!(wrong(Disturbance::parse_failure("x=120%")).contains("nor a share"));
        assert!(wrong(Disturbance::parse_failure("x=down@2s..1s")).contains("ends before"));
        assert!(wrong(Disturbance::parse_failure("x=down@soon")).contains("`soon` is no time"));
        assert!(wrong(Disturbance::parse_slowness("x=fast")).contains("no multiple"));
        assert!(wrong(Disturbance::parse_surge("-1x@2s")).contains("no multiple"));
        assert!(wrong(Disturbance::parse_lost_zone("soon")).contains("is no time"));
        assert!(wrong(Disturbance::parse_surge("2x@\u{1F600}")).contains("is no time"));
    }
}
