// Rate counters and penalty boxes; the report is that of the Rust guest.

import { EdgeRateLimiter, PenaltyBox, RateCounter } from "fastly:edge-rate-limiter";
import { ok } from "../support.js";

/** Parameters as in the Rust guest; the SDK takes minutes for `ttl`. */
async function rate(event, url) {
  const number = (name, usual) => Number(url.searchParams.get(name) ?? usual);
  const entry = url.searchParams.get("entry") ?? "client";
  const minutes = number("ttl", 60) / 60;
  const wait = number("wait", 0);
  if (wait) await new Promise((done) => setTimeout(done, wait * 1000));

  const counter = new RateCounter("requests");
  const jail = new PenaltyBox("jail");
  const increment = number("increment", 0);
  if (increment) counter.increment(entry, increment);
  if (url.searchParams.has("add")) jail.add(entry, minutes);
  const limiter = new EdgeRateLimiter(counter, jail);
  const blocked = limiter.checkRate(entry, number("delta", 1), number("window", 1), number("limit", 10), minutes);
  const rates = [1, 10, 60].map((window) => counter.lookupRate(entry, window));
  const counts = [10, 20, 30, 40, 50, 60].map((duration) => counter.lookupCount(entry, duration));
  return ok(
    `blocked: ${blocked}\nin the box: ${jail.has(entry)}\nrates: ${rates.join(" ")}\ncounts: ${counts.join(" ")}`,
  );
}

export const routes = { rate };
