/* SPDX-License-Identifier: Apache-2.0 */
/* What console.log() and its kin print goes to the realm's owner. */
#include "guest/js/realm_priv.h"
#include "guest/js/value.h"

/* print(level, text) */
JS_FUNCTION(print)
{
	struct str level = js_arg_str(c, 0), text = js_arg_str(c, 1);
	if (!*c->exception)
		c->realm->ops->print(c->realm->data, level.ptr, text);
	return NULL;
}

/* uncaught(error): as if it had been thrown and nobody had caught it */
JS_FUNCTION(uncaught)
{
	c->realm->ops->uncaught(c->realm->data, js_arg(c, 0));
	return NULL;
}

static const struct js_function functions[] = { { "print", print_callback },
						{ "uncaught", uncaught_callback } };
const struct js_module js_console_module = { "console", functions, COUNT_OF(functions) };
