//! How well proposed contexts meet those that real teams drew, beside what simpler methods find.

mod baselines;
mod cutter;
mod drawn;
mod page;
mod samples;
mod scores;
mod table;
mod tuning;
