//! The flows, driven by a client library that is not ours: npm `openid-client`.

use std::process::Command;

use crate::oidc_support::{LOGIN, Live, PASSWORD, SECRET};

#[tokio::test(flavor = "multi_thread")]
async fn an_independent_library_gets_along_with_the_provider() {
    let Ok(folder) = std::env::var("FIRMITAS_TEST_OPENID_CLIENT") else {
        eprintln!("skipped: FIRMITAS_TEST_OPENID_CLIENT names no folder with `openid-client`");
        return;
    };
    // The key of the service `stock`: made there, known here.
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/openid_client.mjs");
    let run = move |arguments: Vec<String>| {
        let library = format!("{folder}/node_modules/openid-client/build/index.js");
        let mut command = Command::new("node");
        command.arg(script).arg(library).args(arguments);
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).unwrap()
    };
    let pair: serde_json::Value = serde_json::from_str(&run(vec!["key".to_owned()])).unwrap();
    let live = Live::with(&pair["public"]).await;
    let arguments = ["flows", &live.url, LOGIN, PASSWORD, SECRET, &pair["private"].to_string()];
    let arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
    let told = tokio::task::spawn_blocking(move || run(arguments)).await.unwrap();
    for step in [
        "discovery",
        "code",
        "userinfo",
        "refresh",
        "reuse",
        "revocation",
        "introspection",
        "client credentials",
        "eddsa",
        "logout",
    ] {
        assert!(told.contains(&format!("{step}: ok")), "{step}: {told}");
    }
    live.stop().await;
}
