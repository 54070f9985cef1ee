//! A cart becomes an order, and is emptied only when the order was taken.

use fastly::http::StatusCode;
use fastly::{Error, Request, Response};
use serde::{Deserialize, Serialize};

use crate::answers::{json, problem};
use crate::carts::{empty_cart, read_cart, Item};
use crate::settings::Settings;

#[derive(Serialize)]
struct Order<'a> {
    cart: &'a str,
    currency: &'a str,
    items: Vec<Item>,
}

/// What the checkout answers, and what we answer.
#[derive(Serialize, Deserialize)]
struct Taken {
    order: String,
}

pub fn place_order(id: &str, settings: &Settings) -> Result<Response, Error> {
    let items = read_cart(id)?.items;
    if items.is_empty() {
        return problem(StatusCode::CONFLICT, "the cart is empty");
    }
    let order = Order {
        cart: id,
        currency: &settings.currency,
        items,
    };
    match send_order(&order)? {
        Some(taken) => {
            empty_cart(id)?;
            json(StatusCode::CREATED, &taken)
        }
        None => problem(StatusCode::BAD_GATEWAY, "the checkout is unavailable"),
    }
}

/// None for everything that can be wrong with the checkout.
fn send_order(order: &Order) -> Result<Option<Taken>, Error> {
    let sent = Request::post("https://checkout.example.com/orders")
        .with_body_json(order)?
        .with_pass(true)
        .send("checkout");
    Ok(match sent {
        Ok(mut response) if response.get_status().is_success() => response.take_body_json().ok(),
        _ => None,
    })
}
