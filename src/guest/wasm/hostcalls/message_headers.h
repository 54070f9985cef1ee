/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the ABI's header calls do, the same for requests, responses and trailers; and the version of a
 * message.
 */
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

/* INVAL for a version that there is not. */
enum abi_status message_version_set(enum http_version *version, uint32_t to);

/*
 * What is the same in fastly_http_req and fastly_http_resp, the seven header calls and the two of the
 * version: each finds the message and does what the function above of the same name does.
 */
#define MESSAGE_CALL(module, type, find, call, does)                                                     \
	enum abi_status hostcall_##module##_##call(struct sandbox *sb, struct module##_##call##_args *a) \
	{                                                                                                \
		struct type *m = find(sb, a->h);                                                         \
		return m ? (does) : ABI_BADF;                                                            \
	}
#define MESSAGE_CALLS(module, type, find)                                                                   \
	MESSAGE_CALL(module, type, find, header_names_get, message_names_get(&m->http.headers, &a->values)) \
	MESSAGE_CALL(module, type, find, header_value_get,                                                  \
		     message_value_get(&m->http.headers, a->name, &a->value))                               \
	MESSAGE_CALL(module, type, find, header_values_get,                                                 \
		     message_values_get(&m->http.headers, a->name, &a->values))                             \
	MESSAGE_CALL(module, type, find, header_values_set,                                                 \
		     message_values_set(sb, &m->http.headers, a->name, a->values))                          \
	MESSAGE_CALL(module, type, find, header_insert,                                                     \
		     message_insert(sb, &m->http.headers, a->name, a->value))                               \
	MESSAGE_CALL(module, type, find, header_append,                                                     \
		     message_append(sb, &m->http.headers, a->name, a->value))                               \
	MESSAGE_CALL(module, type, find, header_remove, message_remove(&m->http.headers, a->name))          \
	MESSAGE_CALL(module, type, find, version_get, (put_u32(a->http_version, m->http.version), ABI_OK))  \
	MESSAGE_CALL(module, type, find, version_set, message_version_set(&m->http.version, a->version))

#endif
