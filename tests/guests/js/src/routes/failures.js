// How a guest can end badly, one way a route.

import { text } from "../support.js";

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

function throwNow() {
  throw new Error("this guest throws on purpose");
}

async function reject() {
  await pause(1);
  throw new TypeError("this guest rejects on purpose");
}

function throwAfterResponse(event) {
  event.respondWith(text("sent before the error"));
  throw new Error("this guest throws after its response");
}

function rejectAfterResponse(event) {
  event.respondWith(text("sent before the rejection"));
  event.waitUntil(
    pause(10).then(() => {
      throw new Error("this guest rejects after its response");
    }),
  );
}

/** A promise that nobody waits for is rejected, and the response is fine. */
function unhandled() {
  Promise.reject(new Error("nobody handles this rejection"));
  return text("ok");
}

/** A response that is promised and never comes. */
const silent = () => new Promise(() => {});

function spin() {
  for (let count = 0; ; count++) {
    if (count < 0) return text("impossible");
  }
}

function recurse() {
  const deeper = (depth) => deeper(depth + 1) + 1;
  return text(String(deeper(0)));
}

function grow() {
  const taken = [];
  for (;;) taken.push(new Uint8Array(1 << 20).fill(1));
}

export const routes = {
  grow,
  loop: spin,
  recurse,
  reject,
  "reject-after-response": rejectAfterResponse,
  silent,
  throw: throwNow,
  "throw-after-response": throwAfterResponse,
  unhandled,
};
