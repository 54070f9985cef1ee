/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_http_body. A body handle is a body that the guest reads and writes, or, once sent "streaming", only
 * writes. */
#include "guest/wasm/hostcalls/message_headers.h"

enum body_write_end { WRITE_BACK, WRITE_FRONT };

/* What the host needs for a piece of a body beside its bytes, about. */
enum { PIECE_BYTES = 64 };

static enum abi_status failure_status(enum body_failure why)
{
	return why == BODY_FAILURE_INCOMPLETE || why == BODY_FAILURE_ABANDONED ? ABI_HTTPINCOMPLETE
	       : why == BODY_FAILURE_LIMIT                                     ? ABI_LIMITEXCEEDED
	       : why == BODY_FAILURE_PROTOCOL                                  ? ABI_HTTPINVALID
									       : ABI_ERROR;
}

enum abi_status hostcall_http_body_new(struct sandbox *sb, struct http_body_new_args *a)
{
	uint32_t handle;
	enum abi_status status = sandbox_open_body(sb, body_new(sandbox_loop(sb)), &handle);
	if (status == ABI_OK)
		put_u32(a->body_out, handle);
	return status;
}

enum abi_status hostcall_http_body_append(struct sandbox *sb, struct http_body_append_args *a)
{
	struct guest_body *dest = sandbox_body(sb, a->dest), *src = sandbox_body(sb, a->src);
	/* Two handles may lead to one body: a request's whose body comes back as the response's. */
	if (!dest || !src || dest->body == src->body || src->body->parent || src->streaming)
		return ABI_BADF;
	if (dest->streaming && !body_has_room(dest->body)) {
		sandbox_wait_event(sb, &dest->body->writable);
		return ABI_WAIT;
	}
	if (!dest->streaming)
		body_reopen(&dest->body); /* one that was received is added to like any other */
	body_append(dest->body, sandbox_take_body(sb, a->src));
	return ABI_OK;
}

enum abi_status hostcall_http_body_read(struct sandbox *sb, struct http_body_read_args *a)
{
	struct guest_body *b = sandbox_body(sb, a->h);
	size_t len = 0;
	if (!b || b->streaming)
		return ABI_BADF;
	if (a->value.cap == 0) {
		put_u32(a->value.len, 0);
		return ABI_OK;
	}
	switch (body_read(b->body, (char *)a->value.at, a->value.cap, &len)) {
	case BODY_WAIT:
		if (guest_body_all_there(b))
			break; /* the guest's own: nobody else can add to it */
		sandbox_wait_event(sb, &b->body->readable);
		return ABI_WAIT;
	case BODY_FAILED:
		return failure_status(body_why(b->body));
	case BODY_DATA:
		if (!invocation_within(sb->invocation, LIMIT_body_total_bytes, b->body->total))
			return ABI_LIMITEXCEEDED;
		break;
	case BODY_ENDED:
		break;
	}
	if (guest_body_is_own(b))
		sandbox_let_go(sb, len);
	put_u32(a->value.len, (uint32_t)len);
	return ABI_OK;
}

enum abi_status hostcall_http_body_write(struct sandbox *sb, struct http_body_write_args *a)
{
	struct guest_body *b = sandbox_body(sb, a->h);
	if (!b || (a->end == WRITE_FRONT && b->streaming))
		return ABI_BADF;
	if (a->end > WRITE_FRONT)
		return ABI_INVAL;
	if (b->streaming && body_abandoned(b->body))
		return ABI_ERROR;
	if (b->streaming && !body_has_room(b->body)) {
		sandbox_wait_event(sb, &b->body->writable);
		return ABI_WAIT;
	}
	if (b->streaming && a->buf.len) {
		a->buf.len = body_fitting(b->body, a->buf.len);
		if (a->buf.len == 0)
			return ABI_ERROR; /* more than the Content-Length that the guest gave */
	}
	if (!invocation_within(sb->invocation, LIMIT_body_total_bytes, b->body->total + a->buf.len))
		return ABI_LIMITEXCEEDED;
	if (a->buf.len > b->body->limit - MIN(b->body->limit, b->body->total)) {
		invocation_note(sb->invocation, LIMIT_body_bytes, b->body->total + a->buf.len);
		return ABI_LIMITEXCEEDED;
	}
	if (!b->streaming && !sandbox_hold(sb, a->buf.len + (a->end == WRITE_FRONT ? PIECE_BYTES : 0)))
		return ABI_LIMITEXCEEDED;
	if (!b->streaming)
		body_reopen(&b->body);
	if (a->end == WRITE_FRONT)
		body_write_front(b->body, a->buf);
	else
		body_write(b->body, a->buf);
	put_u32(a->num_bytes, (uint32_t)a->buf.len);
	return ABI_OK;
}

