//! ISO 4217: the currencies, and how many digits their minor units have.

use crate::schema::Schema;

/// Currencies that have no minor unit.
const ZERO: [&str; 17] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
    "VUV", "XAF", "XOF", "XPF",
];
/// Currencies whose minor unit is a thousandth.
const THREE: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
/// Units of account with four digits.
const FOUR: [&str; 2] = ["CLF", "UYW"];

/// Every code in use, in order.
const CODES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD \
    BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD \
    EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD \
    IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL \
    MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN \
    PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN \
    SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES \
    VND VUV WST XAF XAG XAU XCD XCG XDR XOF XPD XPF XPT XTS XXX YER ZAR ZMW ZWG";

/// The codes of the currencies in use.
pub fn codes() -> impl Iterator<Item = &'static str> {
    CODES.split(' ')
}

/// Digits after the point of an amount in this currency: 2 for most and for unknown ones.
#[must_use]
pub fn exponent(currency: &str) -> u8 {
    match currency {
        code if ZERO.contains(&code) => 0,
        code if THREE.contains(&code) => 3,
        code if FOUR.contains(&code) => 4,
        _ => 2,
    }
}

/// The largest exponent of the system's currencies.
#[must_use]
pub fn largest_exponent(schema: &Schema) -> u8 {
    let currencies = schema.settings.currencies.iter();
    currencies.map(|code| exponent(code)).max().unwrap_or(2)
}
