// SPDX-License-Identifier: Apache-2.0
// Headers, Request, Response, bodies, forms, fetch.

test("headers: combined, sorted, checked", () => {
  const h = new Headers({ "X-B": " 2 ", a: "1" });
  h.append("x-b", "3");
  h.append("Set-Cookie", "c=1");
  h.append("Set-Cookie", "d=2");
  equal([...h], [["a", "1"], ["set-cookie", "c=1"], ["set-cookie", "d=2"], ["x-b", "2, 3"]]);
  equal([h.get("X-b"), h.get("no"), h.has("A"), h.getSetCookie()], ["2, 3", null, true, ["c=1", "d=2"]]);
  h.set("a", "9");
  h.delete("x-B");
  equal([...h.keys()], ["a", "set-cookie", "set-cookie"]);
  for (const bad of ["", "a b", "a:", "\u00e9"]) throws(() => h.set(bad, "x"), "TypeError");
  for (const bad of ["a\nb", "a\0", "\u0100"]) throws(() => h.set("x", bad), "TypeError");
  throws(() => new Headers([["a"]]), "TypeError");
  throws(() => new Headers(null), "TypeError");
  throws(() => h.append("a"), "TypeError");
  throws(() => Headers.prototype.get.call({}, "a"), "TypeError");
  equal(String(h), "[object Headers]");
});

test("a response's body is read once, as anything", async () => {
  const json = Response.json({ a: [1] }, { status: 201 });
  equal([json.status, json.ok, json.headers.get("content-type"), await json.json()], [201, true, "application/json", { a: [1] }]);
  await rejects(json.text(), "TypeError");
  equal(json.bodyUsed, true);
  equal(await new Response("\ufeffgr\u00fc\u00dfe").text(), "gr\u00fc\u00dfe");
  equal(hex(await new Response("\u20ac").arrayBuffer()), "e282ac");
  equal(hex(await new Response(new Uint8Array([1, 2, 3]).subarray(1)).bytes()), "0203");
  equal(await new Response(new URLSearchParams("a=b c")).text(), "a=b+c");
  equal(await new Response().text(), "");
  await rejects(new Response("{").json(), "SyntaxError");
  const blob = await new Response("x", { headers: { "content-type": "Text/Plain" } }).blob();
  equal([blob.type, await blob.text()], ["text/plain", "x"]);
  equal(new Response("x").headers.get("content-type"), "text/plain;charset=UTF-8");
});

test("what a response cannot be", () => {
  throws(() => new Response("", { status: 199 }), "RangeError");
  throws(() => new Response("", { status: 600 }), "RangeError");
  throws(() => new Response("x", { status: 204 }), "TypeError");
  throws(() => new Response("x", { statusText: "a\nb" }), "TypeError");
  throws(() => Response.redirect("http://a/", 200), "RangeError");
  throws(() => Response.redirect("nonsense"), "TypeError");
  equal([Response.error().type, Response.error().status], ["error", 0]);
  equal(Response.redirect("http://a/\u00fc", 301).headers.get("location"), "http://a/%C3%BC");
});

test("bodies as streams, cloned", async () => {
  const r = new Response("hello");
  const copy = r.clone();
  const reader = r.body.getReader();
  equal([new TextDecoder().decode((await reader.read()).value), (await reader.read()).done], ["hello", true]);
  equal([r.bodyUsed, copy.bodyUsed, await copy.text()], [true, false, "hello"]);
  throws(() => r.clone(), "TypeError");
  const stream = new ReadableStream({
    async pull(c) {
      await sleep(1);
      c.enqueue(utf8("ab"));
      if (++this.n === 3) c.close();
    },
    n: 0,
  });
  const streamed = new Response(stream), twin = streamed.clone();
  equal([await streamed.text(), await twin.text()], ["ababab", "ababab"]);
  await rejects(new Response(new ReadableStream({ start(c) { c.enqueue("text"); c.close(); } })).text(), "TypeError");
  await rejects(new Response(new ReadableStream({ pull() { throw new RangeError("mine"); } })).text(), "RangeError", "mine");
  equal(new Response(null).body, null);
});

