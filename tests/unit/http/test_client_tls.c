/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which certificates are accepted, what is said in SNI, and that what was checked for one name serves no
 * other.
 */
#include <uv.h>

#include "support/test.h"

#include "http/client.h"
#include "raw_origin.h"
#include "tls_origin.h"

enum { GIVE_UP_S = 10 };

struct fixture {
	struct clock *clock;
	struct loop loop;
	struct http_client *client;
	struct identity authority, stranger, leaf, visitor;
	struct tls_origin origin;
	struct http_target target;
	struct arena arena;
	struct fetch *fetch;
	struct watcher watcher;
	bool done;
};

static void set_up(struct fixture *f)
{
	struct error e;
	*f = (struct fixture){ .clock = clock_system_new() };
	loop_init(&f->loop, f->clock);
	f->client = http_client_curl_new(&f->loop, NULL, &e);
	assert_non_null(f->client);
	identity_make(&f->authority, NULL, NULL);
	identity_make(&f->stranger, NULL, NULL);
	identity_make(&f->leaf, "DNS:origin.example,DNS:*.wild.example,IP:127.0.0.1", &f->authority);
	identity_make(&f->visitor, "DNS:visitor.example", &f->authority);
	f->target = (struct http_target){
		.scheme = STR("https"),
		.host = STR("127.0.0.1"),
		.port = tls_origin_start(&f->origin, &f->loop, &f->leaf),
		.ca_pem = str_from(f->authority.certificate_pem),
		.tls_min = TLS_ANY,
		.tls_max = TLS_ANY,
	};
}

static void tear_down(struct fixture *f)
{
	fetch_unref(&f->fetch);
	tls_origin_stop(&f->origin);
	http_client_destroy(&f->client);
	bool never = false;
	loop_run(&f->loop, &never, clock_monotonic(f->clock));
	loop_fini(&f->loop);
	clock_destroy(&f->clock);
	identity_free(&f->authority);
	identity_free(&f->stranger);
	identity_free(&f->leaf);
	identity_free(&f->visitor);
	arena_fini(&f->arena);
}

static void settled(struct task *t)
{
	container_of(t, struct fixture, watcher.task)->done = true;
}

static void get(struct fixture *f)
{
	struct http_request r = { .method = STR("GET"), .version = HTTP_1_1 };
	headers_add(&r.headers, &f->arena, STR("Host"), STR("anything.example"));
	fetch_unref(&f->fetch);
	buf_reset(&f->origin.received);
	f->fetch = http_client_send(f->client, &f->target, STR("/"), &r);
	f->done = f->fetch->settled;
	if (!f->done)
		watcher_start(&f->watcher, &f->fetch->changed, settled);
	if (loop_run(&f->loop, &f->done, clock_monotonic(f->clock) + GIVE_UP_S * NS_PER_S) != LOOP_DONE)
		fail_msg("nothing happened in %d s", GIVE_UP_S);
	/* To the end of the body, so that the connection can be used again. */
	struct str bytes;
	bool never = false;
	for (int i = 0;
	     i < 1000 && f->fetch->response.body && body_peek(f->fetch->response.body, &bytes) != BODY_ENDED;
	     i++) {
		body_consume(f->fetch->response.body, bytes.len);
		loop_run(&f->loop, &never, clock_monotonic(f->clock) + NS_PER_MS);
	}
}

static void expect(struct fixture *f, enum fetch_error error)
{
	get(f);
	if (f->fetch->error != error)
		fail_msg("%s (" STR_FMT "), expected %s", fetch_error_name(f->fetch->error),
			 STR_ARG(f->fetch->error_text), fetch_error_name(error));
}

TEST(a_certificate_of_a_trusted_authority_is_accepted)
{
	struct fixture f;
	set_up(&f);
	expect(&f, FETCH_OK);
	assert_int_equal(f.fetch->response.status, 200);
	assert_string_equal(f.origin.sni, ""); /* an address is never said there */
	assert_false(f.origin.client_certificate);
	expect(&f, FETCH_OK);
	assert_int_equal(f.origin.connections, 1);
	tear_down(&f);
}

static void write_pem(char *path, const char *pem)
{
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, pem, strlen(pem)), (ssize_t)strlen(pem));
	close(fd);
}

TEST(a_certificate_of_a_stranger_is_not)
{
	struct fixture f;
	set_up(&f);
	f.target.ca_pem = str_from(f.stranger.certificate_pem);
	expect(&f, FETCH_TLS_CERTIFICATE_ERROR);
	f.target.ca_pem = STR(""); /* the system's */
	expect(&f, FETCH_TLS_CERTIFICATE_ERROR);
	f.target.ca_pem = STR("no PEM at all");
	expect(&f, FETCH_TLS_CONFIGURATION_ERROR);
	assert_int_equal(f.origin.received.len, 0); /* nothing was said to it */
	tear_down(&f);
}

