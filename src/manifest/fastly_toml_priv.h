/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers of fastly.toml's sections share: places for messages, tables of keys, files. Each section
 * is one function of type section_fn, named in the table of fastly_toml.c.
 */
#ifndef MANIFEST_FASTLY_TOML_PRIV_H
#define MANIFEST_FASTLY_TOML_PRIV_H

#include "base/toml.h"
#include "manifest/manifest.h"
#include "manifest/pem.h"

struct reader {
	struct manifest *manifest;
	const struct manifest_options *options;
	struct world *world;
	struct arena *arena; /* the manifest's */
	/* What is being read, for messages: "kv_stores", "store_one". */
	struct str section, name;
};

typedef bool section_fn(struct reader *r, const struct toml_value *section, struct error *e);

section_fn read_acls, read_backends, read_client, read_device_detection, read_dictionaries, read_fastly_keys,
	read_geolocation, read_inspect, read_kv_stores, read_limits, read_products, read_secret_stores,
	read_shielding_sites;

/* ---- messages ---- */

/* Yields false: "FILE:LINE:COLUMN: SECTION.NAME: …", the place being the value's, or its key's. */
printf_like(4, 5) bool bad_value(const struct reader *r, const struct toml_value *at, struct error *e,
				 const char *format, ...);
printf_like(4, 5) bool bad_key(const struct reader *r, const struct toml_value *at, struct error *e,
			       const char *format, ...);
/* Puts place, section and name before an error of somebody else. Yields false. */
bool bad_inner(const struct reader *r, const struct toml_value *at, struct error *e);
/* A warning at the value's key. */
printf_like(3, 4) void warn_key(struct reader *r, const struct toml_value *at, const char *format, ...);

/* Calls `read` with each member of a table of things by name; `what` says what one is: "a table". */
bool each_named(struct reader *r, const struct toml_value *section, section_fn *read, struct error *e);

/* ---- tables of keys ---- */

enum key_flags {
	KEY_REQUIRED = 1,
	KEY_NOT_EMPTY = 2, /* a string with something else than blanks */
	KEY_ANY_KIND = 4,  /* whoever asked looks at the kind itself */
};

struct key {
	struct str name;
	enum toml_kind kind;
	unsigned flags;
	const char *example; /* "url = \"http://127.0.0.1:8080\"" */
};

enum { KEYS_MAX = 16 };

/* What a key is that stands in no row: in some sections an error, in others a slip, or another tool's. */
enum unknown_keys { UNKNOWN_IS_ERROR, UNKNOWN_IS_WARNING, UNKNOWN_IS_IGNORED };

/*
 * Looks up every row of `keys` in the table and checks kinds and flags: found[i] is the value of keys[i],
 * NULL when it is not there.
 */
must_use bool read_keys(struct reader *r, const struct toml_value *table, const struct key *keys,
			size_t count, enum unknown_keys unknown, const struct toml_value **found,
			struct error *e);

/* "; did you mean 'url'?", "; known keys: …"; in the arena. Names come from `keys`. */
struct str did_you_mean(struct arena *a, struct str name, const struct key *keys, size_t count);

/* ---- formats, files ---- */

/*
 * The value of a `format` key, checked against the names in `formats` (NULL-ended): its index. `of` is what
 * has the format: "dictionary".
 */
must_use bool read_format(const struct reader *r, const struct toml_value *format, const char *const *formats,
			  const char *of, size_t *index, struct error *e);

/* A path as it is opened: relative ones begin at the base folder. NUL-ended, in the arena. */
must_use bool resolve_path(const struct reader *r, const struct toml_value *at, struct str path,
			   const char **out, struct error *e);
/* A file's content; the reference is the caller's. */
must_use bool read_named_file(const struct reader *r, const struct toml_value *at, struct str path,
			      size_t max, struct blob **out, struct error *e);
/* After a file could not be opened: says what a relative path is relative to. Yields false. */
bool bad_file(const struct reader *r, const struct toml_value *at, struct str path, struct error *e);

/*
 * The table { file = "…", format = "json" }, which stands for a whole store; `of` is what has the format.
 * Both keys must be there.
 */
must_use bool read_file_reference(struct reader *r, const struct toml_value *v, const char *of,
				  const struct toml_value **file, struct error *e);
/* The members of the one JSON object in a file; everything in the arena. `file` is a string, the path. */
struct json_member;
must_use bool read_json_file(const struct reader *r, const struct toml_value *file,
			     struct json_member **first, struct error *e);

/*
 * A value as JSON text: strings, integers, numbers, booleans, and, when `nested`, tables of these. `what`
 * calls the thing in messages.
 */
struct buf;
must_use bool add_json(const struct reader *r, const struct toml_value *v, bool nested, struct buf *out,
		       struct error *e);

/* ---- certificates ---- */

/* The concatenated PEM of ca_certificate in any of its forms. */
must_use bool read_ca_certificates(struct reader *r, const struct toml_value *v, struct arena *a,
				   struct str *pem, struct error *e);
/* The client_certificate table: certificate chain and key, which belong together. */
must_use bool read_client_certificate(struct reader *r, const struct toml_value *v, struct arena *a,
				      struct str *chain, struct str *key, struct error *e);

#endif
