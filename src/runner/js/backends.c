/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backends as tests see and change them, and those that services register: JavaScript is asked about each. A
 * registration comes on a guest's own stack, where no JavaScript may run: a task on the frame's loop hands it
 * over, and the service waits.
 */
#include <stdio.h>

#include "base/mem.h"
#include "manifest/pem.h"
#include "runner/js/session.h"

/* ---- settings ---- */

enum kind {
	TEXT,    /* struct str; empty: not given */
	FLAG,    /* bool */
	NOT,     /* bool, the other way round */
	GIVEN,   /* int: a flag, -1: not given */
	MS,      /* int64_t, -1: not given */
	SECONDS, /* the same, in s; in JavaScript it is ms, too */
	COUNT,   /* the same, of what is counted */
	VERSION, /* enum tls_version */
	HEALTH,  /* enum backend_health */
};

/* A property of a backend in JavaScript, and its member. */
struct row {
	const char *name;
	enum kind kind;
	size_t offset;
	bool secret; /* it can be set, and is not shown */
};

#define ROW(name, kind, member)                                     \
	{                                                           \
		name, kind, offsetof(struct backend, member), false \
	}
static const struct row rows[] = {
	ROW("hostOverride", TEXT, override_host),
	ROW("health", HEALTH, health),
	ROW("connectTimeout", MS, connect_timeout_ms),
	ROW("firstByteTimeout", MS, first_byte_timeout_ms),
	ROW("betweenBytesTimeout", MS, between_bytes_timeout_ms),
	ROW("keepaliveTime", MS, keepalive_time_ms),
	ROW("pooled", NOT, dont_pool),
	ROW("grpc", FLAG, grpc),
	ROW("preferIPv4", FLAG, target.prefer_ipv4),
	ROW("tcpKeepalive", GIVEN, tcp_keepalive_enable),
	ROW("tcpKeepaliveTime", SECONDS, tcp_keepalive_time_s),
	ROW("tcpKeepaliveInterval", SECONDS, tcp_keepalive_interval_s),
	ROW("tcpKeepaliveProbes", COUNT, tcp_keepalive_probes),
	ROW("useSNI", FLAG, target.use_sni),
	ROW("sni", TEXT, target.sni),
	ROW("certificateHost", TEXT, target.certificate_host),
	ROW("caCertificate", TEXT, target.ca_pem),
	ROW("ciphers", TEXT, target.ciphers),
	ROW("tlsMin", VERSION, target.tls_min),
	ROW("tlsMax", VERSION, target.tls_max),
	ROW("clientCertificate", TEXT, target.client_cert_pem),
	{ "clientKey", TEXT, offsetof(struct backend, target.client_key_pem), true },
};
#undef ROW

static const char *const health_names[] = { "unknown", "healthy", "unhealthy" };
static const char *const tls_names[] = { "1.0", "1.1", "1.2", "1.3" };

/* NULL: it was not given. */
static JSValueRef number_value(JSContextRef ctx, int64_t n, int64_t unit)
{
	return n < 0 ? NULL : js_number(ctx, (double)(n * unit));
}

static JSValueRef row_value(JSContextRef ctx, const struct row *row, const struct backend *b)
{
	const void *member = (const char *)b + row->offset;
	switch (row->kind) {
	case TEXT: {
		const struct str *text = member;
		return text->len ? js_string(ctx, *text) : NULL;
	}
	case FLAG:
		return js_bool(ctx, *(const bool *)member);
	case NOT:
		return js_bool(ctx, !*(const bool *)member);
	case GIVEN:
		return *(const int *)member < 0 ? NULL : js_bool(ctx, *(const int *)member > 0);
	case MS:
	case COUNT:
		return number_value(ctx, *(const int64_t *)member, 1);
	case SECONDS:
		return number_value(ctx, *(const int64_t *)member, 1000);
	case VERSION: {
		enum tls_version v = *(const enum tls_version *)member;
		return v == TLS_ANY ? NULL : js_cstring(ctx, tls_names[v]);
	}
	case HEALTH:
		return js_cstring(ctx, health_names[*(const enum backend_health *)member]);
	}
	return NULL;
}

