/// <reference types="@fastly/js-compute" />
// The shop: which route a request takes, and one line in the access log for each. The same service in
// Rust is in ../fastly-rust, and both answer alike, byte for byte.

import { Logger } from "fastly:logger";
import { page, problem } from "./answers.js";
import { addToCart, showCart } from "./carts.js";
import { showProduct } from "./catalog.js";
import { placeOrder } from "./checkout.js";
import { settings } from "./settings.js";

const ID = /^[A-Za-z0-9_-]{1,64}$/;

const routes = {
  "GET /products": showProduct,
  "GET /cart": showCart,
  "POST /cart": addToCart,
  "POST /checkout": placeOrder,
};

async function answer(request, path) {
  if (settings().maintenance) {
    const response = problem(503, "the shop is closed for maintenance");
    response.headers.set("retry-after", "120");
    return response;
  }
  if (request.method === "GET" && path === "/") return page(settings().banner);
  const [, area, id, ...rest] = path.split("/");
  const route = routes[`${request.method} /${area}`];
  if (!route || rest.length > 0 || !ID.test(id ?? "")) return problem(404, "not found");
  return route(id, request);
}

function cartOf(path) {
  const [, area, id] = path.split("/");
  return (area === "cart" || area === "checkout") && ID.test(id ?? "") ? id : null;
}

async function handle(event) {
  const { request } = event;
  const path = new URL(request.url).pathname;
  const response = await answer(request, path);
  const line = { method: request.method, path, status: response.status, cart: cartOf(path) };
  new Logger("access").log(JSON.stringify(line));
  return response;
}

addEventListener("fetch", (event) => event.respondWith(handle(event)));
