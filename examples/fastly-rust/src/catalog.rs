//! Products come from the catalog with a price in every currency; a customer sees one of them.

use std::collections::HashMap;

use fastly::http::StatusCode;
use fastly::{Error, Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answers::{json, problem};
use crate::settings::Settings;

/// What the catalog says.
#[derive(Deserialize)]
struct Product {
    name: String,
    #[serde(default)]
    prices: HashMap<String, Value>,
}

/// What a customer sees.
#[derive(Serialize)]
struct Offer<'a> {
    id: &'a str,
    name: String,
    price: Option<Price<'a>>,
}

#[derive(Serialize)]
struct Price<'a> {
    currency: &'a str,
    amount: i64,
}

enum Trouble {
    Missing,
    Unavailable,
}

pub fn show_product(id: &str, settings: &Settings) -> Result<Response, Error> {
    let product = match fetch_product(id) {
        Ok(product) => product,
        Err(Trouble::Missing) => return problem(StatusCode::NOT_FOUND, "no such product"),
        Err(Trouble::Unavailable) => return problem(StatusCode::BAD_GATEWAY, "the catalog is unavailable"),
    };
    let currency = settings.currency.as_str();
    let amount = product.prices.get(currency).and_then(Value::as_i64);
    let price = amount.map(|amount| Price { currency, amount });
    json(
        StatusCode::OK,
        &Offer {
            id,
            name: product.name,
            price,
        },
    )
}

/// Everything that can be wrong with the catalog is `Unavailable`.
fn fetch_product(id: &str) -> Result<Product, Trouble> {
    let mut response = Request::get(format!("https://catalog.example.com/products/{id}"))
        .with_header("accept", "application/json")
        // Prices change at any time.
        .with_pass(true)
        .send("catalog")
        .map_err(|_| Trouble::Unavailable)?;
    match response.get_status() {
        StatusCode::OK => response.take_body_json().map_err(|_| Trouble::Unavailable),
        StatusCode::NOT_FOUND => Err(Trouble::Missing),
        _ => Err(Trouble::Unavailable),
    }
}