static struct str backend_url(const struct backend *b, struct arena *a)
{
	const struct http_target *t = &b->target;
	bool v6 = str_find_char(t->host, ':') != STR_NONE;
	char port[16] = "";
	if (t->port != (str_eq(t->scheme, STR("https")) ? 443 : 80))
		snprintf(port, sizeof port, ":%u", t->port);
	return arena_printf(a, STR_FMT "://%s" STR_FMT "%s%s" STR_FMT, STR_ARG(t->scheme), v6 ? "[" : "",
			    STR_ARG(t->host), v6 ? "]" : "", port, STR_ARG(b->path_prefix));
}

static JSObjectRef backend_value(JSContextRef ctx, const struct backend *b, struct arena *a)
{
	JSObjectRef o = js_object(ctx);
	js_set(ctx, o, "name", js_string(ctx, b->name));
	js_set(ctx, o, "url", js_string(ctx, backend_url(b, a)));
	js_set(ctx, o, "host", js_string(ctx, b->target.host));
	js_set(ctx, o, "port", js_number(ctx, b->target.port));
	js_set(ctx, o, "tls", js_bool(ctx, str_eq(b->target.scheme, STR("https"))));
	js_set(ctx, o, "dynamic", js_bool(ctx, b->dynamic));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		JSValueRef v = rows[i].secret ? NULL : row_value(ctx, &rows[i], b);
		if (v)
			js_set(ctx, o, rows[i].name, v);
	}
	return o;
}

static bool read_number(struct js_call *c, const struct row *row, JSValueRef v, int64_t unit, int64_t *out)
{
	double n = jsc.ValueToNumber(c->ctx, v, NULL);
	if (!(n >= 0 && n <= UINT32_MAX)) {
		js_throw(c, "RangeError", "%s: write a number%s", row->name,
			 row->kind == COUNT ? "" : " of ms, or \"2s\"");
		return false;
	}
	*out = (int64_t)n / unit;
	return true;
}

static bool read_word(struct js_call *c, const struct row *row, struct str word, const char *const *names,
		      size_t count, size_t *out)
{
	for (*out = 0; *out < count; ++*out) {
		if (str_eq(word, str_from(names[*out])))
			return true;
	}
	js_throw(c, "TypeError", "%s: '" STR_FMT "' is none; write \"%s\" … \"%s\"", row->name, STR_ARG(word),
		 names[0], names[count - 1]);
	return false;
}

static bool read_row(struct js_call *c, const struct row *row, JSValueRef v, struct backend *b)
{
	void *member = (char *)b + row->offset;
	bool truth = jsc.ValueToBoolean(c->ctx, v);
	size_t word;
	switch (row->kind) {
	case TEXT:
		*(struct str *)member = js_str(c->ctx, v, &b->arena);
		return true;
	case FLAG:
	case NOT:
		*(bool *)member = truth == (row->kind == FLAG);
		return true;
	case GIVEN:
		*(int *)member = truth;
		return true;
	case MS:
	case COUNT:
		return read_number(c, row, v, 1, member);
	case SECONDS:
		return read_number(c, row, v, 1000, member);
	case VERSION:
		if (!read_word(c, row, js_str(c->ctx, v, &c->arena), tls_names, COUNT_OF(tls_names), &word))
			return false;
		*(enum tls_version *)member = (enum tls_version)word;
		return true;
	case HEALTH:
		if (!read_word(c, row, js_str(c->ctx, v, &c->arena), health_names, COUNT_OF(health_names),
			       &word))
			return false;
		*(enum backend_health *)member = (enum backend_health)word;
		return true;
	}
	return true;
}

