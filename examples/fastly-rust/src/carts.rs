//! Carts live in a KV store, one entry each. A cart that was never written is an empty one.

use fastly::error::Context;
use fastly::http::StatusCode;
use fastly::kv_store::{KVStore, KVStoreError};
use fastly::{Error, Request, Response};
use serde::{Deserialize, Serialize};

use crate::answers::{json, problem};

#[derive(Serialize, Deserialize)]
pub struct Item {
    product: String,
    quantity: u32,
}

#[derive(Serialize)]
pub struct Cart<'a> {
    pub id: &'a str,
    pub items: Vec<Item>,
}

/// What is stored: the key is the cart's id already.
#[derive(Serialize, Deserialize)]
struct Entry {
    items: Vec<Item>,
}

fn carts() -> Result<KVStore, Error> {
    KVStore::open("carts")?.context("there is no KV store named carts")
}

pub fn read_cart(id: &str) -> Result<Cart<'_>, Error> {
    match carts()?.lookup(id) {
        Ok(mut found) => {
            let entry: Entry = serde_json::from_slice(&found.take_body_bytes())?;
            Ok(Cart {
                id,
                items: entry.items,
            })
        }
        Err(KVStoreError::ItemNotFound) => Ok(Cart {
            id,
            items: Vec::new(),
        }),
        Err(error) => Err(error.into()),
    }
}

pub fn empty_cart(id: &str) -> Result<(), Error> {
    Ok(carts()?.delete(id)?)
}

pub fn show_cart(id: &str) -> Result<Response, Error> {
    json(StatusCode::OK, &read_cart(id)?)
}

/// Adds `{"product": "mug", "quantity": 2}` to what is there already.
pub fn add_to_cart(id: &str, request: &mut Request) -> Result<Response, Error> {
    let wanted = match request.take_body_json::<Item>() {
        Ok(item) if !item.product.is_empty() && (1..=99).contains(&item.quantity) => item,
        _ => {
            return problem(
                StatusCode::BAD_REQUEST,
                "expected a product and a quantity from 1 to 99",
            )
        }
    };
    let mut items = read_cart(id)?.items;
    match items.iter_mut().find(|item| item.product == wanted.product) {
        Some(item) => item.quantity += wanted.quantity,
        None => items.push(wanted),
    }
    let entry = Entry { items };
    carts()?.insert(id, serde_json::to_string(&entry)?)?;
    json(
        StatusCode::OK,
        &Cart {
            id,
            items: entry.items,
        },
    )
}
