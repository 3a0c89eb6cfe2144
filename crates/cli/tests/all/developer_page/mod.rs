//! The developer's page, in a real browser and to those who mean no good.
//!
//! Where `FIRMITAS_TEST_CHROMIUM` names a Chromium, it is walked in it; where `FIRMITAS_TEST_AXE`
//! names a folder with npm's `axe-core`, that judges whether everybody can use it.

pub mod browser;
pub mod everybody;
mod mint;
mod sign_in;
mod walk;
