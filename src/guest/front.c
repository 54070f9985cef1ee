/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/front.h"

#include "base/check.h"
#include "base/mem.h"
#include "guest/front_client.h"

struct handled {
	struct list link;
	struct front *front;
	struct exchange *exchange;
	struct invocation *invocation; /* NULL: in line, or ended */
	struct front_record record;
	struct invocation_request asked;
	struct interim *informed; /* the last one that was passed on */
	bool answered;
	uint64_t started_ns;
	struct watcher watcher;
	struct watcher gone; /* the client, while what it was handed over to has not answered */
};

static void follow(struct handled *h);
static void begin(struct handled *h);

bool front_idle(const struct front *f)
{
	return list_empty(&f->waiting) && list_empty(&f->under_way);
}

void front_init(struct front *f, struct service *service, struct world *world, size_t alive_max)
{
	*f = (struct front){ .service = service, .world = world, .alive_max = alive_max };
	list_init(&f->waiting);
	list_init(&f->under_way);
	event_init(&f->idle);
}

static void handled_free(struct handled *h)
{
	struct front *f = h->front;
	watcher_stop(&h->watcher);
	watcher_stop(&h->gone);
	list_remove(&h->link);
	if (h->invocation) {
		f->alive--;
		invocation_destroy(&h->invocation);
	}
	exchange_release(h->exchange);
	mem_free(h);
}

void front_fini(struct front *f)
{
	list_each(it, &f->waiting)
		handled_free(container_of(it, struct handled, link));
	list_each(it, &f->under_way)
		handled_free(container_of(it, struct handled, link));
}

static void begin(struct handled *h)
{
	struct front *f = h->front;
	h->asked = (struct invocation_request){ .http = &h->exchange->request,
						.client = front_client(h->exchange) };
	settings_overlay(&client_settings, &h->asked.client, &f->world->facts->client);
	list_remove(&h->link);
	list_push(&f->under_way, &h->link);
	f->alive++;
	h->invocation = service_invoke(f->service, f->world, &h->asked);
	follow(h);
}

void front_handle(void *data, struct exchange *x)
{
	struct front *f = data;
	struct handled *h = NEW(struct handled);
	h->front = f;
	h->exchange = x;
	h->started_ns = clock_monotonic(f->world->loop->clock);
	list_push(&f->waiting, &h->link);
	if (f->alive < f->alive_max)
		begin(h);
}

static void note_invocation(struct handled *h)
{
	const struct invocation *i = h->invocation;
	struct front_record *r = &h->record;
	r->number = i->number;
	r->nth = i->nth;
	r->outcome = i->outcome;
	r->cpu_ns = i->cpu_ns;
	r->memory_bytes = i->memory_bytes;
	r->hostcalls = i->hostcalls;
	r->subrequests = i->subrequest_count;
	r->log_bytes = i->log_bytes;
	r->cache_lookups = i->cache_lookups;
	for (const struct limit_breach *b = i->breaches; b; b = b->next)
		r->breaches++;
}

/* The service has done its part: makes room for the next, and waits for the client's. */
static void end_invocation(struct handled *h)
{
	struct front *f = h->front;
	note_invocation(h);
	if (f->ended)
		f->ended(f->data, &h->exchange->request, h->invocation);
	invocation_destroy(&h->invocation);
	f->alive--;
	if (!list_empty(&f->waiting) && f->alive < f->alive_max)
		begin(container_of(f->waiting.next, struct handled, link));
}

static void finish(struct handled *h)
{
	struct front *f = h->front;
	h->record.request = &h->exchange->request;
	h->record.client = h->exchange->client;
	h->record.sent = h->exchange->sent;
	h->record.cut = h->exchange->gone;
	h->record.ns = clock_monotonic(f->world->loop->clock) - h->started_ns;
	if (f->finished)
		f->finished(f->data, &h->record);
	handled_free(h);
	if (front_idle(f))
		event_fire(&f->idle, f->world->loop);
}

static void exchange_changed(struct task *t);

/* Until the response is out. One that was never given ends here: it is an abort. */
static void follow_exchange(struct handled *h)
{
	if (h->exchange->done || !h->answered)
		finish(h);
	else
		watcher_start(&h->watcher, &h->exchange->changed, exchange_changed);
}

static void exchange_changed(struct task *t)
{
	follow_exchange(container_of(t, struct handled, watcher.task));
}

static void woken(struct task *t)
{
	follow(container_of(t, struct handled, watcher.task));
}

static void pass_on_interims(struct handled *h)
{
	struct interim *next = h->informed ? h->informed->next : h->invocation->interims;
	for (; next; next = next->next) {
		exchange_inform(h->exchange, next->status, &next->headers);
		h->informed = next;
	}
}

static void respond(struct handled *h)
{
	struct invocation *i = h->invocation;
	struct http_response response = i->response;
	struct fetch *f = i->handoff ? i->handoff->sent->fetch : NULL;
	h->answered = true;
	h->record.status = response.status;
	if (h->front->show_pop && !headers_has(&response.headers, STR("X-Served-By")))
		headers_add_borrowed(&response.headers, h->exchange->arena, STR("X-Served-By"),
				     h->front->world->served_by);
	i->response.body = NULL; /* the reference goes to the exchange */
	watcher_stop(&h->gone);
	if (f && f->upgraded && response.status == 101) {
		body_unref(&response.body);
		exchange_upgrade(h->exchange, &response, take(f->upgraded), f->upgraded_rest);
	} else {
		exchange_respond(h->exchange, &response, i->keep_framing);
	}
}

/* The client is, and the answer of a backend is all that is missing: nobody waits for it any more. */
static void give_up(struct handled *h)
{
	watcher_stop(&h->watcher);
	watcher_stop(&h->gone);
	end_invocation(h);
	follow_exchange(h);
}

static void client_gone(struct task *t)
{
	struct handled *h = container_of(t, struct handled, gone.task);
	if (h->invocation->ended)
		give_up(h);
}

/* Looks at where the invocation is and passes on what is new. */
static void follow(struct handled *h)
{
	struct invocation *i = h->invocation;
	pass_on_interims(h);
	if (i->responded && !h->answered)
		respond(h);
	if (i->handoff && !h->answered && i->ended && h->exchange->gone) {
		give_up(h);
		return;
	}
	if (!invocation_over(i)) {
		watcher_start(&h->watcher, &i->changed, woken);
		if (i->handoff && !h->answered)
			watcher_start(&h->gone, &h->exchange->changed, client_gone);
		return;
	}
	struct event *unsettled = invocation_unsettled(i);
	if (unsettled) {
		watcher_start(&h->watcher, unsettled, woken);
		return;
	}
	end_invocation(h);
	follow_exchange(h);
}
