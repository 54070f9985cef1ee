/* SPDX-License-Identifier: Apache-2.0 */
/* The web platform of a realm: each test is a script that says `ok` for what holds, and what does not. */
#include <stdio.h>

#include "base/buf.h"
#include "guest/js/realm.h"
#include "guest/js/value.h"
#include "support/test.h"

static struct buf printed;

static void print(void *data, const char *level, struct str text)
{
	(void)data, (void)level;
	buf_printf(&printed, STR_FMT "\n", STR_ARG(text));
}

static void uncaught(void *data, JSValueRef error)
{
	scoped(arena_fini) struct arena a = { 0 };
	const struct realm *r = *(struct realm **)data;
	buf_printf(&printed, "uncaught: " STR_FMT "\n", STR_ARG(js_error_text(r->ctx, error, &a)));
}

/* Runs the body of an async function; `is(actual, expected)` compares by what JSON makes of both. */
static void run(const char *body)
{
	static const struct realm_ops ops = { .print = print, .uncaught = uncaught };
	struct error e;
	struct realm *r = NULL;
	struct loop loop;
	bool done = false;
	struct clock *clock = clock_virtual_new(UINT64_C(1735689600) * NS_PER_S);
	struct random *random = random_seeded_new(1);
	struct buf text = BUF_INIT(1 << 20);
	buf_init(&printed, 1 << 20);
	loop_init(&loop, clock);
	struct js_vm *vm = js_vm_new(&e);
	assert_non_null(vm);
	r = realm_new(vm, &(struct realm_options){ .loop = &loop, .random = random, .ops = &ops, .data = &r },
		      &e);
	if (!r)
		fail_msg("%s", e.text);
	buf_printf(
		&text,
		"(function(host){const is = (a, b) => { const x = JSON.stringify(a), y = JSON.stringify(b);"
		"if (x !== y) console.log('got ' + x + ', expected ' + y); };"
		"const fails = async (f, name) => { try { await f(); console.log('nothing thrown: ' + f); }"
		"catch (e) { if (e.name !== name) console.log(`threw ${e.name}: ${e.message}, not ${name}`); } };"
		"(async () => {%s\n})().then(() => console.log('end'));})",
		body);
	if (!realm_load(r, buf_str(&text), "test.js", &e))
		fail_msg("%s", e.text);
	(void)loop_run(&loop, &done, UINT64_MAX);
	struct str said = buf_str(&printed);
	if (!str_eq(said, STR("end\n")))
		fail_msg("%.*s", STR_ARG(said));
	realm_destroy(&r);
	js_vm_destroy(&vm);
	random_destroy(&random);
	loop_fini(&loop);
	clock_destroy(&clock);
	buf_fini(&text);
	buf_fini(&printed);
}

TEST(text_becomes_bytes_and_text_again)
{
	run("is([...new TextEncoder().encode('\\u00e9\\u{1f600}')], [195, 169, 240, 159, 152, 128]);"
	    "is(new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff])), 'a\\ufffd');"
	    "const d = new TextDecoder(); is(d.decode(new Uint8Array([0xe2, 0x82]), { stream: true })"
	    "+ d.decode(new Uint8Array([0xac])), '\\u20ac');"
	    "await fails(() => new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])), 'TypeError');"
	    "await fails(() => new TextDecoder('klingon'), 'RangeError');"
	    "is(new TextDecoder('latin1').decode(new Uint8Array([0x80, 0xe9])), '\\u20ac\\u00e9');"
	    "is(new TextDecoder('utf-16le').decode(new Uint8Array([0x61, 0, 0x3d, 0xd8, 0, 0xde])), 'a\\u{1f600}');"
	    "is(new TextEncoder().encodeInto('a\\u20ac', new Uint8Array(3)), { read: 1, written: 1 });"
	    "is(btoa('\\xff\\0a'), '/wBh'); is(atob(' /w B h'), '\\xff\\0a'); is(btoa('ab'), 'YWI=');"
	    "await fails(() => btoa('\\u20ac'), 'InvalidCharacterError');"
	    "await fails(() => atob('a'), 'InvalidCharacterError');");
}

TEST(urls_are_the_standards)
{
	run("is(new URL('../b?x=1#f', 'HTTP://EXAMPLE.com:80/a/c/').href, 'http://example.com/a/b?x=1#f');"
	    "is(new URL('https://m\\u00fcnchen.example/').hostname, 'xn--mnchen-3ya.example');"
	    "is([...new URLSearchParams('a=1&b=2&a=3').getAll('a')], ['1', '3']);"
	    "await fails(() => new URL('nothing'), 'TypeError');"
	    "is(new Request('https://a.example').url, 'https://a.example/');"
	    "is(new Request('https://a.example/x/../y?q#f').url, 'https://a.example/y?q');"
	    "is(new Request('https://a.example:443/').url, 'https://a.example/');"
	    "is(new Request('https://1.2.3/').url, 'https://1.2.0.3/');"
	    "is(new Request('https://a.example/?it=\\'s').url, 'https://a.example/?it=%27s');"
	    "await fails(() => new Request('https://u:p@a.example/'), 'TypeError');"
	    "is(new URLPattern({ pathname: '/books/:id' }).exec('https://a.example/books/7').pathname.groups, { id: '7' });");
}

