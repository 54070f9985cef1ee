//! Does nothing, not even take its request: the floor below which no invocation can go.

fn main() {}
