//! Tests of repeated purchases.

use crate::{Shop, ask, field, get, stock};
use serde_json::json;

pub fn a_purchase_with_a_key_happens_once(server: &Shop) {
    let (web, key) = (server.web(), "Idempotency-Key: one\r\n");
    for (turn, replayed) in [None, Some("true"), Some("true")].into_iter().enumerate() {
        let reply = ask(web, "PUT", "/purchase/2/", key, "");
        assert_eq!((reply.status, field(&reply, "Idempotent-Replayed")), (200, replayed), "{turn}");
    }
    assert_eq!(ask(web, "PUT", "/purchase/1/", key, "").status, 422);
    assert_eq!(stock(server, 2), 96);
    let body = r#"{"book_id":2,"quantity":6}"#;
    let fields = "Idempotency-Key: two\r\nContent-Type: application/json\r\n";
    let first = ask(web, "POST", "/api/orders", fields, body);
    let place = format!("/api/orders/2?key={}", first.json()["key"].as_str().unwrap());
    assert_eq!((first.status, field(&first, "Location")), (201, Some(place.as_str())));
    let again = ask(web, "POST", "/api/orders", fields, body);
    let replayed = field(&again, "Idempotent-Replayed");
    assert_eq!((again.status, &again.body, replayed), (201, &first.body, Some("true")));
    assert_eq!(
        ask(web, "POST", "/api/orders", fields, r#"{"book_id":2,"quantity":7}"#).status,
        422
    );
    assert_eq!(field(&again, "Location"), Some(place.as_str()), "the same key");
    let order = get(web, &place).json();
    assert_eq!((&order["book_id"], &order["quantity"]), (&json!(2), &json!(6)));
    assert_eq!(stock(server, 2), 90);
    let long = format!("Idempotency-Key: {}\r\n", "k".repeat(256));
    assert_eq!(ask(web, "PUT", "/purchase/2/", &long, "").status, 400);
}