TEST(authorities_can_be_trusted_in_place_of_the_systems)
{
	struct fixture f;
	struct error e;
	char ours[] = "/tmp/backlot-trust-XXXXXX", theirs[] = "/tmp/backlot-trust-XXXXXX";
	set_up(&f);
	write_pem(ours, f.authority.certificate_pem);
	write_pem(theirs, f.stranger.certificate_pem);
	f.target.ca_pem = STR("");
	http_client_destroy(&f.client);
	f.client = http_client_curl_new(&f.loop, &(struct http_trust){ .file = ours }, &e);
	expect(&f, FETCH_OK);
	f.target.ca_pem = str_from(f.stranger.certificate_pem); /* which go before */
	expect(&f, FETCH_TLS_CERTIFICATE_ERROR);
	f.target.ca_pem = STR("");
	http_client_destroy(&f.client);
	f.client = http_client_curl_new(&f.loop, &(struct http_trust){ .file = theirs }, &e);
	expect(&f, FETCH_TLS_CERTIFICATE_ERROR);
	unlink(ours);
	unlink(theirs);
	tear_down(&f);
}

static void expect_with(struct fixture *f, const struct identity *shown, enum fetch_error expected)
{
	SSL_CTX_use_certificate(f->origin.context, shown->certificate);
	SSL_CTX_use_PrivateKey(f->origin.context, shown->key);
	expect(f, expected);
}

TEST(a_certificate_holds_for_its_time_alone)
{
	struct fixture f;
	struct identity over, early;
	set_up(&f);
	identity_make_for(&over, "IP:127.0.0.1", &f.authority, -7200, -3600);
	identity_make_for(&early, "IP:127.0.0.1", &f.authority, 3600, 7200);
	expect_with(&f, &over, FETCH_TLS_CERTIFICATE_ERROR);
	expect_with(&f, &early, FETCH_TLS_CERTIFICATE_ERROR);
	assert_int_equal(f.origin.received.len, 0);
	expect_with(&f, &f.leaf, FETCH_OK);
	identity_free(&over);
	identity_free(&early);
	tear_down(&f);
}

TEST(names_in_sni_and_certificate_are_what_the_target_says)
{
	static const struct {
		bool use_sni;
		const char *sni, *certificate_host;
		enum fetch_error error;
		const char *said;
	} cases[] = {
		{ true, "origin.example", "origin.example", FETCH_OK, "origin.example" },
		{ true, "ORIGIN.example", "origin.EXAMPLE", FETCH_OK, "origin.example" },
		{ true, "other.example", "origin.example", FETCH_OK, "other.example" },
		{ true, "origin.example", "other.example", FETCH_TLS_CERTIFICATE_ERROR, "origin.example" },
		{ true, "origin.example", "", FETCH_OK,
		  "origin.example" }, /* checked for the host: 127.0.0.1 */
		{ true, "a.wild.example", "a.wild.example", FETCH_OK, "a.wild.example" },
		{ true, "x", "a.b.wild.example", FETCH_TLS_CERTIFICATE_ERROR, "x" },
		{ false, "ignored.example", "origin.example", FETCH_OK, "" },
		{ false, "", "other.example", FETCH_TLS_CERTIFICATE_ERROR, "" },
		{ false, "", "127.0.0.1", FETCH_OK, "" },
		{ false, "", "127.0.0.2", FETCH_TLS_CERTIFICATE_ERROR, "" },
		{ true, "", "origin.example", FETCH_OK, "" },
	};
	struct fixture f;
	set_up(&f);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		f.target.use_sni = cases[i].use_sni;
		f.target.sni = str_from(cases[i].sni);
		f.target.certificate_host = str_from(cases[i].certificate_host);
		expect(&f, cases[i].error);
		assert_string_equal(f.origin.sni, cases[i].said);
	}
	tear_down(&f);
}

TEST(a_host_name_is_its_own_sni_and_certificate_host_unless_told_otherwise)
{
	struct fixture f;
	set_up(&f);
	f.target.host = STR("localhost");
	f.target.prefer_ipv4 = true;
	f.target.use_sni = true;
	expect(&f, FETCH_TLS_CERTIFICATE_ERROR);
	assert_string_equal(f.origin.sni, "localhost");
	f.target.use_sni = false;
	f.target.certificate_host = STR("origin.example");
	expect(&f, FETCH_OK);
	assert_string_equal(f.origin.sni, "");
	tear_down(&f);
}

