//! Amounts over HTTP: in filters, and of two currencies.

use crate::http_support::{Ask, Server};

const PATH: &str = "/billing/v1/bills";

const BILLS: &str = r"
firmitas: 1
system: { name: Bills, currency: [EUR, USD] }
actors: { clerk: { auth: service } }
contexts:
  billing:
    entities:
      Bill:
        rows: 1k + 100/month
        fields: { net: money(0..), fee: money(0..), total: money readonly }
    operations:
      bill: { create: Bill, by: [clerk], input: [net, fee], do: [{ set: { total: self.net + self.fee } }], rate: 100/month }
      bills: { list: Bill, by: [clerk], filter: [total], rate: 100/month }
";

fn bill(currency: &str) -> String {
    format!(
        r#"{{"net":{{"amount":"1.00","currency":"EUR"}},"fee":{{"amount":"1.00","currency":"{currency}"}}}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_by_amount_hold_what_can_be_stored() {
    let server = Server::start(BILLS).await;
    let token = server.token("clerk", "erp");
    let ask = async |filter: &str| {
        server.ask(Ask::new("GET", &format!("{PATH}?{filter}")).bearer(&token)).await
    };
    for filter in [
        "total.gt=0.001%20EUR",
        "total=1.005%20USD",
        "total.lt=99999999999999999999%20EUR",
        // Of which currency?
        "total.gt=1.00",
    ] {
        let reply = ask(filter).await;
        assert_eq!((reply.status, reply.code().as_str()), (400, "invalid-parameter"), "{filter}");
    }
    assert_eq!(ask("total.gte=-0.500%20EUR").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn amounts_of_two_currencies_do_not_meet() {
    let server = Server::start(BILLS).await;
    let token = server.token("clerk", "erp");
    let post = async |body: &str| {
        server
            .ask(
                Ask::new("POST", PATH)
                    .bearer(&token)
                    .key(&format!("key-{}", body.contains("USD")))
                    .json(body),
            )
            .await
    };
    assert_eq!(post(&bill("EUR")).await.status, 201);
    let refused = post(&bill("USD")).await;
    assert_eq!((refused.status, refused.code().as_str()), (422, "currency-mismatch"));
}
