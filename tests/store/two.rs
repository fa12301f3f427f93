//! The same stories in two processes: one with the log and a replica of each kind, and a follower.

use crate::{Shop, api, cache, contract, crashes, histories, keys, stock};

#[test]
fn the_api_validates_and_writes_nothing_that_is_wrong() {
    api::the_api_validates_and_writes_nothing_that_is_wrong(&Shop::in_two_processes(&[]));
}

#[test]
fn reads_name_their_source_and_a_write_invalidates_its_own() {
    cache::reads_name_their_source_and_a_write_invalidates_its_own(&Shop::in_two_processes(&[]));
}

#[test]
fn reads_are_answered_byte_for_byte() {
    contract::reads_are_answered_byte_for_byte(&Shop::in_two_processes(&[]));
}

#[test]
fn writes_are_answered_byte_for_byte() {
    contract::writes_are_answered_byte_for_byte(&Shop::in_two_processes(&[]));
}

#[test]
fn no_read_fails_while_a_catalog_is_down_and_catches_up() {
    crashes::no_read_fails_while_a_catalog_is_down_and_catches_up(&Shop::in_two_processes(&[
        "--store-cache=0",
    ]));
}

#[test]
fn a_purchase_with_a_key_happens_once() {
    keys::a_purchase_with_a_key_happens_once(&Shop::in_two_processes(&[]));
}

#[test]
fn the_last_copy_is_sold_once_however_many_want_it() {
    stock::the_last_copy_is_sold_once_however_many_want_it(&Shop::in_two_processes(&[]));
}

#[test]
fn the_answers_to_all_clients_are_linearizable() {
    let shop = Shop::in_two_processes(&["--store-cache=4"]);
    histories::the_answers_to_all_clients_are_linearizable(&shop);
}

#[test]
fn nothing_is_sold_while_nobody_can_look_it_up() {
    crashes::nothing_is_sold_while_nobody_can_look_it_up(&Shop::in_two_processes(&[]));
}