static void give_up(struct sandbox *sb, struct guest_body *b)
{
	if (guest_body_is_own(b))
		sandbox_let_go(sb, b->body->buffered);
	body_abandon(b->body);
}

/* A request that is handed over takes its client's body along, though the Rust SDK closes that before. */
static bool kept_when_closed(const struct sandbox *sb, const struct guest_body *b)
{
	return !sb->sent && b->body == sb->asked->http->body;
}

enum abi_status hostcall_http_body_close(struct sandbox *sb, struct http_body_close_args *a)
{
	struct guest_body *b = handles_take(&sb->handles, a->h, HANDLE_BODY);
	if (!b)
		return ABI_BADF;
	if (b->streaming)
		body_end(b->body);
	else if (kept_when_closed(sb, b))
		sb->body_closed = true;
	else
		give_up(sb, b);
	body_unref(&b->body);
	return ABI_OK;
}

enum abi_status hostcall_http_body_abandon(struct sandbox *sb, struct http_body_abandon_args *a)
{
	struct guest_body *b = handles_take(&sb->handles, a->h, HANDLE_BODY);
	if (!b)
		return ABI_BADF;
	if (b->streaming)
		body_fail(b->body, BODY_FAILURE_ABANDONED);
	else
		give_up(sb, b);
	body_unref(&b->body);
	return ABI_OK;
}

enum abi_status hostcall_http_body_trailer_append(struct sandbox *sb, struct http_body_trailer_append_args *a)
{
	struct guest_body *b = sandbox_body(sb, a->h);
	if (!b)
		return ABI_BADF;
	enum abi_status status = message_field_status(a->name, a->value);
	if (status != ABI_OK)
		return status;
	if (!invocation_within(sb->invocation, LIMIT_headers, b->body->trailers.count + 1) ||
	    !sandbox_hold(sb, a->name.len + a->value.len))
		return ABI_LIMITEXCEEDED;
	body_trailer_add(b->body, a->name, a->value);
	return ABI_OK;
}

/* The trailers of a body that may be read; they are final once it was read to its end. */
static enum abi_status find_trailers(struct sandbox *sb, uint32_t h, const struct headers **out)
{
	struct guest_body *b = sandbox_body(sb, h);
	struct str unread;
	if (!b)
		return ABI_BADF;
	if (b->streaming)
		return ABI_INVAL;
	enum body_state state = body_peek(b->body, &unread);
	if (guest_body_all_there(b) && state == BODY_WAIT)
		state = BODY_ENDED;
	if (state == BODY_FAILED)
		return failure_status(body_why(b->body));
	if (state != BODY_ENDED)
		return ABI_AGAIN;
	*out = &b->body->trailers;
	return ABI_OK;
}

enum abi_status hostcall_http_body_trailer_names_get(struct sandbox *sb,
						     struct http_body_trailer_names_get_args *a)
{
	const struct headers *trailers;
	enum abi_status status = find_trailers(sb, a->h, &trailers);
	return status == ABI_OK ? message_names_get(trailers, &a->values) : status;
}

enum abi_status hostcall_http_body_trailer_value_get(struct sandbox *sb,
						     struct http_body_trailer_value_get_args *a)
{
	const struct headers *trailers;
	enum abi_status status = find_trailers(sb, a->h, &trailers);
	return status == ABI_OK ? message_value_get(trailers, a->name, &a->value) : status;
}

enum abi_status hostcall_http_body_trailer_values_get(struct sandbox *sb,
						      struct http_body_trailer_values_get_args *a)
{
	const struct headers *trailers;
	enum abi_status status = find_trailers(sb, a->h, &trailers);
	return status == ABI_OK ? message_values_get(trailers, a->name, &a->values) : status;
}

enum abi_status hostcall_http_body_known_length(struct sandbox *sb, struct http_body_known_length_args *a)
{
	struct guest_body *b = sandbox_body(sb, a->h);
	uint64_t len;
	if (!b)
		return ABI_BADF;
	if (b->streaming || !body_known_length(b->body, &len))
		return ABI_NONE;
	put_u64(a->body_length, len);
	return ABI_OK;
}
