/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that leave HTTP with a 101. */
#include "unit/http/server_fixture.h"

#define ASK "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
#define SWITCHED "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nUpgrade: x\r\n\r\n"

/* Who the connection is handed to. */
struct peer {
	struct client client; /* the same notes, of the other end */
};

static struct stream *peer_new(struct fixture *f, struct peer *p)
{
	struct stream *theirs;
	*p = (struct peer){ .client.reader = { client_data, client_ended },
			    .client.write.done = client_written };
	buf_init(&p->client.got, 1 << 20);
	pipe_new(&f->loop, 0, &p->client.stream, &theirs);
	stream_read_start(p->client.stream, &p->client.reader);
	return theirs;
}

static void peer_end(struct fixture *f, struct peer *p)
{
	client_hang_up(&p->client, false);
	settle(f);
	buf_fini(&p->client.got);
}

static void upgrade(struct fixture *f, size_t n, struct peer *p, const char *rest)
{
	struct exchange *x = f->handled[n].x;
	struct http_response r = { .status = 101 };
	headers_add(&r.headers, x->arena, STR("Upgrade"), STR("x"));
	headers_add(&r.headers, x->arena, STR("Connection"), STR("Upgrade"));
	headers_add(&r.headers, x->arena, STR("Content-Length"), STR("7"));
	exchange_upgrade(x, &r, peer_new(f, p), str_from(rest));
	exchange_release(take(f->handled[n].x));
	settle(f);
}

static void peer_say(struct fixture *f, struct peer *p, struct str bytes)
{
	assert_true(stream_write(p->client.stream, &bytes, 1, &p->client.write));
	settle(f);
}

TEST(bytes_go_both_ways_with_those_that_were_early)
{
	struct fixture f;
	struct peer p;
	set_up(&f, handle_later);
	say_text(&f, ASK "early");
	upgrade(&f, 0, &p, "first ");
	peer_say(&f, &p, STR("second"));
	expect_got(&f, SWITCHED "first second");
	say_text(&f, " later");
	assert_str(buf_str(&p.client.got), "early later");
	assert_int_equal(http_server_connections(f.server), 1);
	peer_end(&f, &p);
	assert_true(f.client.ended);
	client_hang_up(&f.client, false);
	settle(&f);
	assert_int_equal(http_server_connections(f.server), 0);
	tear_down(&f);
}

TEST(a_request_before_it_is_answered_first)
{
	struct fixture f;
	struct peer p;
	set_up(&f, handle_later);
	say_text(&f, "GET /one HTTP/1.1\r\nHost: a\r\n\r\n" ASK "early");
	respond_text(f.handled[0].x, &f.loop, 200, STR("one"));
	exchange_release(take(f.handled[0].x));
	settle(&f);
	upgrade(&f, 1, &p, "");
	expect_got(&f, "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n" DATE "\r\none" SWITCHED);
	assert_str(buf_str(&p.client.got), "early");
	peer_end(&f, &p);
	tear_down(&f);
}

TEST(whoever_cannot_be_switched_gets_a_502)
{
	static const char *const asks[] = {
		"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nContent-Length: 5\r\n\r\nhal",
	};
	for (size_t i = 0; i < COUNT_OF(asks); i++) {
		struct fixture f;
		struct peer p;
		set_up(&f, handle_later);
		say_text(&f, asks[i]);
		upgrade(&f, 0, &p, "");
		assert_true(str_find(buf_str(&f.client.got), STR(" 502 Bad Gateway\r\n")) != STR_NONE);
		assert_true(p.client.ended);
		peer_end(&f, &p);
		tear_down(&f);
	}
}

TEST(a_client_that_is_gone_closes_the_other_end)
{
	struct fixture f;
	struct peer p;
	set_up(&f, handle_later);
	say_text(&f, ASK);
	client_hang_up(&f.client, true);
	settle(&f);
	assert_true(f.handled[0].x->gone);
	upgrade(&f, 0, &p, "");
	assert_true(p.client.ended);
	peer_end(&f, &p);
	tear_down(&f);
}

TEST(a_client_that_breaks_off_later_breaks_the_other_end)
{
	struct fixture f;
	struct peer p;
	set_up(&f, handle_later);
	say_text(&f, ASK);
	upgrade(&f, 0, &p, "");
	client_hang_up(&f.client, true);
	settle(&f);
	assert_true(p.client.ended);
	assert_int_equal(p.client.how, STREAM_RESET);
	peer_end(&f, &p);
	tear_down(&f);
}

TEST(a_server_that_stops_ends_both)
{
	struct fixture f;
	struct peer p;
	bool stopped = false;
	set_up(&f, handle_later);
	say_text(&f, ASK);
	upgrade(&f, 0, &p, "");
	http_server_stop(f.server, &stopped);
	settle(&f);
	assert_true(p.client.ended && f.client.ended);
	client_hang_up(&f.client, false);
	client_hang_up(&p.client, false);
	settle(&f);
	assert_true(stopped);
	buf_fini(&p.client.got);
	tear_down(&f);
}
