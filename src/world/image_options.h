/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Fastly's Image Optimizer can be asked for: parameters by name, as a query string has them, checked
 * against the names and values that Fastly documents. Images are not touched here.
 */
#ifndef WORLD_IMAGE_OPTIONS_H
#define WORLD_IMAGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

struct image_option {
	struct image_option *next;
	struct str name, value; /* decoded */
};

struct image_options {
	struct image_option *first, **last; /* in the order of the text */
	struct str others; /* of a URL: the parameters that are not the optimizer's, as they stood */
	bool keep_others;  /* of a service: they go on to the origin */
	bool forgiving;    /* of a service: what is wrong in a URL is passed over */
};

/*
 * What a service asks for: "region=eu_west&width=50p". Everything lives in the arena. An unknown name, a bad
 * value, a name that stands twice and a missing region are ERROR_INVALID, which says what to write.
 */
must_use bool image_options_read(struct image_options *out, struct arena *a, struct str query,
				 struct error *e);

/*
 * What a URL's query asks for beside that. Names that are not the optimizer's are `others`. What is wrong is
 * an error, or with `warnings` a text that is added to it, separated by ", ".
 */
must_use bool image_options_read_url(struct image_options *out, struct arena *a, struct str query,
				     struct buf *warnings, struct error *e);

#endif
