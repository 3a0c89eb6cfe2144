//! Passwords: who is let in, what is told, what guessing costs.

use accounts::AccountError;
use runtime::call::Trace;
use runtime::http::Peer;

use crate::memory::{Club, PASSWORD, SECOND};

fn peer(last: u8) -> Peer {
    Peer::plain(([192, 0, 2, last], 5000).into())
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let club = Club::new("L1");
    let anna = club.anna().await;
    let try_in = async |login: &str, password: &str| {
        let before = club.accounts.hasher().counts().0;
        let trace = Trace::default();
        let result = club.accounts.verify(login, password, &peer(1), &trace).await;
        (result.map(|user| user.id), club.accounts.hasher().counts().0 - before)
    };
    assert_eq!(try_in("Anna@Example.com", PASSWORD).await, (Ok(anna.id.clone()), 1));
    // The same answer for the same work, whoever it is.
    let wrong = (Err(AccountError::Wrong), 1);
    assert_eq!(try_in("anna@example.com", "wrong").await, wrong);
    assert_eq!(try_in("nobody@example.com", "wrong").await, wrong);
    assert_eq!(try_in("not a login", "wrong").await, wrong);
    assert_eq!(try_in("anna@example.com", &"long ".repeat(1000)).await, wrong);
    club.accounts.set_disabled(&anna.id, true).await.unwrap();
    assert_eq!(try_in("anna@example.com", PASSWORD).await, wrong);
    // Kept: no password, in no form that one could search for.
    assert!(club.records.values().iter().all(|value| !value.contains(PASSWORD)));
}

#[tokio::test]
async fn guessing_stops_alike_for_those_who_exist_and_those_who_do_not() {
    let club = Club::new("L1");
    club.anna().await;
    for login in ["anna@example.com", "nobody@example.com"] {
        let trace = Trace::default();
        for from in 1..=5 {
            let refused = club.accounts.verify(login, "wrong", &peer(from), &trace).await;
            assert_eq!(refused, Err(AccountError::Wrong));
        }
        let before = club.accounts.hasher().counts().0;
        // From yet another address, with the right password: it is not even looked at.
        let refused = club.accounts.verify(login, PASSWORD, &peer(99), &trace).await;
        assert_eq!(refused, Err(AccountError::TooMany { seconds: 30 }));
        assert_eq!(club.accounts.hasher().counts().0, before);
        // A restart, or another replica, forgets nothing.
        let refused = club.restarted().verify(login, PASSWORD, &peer(99), &trace).await;
        assert_eq!(refused, Err(AccountError::TooMany { seconds: 30 }));
    }
    club.later(31 * SECOND);
    let trace = Trace::default();
    let let_in = club.accounts.verify("anna@example.com", PASSWORD, &peer(99), &trace).await;
    assert!(let_in.is_ok());
    let again = club.accounts.verify("anna@example.com", "wrong", &peer(99), &trace).await;
    assert_eq!(again, Err(AccountError::Wrong));
}

#[tokio::test]
async fn an_address_that_tries_many_logins_is_slowed_down() {
    let club = Club::new("L1");
    club.anna().await;
    let trace = Trace::default();
    for at in 0..50 {
        let login = format!("user{at}@example.com");
        let refused = club.accounts.verify(&login, "wrong", &peer(1), &trace).await;
        assert_eq!(refused, Err(AccountError::Wrong));
    }
    let refused = club.accounts.verify("anna@example.com", PASSWORD, &peer(1), &trace).await;
    assert!(matches!(refused, Err(AccountError::TooMany { .. })));
    let other = club.accounts.verify("anna@example.com", PASSWORD, &peer(2), &trace).await;
    assert!(other.is_ok());
}

#[tokio::test]
async fn changing_a_password_ends_sessions_and_disabling_does_too() {
    let club = Club::new("L1");
    let anna = club.anna().await;
    let open = async || club.accounts.sessions().open(&anna, Default::default()).await.unwrap();
    open().await;
    open().await;
    assert_eq!(club.accounts.sessions().of(&anna.id).await.unwrap().len(), 2);
    let weak = club.accounts.set_password(&anna, "password1".to_owned()).await;
    assert!(matches!(weak, Err(AccountError::WeakPassword(_))));
    club.accounts.set_password(&anna, "another long phrase".to_owned()).await.unwrap();
    assert_eq!(club.records.count("session"), 0);
    let trace = Trace::default();
    let old = club.accounts.verify("anna@example.com", PASSWORD, &peer(1), &trace).await;
    assert_eq!(old, Err(AccountError::Wrong));
    open().await;
    club.accounts.set_disabled(&anna.id, true).await.unwrap();
    assert_eq!(club.records.count("session"), 0);
}
