// SPDX-License-Identifier: Apache-2.0
// Backends: those of the manifest (tests/guests/fastly.toml), and those that the guest rust-abi registers itself.
import { backends, beforeAll, describe, expect, origin, service, test } from "backlot:test";

const text = async (url: string) => (await service.fetch(url)).text();

test("those of the manifest can be looked at", () => {
  expect(backends.names()).toEqual(["origin", "other", "refused"]);
  expect(backends.list().map((backend) => backend.url)).toEqual(["http://127.0.0.1:8081", "http://127.0.0.1:8082", "http://127.0.0.1:1"]);
  expect(backends.get("origin")).toEqual({
    name: "origin", url: "http://127.0.0.1:8081", host: "127.0.0.1", port: 8081, tls: false, dynamic: false, health: "unknown", grpc: false,
    pooled: true, preferIPv4: false, useSNI: true,
  });
  expect(backends.get("nothing")).toBe(null);
});

describe("changed for a group", () => {
  beforeAll(() => backends.set("origin", {
    url: "https://[2001:db8::1]:444/v2/", hostOverride: "api.example", health: "healthy", connectTimeout: "2s", firstByteTimeout: 3000, betweenBytesTimeout: "4s",
    keepaliveTime: "1m", tcpKeepalive: true, tcpKeepaliveTime: "5s", tcpKeepaliveInterval: "6s", tcpKeepaliveProbes: 7, pooled: false, grpc: true,
    sni: "sni.example", certificateHost: "cert.example", caCertificate: "PEM", ciphers: "HIGH", tlsMin: "1.2", tlsMax: "1.3", preferIPv4: true, useSNI: false,
  }));

  test("the service sees it", async () => {
    const told = await text("/backend");
    for (const line of ["health: Healthy", "host: 2001:db8::1", 'override host: Some("api.example")', "port: 444", "ssl: true", "connect timeout: 2000",
      "first byte timeout: 3000", "between bytes timeout: 4000", "http keepalive time: 60000", "tcp keepalive enable: 1", "tcp keepalive interval: 6",
      "tcp keepalive probes: 7", "tcp keepalive time: 5", "ssl min version: 2", "ssl max version: 3"])
      expect(told).toContain(line);
  });

  test("and so does a test", () => {
    expect(backends.get("origin")).toEqual({
      name: "origin", url: "https://[2001:db8::1]:444/v2", host: "2001:db8::1", port: 444, tls: true, dynamic: false, hostOverride: "api.example",
      health: "healthy", connectTimeout: 2000, firstByteTimeout: 3000, betweenBytesTimeout: 4000, keepaliveTime: 60_000, tcpKeepalive: true,
      tcpKeepaliveTime: 5000, tcpKeepaliveInterval: 6000, tcpKeepaliveProbes: 7, pooled: false, grpc: true, sni: "sni.example",
      certificateHost: "cert.example", caCertificate: "PEM", ciphers: "HIGH", tlsMin: "1.2", tlsMax: "1.3", preferIPv4: true, useSNI: false,
    });
  });
});

test("behind the group it is as it was", async () => {
  expect(backends.get("origin")!.url).toBe("http://127.0.0.1:8081");
  expect(await text("/backend")).toContain("host: 127.0.0.1\noverride host: None\nport: 8081");
});

test("made, and taken away", async () => {
  backends.set("mine", { url: "https://mine.example" });
  expect(await text("/backend?name=mine")).toContain("host: mine.example");
  expect([backends.delete("mine"), backends.delete("mine"), backends.get("mine")]).toEqual([true, false, null]);
  expect((await service.fetch("/backend?name=mine")).status).toBe(500);
});

