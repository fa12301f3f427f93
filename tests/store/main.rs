//! The bookstore in the real binary: the contract of its older clients byte for byte, one log for
//! all replicas, crashes, and recovery. A file is a story; stories that apply to one process and to
//! two run with both.

#![allow(clippy::unwrap_used)]

#[path = "../util/mod.rs"]
mod util;

mod api;
mod balance;
mod cache;
mod contract;
mod crashes;
mod damage;
mod disk;
mod durability;
mod faults;
mod figures;
mod followers;
mod front;
mod frozen;
mod histories;
mod keys;
mod killed;
mod limits;
mod lists;
mod model;
mod one;
mod order_keys;
mod queries;
mod shop;
mod stock;
mod two;

use serde_json::Value;
use shop::{Doors, Shop};
use std::net::SocketAddr;
use util::http::{Client, Reply};
use util::process::eventually;

const REPLICAS: [&str; 4] = ["catalog-1", "catalog-2", "order-1", "order-2"];

fn ask(addr: SocketAddr, method: &str, path: &str, fields: &str, body: &str) -> Reply {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
    );
    Client::connect(addr).ask(&request).unwrap()
}

fn get(addr: SocketAddr, path: &str) -> Reply {
    Client::connect(addr).get(path)
}

fn field<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    let prefix = format!("{name}: ");
    reply.head.lines().find_map(|line| line.strip_prefix(prefix.as_str()))
}

/// Returns the replicas as the API lists them, when all of them agree.
fn agreeing(server: &impl Doors) -> Vec<Value> {
    eventually("equal digests", || {
        let all = get(server.addr("panel", "tcp"), "/api/store/replicas").json();
        let all = all.as_array().unwrap().clone();
        let same = all.windows(2).all(|pair| pair[0]["digest"] == pair[1]["digest"]);
        let there = all.len() >= server.replicas();
        (same && there && all.iter().all(|replica| replica["state"] == "UP")).then_some(all)
    })
}

fn stock(server: &impl Doors, book: u32) -> u64 {
    let quantities = ["catalog-1", "catalog-2"].map(|name| {
        let reply = get(server.addr(name, "tcp"), &format!("/retrieve/item/{book}"));
        reply.json()["quantity"].as_u64().unwrap()
    });
    assert_eq!(quantities[0], quantities[1]);
    quantities[0]
}
