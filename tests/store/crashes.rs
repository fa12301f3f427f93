//! Tests of replicas that crash and recover.

use crate::{Doors, Shop, agreeing, ask, field, get, stock};

/// The stories with `--store-cache 0`.
pub fn no_read_fails_while_a_catalog_is_down_and_catches_up(server: &Shop) {
    let (web, panel) = (server.web(), server.panel());
    let control = |name: &str, what: &str| {
        let reply = ask(panel, "POST", &format!("/api/store/replicas/{name}/{what}"), "", "");
        assert_eq!(reply.status, 200, "{}", reply.body);
    };
    control("catalog-2", "crash");
    assert_eq!(get(server.addr("catalog-2", "tcp"), "/retrieve/item/1").status, 503);
    for _ in 0..40 {
        assert_eq!(get(web, "/product/1").status, 200);
    }
    for _ in 0..20 {
        assert_eq!(ask(web, "PUT", "/purchase/2/", "", "").status, 200);
    }
    control("catalog-1", "crash");
    let none = get(web, "/product/1");
    assert!(none.status == 503 && field(&none, "Retry-After").is_some(), "{}", none.head);
    control("catalog-2", "recover");
    control("catalog-1", "recover");
    agreeing(server);
    assert_eq!(stock(server, 2), 77);
    control("order-1", "crash");
    assert_eq!(ask(web, "PUT", "/purchase/2/", "", "").status, 200, "the other one sells");
    control("order-2", "crash");
    assert_eq!(ask(web, "PUT", "/purchase/2/", "", "").status, 503);
    assert_eq!(get(web, "/product/2").json()["quantity"], 76, "and nothing was sold");
    control("order-1", "recover");
    control("order-2", "recover");
    agreeing(server);
}

pub fn nothing_is_sold_while_nobody_can_look_it_up(server: &Shop) {
    let (web, panel) = (server.web(), server.panel());
    assert_eq!(get(web, "/product/2").status, 200);
    for name in ["catalog-1", "catalog-2"] {
        ask(panel, "POST", &format!("/api/store/replicas/{name}/crash"), "", "");
    }
    let json = "Content-Type: application/json\r\n";
    let order = r#"{"book_id":2,"quantity":1}"#;
    for addr in [web, panel, server.addr("order-1", "tcp"), server.addr("order-2", "tcp")] {
        for refused in [
            ask(addr, "PUT", "/purchase/2/", "", ""),
            ask(addr, "POST", "/api/orders", json, order),
        ] {
            assert_eq!(refused.status, 503, "{}", refused.body);
            assert!(field(&refused, "Retry-After").is_some(), "{}", refused.head);
        }
    }
    assert_eq!(get(web, "/product/2").json()["quantity"], 97, "what is fresh is still shown");
    assert_eq!(get(panel, "/api/orders").json(), serde_json::json!([]));
    for name in ["catalog-1", "catalog-2"] {
        ask(panel, "POST", &format!("/api/store/replicas/{name}/recover"), "", "");
    }
    agreeing(server);
    assert_eq!(stock(server, 2), 97, "nothing was sold");
    assert_eq!(ask(web, "PUT", "/purchase/2/", "", "").status, 200);
}
