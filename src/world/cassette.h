/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cassette: requests that went to real origins, and what these answered, in their order. A test's take
 * plays it, or makes a new one (origins_cassette.h); how it looks in a file is somebody else's
 * (runner/har.h).
 */
#ifndef WORLD_CASSETTE_H
#define WORLD_CASSETTE_H

#include "base/buf.h"
#include "base/rc.h"
#include "http/fetch.h"
#include "world/backend.h"

enum {
	CASSETTE_BODY_BYTES_MAX = 64 << 20
}; /* of each body; a longer one is not recorded, and its test fails */

/* One request and its answer. Not changed any more once it is in a cassette. */
struct cassette_entry {
	struct rc rc;
	struct arena arena; /* all strings live here */
	/*
	 * Who asked whom; ptr NULL, in a file that others have made: any test, any backend with the URL's
	 * origin.
	 */
	struct str test, backend;
	struct str method, url; /* url: absolute, as it went out */
	struct headers request_headers;
	struct str request_body;
	enum fetch_error error; /* FETCH_OK: what follows was the answer */
	uint16_t status;
	struct headers headers, trailers;
	struct str body;
	enum body_failure failure; /* how the body ended; NONE: as it should */
	uint64_t wall_ns;          /* when, on the world's clock */
	size_t line;               /* where it stands in its file; 0: not known */
};

must_use struct cassette_entry *cassette_entry_new(void);
void cassette_entry_unref(struct cassette_entry **pe);

/* References to entries, in order. {0} is an empty one. */
struct cassette {
	struct cassette_entry **at;
	size_t count, cap;
};

void cassette_add(struct cassette *c, struct cassette_entry *taken);
void cassette_fini(struct cassette *c);
/*
 * Replaces what there is of a test by what another one holds, where the first of them stood, else at the end.
 */
void cassette_replace(struct cassette *c, struct str test, const struct cassette *by);

/* ---- secrets ---- */

/* What stands for a value that was not recorded; it is equal to any other. */
#define CASSETTE_REDACTED "REDACTED"

/*
 * Takes out the values of headers and query parameters that are secrets: those of a table, and those whose
 * names are in `more`, separated by commas. Names compare without case.
 */
void cassette_entry_redact(struct cassette_entry *e, struct str more);

/* ---- a test's use of it ---- */

enum cassette_mode {
	CASSETTE_RECORD, /* asks the real origins, and keeps what they answer */
	CASSETTE_REPLAY, /* answers from the cassette, or not at all */
	CASSETTE_VERIFY, /* asks the real origins, and compares what they answer with the cassette */
};

/* What went wrong, in lines: a new recording is needed. */
struct cassette_problem {
	struct cassette_problem *next;
	struct str text;
};

struct cassette_take {
	enum cassette_mode mode;
	struct str test;            /* borrowed */
	struct str file;            /* of the cassette, for messages; borrowed */
	struct str redact;          /* names, separated by commas; borrowed */
	const struct cassette *old; /* what was recorded before; borrowed */
	bool *used;                 /* of the old entries */
	struct cassette recorded;
	struct cassette_problem *problems, **problems_last;
	struct arena arena;
};

void cassette_take_init(struct cassette_take *t, enum cassette_mode mode, struct str test,
			const struct cassette *old);
void cassette_take_fini(struct cassette_take *t);
void cassette_take_problem(struct cassette_take *t, struct str text);

/*
 * The first entry of the take's test that is this request (method, URL, body), and was not given yet; NULL,
 * and a problem that shows the nearest one: there is none. `asked` has what an entry has of a request.
 */
must_use const struct cassette_entry *cassette_take_find(struct cassette_take *t,
							 const struct cassette_entry *asked,
							 const struct backend *backend);

/*
 * Adds a problem when the answers differ, field by field. What changes from one answer to the next is left
 * out.
 */
void cassette_take_compare(struct cassette_take *t, const struct cassette_entry *old,
			   const struct cassette_entry *now);

/* Adds a problem for each entry of the test that was not asked for. */
void cassette_take_compare_rest(struct cassette_take *t);

/* ---- for its own files ---- */

enum {
	CASSETTE_DIFFERS_TEST = 1,
	CASSETTE_DIFFERS_BACKEND = 2,
	CASSETTE_DIFFERS_METHOD = 4,
	CASSETTE_DIFFERS_PATH = 8,
	CASSETTE_DIFFERS_QUERY = 16,
	CASSETTE_DIFFERS_BODY = 32
};

unsigned cassette_entry_differs(const struct cassette_take *t, const struct cassette_entry *e,
				const struct cassette_entry *asked, const struct backend *backend);
/* Is one of the two a redacted value, or are they the same? */
bool cassette_value_same(struct str recorded, struct str value);
/* Says what is missing, and which entry is the nearest. */
void cassette_explain_missing(struct cassette_take *t, const struct cassette_entry *asked,
			      const struct backend *backend);

#endif
