//! Tests that as many copies are sold as exist.

use crate::{Doors, Shop, agreeing, ask, get, stock};
use std::thread;

pub fn the_last_copy_is_sold_once_however_many_want_it(server: &Shop) {
    let catalog = server.addr("catalog-1", "tcp");
    for (copies, expected) in [(1, 1), (100, 100)] {
        ask(catalog, "PUT", "/modify/1", "", &format!("{{\"quantity\":{copies}}}"));
        let doors = [server.web(), server.addr("order-1", "tcp"), server.addr("order-2", "tcp")];
        let buyers = (0..200).map(|buyer| {
            let door = doors[buyer % doors.len()];
            thread::spawn(move || ask(door, "PUT", "/purchase/1/", "", "").status)
        });
        let told = buyers.collect::<Vec<_>>().into_iter().map(|buyer| buyer.join().unwrap());
        let told = told.collect::<Vec<_>>();
        assert_eq!(told.iter().filter(|status| **status == 200).count(), expected);
        assert_eq!(told.iter().filter(|status| **status == 400).count(), 200 - expected);
        assert_eq!(stock(server, 1), 0);
    }
    agreeing(server);
    assert_eq!(get(server.panel(), "/api/orders?limit=500").json().as_array().unwrap().len(), 101);
}