/* What else follows from what was given, as for a backend of a manifest. */
static void complete(struct backend *b)
{
	struct http_target *t = &b->target;
	t->connect_timeout_ns = (uint64_t)MAX(b->connect_timeout_ms, 0) * NS_PER_MS;
	t->first_byte_timeout_ns = (uint64_t)MAX(b->first_byte_timeout_ms, 0) * NS_PER_MS;
	t->between_bytes_timeout_ns = (uint64_t)MAX(b->between_bytes_timeout_ms, 0) * NS_PER_MS;
	t->http2 = b->grpc;
}

/* Changes what the object of argument `i` says: { url, hostOverride, … }. False: it has thrown. */
static bool change_backend(struct js_call *c, struct backend *b, size_t i)
{
	struct error e;
	JSObjectRef o = (JSObjectRef)js_arg(c, i);
	if (jsc.ValueGetType(c->ctx, o) != kJSTypeObject) {
		js_throw(c, "TypeError",
			 "what a backend is to be is an object, as { url: \"https://host\" }");
		return false;
	}
	struct str url = js_get_str(c->ctx, o, "url", &c->arena);
	if (url.len && !backend_set_url(b, url, &e)) {
		js_throw(c, "TypeError", "url: '" STR_FMT "' is no URL for a backend: %s", STR_ARG(url),
			 e.text);
		return false;
	}
	for (size_t n = 0; n < COUNT_OF(rows); n++) {
		JSValueRef v = js_get(c->ctx, o, rows[n].name);
		if (!js_is_nullish(c->ctx, v) && !read_row(c, &rows[n], v, b))
			return false;
	}
	const struct http_target *t = &b->target;
	if (t->client_cert_pem.len + t->client_key_pem.len &&
	    !pem_check_pair(t->client_cert_pem, t->client_key_pem, &e)) {
		js_throw(c, "TypeError", "clientCertificate and clientKey, both PEM: %s", e.text);
		return false;
	}
	complete(b);
	return true;
}

/* ---- the world's ---- */

/* list() → those that are there before the service registers any, by name */
JS_FUNCTION(list)
{
	struct world *w = session_world(c);
	if (!w)
		return NULL;
	JSObjectRef array = (JSObjectRef)js_array(c->ctx, NULL, 0);
	unsigned at = 0;
	for (struct pmap_entry e = { 0 }; pmap_each(&w->backends, &e);)
		js_push(c->ctx, array, &at, backend_value(c->ctx, world_backend(w, e.key), &c->arena));
	return array;
}

/* get(name) → it; null: there is none */
JS_FUNCTION(get)
{
	struct world *w = session_world(c);
	struct str name = js_arg_str(c, 0);
	if (!w || *c->exception)
		return NULL;
	const struct backend *b = world_backend(w, name);
	return b ? backend_value(c->ctx, b, &c->arena) : js_null(c->ctx);
}

/* set(name, settings): changes it, or makes it, which takes a `url` */
JS_FUNCTION(set)
{
	struct world *w = session_world(c);
	struct str name = js_arg_str(c, 0);
	if (!w || *c->exception)
		return NULL;
	struct backend *old = world_backend(w, name);
	scoped(backend_unref) struct backend *b = old ? backend_new_like(old) : backend_new(name);
	if (!change_backend(c, b, 1))
		return NULL;
	if (!b->target.host.len)
		return js_throw(c, "TypeError",
				"there is no backend '" STR_FMT
				"'; to make it, give its url: { url: \"https://host\" }",
				STR_ARG(name));
	world_add_backend(w, take(b));
	return NULL;
}

/* remove(name) → was it there? */
JS_FUNCTION(remove_backend)
{
	struct world *w = session_world(c);
	struct str name = js_arg_str(c, 0);
	return w && !*c->exception ? js_bool(c->ctx, pmap_remove(&w->backends, name)) : NULL;
}

/* ---- registrations ---- */

struct asked {
	struct list link; /* of the session's; in none: settled, or its frame was closed */
	struct js_session *session;
	struct test_frame *frame;
	struct task task;
	struct registration *registration; /* NULL: settled, or its frame was closed */
	bool held;                         /* JavaScript has it, and frees it */
};

