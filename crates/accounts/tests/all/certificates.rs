//! Certificates of services.

use accounts::issuers::Certificates;
use rcgen::{CertificateParams, KeyPair, SanType};
use runtime::http::Peer;

use crate::support::{anonymous, design, names};

fn certificate(names: Vec<SanType>) -> Peer {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    Peer { certificate: Some(made.der().to_vec().into()), secure: true, ..Peer::default() }
}

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

fn dns(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

#[test]
fn a_name_of_a_certificate_is_an_actor_and_no_other_name_is() {
    let design = design();
    let pairs = [("uri:spiffe://library/stock", "stock"), ("dns:Machine.internal", "machine")];
    let pairs = pairs.map(|(name, actor)| (name.to_owned(), actor.to_owned()));
    let known = Certificates::new(&design.model, anonymous(&design), &pairs).unwrap();
    let who = |peer: &Peer| {
        let caller = known.caller(peer)?;
        let subject = caller.identity.as_ref().unwrap().subject.to_string();
        Some((names(&design, &caller).join(" "), subject))
    };
    for _ in 0..2 {
        let peer = certificate(vec![dns("x.internal"), uri("spiffe://library/stock")]);
        let (actors, subject) = who(&peer).unwrap();
        assert_eq!(
            (actors.as_str(), subject.as_str()),
            ("stock everyone", "uri:spiffe://library/stock")
        );
    }
    assert_eq!(who(&certificate(vec![dns("MACHINE.internal")])).unwrap().0, "machine everyone");
    for other in [
        vec![],
        vec![uri("spiffe://library/stock/x")],
        vec![uri("spiffe://library/Stock")],
        vec![dns("machine.internal.evil.example")],
        vec![dns("*.internal")],
        vec![uri("dns:machine.internal")],
    ] {
        assert_eq!(who(&certificate(other)), None);
    }
    assert_eq!(who(&Peer::default()), None);
    let broken = Peer { certificate: Some(vec![0x30, 0x80, 1, 2].into()), ..Peer::default() };
    assert_eq!(who(&broken), None);
}

#[test]
fn only_services_are_known_by_certificates() {
    let design = design();
    for (name, actor) in [
        ("uri:x", "reader"),
        ("uri:x", "everyone"),
        ("uri:x", "nobody"),
        ("spiffe://x", "stock"),
        ("", "stock"),
    ] {
        let pair = [(name.to_owned(), actor.to_owned())];
        let made = Certificates::new(&design.model, anonymous(&design), &pair);
        assert!(made.is_err(), "{name} {actor}");
    }
}