TEST(requests_are_made_from_what_they_are_given)
{
	run("const r = new Request('https://a.example/', { method: 'post', body: 'hi', headers: { 'X-A': ' b ' } });"
	    "is([r.method, r.headers.get('x-a'), r.headers.get('content-type')], ['POST', 'b', 'text/plain;charset=UTF-8']);"
	    "const c = r.clone(); is(await r.text(), 'hi'); is(r.bodyUsed, true); is(await c.text(), 'hi');"
	    "await fails(() => r.text(), 'TypeError'); await fails(() => new Request(r), 'TypeError');"
	    "await fails(() => new Request('https://a.example/', { body: 'x' }), 'TypeError');"
	    "await fails(() => new Request('https://a.example/', { method: 'TRACE' }), 'TypeError');"
	    "const from = new Request('https://a.example/', { method: 'PUT', body: new URLSearchParams({ a: 'b c' }) });"
	    "const to = new Request(from, { headers: { y: '1' } }); is(await to.text(), 'a=b+c'); is(from.bodyUsed, true);"
	    "const stop = new AbortController(), s = new Request('https://a.example/', { signal: stop.signal });"
	    "stop.abort('enough'); is([s.signal.aborted, s.signal.reason], [true, 'enough']);"
	    "await fails(() => fetch('https://a.example/'), 'TypeError');");
}

TEST(responses_are_made_and_read)
{
	run("const r = Response.json({ a: [1] }, { status: 201, headers: { x: '1' } });"
	    "is([r.status, r.ok, r.headers.get('content-type'), await r.json()], [201, true, 'application/json', { a: [1] }]);"
	    "is((await new Response(new Uint8Array([1, 2]).subarray(1)).arrayBuffer()).byteLength, 1);"
	    "is([...await new Response('\\u20ac').bytes()], [226, 130, 172]);"
	    "await fails(() => new Response('x', { status: 204 }), 'TypeError');"
	    "await fails(() => new Response('', { status: 99 }), 'RangeError');"
	    "await fails(() => new Response('{').json(), 'SyntaxError');"
	    "is(Response.redirect('https://a.example/', 301).headers.get('location'), 'https://a.example/');"
	    "is(Response.error().type, 'error'); is(new Response().body, null);"
	    "const parts = []; for await (const p of new Response('streamed').body) parts.push(...p);"
	    "is(new TextDecoder().decode(new Uint8Array(parts)), 'streamed');"
	    "const made = new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array([97])); c.close(); } }));"
	    "const both = made.clone(); is([await made.text(), await both.text()], ['a', 'a']);");
}

TEST(headers_keep_order_case_and_rules)
{
	run("const h = new Headers([['B', '2'], ['a', '1'], ['b', '3'], ['Set-Cookie', 'x=1'], ['set-cookie', 'y=2']]);"
	    "is([...h], [['a', '1'], ['b', '2, 3'], ['set-cookie', 'x=1'], ['set-cookie', 'y=2']]);"
	    "is(h.getSetCookie(), ['x=1', 'y=2']); h.delete('B'); is(h.has('b'), false);"
	    "await fails(() => h.append('bad name', 'x'), 'TypeError'); await fails(() => h.set('a', 'x\\ny'), 'TypeError');");
}

TEST(forms_and_blobs_go_both_ways)
{
	run("const f = new FormData(); f.append('a', 'x\\ny'); f.append('file', new File(['\\u20ac'], 'n.txt', { type: 'text/x' }));"
	    "const r = new Response(f), g = await new Response(await r.clone().bytes(), { headers: r.headers }).formData();"
	    "is(g.get('a'), 'x\\r\\ny'); const file = g.get('file');"
	    "is([file.name, file.type, await file.text(), file instanceof Blob], ['n.txt', 'text/x', '\\u20ac', true]);"
	    "is([...await new Response(new URLSearchParams('a=1&a=2')).formData()], [['a', '1'], ['a', '2']]);"
	    "await fails(() => new Response('x').formData(), 'TypeError');"
	    "const b = new Blob(['ab', new Uint8Array([99])], { type: 'A/B' }); is([b.size, b.type, await b.slice(1).text()], [3, 'a/b', 'bc']);"
	    "is((await new Response(b).blob()).type, 'a/b');");
}

TEST(values_are_cloned_deeply)
{
	run("const o = { d: new Date(5), m: new Map([[1, { x: 1 }]]), s: new Set([1]), b: new Uint8Array([1, 2]).subarray(1) }; o.self = o;"
	    "const c = structuredClone(o); is(c !== o && c.self === c, true); is(c.d.getTime(), 5);"
	    "is(c.m.get(1), { x: 1 }); is(c.m.get(1) !== o.m.get(1), true); is([...c.b], [2]); is(c.s.has(1), true);"
	    "is(structuredClone(new RangeError('x')) instanceof RangeError, true);"
	    "await fails(() => structuredClone(() => {}), 'DataCloneError'); await fails(() => structuredClone(Symbol()), 'DataCloneError');");
}

TEST(events_reach_listeners_and_signals_time_out)
{
	run("const t = new EventTarget(); let n = 0; t.addEventListener('x', () => n++, { once: true });"
	    "t.dispatchEvent(new Event('x')); t.dispatchEvent(new Event('x')); is(n, 1);"
	    "const s = AbortSignal.timeout(60000); const start = Date.now();"
	    "await new Promise((r) => s.addEventListener('abort', r)); is([Date.now() - start, s.reason.name], [60000, 'TimeoutError']);"
	    "is(AbortSignal.any([AbortSignal.abort('a')]).reason, 'a');");
}

TEST(chance_is_given_in_bytes)
{
	run("is(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.randomUUID()), true);"
	    "is(crypto.getRandomValues(new Uint8Array(64)).some((b) => b > 0), true);"
	    "await fails(() => crypto.getRandomValues(new Uint8Array(70000)), 'QuotaExceededError');"
	    "await fails(() => crypto.getRandomValues(new Float32Array(1)), 'TypeMismatchError');");
}
