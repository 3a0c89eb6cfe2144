//! JSON as it comes in and as it goes out.
//!
//! Requests are decoded straight into values by the types of the model, with everything that is
//! wrong reported at once; answers are written straight from rows. No tree is built in between.
//!
//! | type | on the wire |
//! |---|---|
//! | `int`, `float`, `bool` | number, number, `true`/`false` |
//! | `decimal` | string `"12.50"` in the scale of the field; a number is accepted where its digits fit |
//! | `money` | `{"amount": "12.50", "currency": "EUR"}` |
//! | `string` and its kin, `enum` | string; never with U+0000, lengths count Unicode characters |
//! | `email`, `url`, `phone` | string: an address, an absolute `http`/`https` URL, E.164 |
//! | `date`, `time`, `timestamp` | `"2026-12-31"`, `"14:30:00"`, RFC 3339 with offset (answered in UTC) |
//! | `duration` | ISO 8601 without years and months: `"PT1H30M"` |
//! | `uuid`, references | string of 36 characters |
//! | `geo` | `{"lat": 52.52, "lon": 13.405}` |
//! | `json` | anything up to 64 KiB and 32 levels |
//! | `file` | in: the id of an upload; out: an object with an address |
//! | `list`, parts | array; a `one` part is an object or null |
//! | `types` values, part rows | object; of a `types` value an update may send some members |

mod decode;
mod formats;
mod input;
mod lexer;
mod output;
mod scalar;
mod write;

pub use decode::{read_input, read_whole_input};
pub use formats::{
    parse_date, parse_decimal, parse_duration, parse_time, parse_timestamp, parse_uuid,
};
pub use input::InputPlan;
pub use output::{OutputPlan, page_body, write_page, write_row};
pub(crate) use scalar::money_from;
pub use scalar::{Wrong, from_text, parse_point};
pub(crate) use write::{write_answered, write_file_id};
pub use write::{write_array, write_array_until, write_string, write_timestamp, write_value};
