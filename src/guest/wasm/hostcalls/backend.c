/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_backend: what is known of a backend, static or dynamic. */
#include "guest/wasm/sandbox.h"

/* What Fastly uses where nothing was said, in ms. */
enum { CONNECT_TIMEOUT_MS = 1000, FIRST_BYTE_TIMEOUT_MS = 15000, BETWEEN_BYTES_TIMEOUT_MS = 10000 };

enum abi_status hostcall_backend_exists(struct sandbox *sb, struct backend_exists_args *a)
{
	put_u32(a->backend_exists, sandbox_backend(sb, a->backend) != NULL);
	return ABI_OK;
}

enum abi_status hostcall_backend_is_healthy(struct sandbox *sb, struct backend_is_healthy_args *a)
{
	struct backend *b = sandbox_backend(sb, a->backend);
	if (!b)
		return ABI_INVAL;
	put_u32(a->backend_health, b->health);
	return ABI_OK;
}

enum abi_status hostcall_backend_is_dynamic(struct sandbox *sb, struct backend_is_dynamic_args *a)
{
	struct backend *b = sandbox_backend(sb, a->backend);
	if (!b)
		return ABI_INVAL;
	put_u32(a->is_dynamic, b->dynamic);
	return ABI_OK;
}

enum abi_status hostcall_backend_get_host(struct sandbox *sb, struct backend_get_host_args *a)
{
	struct backend *b = sandbox_backend(sb, a->backend);
	return b ? put_bytes(&a->value, b->target.host) : ABI_INVAL;
}

enum abi_status hostcall_backend_get_override_host(struct sandbox *sb,
						   struct backend_get_override_host_args *a)
{
	struct backend *b = sandbox_backend(sb, a->backend);
	if (!b)
		return ABI_INVAL;
	return b->override_host.len ? put_bytes(&a->value, b->override_host) : ABI_NONE;
}

enum abi_status hostcall_backend_get_port(struct sandbox *sb, struct backend_get_port_args *a)
{
	struct backend *b = sandbox_backend(sb, a->backend);
	if (!b)
		return ABI_INVAL;
	put_u16(a->port, b->target.port);
	return ABI_OK;
}

enum abi_status hostcall_backend_is_ssl(struct sandbox *sb, struct backend_is_ssl_args *a)
{
	struct backend *b = sandbox_backend(sb, a->backend);
	if (!b)
		return ABI_INVAL;
	put_u32(a->is_ssl, str_eq(b->target.scheme, STR("https")));
	return ABI_OK;
}

/* A number of the configuration, or what holds when it was not given. */
#define NUMBER(name, field, out, otherwise)                                                          \
	enum abi_status hostcall_backend_##name(struct sandbox *sb, struct backend_##name##_args *a) \
	{                                                                                            \
		struct backend *b = sandbox_backend(sb, a->backend);                                 \
		if (!b)                                                                              \
			return ABI_INVAL;                                                            \
		put_u32(a->out, b->field < 0 ? (otherwise) : (uint32_t)b->field);                    \
		return ABI_OK;                                                                       \
	}

NUMBER(get_connect_timeout_ms, connect_timeout_ms, timeout_ms, CONNECT_TIMEOUT_MS)
NUMBER(get_first_byte_timeout_ms, first_byte_timeout_ms, timeout_ms, FIRST_BYTE_TIMEOUT_MS)
NUMBER(get_between_bytes_timeout_ms, between_bytes_timeout_ms, timeout_ms, BETWEEN_BYTES_TIMEOUT_MS)
NUMBER(get_http_keepalive_time, keepalive_time_ms, timeout_ms, 0)
NUMBER(get_tcp_keepalive_enable, tcp_keepalive_enable, is_keepalive, 0)
NUMBER(get_tcp_keepalive_interval, tcp_keepalive_interval_s, timeout_secs, 0)
NUMBER(get_tcp_keepalive_probes, tcp_keepalive_probes, probe_count, 0)
NUMBER(get_tcp_keepalive_time, tcp_keepalive_time_s, timeout_secs, 0)

static enum abi_status put_tls_version(struct backend *b, enum tls_version version, struct guest_ptr out)
{
	if (!b)
		return ABI_INVAL;
	if (version == TLS_ANY)
		return ABI_NONE;
	put_u32(out, version);
	return ABI_OK;
}

enum abi_status hostcall_backend_get_ssl_min_version(struct sandbox *sb,
						     struct backend_get_ssl_min_version_args *a)
{
	struct backend *b = sandbox_backend(sb, a->backend);
	return put_tls_version(b, b ? b->target.tls_min : TLS_ANY, a->tls_version);
}

enum abi_status hostcall_backend_get_ssl_max_version(struct sandbox *sb,
						     struct backend_get_ssl_max_version_args *a)
{
	struct backend *b = sandbox_backend(sb, a->backend);
	return put_tls_version(b, b ? b->target.tls_max : TLS_ANY, a->tls_version);
}