static void let_go(struct asked *q)
{
	list_remove(&q->link);
	task_cancel(&q->task);
	registration_unref(&q->registration);
}

static void release(void *thing)
{
	struct asked *q = thing;
	let_go(q);
	mem_free(q);
}

static struct js_kind asked_kind = { .name = "Registration", .release = release };

static void hand_over(struct task *t)
{
	struct asked *q = container_of(t, struct asked, task);
	struct js_session *s = q->session;
	scoped(arena_fini) struct arena a = { 0 };
	session_enter(s, q->frame);
	q->held = true;
	const JSValueRef args[] = {
		js_wrap(s->realm->ctx, &asked_kind, q),
		backend_value(s->realm->ctx, q->registration->backend, &a),
		js_number(s->realm->ctx, session_service_of(q->frame, q->registration->world)),
	};
	realm_call(s->realm, (JSObjectRef)s->on_register.value, COUNT_OF(args), args);
}

static void registers(struct registrar *super, struct registration *r)
{
	struct js_session *s = container_of(super, struct js_session, registrar);
	if (!s->on_register.value) {
		registration_accept(r, NULL);
		return;
	}
	struct asked *q = NEW(struct asked);
	q->session = s;
	q->frame = container_of(r->world->loop, struct test_frame, loop);
	q->registration = registration_ref(r);
	q->task.run = hand_over;
	list_push(&s->registrations, &q->link);
	loop_post(r->world->loop, &q->task);
}

static const struct registrar_ops registrar_ops = { .name = "javascript", .registers = registers };

void js_registrar_init(struct js_session *s)
{
	s->registrar.ops = &registrar_ops;
	list_init(&s->registrations);
}

void js_registrations_close(struct js_session *s, const struct test_frame *f)
{
	list_each(it, &s->registrations) {
		struct asked *q = container_of(it, struct asked, link);
		bool held = q->held;
		if (q->frame != f)
			continue;
		let_go(q);
		if (!held)
			mem_free(q);
	}
}

/* listen(function): is asked about each registration: (registration, its settings, the service's number) */
JS_FUNCTION(listen)
{
	struct js_session *s = session_of(c);
	JSObjectRef function = js_arg_function(c, 0);
	if (!function)
		return NULL;
	js_unref(&s->on_register);
	s->on_register = js_ref(s->realm, function);
	return NULL;
}

/*
 * settle(registration, the word for why it is refused or null, settings to be changed or null) → it as it is
 * now
 */
JS_FUNCTION(settle)
{
	struct asked *q = js_arg_thing(c, 0, &asked_kind);
	bool accepted = js_is_nullish(c->ctx, js_arg(c, 1)), changed = !js_is_nullish(c->ctx, js_arg(c, 2));
	enum refusal refusal = accepted ? REFUSAL_NONE : refusal_find(js_arg_str(c, 1));
	scoped(backend_unref) struct backend *instead = NULL;
	if (!q || !q->registration)
		return NULL;
	if (!accepted && refusal == REFUSAL_NONE)
		return js_throw(c, "TypeError", "there is no such refusal");
	if (changed) {
		instead = backend_new_like(q->registration->backend);
		if (!change_backend(c, instead, 2))
			return NULL; /* it can be settled in another way */
	}
	struct registration *r = registration_ref(q->registration);
	let_go(q);
	if (accepted)
		registration_accept(r, take(instead));
	else
		registration_refuse(r, refusal);
	JSValueRef now = backend_value(c->ctx, r->backend, &c->arena);
	registration_unref(&r);
	return now;
}

static const struct js_function functions[] = {
	{ "list", list_callback },     { "get", get_callback },
	{ "set", set_callback },       { "remove", remove_backend_callback },
	{ "listen", listen_callback }, { "settle", settle_callback },
};
const struct js_module js_backends_module = { "backends", functions, COUNT_OF(functions) };
