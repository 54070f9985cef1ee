/// <reference types="@fastly/js-compute" />
// Several requests in one sandbox, as the JavaScript SDK does it: up to four.
import { setReusableSandboxOptions } from 'fastly:experimental';

setReusableSandboxOptions({ maxRequests: 4, betweenRequestTimeoutMs: 2000, maxMemoryMiB: 120 });

let requests = 0;

addEventListener('fetch', (event) => event.respondWith(handle(event)));

async function handle(event) {
  const n = ++requests;
  const url = new URL(event.request.url);
  console.log(`request ${n}: ${url.pathname}`);
  if (url.pathname === '/fail') throw new Error(`request ${n} fails`);
  if (url.pathname === '/hints') event.sendEarlyHints({ link: '</style.css>; rel=preload; as=style' });
  if (url.pathname === '/after') event.waitUntil(new Promise((done) => setTimeout(done, 1000)).then(() => console.log(`after ${n}`)));
  return new Response(`request ${n}: ${await event.request.text()}`);
}
