//! Tests of fronts in several processes: none shows a book as it was before an answered write.

use crate::shop::TestNet;
use crate::util::http::Client;
use crate::util::process::eventually;
use crate::{ask, field, get};

/// The number of writes.
const WRITES: u64 = 100;

#[test]
fn a_front_elsewhere_forgets_before_the_writer_hears_of_it() {
    let street = TestNet::new();
    let owner = street.owner(&[]);
    let follower = street.follower(&[]);
    // A front without a replica follows, too.
    let third = TestNet::new();
    let log = format!("--store-log=http://{}", street.at(0, 5000));
    let catalogs = [street.at(0, 6001), street.at(1, 6002)];
    let catalogs = catalogs.map(|catalog| format!("--catalog=http://{catalog}"));
    let flags = ["--only=web", &log, &catalogs[0], &catalogs[1]];
    let front = third.start(0, flags, &[]);
    for server in [&owner, &follower, &front] {
        eventually("a kept answer", || {
            let reply = get(server.web(), "/product/2");
            (field(&reply, "X-Cache") == Some("HIT")).then_some(())
        });
    }
    let writers = [owner.addr("catalog-1", "tcp"), follower.addr("catalog-2", "tcp")];
    let mut readers = [owner.web(), follower.web(), front.web()].map(Client::connect);
    let mut hits = 0;
    for quantity in 0..WRITES {
        let writer = writers[(quantity % 2) as usize];
        let body = format!("{{\"quantity\":{quantity}}}");
        // On a loaded machine the follower may lose its lease; it reports that, and takes one
        // again.
        eventually("a write", || {
            let status = ask(writer, "PUT", "/modify/2", "", &body).status;
            assert!(matches!(status, 200 | 503), "{status}");
            (status == 200).then_some(())
        });
        for client in &mut readers {
            for path in ["/product/2", "/product/2", "/products/all"] {
                let reply = client.get(path);
                assert_eq!(reply.status, 200);
                let shown = reply.json();
                let book = if path == "/products/all" { &shown[1] } else { &shown };
                assert_eq!(book["quantity"], quantity, "{path} of {}", reply.head);
                hits += u64::from(field(&reply, "X-Cache") == Some("HIT"));
            }
        }
    }
    assert!(hits >= WRITES, "they do keep answers: {hits}");
}
