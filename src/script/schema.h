/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test line may look at, handed in by whoever runs the tests: this folder knows no field by name. The
 * tables are constant data of the caller's; a script that was read against a schema borrows it.
 *
 *	static const struct schema_field answer_fields[] = {
 *		{ "status", &schema_number, SCHEMA_READY, "the answer's status" },
 *		{ 0 },
 *	};
 *	static const struct schema_type answer = { VALUE_OBJECT, .fields = answer_fields };
 *	static const struct schema_field roots[] = {
 *		{ "answer", &answer, SCHEMA_READY, "what came back" },
 *		{ "cost", &schema_any, SCHEMA_PLANNED, "what it took" },
 *		{ 0 },
 *	};
 *	static const struct schema schema = { .roots = roots };
 */
#ifndef SCRIPT_SCHEMA_H
#define SCRIPT_SCHEMA_H

#include "base/error.h"
#include "script/value.h"

struct schema_type {
	enum value_type kind;           /* VALUE_UNDEFINED: could be anything, nothing below it is checked */
	const struct schema_type *item; /* what an array holds; NULL: anything */
	const struct schema_field *fields; /* what an object holds; NULL: anything */
};

enum schema_state {
	SCHEMA_READY,
	SCHEMA_PLANNED, /* a script that names it gets "not available yet" */
};

/* A table of these ends with a row whose name is NULL. */
struct schema_field {
	const char *name;
	const struct schema_type *type;
	enum schema_state state;
	const char *doc; /* one line for the manual */
};

/*
 * Blocks of settings that a script may hold: word at the left edge, what the settings below it are about.
 * docs/reference/fiddle.md says what each has.
 */
#define SCRIPT_BLOCKS(X)                                   \
	X(CLIENT, "client", "what is known of the client") \
	X(INSPECT, "inspect", "what the firewall says")    \
	X(PRODUCTS, "products", "which products the service has")

enum script_block {
#define X(id, word, doc) SCRIPT_BLOCK_##id,
	SCRIPT_BLOCKS(X)
#undef X
		SCRIPT_BLOCK_COUNT
};

const char *script_block_name(enum script_block block);

/*
 * May a setting be made? ERROR_NOT_FOUND when there is none of that name, else it is about the value; words
 * and what to write instead, with "; " between. A script that was read has only settings that may.
 */
typedef bool schema_setting_fn(struct str name, struct str value, struct arena *a, struct error *e);

struct schema {
	const struct schema_field *roots;
	/*
	 * When an object has a member of this name, that member's own members can be reached as if they were
	 * the object's (an object's own members win). NULL: no such short cut.
	 */
	const char *shortcut;
	schema_setting_fn *const *settings; /* by block, NULL there or here: any setting is fine */
};

extern const struct schema_type schema_any, schema_bool, schema_number, schema_string;

/* The row of that name, NULL when there is none; `fields` may be NULL. */
const struct schema_field *schema_find(const struct schema_field *fields, struct str name);

/* "a, b, c": the names of the rows that are ready. Lives in the arena. */
struct str schema_names(const struct schema_field *fields, struct arena *a);

#endif
