//! The smallest service that says something: what a new user's first guest looks like.

use fastly::{Error, Request, Response};

#[fastly::main]
fn main(_request: Request) -> Result<Response, Error> {
    Ok(Response::from_body("Hello from rust!"))
}
