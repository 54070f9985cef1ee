/* SPDX-License-Identifier: Apache-2.0 */
/* A realm: values there and back, virtual time, what nobody catches, time limits. */
#include "guest/js/realm.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "guest/js/value.h"
#include "support/test.h"

struct fixture {
	struct js_vm *vm;
	struct realm *realm;
	struct clock *clock;
	struct loop loop;
	struct random *random;
	struct buf printed;
	struct arena arena;
	bool done;
	struct js_promise later;
	int released;
};

static struct fixture f;

static void print(void *data, const char *level, struct str text)
{
	(void)data;
	buf_printf(&f.printed, "%s: " STR_FMT "\n", level, STR_ARG(text));
}

static void uncaught(void *data, JSValueRef error)
{
	(void)data;
	buf_printf(&f.printed, "uncaught: " STR_FMT "\n", STR_ARG(js_str(f.realm->ctx, error, &f.arena)));
}

static const struct realm_ops ops = { .print = print, .uncaught = uncaught };

/* ---- C functions for the tests ---- */

JS_FUNCTION(twice)
{
	return js_number(c->ctx, js_arg_number(c, 0) * 2);
}

JS_FUNCTION(echo)
{
	return js_string(c->ctx, js_arg_str(c, 0));
}

JS_FUNCTION(refuse)
{
	return js_throw(c, "RangeError", "%s is too much", "this");
}

JS_FUNCTION(upper)
{
	struct str bytes;
	if (!js_bytes(c->ctx, js_arg(c, 0), &bytes))
		return js_throw(c, "TypeError", "no bytes");
	struct buf b = BUF_INIT(1000);
	for (size_t i = 0; i < bytes.len; i++)
		buf_add_char(&b, (char)(bytes.ptr[i] & ~0x20));
	JSValueRef v = js_array_buffer(c->ctx, buf_str(&b));
	buf_fini(&b);
	return v;
}

JS_FUNCTION(later)
{
	return js_promise_new(c->realm, &f.later);
}

JS_FUNCTION(end)
{
	(void)c;
	f.done = true;
	return NULL;
}

static void release(void *thing)
{
	f.released++;
	mem_free(thing);
}

static struct js_kind box = { .name = "Box", .release = release };

JS_FUNCTION(make_box)
{
	int *n = NEW(int);
	*n = (int)js_arg_number(c, 0);
	return js_wrap(c->ctx, &box, n);
}

JS_FUNCTION(open_box)
{
	const int *n = js_arg_thing(c, 0, &box);
	return n ? js_number(c->ctx, *n) : NULL;
}

static const struct js_function functions[] = {
	{ "twice", twice_callback },  { "echo", echo_callback },     { "fail", refuse_callback },
	{ "upper", upper_callback },  { "later", later_callback },   { "end", end_callback },
	{ "box", make_box_callback }, { "open", open_box_callback },
};
static const struct js_module test_module = { "test", functions, COUNT_OF(functions) };
static const struct js_module *const modules[] = { &test_module, NULL };

static void open_fixture(void)
{
	struct error e;
	memset(&f, 0, sizeof f);
	buf_init(&f.printed, 1 << 20);
	f.clock = clock_virtual_new(UINT64_C(1735689600) * NS_PER_S);
	loop_init(&f.loop, f.clock);
	f.random = random_seeded_new(7);
	f.vm = js_vm_new(&e);
	assert_non_null(f.vm);
	f.realm = realm_new(f.vm,
			    &(struct realm_options){
				    .loop = &f.loop, .random = f.random, .ops = &ops, .modules = modules },
			    &e);
	if (!f.realm)
		fail_msg("%s", e.text);
}

static void close_fixture(void)
{
	realm_destroy(&f.realm);
	js_vm_destroy(&f.vm);
	random_destroy(&f.random);
	loop_fini(&f.loop);
	clock_destroy(&f.clock);
	buf_fini(&f.printed);
	arena_fini(&f.arena);
}

/* Runs `body` as a function of `host`, its console printing to f.printed. */
static void run(const char *body)
{
	struct error e;
	char text[4096];
	snprintf(text, sizeof text, "(function(host){%s\n})", body);
	if (!realm_load(f.realm, str_from(text), "test.js", &e))
		buf_printf(&f.printed, "threw: %s\n", e.text);
}

static struct str printed(void)
{
	return buf_str(&f.printed);
}

TEST(numbers_and_text_go_both_ways)
{
	open_fixture();
	run("console.log(host.test.twice(21), host.test.echo('gr\\u00fc\\u00dfe \\u{1f600}\\0!').length)");
	run("console.log(host.test.echo('\\u20ac') === '\\u20ac', host.test.echo('\\ud800') === '\\ufffd')");
	assert_str(printed(), "log: 42 10\nlog: true true\n");
	close_fixture();
}

TEST(bytes_are_borrowed_from_buffers_and_views)
{
	open_fixture();
	run("const b = new TextEncoderish('hello'); function TextEncoderish(s) { return Uint8Array.from(s, (c) => "
	    "c.charCodeAt(0)) }"
	    "console.log(String.fromCharCode(...new Uint8Array(host.test.upper(b.subarray(1, 3)))),"
	    "String.fromCharCode(...new Uint8Array(host.test.upper(b.buffer))))");
	run("host.test.upper('text')");
	assert_true(str_starts(printed(), STR("log: EL HELLO\nthrew: ")));
	assert_true(str_find(printed(), STR("TypeError: no bytes")) != STR_NONE);
	close_fixture();
}