test("requests", async () => {
  const r = new Request("http://a.test/x#frag", { method: "post", body: "b", headers: { a: "1" }, redirect: "manual" });
  equal([r.url, r.method, r.redirect, r.headers.get("a"), r.signal.aborted], ["http://a.test/x", "POST", "manual", "1", false]);
  const other = new Request(r, { headers: { b: "2" } });
  equal([r.bodyUsed, await other.text(), [...other.headers.keys()]], [true, "b", ["b"]]);
  equal(new Request("http://a", { method: "patch" }).method, "patch");
  throws(() => new Request("http://a", { body: "x" }), "TypeError");
  throws(() => new Request("nonsense"), "TypeError");
  throws(() => new Request("http://u:p@a/"), "TypeError");
  throws(() => new Request("http://a", { method: "a b" }), "TypeError");
  throws(() => new Request("http://a", { method: "CONNECT" }), "TypeError");
  throws(() => new Request("http://a", { signal: {} }), "TypeError");
  const c = new AbortController();
  const aborted = new Request("http://a", { signal: c.signal });
  c.abort();
  equal(aborted.signal.aborted, true);
});

test("forms go both ways as multipart", async () => {
  const form = new FormData();
  form.append("a", "1\n2");
  form.append('q"\r\n', "\u00fc");
  form.append("f", new File([Uint8Array.of(0, 255, 13, 10)], "f\".bin", { type: "x/y" }));
  form.append("b", new Blob(["t"]));
  const back = await new Response(form).formData();
  equal([...back.keys()], ["a", 'q"\r\n', "f", "b"]);
  equal([back.get("a"), back.get('q"\r\n'), back.get("f").name, back.get("f").type, hex(await back.get("f").arrayBuffer()), back.get("b").name],
    ["1\r\n2", "\u00fc", 'f".bin', "x/y", "00ff0d0a", "blob"]);
  equal([...(await new Response(new URLSearchParams("a=1&b=2")).formData())], [["a", "1"], ["b", "2"]]);
  await rejects(new Response("x").formData(), "TypeError");
  await rejects(new Response("x", { headers: { "content-type": "multipart/form-data; boundary=y" } }).formData(), "TypeError");
});

test("blobs and files", async () => {
  const b = new Blob(["ab", utf8("cd"), new Blob(["ef"])], { type: "A/B" });
  equal([b.size, b.type, await b.slice(1, -1).text(), await b.text()], [6, "a/b", "bcde", "abcdef"]);
  const f = new File(["x"], "n", { lastModified: 5 });
  equal([f.name, f.lastModified, f instanceof Blob, Object.prototype.toString.call(f)], ["n", 5, true, "[object File]"]);
  throws(() => new Blob("text"), "TypeError");
});

test("fetch without a network says so", async () => {
  await rejects(fetch("http://a.test/"), "TypeError");
  await rejects(fetch("nonsense"), "TypeError");
  const fetched = [];
  host.web.fetch = async (request) => {
    fetched.push(`${request.method} ${request.url} ${await request.text()}`);
    return new Response("answer");
  };
  equal(await (await fetch("http://a.test/", { method: "PUT", body: "b" })).text(), "answer");
  equal(fetched, ["PUT http://a.test/ b"]);
  await rejects(fetch("http://a.test/", { signal: AbortSignal.abort() }), "AbortError");
});

test("URL patterns", () => {
  const p = new URLPattern({ pathname: "/books/:id(\\d+)" });
  equal(p.exec("http://a.test/books/12").pathname.groups.id, "12");
  equal(p.test("http://a.test/books/x"), false);
});

test("patched prototypes do no harm", async () => {
  const iterator = Array.prototype[Symbol.iterator];
  Array.prototype[Symbol.iterator] = function () { throw new Error("patched"); };
  Object.prototype.then = undefined;
  Object.prototype.get = () => "polluted";
  try {
    const r = new Response("x", { headers: { a: "1" } });
    if (r.headers.get("a") !== "1" || (await r.text()) !== "x") throw new Error("another answer");
  } finally {
    Array.prototype[Symbol.iterator] = iterator;
    delete Object.prototype.then;
    delete Object.prototype.get;
  }
});
