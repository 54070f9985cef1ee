// Carts live in a KV store, one entry each. A cart that was never written is an empty one.

import { KVStore } from "fastly:kv-store";
import { json, problem } from "./answers.js";

export async function readCart(id) {
  const entry = await new KVStore("carts").get(id);
  return { id, items: entry ? (await entry.json()).items : [] };
}

const writeCart = (cart) => new KVStore("carts").put(cart.id, JSON.stringify({ items: cart.items }));

export const emptyCart = (id) => new KVStore("carts").delete(id);

export const showCart = async (id) => json(await readCart(id));

/** Adds `{"product": "mug", "quantity": 2}` to what is there already. */
export async function addToCart(id, request) {
  const wanted = await request.json().catch(() => null);
  const { product, quantity } = wanted ?? {};
  if (typeof product !== "string" || product === "" || !Number.isInteger(quantity) || quantity < 1 || quantity > 99) {
    return problem(400, "expected a product and a quantity from 1 to 99");
  }
  const cart = await readCart(id);
  const item = cart.items.find((one) => one.product === product);
  if (item) item.quantity += quantity;
  else cart.items.push({ product, quantity });
  await writeCart(cart);
  return json(cart);
}
