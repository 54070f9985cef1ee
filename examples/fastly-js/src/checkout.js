// A cart becomes an order, and is emptied only when the order was taken.

import { CacheOverride } from "fastly:cache-override";
import { json, problem } from "./answers.js";
import { emptyCart, readCart } from "./carts.js";
import { settings } from "./settings.js";

export async function placeOrder(id) {
  const { items } = await readCart(id);
  if (items.length === 0) return problem(409, "the cart is empty");
  const order = await sendOrder({ cart: id, currency: settings().currency, items });
  if (order === null) return problem(502, "the checkout is unavailable");
  await emptyCart(id);
  return json({ order }, 201);
}

/** The number of the order, or null for everything that can be wrong with the checkout. */
async function sendOrder(order) {
  try {
    const response = await fetch("https://checkout.example.com/orders", {
      method: "POST",
      backend: "checkout",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(order),
      cacheOverride: new CacheOverride("pass"),
    });
    if (!response.ok) return null;
    const taken = await response.json();
    return typeof taken?.order === "string" ? taken.order : null;
  } catch {
    return null;
  }
}
