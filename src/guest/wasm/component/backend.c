/* SPDX-License-Identifier: Apache-2.0 */
/* fastly:compute/backend and shielding: backends have names in the ABI, and are resources in WIT. */
#include <string.h>

#include "guest/wasm/component/handlers.h"

/* ---- resources that are a name ---- */

static enum door_next new_name(struct door *d, struct str name)
{
	uint32_t rep = door_object_new(d, OBJECT_NAME);
	if (d->wrong)
		return DOOR_TRAP;
	d->objects[rep].of.name = name;
	return door_ok_val(d, door_resource_val(d, rep, 0));
}

enum door_next door_name_open(struct door *d)
{
	struct str name = door_text(d, 0);
	return name.len ? new_name(d, name) : door_open_error(d, ABI_INVAL);
}

enum door_next door_name_get(struct door *d)
{
	struct door_object *o = door_object(d, door_rep(d, 0), OBJECT_NAME);
	return o ? door_plain(d, val_string(o->of.name)) : DOOR_TRAP;
}

enum door_next door_name_clone(struct door *d)
{
	struct door_object *o = door_object(d, door_rep(d, 0), OBJECT_NAME);
	if (!o)
		return DOOR_TRAP;
	struct str name = o->of.name;
	uint32_t rep = door_object_new(d, OBJECT_NAME);
	if (d->wrong)
		return DOOR_TRAP;
	d->objects[rep].of.name = name;
	return door_plain(d, door_resource_val(d, rep, 0));
}

enum door_next door_backend_open(struct door *d)
{
	if (d->step == 0) {
		door_prepare(d, "fastly_backend", "exists");
		door_lower(d, "sq", 0);
		return DOOR_CALL;
	}
	if (d->status != ABI_OK)
		return door_open_error(d, d->status);
	if (!door_u32(d, 0))
		return door_open_error(d, ABI_NONE);
	/* The name is what was lowered. */
	struct str name = { (const char *)d->scratch + d->raw[0], d->raw[1] };
	return new_name(d, arena_str(sandbox_arena(d->sb), name));
}

/* A resource of which nothing is known, nor need be. */
enum door_next door_nothing_new(struct door *d)
{
	uint32_t rep = door_object_new(d, OBJECT_NOTHING);
	return d->wrong ? DOOR_TRAP : door_plain(d, door_resource_val(d, rep, 0));
}

/* ---- options of a dynamic backend ---- */

enum door_next door_backend_options_new(struct door *d)
{
	uint32_t rep = door_object_new(d, OBJECT_BACKEND);
	if (d->wrong)
		return DOOR_TRAP;
	d->objects[rep].of.backend = ARENA_NEW(sandbox_arena(d->sb), struct door_backend_options);
	return door_plain(d, door_resource_val(d, rep, 0));
}

static struct door_backend_options *options_of(struct door *d, size_t arg)
{
	struct door_object *o = door_object(d, door_rep(d, arg), OBJECT_BACKEND);
	return o ? o->of.backend : NULL;
}

enum door_next door_backend_options_text(struct door *d)
{
	static const uint32_t bits[] = {
		[TEXT_HOST] = BACKEND_HOST_OVERRIDE, [TEXT_CERT_HOST] = BACKEND_CERT_HOSTNAME,
		[TEXT_CA] = BACKEND_CA_CERT,         [TEXT_CIPHERS] = BACKEND_CIPHERS,
		[TEXT_SNI] = BACKEND_SNI_HOSTNAME,
	};
	struct door_backend_options *o = options_of(d, 0);
	if (!o)
		return DOOR_TRAP;
	o->mask |= bits[d->row->number];
	o->texts[d->row->number] = door_text(d, 1);
	return DOOR_DONE;
}

#define NUMBER_FIELD(field) offsetof(struct abi_dynamic_backend_config, field)
enum { NO_FIELD = UINT16_MAX };

