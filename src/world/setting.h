/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a struct that a person sets by name, in a test or a manifest: a table of rows, from which the
 * reader, its messages and the manual come.
 */
#ifndef WORLD_SETTING_H
#define WORLD_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "net/address.h"

enum known { NOT_KNOWN, KNOWN_NO, KNOWN_YES };

/* What a member is, and the C type that it has. */
enum setting_kind {
	SETTING_IP,     /* struct net_address */
	SETTING_TEXT,   /* struct str; ptr NULL: not set; it may be empty */
	SETTING_HEX,    /* struct str; the bytes that hexadecimal digits stand for */
	SETTING_MD5,    /* the same of 16 bytes */
	SETTING_FLAG,   /* enum known */
	SETTING_COUNT,  /* uint32_t */
	SETTING_CHOICE, /* uint32_t: the place of a word in `words`, from 1; 0: not set */
};

struct setting {
	struct str name;
	enum setting_kind kind;
	size_t offset; /* in the struct */
	const char *doc;
	const char *words; /* of a CHOICE, separated by blanks */
};

struct settings {
	const char *of; /* "a client" */
	const struct setting *rows;
	size_t count;
};

/*
 * Sets the member of that name in `object`. The value is copied into the arena where that is needed. An
 * unknown name is ERROR_NOT_FOUND with the nearest one, a bad value ERROR_INVALID with what to write, behind
 * "; "; neither changes anything.
 */
must_use bool settings_set(const struct settings *s, void *object, struct arena *a, struct str name,
			   struct str value, struct error *e);

/* The text that sets the member to what it is, or the address it is; false: it is not set. */
must_use bool setting_print(const struct setting *row, const void *object, struct buf *out);

/* Copies to `object` what is set in `over`, another one of the same kind; strings are borrowed. */
void settings_overlay(const struct settings *s, void *object, const void *over);

/* What can be written there: "true or false". In the arena where it must be. */
struct str setting_values(const struct setting *row, struct arena *a);

#endif
