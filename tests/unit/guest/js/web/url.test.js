// SPDX-License-Identifier: Apache-2.0
// URL and URLSearchParams: plain URLs, which prelude/url.ts takes apart, must come out as the others do.

test("plain URLs", () => {
  const url = new URL("HTTPS://Example.COM:443/a/b%20c?x=1&y='#f");
  equal(url.href, "https://example.com/a/b%20c?x=1&y=%27#f");
  equal(new URL("http://a.test").href, "http://a.test/");
  equal(new URL("http://a.test:80?q").href, "http://a.test/?q");
  equal(new URL("http://a.test:0080/?#").href, "http://a.test/?#");
  equal(new URL("http://a.test:00081/").port, "81");
  equal(new URL("wss://a.test:443/").origin, "wss://a.test");
  equal(new URL("file:///a/b?c#d").href, "file:///a/b?c#d");
  equal(new URL("file:///a").origin, "null");
  const u = new URL("http://h.test:8080/p?q#f");
  equal([u.protocol, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, u.origin], ["http:", "h.test:8080", "h.test", "8080", "/p", "?q", "#f", "http://h.test:8080"]);
});

test("the fast way and the parser agree", () => {
  const inputs = [
    "http://a/", "http://a.b.c/", "http://a-.b/", "http://a..b/", "http://a./x", "http://1.2.3.4/", "http://1.2.3.256/", "http://01.2.3.4/",
    "http://1.2.3/", "http://a.0x1/", "http://a.1/", "http://a.b1/", "http://a.1b/", "http://a:65535/", "http://a:65536/", "http://a:/x", "http://a:x/",
    "http://a/./b", "http://a/../b", "http://a/b/..", "http://a/.b", "http://a/b./c", "http://a/%2e%2E/b", "http://a/%2eb", "http://a/a|b[c]", "http://a/a^b",
    "http://a/?a'b", "http://a/?a\"b", "http://a/?a<b>", "http://a/?a`b{c}|d\\e^f", "http://a/#a`b", "http://a/#a#b", "http://a/#'{}|\\^", "http://a?b/c?d", "http://a#?b",
    "http://xn--a/", "http://xn--nxasmq6b/", "http://a_b/", "http://a%41/", "http://A.B/C", "HTTP://a/", "http:\\\\a\\b", "http:/a", "http:a", " http://a/ ", "http://a/\tb",
    "http://u:p@a/", "http://@a/", "http://a@b@c/", "http://[::1]:80/", "http://[1::0:0:0]/", "http://\u00fc.test/", "http://a/\u00fc?\u00fc#\u00fc", "http://a/ b",
    "ftp://a:21/", "ws://a:80/", "wss://a:80/", "file:///a", "file:///C|/a", "file:///c:/../a", "file://h/a", "file:///a/../b", "data:,x", "mailto:a b", "blob:http://a/b", "about:blank", "x://a/../b", "x:/..//a", "",
    "//a", "/a", "a", "?a", "#a", "http://", "http:///a", "https://a\\b", "http://a/%zz", "http://0/", "http://4294967295/", "http://4294967296/", "http://a.b.c.d.e.f.g/",
  ];
  const bases = [undefined, "http://base.test/p/q?r#s", "https://base.test", "file:///x/y", "mailto:x", "nonsense"];
  URL.canParse("http://\u00fc"); // the parser is there
  for (const base of bases) {
    for (const input of inputs) {
      // With a user name in front nothing is plain; without it, the same must come out.
      const fast = URL.parse(input, base)?.href ?? null;
      const sub = (s) => s?.replace(/^(https?|wss?):\/\/(?=[^@/?#\\]+(?:[/?#]|$))/i, "$1://slow@");
      let slow = null;
      try {
        const url = new URL(sub(input), sub(base));
        if (url.username === "slow") url.username = "";
        slow = url.href;
      } catch {}
      equal(fast, slow, `${JSON.stringify(input)} on ${base}`);
    }
  }
});

test("what is none", () => {
  throws(() => new URL("nonsense"), "TypeError", "Invalid URL: nonsense");
  throws(() => new URL("http://a b/"), "TypeError");
  throws(() => new URL("/x", "y"), "TypeError", "with the base y");
  throws(() => new URL(), "TypeError");
  equal(URL.parse("nonsense"), null);
  equal(URL.canParse("nonsense"), false);
  equal(URL.canParse("/x", "http://a"), true);
  throws(() => URL.parse({ toString() { throw new RangeError("mine"); } }), "RangeError", "mine");
});

test("international names, addresses and others go by the parser", () => {
  equal(new URL("http://b\u00fccher.test/\u00fc?\u00fc").href, "http://xn--bcher-kva.test/%C3%BC?%C3%BC");
  equal(new URL("http://0x7f.1/").hostname, "127.0.0.1");
  equal(new URL("http://[::0001]/").host, "[::1]");
  equal(new URL("../x", "http://a/b/c/d").href, "http://a/b/x");
  equal(new URL("mailto:a@b").pathname, "a@b");
  equal(new URL("blob:https://a.test/x").origin, "https://a.test");
  equal(new URL("http://u:p@h/").username, "u");
});

test("members are set", () => {
  const url = new URL("http://a.test/x?y#z");
  url.pathname = "/p/q";
  url.search = "k=v w";
  url.hash = "h i";
  url.host = "b.test:81";
  url.protocol = "https";
  url.username = "me@";
  equal(url.href, "https://me%40@b.test:81/p/q?k=v%20w#h%20i");
  url.port = "443";
  url.hash = "";
  url.search = "?";
  equal(url.href, "https://me%40@b.test/p/q?");
  url.search = "";
  url.pathname = "no slash/../x y";
  url.hostname = "c.test:99";
  equal(url.href, "https://me%40@b.test/x%20y");
  url.href = "http://d.test/";
  equal(String(url), "http://d.test/");
  throws(() => (url.href = "x"), "TypeError");
  equal(JSON.stringify({ url }), '{"url":"http://d.test/"}');
});

test("a URL and its parameters follow each other", () => {
  const url = new URL("http://a.test/?a=1&b=2");
  const params = url.searchParams;
  params.append("c", "3 &");
  params.delete("a");
  equal(url.href, "http://a.test/?b=2&c=3+%26");
  url.search = "?z=9";
  equal([...params], [["z", "9"]]);
  params.delete("z");
  equal(url.href, "http://a.test/");
  ok(url.searchParams === params);
});

test("parameters: parsed, written, sorted", () => {
  equal([...new URLSearchParams("?a=b%20c+d&e&=f&&a=%zz%ff")], [["a", "b c d"], ["e", ""], ["", "f"], ["a", "%zz\ufffd"]]);
  equal(String(new URLSearchParams({ "a b": "~!'()*-._ \u00fc" })), "a+b=%7E%21%27%28%29*-._+%C3%BC");
  equal(String(new URLSearchParams([["b", 1], ["a", 2]])), "b=1&a=2");
  const p = new URLSearchParams("z=1&\ufffc=2&\ud83d\ude00=3&a=4&z=0");
  p.sort();
  equal([...p.keys()], ["a", "z", "z", "\ud83d\ude00", "\ufffc"]);
  equal([p.get("z"), p.getAll("z"), p.has("z", "0"), p.has("z", "5"), p.size, p.get("no")], ["1", ["1", "0"], true, false, 5, null]);
  p.set("z", "9");
  p.delete("a", "5");
  equal(p.toString(), "a=4&z=9&%F0%9F%98%80=3&%EF%BF%BC=2");
  throws(() => new URLSearchParams([["a"]]), "TypeError");
  throws(() => new URLSearchParams([1]), "TypeError");
  equal(String(new URLSearchParams(new URLSearchParams("a=1"))), "a=1");
  equal(String(new URLSearchParams({ "\ud800": "1", "\ufffd": "2" })), "%EF%BF%BD=2");
  equal(Object.prototype.toString.call(p.entries()), "[object URLSearchParams Iterator]");
  equal([URL.name, URLSearchParams.name, Headers.name], ["URL", "URLSearchParams", "Headers"]);
});
