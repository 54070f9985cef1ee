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

#endif
