//! Verdicts as they are printed.

use super::*;

fn ask(args: &str, input: &[u8]) -> (u8, String) {
    let mut stdout = Vec::new();
    let exit =
        run(args.split_whitespace().map(OsString::from).collect(), &mut &*input, &mut stdout);
    (exit.code(), String::from_utf8(stdout).unwrap())
}

#[test]
fn members_stand_in_their_order() {
    let (code, line) = ask("json", b"[1]");
    assert_eq!(code, 0);
    let expected = r#"{"verdict":"done","used":3,"value":[1],"reason":null,"source":null}"#;
    assert_eq!(line, format!("{expected}\n"));
    let (code, line) = ask("http", b"GET");
    assert_eq!(code, 10);
    let expected = r#"{"verdict":"more","used":0,"value":null,"reason":null,"source":null}"#;
    assert_eq!(line, format!("{expected}\n"));
    let (code, line) = ask("chunked", b"+5\r\n");
    assert_eq!(code, 11);
    assert!(line.starts_with(r#"{"verdict":"bad","used":0,"value":null,"#));
    assert!(line.ends_with(",\"reason\":\"chunk-size-digit\",\"source\":\"RFC 9112 §7.1\"}\n"));
}

#[test]
fn a_head_as_json() {
    let input = b"POST /p?q=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    let (code, line) = ask("http", input);
    let verdict: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((code, &verdict["used"]), (0, &json!(input.len() - 5)));
    let value = &verdict["value"];
    assert_eq!((&value["method"], &value["path"]), (&json!("POST"), &json!("/p")));
    assert_eq!((&value["query"], &value["body"]), (&json!("q=1"), &json!(5)));
    assert_eq!(value["fields"], json!([["Host", "x"], ["Content-Length", "5"]]));
}

#[test]
fn a_response_as_json() {
    let (code, line) = ask("response", b"HTTP/1.1 404 x\r\nContent-Length: 2\r\n\r\nab");
    let verdict: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((code, &verdict["value"]["status"]), (0, &json!(404)));
    assert_eq!((&verdict["value"]["body"], &verdict["used"]), (&json!(2), &json!(37)));
    assert_eq!((ask("response", b"HTTP/1.1 2").0, ask("response", b"HTTP/3.0 ").0), (10, 11));
}

#[test]
fn a_chunked_body_and_a_target_as_json() {
    let (_, line) = ask("chunked", b"5\r\nhello\r\n0\r\n\r\nGET");
    let verdict: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&verdict["used"], &verdict["value"]["body"]), (&json!(15), &json!("hello")));
    let (_, line) = ask("target", b"/a%20b?c=d+e");
    let verdict: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(verdict["value"]["decoded"], json!("/a b"));
    assert_eq!(verdict["value"]["pairs"], json!([["c", "d e"]]));
    assert_eq!(ask("target", b"/a/../b").0, 11);
    assert_eq!(ask("target", b"/\xff").0, 11);
}

#[test]
fn an_explanation_is_one_more_member() {
    for input in [&b"{}"[..], b"{", b"x"] {
        let (code, line) = ask("--explain json", input);
        assert_eq!(code, ask("json", input).0);
        let verdict: Value = serde_json::from_str(&line).unwrap();
        assert!(verdict["explanation"].as_str().unwrap().ends_with('.'));
    }
}

#[test]
fn a_line_and_a_proof_as_json() {
    let (code, text) = ask("line", b"a,b\r\nnext");
    let verdict: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &verdict["used"]), (0, &json!(5)));
    assert_eq!(verdict["value"], json!({ "bytes": 3, "line": "a,b" }));
    assert_eq!(ask("line", b"no end").0, 10);
    assert_eq!(ask("line", &[b'x'; 8194]).0, 11);

    let hash = "00094a28ae5eca5dfc9e6e71bb9e4eae40ba0bf2c6dfc5e7f6a1b0f96e60cafe";
    for (ending, seed) in [("", "Abc12"), ("\n", "Abc12"), ("\n", "Abc12Abc12")] {
        let line = format!("a,b,{seed},{hash}{ending}");
        let (code, text) = ask("pow", line.as_bytes());
        let verdict: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((code, &verdict["used"]), (0, &json!(line.len())));
        assert_eq!(verdict["value"], json!({ "message": "a,b", "seed": seed, "hash": hash }));
    }
    let (code, text) = ask("pow", b"a,b,c");
    assert!(code == 11 && text.contains("\"reason\":\"bad-format\""), "{text}");
}

#[test]
fn values_of_fields_as_json() {
    for (parser, input, value) in [
        ("range", &b"bytes=0-4,-3,5-"[..], json!([{"first":0,"last":4},{"count":3},{"first":5}])),
        (
            "etags",
            b"W/\"a\", \"b\"",
            json!([{"weak":true,"opaque":"a"},{"weak":false,"opaque":"b"}]),
        ),
        ("accept", b"gzip;q=0.5, *", json!([["gzip", 0.5], ["*", 1.0]])),
        ("cookie", b"a=1; b; c=\"2\"", json!([["a", "1"], ["c", "2"]])),
    ] {
        let (code, line) = ask(parser, input);
        let verdict: Value = serde_json::from_str(&line).unwrap();
        assert_eq!((code, &verdict["used"], &verdict["value"]), (0, &json!(input.len()), &value));
    }
    let (code, line) = ask("range", b"bytes=5-4");
    assert!(code == 11 && line.contains("\"reason\":\"range-backwards\""), "{line}");
    let (code, line) = ask("etags", b"\"a");
    assert!(code == 11 && line.contains("\"reason\":\"etag-quote\""), "{line}");
}

#[test]
fn usage_and_help() {
    for wrong in ["", "html", "http chunked", "http --color", "http -x"] {
        assert_eq!(ask(wrong, b""), (2, String::new()), "{wrong:?}");
    }
    assert_eq!(ask("--help", b"").0, 0);
    let text = super::super::help::page("parse");
    assert!(PARSERS.iter().all(|row| text.contains(row.name)));
}

#[test]
fn input_is_bounded() {
    assert_eq!(ask("json", &vec![b' '; INPUT_MAX + 1]), (1, String::new()));
}