TEST(a_connection_that_was_checked_for_one_name_serves_no_other)
{
	struct fixture f;
	set_up(&f);
	f.target.use_sni = true;
	f.target.sni = STR("front.example");
	f.target.certificate_host = STR("origin.example");
	expect(&f, FETCH_OK);
	f.target.certificate_host = STR("other.example");
	expect(&f, FETCH_TLS_CERTIFICATE_ERROR); /* though a good connection for this SNI was just there */
	f.target.certificate_host = STR("");
	f.target.sni = STR("origin.example");
	expect(&f, FETCH_OK);
	f.target.ca_pem = str_from(f.stranger.certificate_pem);
	expect(&f, FETCH_TLS_CERTIFICATE_ERROR); /* nor for another authority */
	tear_down(&f);
}

TEST(a_client_certificate_is_shown_where_it_is_asked_for)
{
	struct fixture f;
	set_up(&f);
	tls_origin_demand_certificate(&f.origin, &f.authority);
	f.target.client_cert_pem = str_from(f.visitor.certificate_pem);
	f.target.client_key_pem = str_from(f.visitor.key_pem);
	expect(&f, FETCH_OK);
	assert_true(f.origin.client_certificate);
	f.target.dont_pool = true;
	f.target.client_key_pem = str_from(f.leaf.key_pem); /* of another certificate */
	expect(&f, FETCH_TLS_CONFIGURATION_ERROR);
	f.target.client_key_pem = STR("no key");
	expect(&f, FETCH_TLS_CONFIGURATION_ERROR);
	tear_down(&f);
}

TEST(an_alert_is_told_apart)
{
	static const enum tls_version versions[] = { TLS_1_2, TLS_1_3 };
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct fixture f;
		set_up(&f);
		f.target.tls_min = f.target.tls_max = versions[i];
		tls_origin_demand_certificate(&f.origin, &f.authority);
		expect(&f, FETCH_TLS_ALERT_RECEIVED); /* we have none to show */
		tear_down(&f);
	}
}

TEST(versions_are_kept_within_their_bounds)
{
	struct fixture f;
	set_up(&f);
	f.target.tls_min = TLS_1_3;
	expect(&f, FETCH_OK);
	SSL_CTX_set_max_proto_version(f.origin.context, TLS1_2_VERSION);
	f.target.dont_pool = true;
	get(&f);
	assert_true(f.fetch->error == FETCH_TLS_ALERT_RECEIVED || f.fetch->error == FETCH_TLS_PROTOCOL_ERROR);
	f.target.tls_min = TLS_1_2;
	f.target.tls_max = TLS_1_2;
	expect(&f, FETCH_OK);
	tear_down(&f);
}

TEST(ciphers_are_those_that_were_named)
{
	struct fixture f;
	set_up(&f);
	f.target.tls_max = TLS_1_2;
	f.target.ciphers = STR("ECDHE-ECDSA-AES256-GCM-SHA384");
	expect(&f, FETCH_OK);
	f.target.ciphers = STR("NO-SUCH-CIPHER");
	expect(&f, FETCH_TLS_CONFIGURATION_ERROR);
	f.target.ciphers = STR("ECDHE-RSA-AES128-GCM-SHA256"); /* the origin's key is not of that kind */
	expect(&f, FETCH_TLS_ALERT_RECEIVED);
	tear_down(&f);
}

TEST(an_origin_that_speaks_no_tls_is_told_apart)
{
	static const struct {
		struct origin_step steps[3];
		enum fetch_error error;
	} cases[] = {
		{ { { SEND, "HTTP/1.1 400 Bad Request\r\n\r\n", 0 }, { END, 0, 0 } },
		  FETCH_TLS_PROTOCOL_ERROR },
		{ { { SLEEP, 0, 5 }, { CLOSE, 0, 0 } }, FETCH_CONNECTION_TERMINATED },
		{ { { SLEEP, 0, 5 }, { RESET, 0, 0 } }, FETCH_CONNECTION_TERMINATED },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct fixture f;
		struct raw_origin raw;
		set_up(&f);
		f.target.port = origin_start(&raw, &f.loop, cases[i].steps);
		expect(&f, cases[i].error);
		origin_stop(&raw);
		tear_down(&f);
	}
}

TEST(a_handshake_that_stalls_runs_out_of_time)
{
	struct fixture f;
	struct raw_origin raw;
	set_up(&f);
	f.target.port = origin_start(&raw, &f.loop, (struct origin_step[]){ { END, 0, 0 } });
	f.target.connect_timeout_ns = 30 * NS_PER_MS;
	expect(&f, FETCH_CONNECTION_TIMEOUT);
	origin_stop(&raw);
	tear_down(&f);
}
