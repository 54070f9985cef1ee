// What the platform tells: the request, the client, the environment, time, randomness, logs.

import { Acl } from "fastly:acl";
import { vCpuTime } from "fastly:compute";
import { Device } from "fastly:device";
import { env } from "fastly:env";
import { sdkVersion } from "fastly:experimental";
import { getGeolocationForIpAddress } from "fastly:geolocation";
import { Logger } from "fastly:logger";
import { check, checkEqual, checkThrows, json, ok, text } from "../support.js";

async function echo(event, url) {
  const { request } = event;
  const response = json(
    {
      method: request.method,
      uri: request.url,
      headers: [...request.headers],
      body: await request.text(),
    },
    { status: Number(url.searchParams.get("status") ?? 200) },
  );
  const header = url.searchParams.get("header");
  if (header) response.headers.append(...header.split(/:(.*)/s, 2));
  return response;
}

function client(event) {
  const { client, server } = event;
  return json({
    client_ip: client.address,
    server_ip: server.address,
    request_id: client.requestId,
    h2_fingerprint: client.h2Fingerprint,
    oh_fingerprint: client.ohFingerprint,
    tls_protocol: client.tlsProtocol,
    tls_cipher: client.tlsCipherOpensslName,
    tls_client_hello_bytes: client.tlsClientHello?.byteLength ?? null,
    tls_ja3_md5: client.tlsJA3MD5,
    tls_ja4: client.tlsJA4,
    tls_certificate_bytes: client.tlsClientCertificate?.byteLength ?? null,
    country: client.geo?.country_code ?? null,
  });
}

const names = [
  "FASTLY_CACHE_GENERATION",
  "FASTLY_CUSTOMER_ID",
  "FASTLY_HOSTNAME",
  "FASTLY_IS_STAGING",
  "FASTLY_POP",
  "FASTLY_REGION",
  "FASTLY_SERVICE_ID",
  "FASTLY_SERVICE_VERSION",
  "FASTLY_TRACE_ID",
];

function environment() {
  return json({ env: Object.fromEntries(names.map((name) => [name, env(name)])), sdk: sdkVersion });
}

function geo(event, url) {
  const ip = url.searchParams.get("ip") ?? "192.0.2.1";
  const found = getGeolocationForIpAddress(ip);
  if (!found) return ok(`${ip}: none`);
  return ok(`${ip}: ${found.city}, ${found.country_name} (${found.country_code})\nas: ${found.as_number} ${found.as_name}`);
}

function device(event, url) {
  const agent = url.searchParams.get("ua") ?? "test-phone/1.0";
  const found = Device.lookup(agent);
  if (!found) return ok(`${agent}: none`);
  return ok(`${agent}: ${found.name} by ${found.brand}\nmobile: ${found.isMobile}\ndesktop: ${found.isDesktop}`);
}

async function acl(event, url) {
  await checkThrows("a list that is not there", () => Acl.open("no-such-list"));
  const list = Acl.open("blocklist");
  const action = async (ip) => {
    const found = await list.lookup(ip);
    return found ? `${found.action} ${found.prefix}` : "none";
  };
  checkEqual("192.0.2.1", await action("192.0.2.1"), "ALLOW 192.0.2.1/32");
  checkEqual("192.0.2.2", await action("192.0.2.2"), "BLOCK 192.0.2.0/24");
  checkEqual("198.51.100.1", await action("198.51.100.1"), "none");
  const ip = url.searchParams.get("ip") ?? "192.0.2.1";
  return ok(`${ip}: ${await action(ip)}`);
}

function log() {
  const [first, second] = [new Logger("first"), new Logger("second")];
  first.log("one");
  second.log("two");
  first.log(JSON.stringify({ level: "info", text: 'æøå "quoted"' }));
  first.log("two\nlines");
  new Logger("large").log("x".repeat(20_000));
  console.log("a line on the console", { with: ["values"] });
  console.error("an error on the console");
  return ok("first second large");
}

/** Three timers, set in another order than they are due. */
async function timers() {
  const begun = Date.now();
  const order = [];
  const after = (milliseconds) =>
    new Promise((done) => setTimeout(() => done(order.push(milliseconds)), milliseconds));
  const never = setTimeout(() => order.push("never"), 5);
  const ticks = new Promise((done) => {
    let count = 0;
    const interval = setInterval(() => {
      order.push("tick");
      if (++count === 2) done(clearInterval(interval));
    }, 70);
  });
  clearTimeout(never);
  await Promise.all([after(100), after(20), after(50), ticks]);
  const passed = Date.now() - begun;
  check(passed >= 139, `${passed} ms went by in 140 ms`);
  return ok(order.join(" "));
}

/** `?ms=` is how long; where time is virtual it costs nothing. */
async function sleep(event, url) {
  const milliseconds = Number(url.searchParams.get("ms") ?? 1000);
  const begun = Date.now();
  await new Promise((done) => setTimeout(done, milliseconds));
  const passed = Date.now() - begun;
  check(passed >= milliseconds - 1, `slept for ${passed} ms instead of ${milliseconds}`);
  return ok(`slept for ${milliseconds} ms`);
}

async function random() {
  const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  check(bytes.some((byte) => byte !== 0), "sixteen random bytes are zero");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode("backlot")));
  check(performance.now() >= 0, "performance.now() is negative");
  return ok(
    `bytes: ${hex(bytes)}\nuuid: ${crypto.randomUUID()}\nmath: ${Math.random()}\ntime: ${Date.now()}\nsha256: ${hex(digest)}`,
  );
}

function runtime() {
  const before = vCpuTime();
  let sum = 0;
  for (let i = 0; i < 100_000; i++) sum = (sum + i * i) % 1_000_003;
  const after = vCpuTime();
  check(after >= before, `vcpu time runs backwards: ${before}, then ${after}`);
  return ok(`sum: ${sum}`);
}

function earlyHints(event) {
  event.sendEarlyHints({ link: "</one.css>; rel=preload; as=style" });
  event.sendEarlyHints({ link: "</two.js>; rel=preload; as=script" });
  return text("ok\nafter two hints");
}

export const routes = {
  acl,
  client,
  device,
  "early-hints": earlyHints,
  echo,
  env: environment,
  geo,
  log,
  random,
  runtime,
  sleep,
  timers,
};
