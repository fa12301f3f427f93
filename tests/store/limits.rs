//! Limits of writes: the last value that is accepted, and the first that is refused.

use crate::util::http::{Client, text};
use crate::util::process::Server;
use crate::{agreeing, get};
use serde_json::{Value, json};

fn send(server: &Server, method: &str, path: &str, fields: &str, body: &Value) -> u16 {
    let request = text(method, path, fields, &body.to_string());
    Client::connect(server.panel()).ask(&request).unwrap().status
}

fn book(name: &str, value: &Value) -> Value {
    let mut book = json!({"title": "t", "price": 1, "topic": "t", "quantity": 1});
    book[name] = value.clone();
    book
}

#[test]
fn values_are_taken_to_their_bounds_and_no_further() {
    let server = Server::start(&[]);
    let bounds: [(&str, Vec<Value>, Vec<Value>); 4] = [
        (
            "title",
            vec![json!("é".repeat(200)), json!("t")],
            vec![
                json!("t".repeat(201)),
                json!(""),
                json!(" "),
                json!("a\nb"),
                json!(7),
                json!(null),
            ],
        ),
        (
            "topic",
            vec![json!("ü".repeat(60))],
            vec![json!("t".repeat(61)), json!(""), json!(true), json!(["Art"])],
        ),
        (
            "price",
            vec![json!(0), json!(1_000_000), json!(999_999.99), json!(0.01)],
            vec![
                json!(-0.01),
                json!(1_000_000.01),
                json!(0.001),
                json!("1"),
                json!(true),
                json!(null),
            ],
        ),
        (
            "quantity",
            vec![json!(0), json!(1_000_000_000)],
            vec![
                json!(-1),
                json!(1_000_000_001),
                json!(0.5),
                json!("1"),
                json!(false),
                json!(null),
            ],
        ),
    ];
    for (name, good, bad) in bounds {
        for value in good {
            assert_eq!(
                send(&server, "POST", "/api/books", "", &book(name, &value)),
                201,
                "{value}"
            );
            let change = json!({ name: value });
            assert_eq!(send(&server, "PATCH", "/api/books/1", "", &change), 200, "{change}");
        }
        let before = get(server.web(), "/api/books?limit=500").body;
        for value in bad {
            assert_eq!(
                send(&server, "POST", "/api/books", "", &book(name, &value)),
                422,
                "{value}"
            );
            let change = json!({ name: value });
            assert_eq!(send(&server, "PATCH", "/api/books/1", "", &change), 422, "{change}");
        }
        assert_eq!(get(server.web(), "/api/books?limit=500").body, before, "{name}");
    }
    agreeing(&server);
}

#[test]
fn orders_and_stock_are_whole_numbers_of_known_books() {
    let server = Server::start(&[]);
    let largest = 1_u64 << 31;
    for (body, status) in [
        (json!({"book_id": 2, "quantity": 1}), 201),
        (json!({"book_id": largest, "quantity": 1}), 404),
        (json!({"book_id": largest + 1, "quantity": 1}), 422),
        (json!({"book_id": 0, "quantity": 1}), 422),
        (json!({"book_id": -1, "quantity": 1}), 422),
        (json!({"book_id": "2", "quantity": 1}), 422),
        (json!({"book_id": 2.5, "quantity": 1}), 422),
        (json!({"book_id": 2, "quantity": 0}), 422),
        (json!({"book_id": 2, "quantity": -1}), 422),
        (json!({"book_id": 2, "quantity": 1.5}), 422),
        (json!({"book_id": 2, "quantity": true}), 422),
        (json!({"book_id": 2}), 422),
        (json!({"quantity": 1}), 422),
        (json!([2, 1]), 400),
    ] {
        assert_eq!(send(&server, "POST", "/api/orders", "", &body), status, "{body}");
    }
    for (body, status) in [
        (json!({"delta": -96, "reason": "moved"}), 200),
        (json!({"delta": -1, "reason": "moved"}), 409),
        (json!({"delta": 0, "reason": "moved"}), 422),
        (json!({"delta": 0.5, "reason": "moved"}), 422),
        (json!({"delta": "1", "reason": "moved"}), 422),
        (json!({"delta": 1, "reason": 1}), 422),
        (json!({"reason": "moved"}), 422),
    ] {
        assert_eq!(send(&server, "POST", "/api/books/2/stock", "", &body), status, "{body}");
    }
    assert_eq!(get(server.web(), "/product/2").json()["quantity"], 0);
    let orders = get(server.panel(), "/api/orders").json();
    assert_eq!(orders.as_array().unwrap().len(), 1, "{orders}");
}

#[test]
fn keys_and_bodies_have_a_length() {
    let server = Server::start(&[]);
    let order = json!({"book_id": 2, "quantity": 1});
    for (key, status) in [("k".repeat(255), 201), ("k".repeat(256), 400), (String::new(), 400)] {
        let field = format!("Idempotency-Key: {key}\r\n");
        let told = send(&server, "POST", "/api/orders", &field, &order);
        assert_eq!(told, status, "{} characters", key.len());
    }
    let twice = "Idempotency-Key: a\r\nIdempotency-Key: b\r\n";
    assert_eq!(send(&server, "POST", "/api/orders", twice, &order), 400);
    let padded = |length: usize| {
        let body = order.to_string();
        let body = format!("{}{body}", " ".repeat(length - body.len()));
        let request = text("POST", "/api/orders", "", &body);
        Client::connect(server.panel()).ask(&request).unwrap().status
    };
    assert_eq!((padded(64 << 10), padded((64 << 10) + 1)), (201, 413));
    assert_eq!(get(server.web(), "/product/2").json()["quantity"], 95);
}