static const struct {
	uint32_t bit;
	uint16_t field;   /* where its value goes */
	bool set_if_zero; /* the bit says the contrary of the value */
} numbers[] = {
	[NUMBER_CONNECT] = { BACKEND_CONNECT_TIMEOUT, NUMBER_FIELD(connect_timeout_ms), false },
	[NUMBER_FIRST_BYTE] = { BACKEND_FIRST_BYTE_TIMEOUT, NUMBER_FIELD(first_byte_timeout_ms), false },
	[NUMBER_BETWEEN] = { BACKEND_BETWEEN_BYTES_TIMEOUT, NUMBER_FIELD(between_bytes_timeout_ms), false },
	[NUMBER_TLS] = { BACKEND_USE_SSL, NO_FIELD, false },
	[NUMBER_TLS_MIN] = { BACKEND_SSL_MIN_VERSION, NUMBER_FIELD(ssl_min_version), false },
	[NUMBER_TLS_MAX] = { BACKEND_SSL_MAX_VERSION, NUMBER_FIELD(ssl_max_version), false },
	[NUMBER_HTTP_KEEPALIVE] = { BACKEND_KEEPALIVE, NUMBER_FIELD(http_keepalive_time_ms), false },
	[NUMBER_TCP_KEEPALIVE] = { BACKEND_KEEPALIVE, NUMBER_FIELD(tcp_keepalive_enable), false },
	[NUMBER_TCP_INTERVAL] = { BACKEND_KEEPALIVE, NUMBER_FIELD(tcp_keepalive_interval_secs), false },
	[NUMBER_TCP_PROBES] = { BACKEND_KEEPALIVE, NUMBER_FIELD(tcp_keepalive_probes), false },
	[NUMBER_TCP_TIME] = { BACKEND_KEEPALIVE, NUMBER_FIELD(tcp_keepalive_time_secs), false },
	[NUMBER_MAX_CONNECTIONS] = { BACKEND_POOLING_LIMITS, NUMBER_FIELD(max_connections), false },
	[NUMBER_MAX_USE] = { BACKEND_POOLING_LIMITS, NUMBER_FIELD(max_use), false },
	[NUMBER_MAX_LIFETIME] = { BACKEND_POOLING_LIMITS, NUMBER_FIELD(max_lifetime_ms), false },
	[NUMBER_POOLING] = { BACKEND_DONT_POOL, NO_FIELD, true },
	[NUMBER_GRPC] = { BACKEND_GRPC, NO_FIELD, false },
	[NUMBER_IPV6] = { BACKEND_PREFER_IPV4, NO_FIELD, true },
};

enum door_next door_backend_options_number(struct door *d)
{
	struct door_backend_options *o = options_of(d, 0);
	uint32_t value = (uint32_t)door_number(d, 1), bit = numbers[d->row->number].bit;
	uint16_t field = numbers[d->row->number].field;
	if (!o)
		return DOOR_TRAP;
	bool set = field != NO_FIELD || (value != 0) != numbers[d->row->number].set_if_zero;
	o->mask = set ? o->mask | bit : o->mask & ~bit;
	if (field != NO_FIELD)
		memcpy((uint8_t *)&o->config + field, &value, sizeof value);
	return DOOR_DONE;
}

enum door_next door_backend_options_cert(struct door *d)
{
	struct door_backend_options *o = options_of(d, 0);
	uint32_t key = door_rep(d, 2);
	if (!o)
		return DOOR_TRAP;
	o->texts[TEXT_CLIENT_CERT] = door_text(d, 1);
	o->config.client_key = key;
	o->mask |= BACKEND_CLIENT_CERT;
	return DOOR_DONE;
}

/* Health checks are accepted and change nothing: every backend is healthy, as it is to core modules. */
enum door_next door_backend_options_health(struct door *d)
{
	return options_of(d, 0) ? DOOR_DONE : DOOR_TRAP;
}

enum door_next door_health_new(struct door *d)
{
	uint32_t rep = door_object_new(d, OBJECT_NOTHING);
	return d->wrong ? DOOR_TRAP : door_ok_val(d, door_resource_val(d, rep, 0));
}

enum door_next door_health_set(struct door *d)
{
	return door_object(d, door_rep(d, 0), OBJECT_NOTHING) ? door_ok(d) : DOOR_TRAP;
}

