/* SPDX-License-Identifier: Apache-2.0 */
/* What the ABI's header calls do, the same for requests, responses and trailers. */
#ifndef GUEST_WASM_MESSAGE_HEADERS_H
#define GUEST_WASM_MESSAGE_HEADERS_H

#include "guest/wasm/sandbox.h"

/* Each name once, in the order and case of its first field. */
enum abi_status message_names_get(const struct headers *h, const struct guest_multi *out);
enum abi_status message_value_get(const struct headers *h, struct str name, const struct guest_buf *out);
enum abi_status message_values_get(const struct headers *h, struct str name, const struct guest_multi *out);
/* `values`: NUL-ended each. */
enum abi_status message_values_set(struct sandbox *sb, struct headers *h, struct str name, struct str values);
enum abi_status message_insert(struct sandbox *sb, struct headers *h, struct str name, struct str value);
enum abi_status message_append(struct sandbox *sb, struct headers *h, struct str name, struct str value);
enum abi_status message_remove(struct headers *h, struct str name);

/* ABI_OK, or what is wrong with a name, or with a name and a value. */
enum abi_status message_name_status(struct str name);
enum abi_status message_field_status(struct str name, struct str value);

/*
 * The seven header calls, the same in fastly_http_req and fastly_http_resp: each finds the message and does
 * what the function above of the same name does.
 */
#define MESSAGE_HEADER_CALL(module, type, find, call, does)                                        \
	enum abi_status hostcall_##module##_header_##call(struct sandbox *sb,                      \
							  struct module##_header_##call##_args *a) \
	{                                                                                          \
		struct type *m = find(sb, a->h);                                                   \
		return m ? (does) : ABI_BADF;                                                      \
	}
#define MESSAGE_HEADER_CALLS(module, type, find)                                                            \
	MESSAGE_HEADER_CALL(module, type, find, names_get, message_names_get(&m->http.headers, &a->values)) \
	MESSAGE_HEADER_CALL(module, type, find, value_get,                                                  \
			    message_value_get(&m->http.headers, a->name, &a->value))                        \
	MESSAGE_HEADER_CALL(module, type, find, values_get,                                                 \
			    message_values_get(&m->http.headers, a->name, &a->values))                      \
	MESSAGE_HEADER_CALL(module, type, find, values_set,                                                 \
			    message_values_set(sb, &m->http.headers, a->name, a->values))                   \
	MESSAGE_HEADER_CALL(module, type, find, insert,                                                     \
			    message_insert(sb, &m->http.headers, a->name, a->value))                        \
	MESSAGE_HEADER_CALL(module, type, find, append,                                                     \
			    message_append(sb, &m->http.headers, a->name, a->value))                        \
	MESSAGE_HEADER_CALL(module, type, find, remove, message_remove(&m->http.headers, a->name))

#endif
