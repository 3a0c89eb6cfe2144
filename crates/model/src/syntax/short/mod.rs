//! The short forms (language, section 2): one hand-written parser a file.
//!
//! Every form knows its name and examples of what it accepts; they are the help of its errors and
//! will be part of the reference.

mod count;
mod duration;
mod every;
mod field;
mod latency;
mod literal;
mod path;
mod price;
mod range;
mod rate;
mod retain;
mod scan;
mod share;
mod size;
mod skew;
mod types;
mod volume;
mod window;

pub(crate) use count::{Count, Factor, Whole};
pub(crate) use duration::{Keeping, Losing, Waiting};
pub(crate) use every::EveryForm;
pub(crate) use field::{FieldForm, simple_modifier};
pub(crate) use latency::Latency;
pub(crate) use literal::LiteralForm;
pub(crate) use path::{PathForm, SortForm};
pub(crate) use price::PriceForm;
pub(crate) use range::{BatchForm, Sizes};
pub(crate) use rate::{PlainRate, RateForm};
pub(crate) use retain::RetainForm;
pub(crate) use scan::{Problem, Scan};
pub(crate) use share::{Availability, GrowthForm, ShareForm};
pub(crate) use size::Size;
pub(crate) use skew::SkewForm;
pub(crate) use types::{TypeForm, type_names};
pub(crate) use volume::VolumeForm;
pub(crate) use window::{EachForm, WindowForm};

/// The result of a parser.
pub(crate) type Parsed<T> = Result<T, Problem>;

/// A short form.
pub(crate) trait ShortForm {
    /// What it means.
    type Value;
    /// Its name, with an article: "a rate".
    const NAME: &'static str;
    /// Examples, as the help of an error shows them.
    const EXAMPLES: &'static [&'static str];

    /// Reads the form; what follows it is refused by the caller.
    fn parse(scan: &mut Scan<'_>) -> Parsed<Self::Value>;
}

/// Reads a whole text as a form.
pub(crate) fn whole<F: ShortForm>(text: &crate::yaml::Text) -> Parsed<F::Value> {
    let mut scan = Scan::new(text);
    scan.skip_space();
    let value = F::parse(&mut scan)?;
    scan.finish()?;
    Ok(value)
}
