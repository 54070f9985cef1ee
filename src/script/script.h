/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A .fiddle file: origins that answer in memory, requests, and lines of the Fiddle language about what each
 * request brought about. docs/reference/fiddle.md is the manual of the format.
 *
 * script_parse() reads and checks a whole file before anything runs. A script is plain data in the caller's
 * arena and copies the text it was read from; the schema alone is borrowed.
 */
#ifndef SCRIPT_SCRIPT_H
#define SCRIPT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "script/check.h"

enum {
	SCRIPT_VERSION = 1,
	SCRIPT_FILE_BYTES_MAX = 4 * 1024 * 1024,
	SCRIPT_LINE_BYTES_MAX = 64 * 1024,
	SCRIPT_TESTS_MAX = 10000,
	SCRIPT_ORIGINS_MAX = 1000, /* of the file, and of each test */
	SCRIPT_RULES_MAX = 1000,   /* of one origin */
	SCRIPT_ANSWERS_MAX = 1000, /* of one rule */
	SCRIPT_STEPS_MAX = 1000,   /* of one answer */
	SCRIPT_EXPECTED_MAX = 1000000,
	SCRIPT_DELAY_MS_MAX = 24 * 60 * 60 * 1000,
};

struct script_header {
	struct str name, value; /* as written; the value without blanks around it, possibly empty */
	size_t line;
};

/* What can come instead of an answer. */
#define SCRIPT_FAULTS(X)                                                                         \
	X(REFUSE, "refuse", "the connection is refused")                                         \
	X(DNS_ERROR, "dns-error", "the origin's name is not known")                              \
	X(DNS_TIMEOUT, "dns-timeout", "the name server does not answer in time")                 \
	X(UNROUTABLE, "unroutable", "no route leads to the origin")                              \
	X(UNAVAILABLE, "unavailable", "the backend is considered unavailable")                   \
	X(CONNECTION_LIMIT, "connection-limit", "there are too many connections to the backend") \
	X(CONNECT_TIMEOUT, "connect-timeout", "connecting takes too long")                       \
	X(TLS_CERTIFICATE, "tls-certificate", "the origin's certificate is not accepted")        \
	X(TLS_CONFIGURATION, "tls-configuration", "the backend's TLS settings cannot work")      \
	X(TLS_ALERT, "tls-alert", "the origin sends a TLS alert")                                \
	X(TLS_PROTOCOL, "tls-protocol", "the origin breaks the TLS protocol")                    \
	X(RESET, "reset", "the connection breaks before an answer is there")                     \
	X(TIMEOUT, "timeout", "no answer ever comes")                                            \
	X(INCOMPLETE, "incomplete", "the origin closes within the answer's head")                \
	X(HEADERS_TOO_LARGE, "headers-too-large", "the answer's headers are too large")          \
	X(BAD_STATUS, "bad-status", "the answer has an invalid status")                          \
	X(BAD_HTTP, "bad-http", "what comes is not HTTP")                                        \
	X(HTTP2_ERROR, "http2-error", "the origin sends an HTTP/2 error")

enum script_fault {
	SCRIPT_FAULT_NONE, /* it answers */
#define X(id, word, doc) SCRIPT_FAULT_##id,
	SCRIPT_FAULTS(X)
#undef X
};

/* What can happen in an answer's body: word, what follows it, and what it is. */
#define SCRIPT_STEPS(X)                                                                                      \
	X(PAUSE, "pause", "2s after 10", "nothing comes for that time")                                      \
	X(DRIP, "drip", "16 every 100ms after 10", "from there on so many bytes come at once, and so often") \
	X(RESET, "reset", "after 10", "the connection breaks")                                               \
	X(STALL, "stall", "after 10", "nothing comes any more, until the time between bytes is over")        \
	X(TRUNCATE, "truncate", "after 10", "the origin closes, though its `Content-Length` promises more")  \
	X(BAD_CHUNK, "bad-chunk", "after 10", "the body is chunked, and what comes next is no chunk")

enum script_step_kind {
#define X(id, word, example, doc) SCRIPT_STEP_##id,
	SCRIPT_STEPS(X)
#undef X
		SCRIPT_STEP_COUNT,
};

struct script_step {
	enum script_step_kind kind;
	uint64_t after, bytes, ms; /* behind so many bytes of the body; never less than the step above */
	size_t line;
};

struct script_answer {
	enum script_fault fault;
	unsigned status; /* 100..599; 0 for a fault */
	struct str type; /* the media type; empty: none was written */
	struct script_header *headers, *trailers;
	size_t header_count, trailer_count;
	struct str body;
	bool delayed;
	uint64_t delay_ms; /* virtual time before the answer or fault */
	struct script_step *steps;
	size_t step_count;
	size_t line;
};

enum script_part { SCRIPT_HEADER, SCRIPT_QUERY, SCRIPT_BODY /* without a name */ };

/* What else a request must have for a rule to match. */
struct script_condition {
	enum script_part part;
	struct str name, value; /* '*' in the value matches any run of characters */
	size_t line;
};

/* Of an origin's rules the first one that matches a request answers it. */
struct script_rule {
	struct str method; /* "*": any */
	struct str path;   /* '*' matches any run of characters; without '?' the query does not count */
	struct script_condition *conditions;
	size_t condition_count;
	struct script_answer
		*answers; /* at least one: for the first request, the second …; the last for ever */
	size_t answer_count;
	bool expects;
	unsigned expected; /* requests it must get, no more and no less */
	size_t line;
};

struct script_origin {
	struct str name; /* once per file and once per test: blocks of one name are joined */
	struct script_rule *rules;
	size_t rule_count;
	size_t line;
};

/* A line of a block of settings. Later ones come behind earlier ones, and win. */
struct script_setting {
	const struct script_setting *above; /* the one before, of whatever block; NULL: it is the first */
	enum script_block block;
	struct str name, value;
	size_t line;
};

struct script_request {
	struct str method, target; /* target: a path or an absolute http(s) URL */
	struct str version;        /* "HTTP/1.1"; empty when none was written */
	struct script_header *headers;
	size_t header_count;
	struct str body;
	bool has_body; /* an empty body was written, or none at all? */
	struct check *checks;
	size_t check_count;
	const struct script_setting *settings; /* the last one that holds for it; NULL: none does */
	size_t line;
};

struct script_test {
	struct str name; /* empty for the one test of a file without `test` lines */
	/* Of this test only; their rules go before those of the file's origins. */
	struct script_origin *origins;
	size_t origin_count;
	struct script_request *requests; /* run in order, in one world */
	size_t request_count;
	size_t line;
};

struct script {
	struct source source;          /* for messages about any piece of the script */
	struct script_origin *origins; /* of every test */
	size_t origin_count;
	struct script_test *tests; /* none when the file has neither `test` lines nor requests */
	size_t test_count;
	struct script_line *lines; /* for script_format() */
	size_t line_count;
};

/*
 * Reads a file's text. `file` is the name to print in messages. `schema` NULL takes any target for good.
 * False when there is at least one error; `d`, which needs no initialising, then holds up to twenty of them.
 * `d` may hold warnings either way; it refers to `*out`, which must stay where it is for as long as `d` is
 * used.
 */
must_use bool script_parse(struct arena *a, struct str file, struct str text, const struct schema *schema,
			   struct script *out, struct diagnostics *d);

#endif
