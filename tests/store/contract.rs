//! Requests and answers of older clients, byte for byte.

use crate::{Doors, REPLICAS, Shop, agreeing, ask, get, stock};

const GATSBY: &str =
    r#"{"id":1,"price":2000.0,"quantity":9,"title":"The Great Gatsby","topic":"Fiction"}"#;
const PYTHON: &str = concat!(
    r#"{"id":2,"price":500.0,"quantity":97,"title":"Introduction to Python","#,
    r#""topic":"Programming"}"#
);
const ART: &str = r#"{"id":3,"price":45.0,"quantity":0,"title":"History of Art","topic":"Art"}"#;

pub fn reads_are_answered_byte_for_byte(server: &Shop) {
    let rows: [(&[&str], &str, u16, String); 11] = [
        (&REPLICAS[..2], "/retrieve/item/1", 200, GATSBY.into()),
        (&REPLICAS[..2], "/retrieve/item/x", 400, r#"{"error":"Book ID must be numeric"}"#.into()),
        (&REPLICAS[..2], "/retrieve/item/4", 404, r#"{"error":"Book not found"}"#.into()),
        (&REPLICAS[..2], "/retrieve/topic/Art", 200, format!("[{ART}]")),
        (
            &REPLICAS[..2],
            "/retrieve/topic/Ar",
            404,
            r#"{"error":"No books found for this topic"}"#.into(),
        ),
        (&["web", "panel"], "/product/2", 200, PYTHON.into()),
        (
            &["web", "panel"],
            "/product/a",
            400,
            r#"{"message":"Product ID must be numeric"}"#.into(),
        ),
        (&["web", "panel"], "/product/9", 404, r#"{"message":"Product not found"}"#.into()),
        (&["web", "panel"], "/products/all", 200, format!("[{GATSBY},{PYTHON},{ART}]")),
        (&["web", "panel"], "/products/gram", 200, format!("[{PYTHON}]")),
        (&["web", "panel"], "/products/none", 404, r#"{"message":"No products found"}"#.into()),
    ];
    for (services, path, status, body) in rows {
        for service in services {
            for path in [path.to_string(), format!("{path}/")] {
                // Twice: a miss and a hit look the same.
                for _ in 0..2 {
                    let reply = get(server.addr(service, "tcp"), &path);
                    assert_eq!((reply.status, &reply.body), (status, &body), "{service} {path}");
                }
            }
        }
    }
    for name in REPLICAS {
        let addr = server.addr(name, "tcp");
        assert_eq!((get(addr, "/").status, get(addr, "/health").status), (200, 200), "{name}");
        assert_eq!(get(addr, "/nothing").status, 404);
    }
}

pub fn writes_are_answered_byte_for_byte(server: &Shop) {
    let (catalog, order) = (server.addr("catalog-1", "tcp"), server.addr("order-2", "tcp"));
    let web = server.web();
    let rows = [
        (
            order,
            "/purchase/2",
            "",
            200,
            r#"{"message":"Book successfully purchased","status":true}"#,
        ),
        (order, "/purchase/3", "", 400, r#"{"message":"Book out of stock","status":false}"#),
        (order, "/purchase/8", "", 404, r#"{"message":"Book not found","status":false}"#),
        (order, "/purchase/x", "", 400, r#"{"message":"Book ID must be a numeric value"}"#),
        (
            web,
            "/purchase/2",
            "",
            200,
            r#"{"message":"Product purchased successfully","success":true}"#,
        ),
        (web, "/purchase/3", "", 400, r#"{"message":"Product out of stock","success":false}"#),
        (web, "/purchase/8", "", 404, r#"{"message":"Product not found","success":false}"#),
        (catalog, "/modify/2", "{}", 400, r#"{"error":"No update data provided"}"#),
        (catalog, "/modify/2", "", 400, r#"{"error":"No update data provided"}"#),
        (catalog, "/modify/7", r#"{"price":1}"#, 404, r#"{"error":"Book not found"}"#),
        (catalog, "/modify/2", r#"{"price":-1}"#, 400, r#"{"error":"invalid field price"}"#),
        (catalog, "/modify/2", r#"{"price":true}"#, 400, r#"{"error":"invalid field price"}"#),
        (catalog, "/modify/2", r#"{"quantity":1.5}"#, 400, r#"{"error":"invalid field quantity"}"#),
        (catalog, "/modify/2", r#"{"quantity":"4"}"#, 400, r#"{"error":"invalid field quantity"}"#),
        (
            catalog,
            "/modify/3",
            r#"{"price":12.25,"quantity":4}"#,
            200,
            r#"{"id":3,"price":12.25,"quantity":4,"title":"History of Art","topic":"Art"}"#,
        ),
    ];
    let bought = rows.iter().filter(|row| row.1 == "/purchase/2").count() as u64 * 4;
    for (addr, path, body, status, expected) in rows {
        for method in ["PUT", "POST"] {
            for path in [path.to_string(), format!("{path}/")] {
                let reply = ask(addr, method, &path, "Content-Type: text/plain\r\n", body);
                let told = (reply.status, reply.body.as_str());
                assert_eq!(told, (status, expected), "{method} {path} {body}");
            }
        }
    }
    assert_eq!(stock(server, 2), 97 - bought, "nothing was written but what was said");
    agreeing(server);
}