test("what is registered is told", async () => {
  origin("made").respond("x");
  expect((await service.fetch("/dynamic-backend")).status).toBe(200);
  expect(backends.registered).toEqual([{
    name: "made", url: "http://127.0.0.1:8081", host: "127.0.0.1", port: 8081, tls: false, dynamic: true, refused: false, hostOverride: "made.example",
    health: "unknown", connectTimeout: 1000, firstByteTimeout: 2000, betweenBytesTimeout: 3000, keepaliveTime: 4000, tcpKeepalive: true,
    tcpKeepaliveInterval: 5000, tcpKeepaliveProbes: 6, tcpKeepaliveTime: 7000, pooled: true, grpc: false, preferIPv4: false, useSNI: true,
  }]);
  expect(backends.get("made")).toMatchObject({ dynamic: true });
  expect(backends.names()).not.toContain("made");
});

test("another test knows nothing of it", () => expect([backends.registered, backends.get("made")]).toEqual([[], null]));

describe("a registration", () => {
  let asked: string[] = [];
  beforeAll(() => {
    backends.onRegister((backend) => {
      asked.push(`${backend.name} ${backend.url} ${backend.connectTimeout}`);
    });
  });

  test("can be refused, which the SDK says", async () => {
    asked = [];
    backends.onRegister(async (backend) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (backend.hostOverride === "made.example") backend.refuse();
    });
    const response = await service.fetch("/dynamic-backend");
    expect([response.status, await response.text()]).toEqual([500, "failed: making a backend: Disallowed\n"]);
    expect(backends.registered).toMatchObject([{ name: "made", refused: true }]);
    expect(backends.get("made")).toBe(null);
    expect(response.trace.map((event) => event.type)).toContain("backend-refuse");
    expect(asked).toEqual([]); // the test's own went before, and refused
  });

  test("can be refused for another reason", async () => {
    backends.onRegister((backend) => backend.refuse("name-in-use"));
    expect(await text("/dynamic-backend")).toBe("failed: making a backend: NameInUse\n");
    backends.onRegister((backend) => {
      expect(() => (backend.refuse as (why: string) => void)("mood")).toThrow('"mood"; disallowed, name-in-use, invalid, too-many are reasons');
      backend.refuse("too-many");
    });
    backends.onRegister(() => { throw new Error("nobody is asked behind a refusal"); });
    expect(await text("/dynamic-backend")).toContain("NameInUse"); // the first one's word
  });

  test("can be changed", async () => {
    asked = [];
    backends.onRegister((backend) => backend.change({ betweenBytesTimeout: "9s" }));
    backends.onRegister((backend) => backend.change({ url: "http://canary.example/v2" }));
    // The guest compares its host with that of `origin`.
    expect(await text("/dynamic-backend")).toContain('its host: expected "127.0.0.1", got "canary.example"');
    expect(backends.registered).toMatchObject([{ name: "made", url: "http://canary.example/v2", host: "canary.example", betweenBytesTimeout: 9000, firstByteTimeout: 2000 }]);
    expect(asked).toEqual(["made http://127.0.0.1:8081 1000"]);
  });
});

test("what cannot be is said", () => {
  expect(() => backends.set("new", { hostOverride: "x" })).toThrow("there is no backend 'new'; to make it, give its url");
  expect(() => backends.set("origin", { url: "ftp://x" })).toThrow("it does not begin with http:// or https://");
  expect(() => backends.set("origin", { port: 1 } as never)).toThrow('"port" of a backend cannot be set; url, hostOverride, ');
  expect(() => backends.set("origin", { health: "ill" as never })).toThrow("health: 'ill' is none; write \"unknown\" … \"unhealthy\"");
  expect(() => backends.set("origin", { tlsMin: "1.4" as never })).toThrow("tlsMin: '1.4' is none");
  expect(() => backends.set("origin", { connectTimeout: "soon" })).toThrow('"soon" is no duration');
  expect(() => backends.set("origin", { tcpKeepaliveProbes: -1 })).toThrow("tcpKeepaliveProbes: write a number");
  expect(() => backends.onRegister("x" as never)).toThrow("takes a function");
});
