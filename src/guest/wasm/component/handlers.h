/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers that component.def names, and the numbers that tell their rows apart. */
#ifndef GUEST_WASM_COMPONENT_HANDLERS_H
#define GUEST_WASM_COMPONENT_HANDLERS_H

#include "guest/wasm/component/door.h"

/* Which text of an abi_dynamic_backend_config: index into door_backend_options.texts. */
enum { TEXT_HOST, TEXT_CERT_HOST, TEXT_CA, TEXT_CIPHERS, TEXT_SNI, TEXT_CLIENT_CERT };

enum {
	NUMBER_CONNECT,
	NUMBER_FIRST_BYTE,
	NUMBER_BETWEEN,
	NUMBER_TLS,
	NUMBER_TLS_MIN,
	NUMBER_TLS_MAX,
	NUMBER_HTTP_KEEPALIVE,
	NUMBER_TCP_KEEPALIVE,
	NUMBER_TCP_INTERVAL,
	NUMBER_TCP_PROBES,
	NUMBER_TCP_TIME,
	NUMBER_MAX_CONNECTIONS,
	NUMBER_MAX_USE,
	NUMBER_MAX_LIFETIME,
	NUMBER_POOLING,
	NUMBER_GRPC,
	NUMBER_IPV6,
};

enum {
	RUNTIME_SANDBOX_ID,
	RUNTIME_HOSTNAME,
	RUNTIME_POP,
	RUNTIME_REGION,
	RUNTIME_CACHE_GENERATION,
	RUNTIME_CUSTOMER_ID,
	RUNTIME_IS_STAGING,
	RUNTIME_SERVICE_ID,
	RUNTIME_SERVICE_VERSION,
	RUNTIME_NAMESPACE_ID,
};

enum {
	SUGGESTED_MAX_AGE_NS,
	SUGGESTED_VARY_RULE,
	SUGGESTED_INITIAL_AGE_NS,
	SUGGESTED_STALE_WHILE_REVALIDATE_NS,
	SUGGESTED_STALE_IF_ERROR_NS,
	SUGGESTED_SURROGATE_KEYS,
	SUGGESTED_LENGTH,
	SUGGESTED_SENSITIVE_DATA,
};

#define RESOURCE(...)
#define WIT(...)
#define WITH(interface, name, handler, ...) enum door_next door_##handler(struct door *d);
#include "guest/wasm/component/component.def"

/* What a resource's destructor does; by what component.def says. */
#define RESOURCE(interface, name, id, drop) enum abi_status door_drop_##drop(struct door *d, uint32_t rep);
#define WIT(...)
#define WITH(...)
#include "guest/wasm/component/component.def"

/*
 * Records of options, each as its host call has it; by the letter of component.def. False: there is no such.
 */
bool door_lower_record(struct door *d, char letter, const struct wasmtime_component_val *v);

#endif