static void place_text(struct door *d, struct str text, uint32_t *at, uint32_t *len)
{
	*at = door_copy(d, text.ptr, text.len);
	*len = (uint32_t)text.len;
}

enum door_next door_backend_register(struct door *d)
{
	if (d->step == 1) {
		struct str name = { (const char *)d->scratch + d->raw[0], d->raw[1] };
		return d->status == ABI_OK ? new_name(d, arena_str(sandbox_arena(d->sb), name))
					   : door_error(d, d->status);
	}
	struct door_backend_options *o = options_of(d, 2);
	if (!o)
		return DOOR_TRAP;
	struct abi_dynamic_backend_config c = o->config;
	place_text(d, o->texts[TEXT_HOST], &c.host_override, &c.host_override_len);
	place_text(d, o->texts[TEXT_CERT_HOST], &c.cert_hostname, &c.cert_hostname_len);
	place_text(d, o->texts[TEXT_CA], &c.ca_cert, &c.ca_cert_len);
	place_text(d, o->texts[TEXT_CIPHERS], &c.ciphers, &c.ciphers_len);
	place_text(d, o->texts[TEXT_SNI], &c.sni_hostname, &c.sni_hostname_len);
	place_text(d, o->texts[TEXT_CLIENT_CERT], &c.client_certificate, &c.client_certificate_len);
	door_prepare(d, "fastly_http_req", "register_dynamic_backend");
	door_arg_val(d, door_val(d, 0));
	door_arg_val(d, door_val(d, 1));
	door_arg(d, o->mask);
	door_arg_record(d, &c, sizeof c);
	return DOOR_CALL;
}

/* ---- shielding ---- */

enum door_next door_shield_options_new(struct door *d)
{
	uint32_t rep = door_object_new(d, OBJECT_SHIELD);
	return d->wrong ? DOOR_TRAP : door_plain(d, door_resource_val(d, rep, 0));
}

enum { SHIELD_CACHE_KEY = 1 << 1, SHIELD_FIRST_BYTE = 1 << 2, SHIELD_BETWEEN_BYTES = 1 << 3 };

enum door_next door_shield_set(struct door *d)
{
	struct door_object *o = door_object(d, door_rep(d, 0), OBJECT_SHIELD);
	if (!o)
		return DOOR_TRAP;
	if (d->row->number == 0) {
		o->of.shield.cache_key = door_text(d, 1);
		o->of.shield.mask |= SHIELD_CACHE_KEY;
	} else if (d->row->number == 1) {
		o->of.shield.first_byte_ms = (uint32_t)door_number(d, 1);
		o->of.shield.mask |= SHIELD_FIRST_BYTE;
	} else {
		o->of.shield.between_bytes_ms = (uint32_t)door_number(d, 1);
		o->of.shield.mask |= SHIELD_BETWEEN_BYTES;
	}
	return DOOR_DONE;
}

enum door_next door_backend_for_shield(struct door *d)
{
	if (d->step == 1) {
		if (d->status != ABI_OK)
			return door_error(d, d->status);
		return new_name(d, arena_str(sandbox_arena(d->sb), door_out(d)));
	}
	struct abi_shield_backend_config c = { 0 };
	uint32_t mask = 0;
	const struct wasmtime_component_val *given = val_inner(door_val(d, 1), &d->wrong);
	if (given) {
		struct door_object *o = door_object(d, val_rep(given, &d->wrong), OBJECT_SHIELD);
		if (!o)
			return DOOR_TRAP;
		mask = o->of.shield.mask;
		c.first_byte_timeout_ms = o->of.shield.first_byte_ms;
		c.between_bytes_timeout_ms = o->of.shield.between_bytes_ms;
		place_text(d, o->of.shield.cache_key, &c.cache_key, &c.cache_key_len);
	}
	door_prepare(d, "fastly_shielding", "backend_for_shield");
	door_arg_val(d, door_val(d, 0));
	door_arg(d, mask);
	door_arg_record(d, &c, sizeof c);
	door_arg_buffer(d, DOOR_BUFFER_BYTES);
	return DOOR_CALL;
}
