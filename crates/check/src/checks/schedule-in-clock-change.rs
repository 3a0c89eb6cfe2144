//! A time of day that does not exist once a year.

use jiff::{Timestamp, tz::TimeZone};
use model::model::Timing;

use crate::context::{Context, Sink, check};

check!(
    "schedule-in-clock-change",
    Flows,
    Information,
    "0.1",
    "a schedule at a time of day that some days skip or repeat",
    "schedule-in-clock-change.md"
);

fn run(context: &Context, sink: &mut Sink) {
    let model = context.model;
    for schedule in &model.schedules {
        let Timing::Every(every) = &schedule.timing else { continue };
        let Some(at) = every.at else { continue };
        let Some(change) = clock_change(&model.schema.settings.time_zone, at) else { continue };
        let time = format!("{:02}:{:02}", at / 60, at % 60);
        let (zone, what) = (
            &model.system.time_zone,
            match change {
                ClockChange::Skipped => "does not exist on the day the clocks go forward",
                ClockChange::Repeated => "comes twice on the day the clocks go back",
            },
        );
        let message = format!("{time} in {zone} {what}");
        sink.report(&schedule.name, schedule.name.span, message, |finding| {
            finding
                .label("runs at that time")
                .related(schedule.call.span, "may run twice, or an hour off")
                .help("choose an hour that every day has once, such as 04:00")
        });
    }
}

/// What a change of the clocks does to a time of day.
enum ClockChange {
    Skipped,
    Repeated,
}

/// What the clocks do to a time of day, in minutes after midnight. The rules of 2026 and 2027
/// stand for those of any year.
fn clock_change(zone: &TimeZone, at: u16) -> Option<ClockChange> {
    const FIRST: i64 = 1_767_225_600;
    const DAY: i64 = 86_400;
    let from = Timestamp::from_second(FIRST).ok()?;
    let until = from.as_second() + 2 * 365 * DAY;
    let changes = zone.following(from).take_while(|change| change.timestamp().as_second() < until);
    changes.take(8).find_map(|change| {
        let instant = change.timestamp();
        let before = i64::from(
            zone.to_offset(Timestamp::from_second(instant.as_second() - 1).ok()?).seconds(),
        );
        let after = i64::from(change.offset().seconds());
        // Minutes of the day that the clock showed, or shows again, around the change.
        let minute = |offset: i64| (instant.as_second() + offset).rem_euclid(DAY) / 60;
        let (first, last) = (minute(before.min(after)), minute(before.max(after)));
        let within = (first..last).contains(&i64::from(at));
        match after.cmp(&before) {
            std::cmp::Ordering::Greater if within => Some(ClockChange::Skipped),
            std::cmp::Ordering::Less if within => Some(ClockChange::Repeated),
            _ => None,
        }
    })
}
