//! Days, times and durations, from how HTTP writes them to the numbers of protobuf's messages.

use jiff::SignedDuration;
use jiff::civil::Date;

const EPOCH: Date = Date::constant(1970, 1, 1);
/// Seconds of a day.
const DAY: i64 = 86_400;

/// Year, month, day.
pub(crate) fn date(text: &str) -> Option<[i64; 3]> {
    let date: jiff::civil::Date = text.parse().ok()?;
    Some([date.year().into(), date.month().into(), date.day().into()])
}

/// Hours, minutes, seconds, nanoseconds.
pub(crate) fn time(text: &str) -> Option<[i64; 4]> {
    let time: jiff::civil::Time = text.parse().ok()?;
    let [hour, minute, second] = [time.hour(), time.minute(), time.second()].map(i64::from);
    Some([hour, minute, second, time.subsec_nanosecond().into()])
}

/// Seconds since the Unix epoch, and nanoseconds after that.
pub(crate) fn timestamp(text: &str) -> Option<[i64; 2]> {
    let (day, of_day) = text.strip_suffix('Z')?.split_once('T')?;
    let day: Date = day.parse().ok()?;
    let [hours, minutes, seconds, nanos] = time(of_day)?;
    let days = day.duration_since(EPOCH).as_secs() / DAY;
    Some([days * DAY + hours * 3600 + minutes * 60 + seconds, nanos])
}

/// The day of a number of seconds since the Unix epoch, and the seconds of that day; nothing
/// outside the years 1 to 9999. (Timestamps of `jiff` end a day before those of protobuf.)
pub(crate) fn day_and_second(seconds: i64) -> Option<(Date, i64)> {
    let (days, of_day) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let date = EPOCH.checked_add(SignedDuration::from_hours(days.checked_mul(24)?)).ok()?;
    (date.year() >= 1).then_some((date, of_day))
}

/// Seconds and nanoseconds, of one sign.
pub(crate) fn duration(text: &str) -> Option<[i64; 2]> {
    let micros = runtime::json::parse_duration(text)?;
    Some([micros / 1_000_000, micros % 1_000_000 * 1000])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_the_epoch_count_on_from_a_whole_second() {
        assert_eq!(timestamp("1969-12-31T23:59:59.500000Z"), Some([-1, 500_000_000]));
        assert_eq!(timestamp("0001-01-01T00:00:00Z"), Some([-62_135_596_800, 0]));
        assert_eq!(timestamp("9999-12-31T23:59:59.999999Z"), Some([253_402_300_799, 999_999_000]));
        assert_eq!(duration("-PT1M0.5S"), Some([-60, -500_000_000]));
        assert_eq!(time("07:05:00.000001"), Some([7, 5, 0, 1000]));
        assert_eq!(date("0001-02-03"), Some([1, 2, 3]));
    }
}
