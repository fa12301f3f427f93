//! The stories of the bookstore in one process.

use crate::{Shop, api, cache, contract, crashes, histories, keys, stock};

#[test]
fn the_api_validates_and_writes_nothing_that_is_wrong() {
    api::the_api_validates_and_writes_nothing_that_is_wrong(&Shop::in_one_process(&[]));
}

#[test]
fn every_read_says_where_it_comes_from_and_a_write_takes_just_its_own() {
    cache::every_read_says_where_it_comes_from_and_a_write_takes_just_its_own(
        &Shop::in_one_process(&[]),
    );
}

#[test]
fn reads_are_answered_byte_for_byte() {
    contract::reads_are_answered_byte_for_byte(&Shop::in_one_process(&[]));
}

#[test]
fn writes_are_answered_byte_for_byte() {
    contract::writes_are_answered_byte_for_byte(&Shop::in_one_process(&[]));
}

#[test]
fn no_read_fails_while_a_catalog_is_down_and_it_comes_back_with_all_it_missed() {
    crashes::no_read_fails_while_a_catalog_is_down_and_it_comes_back_with_all_it_missed(
        &Shop::in_one_process(&["--store-cache=0"]),
    );
}

#[test]
fn a_purchase_with_a_key_happens_once() {
    keys::a_purchase_with_a_key_happens_once(&Shop::in_one_process(&[]));
}

#[test]
fn the_last_copy_is_sold_once_however_many_want_it() {
    stock::the_last_copy_is_sold_once_however_many_want_it(&Shop::in_one_process(&[]));
}

#[test]
fn what_all_clients_were_told_could_have_been_told_one_after_the_other() {
    let shop = Shop::in_one_process(&["--store-cache=4"]);
    histories::what_all_clients_were_told_could_have_been_told_one_after_the_other(&shop);
}

#[test]
fn nothing_is_sold_while_nobody_can_look_it_up() {
    crashes::nothing_is_sold_while_nobody_can_look_it_up(&Shop::in_one_process(&[]));
}
