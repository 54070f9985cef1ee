/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Where in a chunk's frame the next byte stands. */
enum { STEP_SIZE, STEP_REST_OF_LINE, STEP_DATA, STEP_DATA_END, STEP_LAST };

void answer_init(struct answer *a)
{
	a->state = ANSWER_HEAD;
	a->status = 0;
	a->chunked = false;
	a->left = 0;
	a->chunk_step = STEP_SIZE;
	a->chunk_bytes = false;
	a->head_len = 0;
}

/* The value of a field in a head that ends with NUL, or NULL. */
static const char *field(const char *head, const char *name)
{
	size_t len = strlen(name);
	for (const char *line = strchr(head, '\n'); line; line = strchr(line + 1, '\n')) {
		if (strncasecmp(line + 1, name, len) == 0 && line[1 + len] == ':')
			return line + 1 + len + 1 + strspn(line + 1 + len + 1, " \t");
	}
	return NULL;
}

static void read_head(struct answer *a)
{
	if (strncmp(a->head, "HTTP/1.", 7) != 0 || strlen(a->head) < 12) {
		a->state = ANSWER_BAD;
		return;
	}
	a->status = (int)strtol(a->head + 9, NULL, 10);
	const char *length = field(a->head, "content-length"), *coding = field(a->head, "transfer-encoding");
	a->chunked = coding && strncasecmp(coding, "chunked", 7) == 0;
	a->left = length ? strtoull(length, NULL, 10) : 0;
	a->state = a->chunked || a->left ? ANSWER_BODY : ANSWER_DONE;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of a frame, or as much of a chunk's data as there is; gives how many were used. */
static size_t feed_chunk(struct answer *a, const char *bytes, size_t len)
{
	if (a->chunk_step == STEP_DATA) {
		size_t n = len < a->left ? len : a->left;
		a->left -= n;
		if (a->left == 0)
			a->chunk_step = STEP_DATA_END;
		return n;
	}
	int digit = hex_digit(*bytes);
	if (a->chunk_step == STEP_SIZE && digit >= 0) {
		a->left = a->left * 16 + (size_t)digit;
		a->chunk_bytes = a->left != 0;
	} else if (*bytes == '\n' && a->chunk_step == STEP_DATA_END) {
		a->chunk_step = STEP_SIZE;
	} else if (*bytes == '\n' && a->chunk_step == STEP_LAST) {
		a->state = ANSWER_DONE; /* an empty line; a trailer would have gone to STEP_REST_OF_LINE */
	} else if (*bytes == '\n') {
		a->chunk_step = a->chunk_bytes ? STEP_DATA : STEP_LAST;
	} else if (*bytes != '\r' && (a->chunk_step == STEP_SIZE || a->chunk_step == STEP_LAST)) {
		a->chunk_step = STEP_REST_OF_LINE;
	}
	return 1;
}

static void feed_body(struct answer *a, const char *bytes, size_t len)
{
	if (!a->chunked) {
		a->left -= len < a->left ? len : a->left;
		if (a->left == 0)
			a->state = ANSWER_DONE;
		return;
	}
	while (len && a->state == ANSWER_BODY) {
		size_t n = feed_chunk(a, bytes, len);
		bytes += n;
		len -= n;
	}
}

enum answer_state answer_feed(struct answer *a, const char *bytes, size_t len)
{
	if (a->state == ANSWER_HEAD) {
		size_t had = a->head_len, room = sizeof a->head - 1 - had, n = len < room ? len : room;
		memcpy(a->head + had, bytes, n);
		a->head_len += n;
		a->head[a->head_len] = '\0';
		char *end = strstr(a->head, "\r\n\r\n");
		if (!end) {
			if (n < len)
				a->state = ANSWER_BAD; /* a head of 8 KiB is none of ours */
			return a->state;
		}
		end[2] = '\0';
		size_t used = (size_t)(end + 4 - a->head) - had;
		bytes += used;
		len -= used;
		read_head(a);
	}
	if (a->state == ANSWER_BODY)
		feed_body(a, bytes, len);
	return a->state;
}
