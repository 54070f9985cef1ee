// Products come from the catalog with a price in every currency; a customer sees one of them.

import { CacheOverride } from "fastly:cache-override";
import { json, problem } from "./answers.js";
import { settings } from "./settings.js";

export async function showProduct(id) {
  const product = await fetchProduct(id);
  if (product === "missing") return problem(404, "no such product");
  if (product === "unavailable") return problem(502, "the catalog is unavailable");
  const { currency } = settings();
  const amount = product.prices?.[currency];
  const price = Number.isInteger(amount) ? { currency, amount } : null;
  return json({ id, name: product.name, price });
}

/** The product, or "missing", or "unavailable" for everything that can be wrong with the catalog. */
async function fetchProduct(id) {
  try {
    const response = await fetch(`https://catalog.example.com/products/${id}`, {
      backend: "catalog",
      headers: { accept: "application/json" },
      // Prices change at any time.
      cacheOverride: new CacheOverride("pass"),
    });
    if (response.status === 404) return "missing";
    if (response.status !== 200) return "unavailable";
    const product = await response.json();
    return typeof product?.name === "string" ? product : "unavailable";
  } catch {
    return "unavailable";
  }
}
