/* SPDX-License-Identifier: Apache-2.0 */
/* The names of WIT's enums, flags and variants, in the order of the ABI's numbers; NULL-ended. */
#ifndef GUEST_WASM_COMPONENT_NAMES_H
#define GUEST_WASM_COMPONENT_NAMES_H

extern const char *const names_http_version[];
extern const char *const names_framing_mode[];
extern const char *const names_keepalive_mode[];
extern const char *const names_pending_kind[];
extern const char *const names_encodings[];
extern const char *const names_certificate[];
extern const char *const names_health[];
extern const char *const names_lookup_state[];
extern const char *const names_bot_category[];
extern const char *const names_storage_action[];
extern const char *const names_replace_strategy[]; /* from 1 on */
extern const char *const names_insert_mode[];
extern const char *const names_list_mode[];
extern const char *const names_send_error[]; /* by enum fetch_error, from FETCH_DNS_TIMEOUT on */
extern const char *const names_kv_error[];   /* by enum kv_error */
extern const char *const names_cache_override[];
extern const char *const names_ip[];

#endif
