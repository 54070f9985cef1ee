/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule of an in-memory origin: which requests it answers, and how. Whoever makes rules (a .fiddle file, a
 * test's own code) fills this in; origins.h plays it. An answer is a head, a body, and a script of what
 * happens at which byte of the body, all of it on the world's clock.
 */
#ifndef WORLD_ORIGIN_RULE_H
#define WORLD_ORIGIN_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/rc.h"
#include "http/fetch.h"
#include "world/backend.h"

/*
 * What can happen instead of a head: name, what a service is told, when. CONNECTING: while the name is looked
 * up, the connection made and TLS agreed on; ANSWERING: behind that. A time-out comes when the backend's is
 * over: CONNECT_OVER or FIRST_BYTE_OVER, and without one when Fastly's own would be, 1 and 15 seconds.
 */
#define ORIGIN_FAULTS(X)                                                        \
	X(REFUSE, CONNECTION_REFUSED, CONNECTING)                               \
	X(DNS_ERROR, DNS_ERROR, CONNECTING)                                     \
	X(DNS_TIMEOUT, DNS_TIMEOUT, CONNECT_OVER)                               \
	X(UNROUTABLE, DESTINATION_IP_UNROUTABLE, CONNECTING)                    \
	X(UNAVAILABLE, DESTINATION_UNAVAILABLE, CONNECTING)                     \
	X(CONNECTION_LIMIT, CONNECTION_LIMIT_REACHED, CONNECTING)               \
	X(CONNECT_TIMEOUT, CONNECTION_TIMEOUT, CONNECT_OVER)                    \
	X(TLS_CERTIFICATE, TLS_CERTIFICATE_ERROR, CONNECTING)                   \
	X(TLS_CONFIGURATION, TLS_CONFIGURATION_ERROR, CONNECTING)               \
	X(TLS_ALERT, TLS_ALERT_RECEIVED, CONNECTING)                            \
	X(TLS_PROTOCOL, TLS_PROTOCOL_ERROR, CONNECTING)                         \
	X(RESET, CONNECTION_TERMINATED, ANSWERING)                              \
	X(TIMEOUT, HTTP_RESPONSE_TIMEOUT, FIRST_BYTE_OVER)                      \
	X(INCOMPLETE, HTTP_INCOMPLETE_RESPONSE, ANSWERING)                      \
	X(HEADERS_TOO_LARGE, HTTP_RESPONSE_HEADER_SECTION_TOO_LARGE, ANSWERING) \
	X(BAD_STATUS, HTTP_RESPONSE_STATUS_INVALID, ANSWERING)                  \
	X(BAD_HTTP, HTTP_PROTOCOL_ERROR, ANSWERING)                             \
	X(HTTP2_ERROR, H2_ERROR, ANSWERING)                                     \
	X(NOT_FOUND, DESTINATION_NOT_FOUND, CONNECTING)                         \
	X(BROKEN, INTERNAL_ERROR, ANSWERING) /* the code that should answer did not */

enum origin_fault {
	ORIGIN_ANSWERS,
#define X(id, error, when) ORIGIN_##id,
	ORIGIN_FAULTS(X)
#undef X
};

/*
 * What happens in a body, behind its first `at` bytes (at its end when it is shorter). Steps are played in
 * their order, so `at` never becomes less. Without steps the whole body is there at once.
 */
enum origin_step_kind {
	ORIGIN_PAUSE,    /* nothing comes for `ns` */
	ORIGIN_DRIP,     /* from here on `bytes` bytes (at least 1) come at once, and then nothing for `ns` */
	ORIGIN_RESET_AT, /* the connection breaks */
	ORIGIN_STALL,    /* nothing comes any more: the between-bytes time-out, 10 s without one, ends it */
	ORIGIN_TRUNCATE, /* the origin closes, though the body should have gone on */
	ORIGIN_BAD_CHUNK, /* the body is chunked, and what comes next is no chunk */
};

struct origin_step {
	enum origin_step_kind kind;
	uint64_t at, bytes, ns;
};

struct origin_responder; /* origin_ask.h */

/* Says which URLs are a rule's, where no pattern with '*' can. Counted. */
struct origin_matcher {
	struct rc rc;
	bool (*matches)(const struct origin_matcher *, struct str url);
};

struct origin_answer {
	struct origin_answer *next; /* of a sequence; NULL: this one is given again and again */
	enum origin_fault fault;
	uint64_t delay_ns; /* before the head or the fault, on the world's clock */
	uint16_t status;
	struct str reason;                /* empty: the status's own */
	struct headers headers, trailers; /* as written; Content-Length is added by whoever frames it */
	struct blob *body;                /* or NULL; the rule's reference */
	struct origin_step *steps;
	size_t step_count;
	/*
	 * Instead of `body` and steps, in what a responder gives: a body that is still being written. Or
	 * NULL; a reference
	 */
	struct body *live;
	struct str words; /* of a fault, for people; empty: that it is the rule's */
	/*
	 * Is asked for the answer, of which all above does not count then (origin_ask.h). Or NULL; a
	 * reference
	 */
	struct origin_responder *responder;
};

/* What else a request must have. */
enum origin_part { ORIGIN_HEADER, ORIGIN_QUERY, ORIGIN_BODY /* without a name: all of it */ };

struct origin_condition {
	struct origin_condition *next;
	enum origin_part part;
	struct str name, value; /* value: '*' matches any run of characters; of several fields one must fit */
};

/* A request as rules see it; all borrowed. */
struct origin_request {
	const struct backend *backend;
	struct str method;
	struct str path; /* and query, on the wire */
	const struct headers *headers;
	bool body_known; /* all of it is here */
	struct str body;
	struct str uri; /* as the service has it; may be empty */
};

/* Filled by whoever makes it, then given to origins_rules_add() and not changed any more. */
struct origin_rule {
	struct rc rc;
	struct arena arena; /* all strings, steps, conditions and answers live here */
	/*
	 * The backend's name, or the authority of the URL that the service asks for; with "://" in it a
	 * pattern of that whole URL, or of the backend's, scheme://host[:port], a port that is the scheme's
	 * own left out; empty: any.
	 */
	struct str backend;
	/* Decides by the URL instead; `backend` is words for people then. Or NULL; a reference */
	struct origin_matcher *matcher;
	struct str method; /* "*" or empty: any */
	struct str path;   /* '*' matches any run of characters; without '?' any query does */
	struct origin_condition *conditions;
	struct str place;            /* where it is written, for people; may be empty */
	bool silent;                 /* it answers nothing yet: no request is its own */
	bool expects;                /* that it is asked exactly … */
	uint32_t expected;           /* … so often */
	struct origin_answer answer; /* the first one */
	uint32_t number;             /* origins_rules_add() sets it */
};

/* Any backend, any method, any path: 200 without a body. */
must_use struct origin_rule *origin_rule_new(void);
must_use struct origin_rule *origin_rule_ref(struct origin_rule *rule);
void origin_rule_unref(struct origin_rule **prule);

/*
 * One more answer behind the last one, 200 without a body: the n-th request gets the n-th, later ones the
 * last.
 */
must_use struct origin_answer *origin_rule_then(struct origin_rule *rule);
/* A copy of the step becomes the answer's last. */
void origin_answer_step(struct origin_rule *rule, struct origin_answer *answer, struct origin_step step);
/* One more condition, behind those that are there. */
void origin_rule_condition(struct origin_rule *rule, enum origin_part part, struct str name,
			   struct str value);

/*
 * The fault by the name of its error, as fetch_error_name() has it: "connection_refused". False: there is
 * none.
 */
must_use bool origin_fault_find(struct str name, enum origin_fault *out);

/* "GET /x of 'api'", long parts cut. */
void origin_rule_print(const struct origin_rule *rule, struct buf *out);
/* Would it answer this request? */
bool origin_rule_matches(const struct origin_rule *rule, const struct origin_request *request);

#endif
