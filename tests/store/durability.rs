//! Answered writes survive, whenever the process ends.

use crate::util::http::Client;
use crate::util::process::{Place, Server};
use crate::{agreeing, ask, get};
use rustix::process::{Signal, kill_process};
use std::collections::HashSet;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

const KILLS: u64 = 100;

#[test]
fn what_was_answered_survives_kill_9_whenever_it_comes() {
    let place = Place::new();
    let answered = Mutex::new(HashSet::new());
    let mut rng = fastrand::Rng::with_seed(3);
    for round in 0..KILLS {
        let server = Server::start_in(&place, &["--only=order-1,order-2,catalog-1,web"]);
        let doors = ["order-1", "order-2"].map(|name| server.addr(name, "tcp"));
        let (catalog, pid) = (server.addr("catalog-1", "tcp"), server.pid());
        let until = Instant::now() + Duration::from_millis(rng.u64(5..60));
        thread::scope(|scope| {
            for buyer in 0..4_usize {
                let (answered, door) = (&answered, doors[buyer % 2]);
                scope.spawn(move || {
                    let Ok(mut client) = Client::try_connect(door) else { return };
                    for number in 0.. {
                        let key = format!("{round}-{buyer}-{number}");
                        let request = format!(
                            "PUT /purchase/2/ HTTP/1.1\r\nHost: localhost\r\n\
                             Idempotency-Key: {key}\r\n\r\n"
                        );
                        match client.ask(&request) {
                            Ok(reply) if reply.status == 200 => {
                                answered.lock().unwrap().insert(key);
                            }
                            Ok(_) => {}
                            Err(_) => return,
                        }
                    }
                });
            }
            scope.spawn(move || {
                ask(catalog, "PUT", "/modify/2", "", r#"{"quantity":1000000}"#);
                thread::sleep(until.saturating_duration_since(Instant::now()));
                kill_process(pid, Signal::KILL).unwrap();
            });
        });
    }
    let server = Server::start_in(&place, &[]);
    agreeing(&server);
    let (mut sold, mut since) = (HashSet::new(), 0);
    loop {
        let entries = get(server.panel(), &format!("/api/store/log?since={since}")).json();
        let Some(last) = entries.as_array().unwrap().last() else { break };
        since = last["seq"].as_u64().unwrap();
        for entry in entries.as_array().unwrap() {
            if let Some(key) = entry["key"].as_str() {
                assert!(sold.insert(key.to_string()), "{key} is there twice");
            }
        }
    }
    let answered = answered.into_inner().unwrap();
    assert!(answered.len() as u64 > KILLS, "it sold hardly anything");
    let lost = answered.difference(&sold).collect::<Vec<_>>();
    assert!(lost.is_empty(), "answered, and lost: {lost:?}");
}
