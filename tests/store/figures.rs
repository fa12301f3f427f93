//! The store's figures on the panel, for readers and for scrapers.

use crate::util::process::Server;
use crate::{agreeing, ask, get};
use serde_json::json;

#[test]
fn the_panel_has_the_figures_of_the_store() {
    let server = Server::start(&[]);
    let (web, panel) = (server.web(), server.panel());
    for _ in 0..4 {
        get(web, "/product/1");
    }
    let key = "Idempotency-Key: a\r\n";
    for (book, fields) in [(2, ""), (2, key), (2, key), (1, key), (3, ""), (9, "")] {
        ask(web, "PUT", &format!("/purchase/{book}/"), fields, "");
    }
    let catalog = server.addr("catalog-1", "tcp");
    assert_eq!(ask(catalog, "PUT", "/modify/2", "", "{\"price\":1}").status, 200);
    assert_eq!(ask(catalog, "PUT", "/modify/9", "", "{\"price\":1}").status, 404);
    ask(panel, "POST", "/api/store/replicas/order-2/crash", "", "");
    ask(web, "PUT", "/purchase/2/", "", "");
    let told = get(panel, "/metrics").json()["store"].clone();
    assert_eq!((&told["purchases"], &told["changes"]), (&json!(3), &json!(1)), "{told}");
    let refused = json!({"replayed": 1, "short": 1, "no-book": 1, "key-taken": 1});
    assert_eq!((&told["refused"], &told["changes_refused"]), (&refused, &json!(1)));
    assert_eq!((&told["log"]["seq"], &told["log"]["entries"]), (&json!(9), &json!(9)));
    assert_eq!((&told["cache"]["hits"], &told["cache"]["misses"]), (&json!(3), &json!(1)));
    assert_eq!(told["cache"]["hit_share"], 0.75);
    let down = &told["replicas"][3];
    let place = (&down["name"], &down["state"], &down["lag"]);
    assert_eq!(place, (&json!("order-2"), &json!("DOWN"), &json!(1)));
    let text = get(panel, "/metrics?format=prometheus").body;
    for sample in [
        "pentad_store_replica_state{replica=\"order-2\",state=\"down\"} 1",
        "pentad_store_replica_state{replica=\"order-1\",state=\"up\"} 1",
        "pentad_store_replica_lag_entries{replica=\"order-2\"} 1",
        "pentad_store_purchases_total{outcome=\"sold\"} 3",
        "pentad_store_purchases_total{outcome=\"key-taken\"} 1",
        "pentad_store_cache_hits_total 3",
        "pentad_store_log_entries_total 9",
    ] {
        assert!(text.lines().any(|line| line == sample), "no {sample}");
    }
    ask(panel, "POST", "/api/store/replicas/order-2/recover", "", "");
    agreeing(&server);
    let told = get(panel, "/metrics").json()["store"].clone();
    assert_eq!(told["replicas"][3]["lag"], 0);
}

#[test]
fn where_there_is_no_store_nothing_is_said_of_one() {
    let server = Server::start(&["--only=web,panel"]);
    assert_eq!(get(server.panel(), "/metrics").json()["store"], json!({}));
}