TEST(an_error_thrown_by_c_is_of_its_class)
{
	open_fixture();
	run("try { host.test.fail() } catch (e) { console.log(e instanceof RangeError, e.message) }");
	assert_str(printed(), "log: true this is too much\n");
	close_fixture();
}

TEST(timers_run_in_virtual_time_and_in_order)
{
	open_fixture();
	run("const start = Date.now(); let n = 0;"
	    "setTimeout((who) => console.log('late', who, Date.now() - start, performance.now()), 86400000, 'me');"
	    "const tick = setInterval(() => { console.log('tick'); if (++n === 2) clearInterval(tick) }, 1000);"
	    "setTimeout(() => console.log('soon')); clearTimeout(setTimeout(() => console.log('never')));"
	    "Promise.resolve().then(() => console.log('microtask'))");
	assert_int_equal(loop_run(&f.loop, &f.done, UINT64_MAX), LOOP_STUCK);
	assert_str(printed(),
		   "log: microtask\nlog: soon\nlog: tick\nlog: tick\nlog: late me 86400000 86400000\n");
	close_fixture();
}

TEST(the_date_is_the_worlds)
{
	open_fixture();
	run("console.log(new Date().toISOString(), new Date(0).getTime(),"
	    "new Date() instanceof Date,"
	    "typeof Date(), new Date().constructor === Date, Date.UTC(2000, 0), Date.name)");
	run("class Mine extends Date { x() { return 1 } }"
	    "console.log(new Mine().x(), new Mine(5).getTime())");
	assert_str(printed(), "log: 2025-01-01T00:00:00.000Z 0 true string true 946684800000 Date\n"
			      "log: 1 5\n");
	close_fixture();
}

TEST(chance_is_the_seeds)
{
	open_fixture();
	run("console.log(Math.random(), Math.random())");
	struct str first = arena_str(&f.arena, printed());
	char copy[200];
	snprintf(copy, sizeof copy, STR_FMT, STR_ARG(first));
	close_fixture();
	open_fixture();
	run("console.log(Math.random(), Math.random())");
	assert_str(printed(), copy);
	close_fixture();
}

TEST(what_nobody_catches_is_told)
{
	open_fixture();
	run("setTimeout(() => { throw new Error('in a timer') });"
	    "Promise.reject(new Error('rejected'));"
	    "Promise.reject(new Error('handled')).catch(() => {});"
	    "queueMicrotask(() => { throw new Error('micro') })");
	loop_run(&f.loop, &f.done, UINT64_MAX);
	assert_true(str_find(printed(), STR("uncaught: Error: in a timer\n")) != STR_NONE);
	assert_true(str_find(printed(), STR("uncaught: Error: rejected\n")) != STR_NONE);
	assert_true(str_find(printed(), STR("uncaught: Error: micro\n")) != STR_NONE);
	assert_true(str_find(printed(), STR("handled")) == STR_NONE);
	close_fixture();
}

TEST(a_promise_of_c_is_awaited)
{
	open_fixture();
	run("(async () => { console.log('got', await host.test.later()); host.test.end() })()");
	assert_str(printed(), "");
	js_promise_resolve(&f.later, js_number(f.realm->ctx, 5));
	assert_str(printed(), "log: got 5\n");
	assert_true(f.done);
	run("host.test.later().catch((e) => console.log(e.message))");
	js_promise_reject(&f.later, js_error(f.realm->ctx, STR("no")));
	assert_str(printed(), "log: got 5\nlog: no\n");
	close_fixture();
}

TEST(things_of_c_are_checked_and_released)
{
	open_fixture();
	run("const b = host.test.box(7); console.log(host.test.open(b)); try { host.test.open({}) } catch (e) { "
	    "console.log(e.message) }");
	assert_str(printed(), "log: 7\nlog: argument 1 is not a Box\n");
	run("for (let i = 0; i < 1000; i++) host.test.box(i)");
	js_vm_collect(f.vm);
	assert_true(f.released > 900);
	close_fixture();
	assert_int_equal(f.released, 1001);
}

TEST(an_endless_loop_is_ended)
{
	open_fixture();
	js_vm_limit(f.vm, 100 * NS_PER_MS);
	run("try { for (;;); } catch { console.log('caught') }");
	assert_true(str_find(printed(), STR("threw: ")) != STR_NONE);
	assert_true(str_find(printed(), STR("caught")) == STR_NONE);
	run("console.log('goes on')");
	assert_true(str_ends(printed(), STR("log: goes on\n")));
	close_fixture();
}

TEST(realms_share_nothing)
{
	struct error e;
	open_fixture();
	run("globalThis.mark = 1; Array.prototype.mark = 2");
	struct realm *other =
		realm_new(f.vm,
			  &(struct realm_options){
				  .loop = &f.loop, .random = f.random, .ops = &ops, .modules = modules },
			  &e);
	assert_non_null(other);
	assert_true(realm_load(other, STR("(function(host){console.log(typeof mark, [].mark)})"), "x", &e));
	realm_destroy(&other);
	assert_str(printed(), "log: undefined undefined\n");
	close_fixture();
}
