/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Just enough of HTTP/1.1 to know where a response ends, for programs that measure. It is not the parser of
 * the project, so that what is measured does not measure itself.
 */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

enum answer_state { ANSWER_HEAD, ANSWER_BODY, ANSWER_DONE, ANSWER_BAD };

struct answer {
	enum answer_state state;
	int status;
	bool chunked;
	size_t left;      /* of the body, or of the chunk */
	int chunk_step;   /* of a chunk's frame; see answer.c */
	bool chunk_bytes; /* this chunk had a size other than 0 */
	size_t head_len;
	char head[8192];
};

void answer_init(struct answer *a);

/* Takes bytes as they come. Nothing is taken for the next response: requests are not pipelined. */
enum answer_state answer_feed(struct answer *a, const char *bytes, size_t len);

#endif
