/* SPDX-License-Identifier: Apache-2.0 */
/* What a world's stores hold, and its backends. */
#include <jansson.h>

#include "lib/lib_priv.h"

/* ---- key-value stores ---- */

static bool kv_fail(const struct kv_op *op, bl_error **error)
{
	static const struct {
		enum error_kind kind;
		const char *text;
	} errors[] = {
		[KV_UNINITIALIZED] = { ERROR_INTERNAL, "it did not end" },
		[KV_OK] = { ERROR_NONE, "" },
		[KV_BAD_REQUEST] = { ERROR_INVALID, "there is no such store, or the key may not be used" },
		[KV_NOT_FOUND] = { ERROR_NOT_FOUND, "there is no such key" },
		[KV_PRECONDITION_FAILED] = { ERROR_INVALID, "a condition does not hold" },
		[KV_PAYLOAD_TOO_LARGE] = { ERROR_LIMIT, "the value or its metadata is too large" },
		[KV_INTERNAL_ERROR] = { ERROR_INTERNAL, "the store failed" },
		[KV_TOO_MANY_REQUESTS] = { ERROR_LIMIT, "too many requests" },
	};
	const char *fault = kv_key_fault(op->key);
	if (op->error == KV_BAD_REQUEST && op->kind != KV_LIST && *fault)
		return lib_failf(error, ERROR_INVALID, "KV store '" STR_FMT "': the key %s",
				 STR_ARG(op->store), fault);
	return lib_failf(error, errors[op->error].kind, "KV store '" STR_FMT "': " STR_FMT ": %s",
			 STR_ARG(op->store), STR_ARG(op->key), errors[op->error].text);
}

/* In memory every operation is done at once. */
static bool kv_do(bl_world *world, struct kv_op *op, bl_error **error)
{
	kv_start(world->world->kv, op, &world->loop);
	return (op->done && op->error == KV_OK) || kv_fail(op, error);
}

bool bl_kv_put_with(bl_world *world, const char *store, const char *key, const void *value, size_t len,
		    const char *metadata, uint64_t ttl_ns, bl_error **error)
{
	if (!lib_given(world, "world", error) || !lib_given(store, "store", error) ||
	    !lib_given(key, "key", error) || (len && !lib_given(value, "value", error)))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	struct kv_op op;
	scoped(blob_unref) struct blob *blob = blob_new((struct str){ value, len });
	kv_add_store(world->world->kv, str_from(store));
	kv_op_init(&op, KV_INSERT, str_from(store), str_from(key));
	op.value = blob;
	op.metadata = str_from(metadata);
	op.ttl_ns = ttl_ns;
	bool ok = kv_do(world, &op, error);
	kv_op_fini(&op);
	return ok;
}

bool bl_kv_put(bl_world *world, const char *store, const char *key, const void *value, size_t len,
	       bl_error **error)
{
	return bl_kv_put_with(world, store, key, value, len, NULL, 0, error);
}

bl_data *bl_kv_get(bl_world *world, const char *store, const char *key, bl_error **error)
{
	if (!lib_given(world, "world", error) || !lib_given(store, "store", error) ||
	    !lib_given(key, "key", error))
		return NULL;
	lib_locked struct bl_service *s = lib_lock(world->service);
	struct kv_op op;
	kv_op_init(&op, KV_LOOKUP, str_from(store), str_from(key));
	bl_data *data = kv_do(world, &op, error) ? lib_data(blob_str(op.found)) : NULL;
	kv_op_fini(&op);
	return data;
}

bool bl_kv_delete(bl_world *world, const char *store, const char *key, bl_error **error)
{
	if (!lib_given(world, "world", error) || !lib_given(store, "store", error) ||
	    !lib_given(key, "key", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	struct kv_op op;
	kv_op_init(&op, KV_DELETE, str_from(store), str_from(key));
	bool ok = kv_do(world, &op, error);
	kv_op_fini(&op);
	return ok;
}

/* One page of keys behind those that are there; `cursor` becomes the next one's. */
static bool list_page(bl_world *world, const char *store, const char *prefix, struct buf *cursor,
		      struct buf *out, bl_error **error)
{
	struct kv_op op;
	kv_op_init(&op, KV_LIST, str_from(store), STR(""));
	op.prefix = str_from(prefix);
	op.cursor = buf_str(cursor);
	op.limit = KV_LIST_LIMIT_MAX;
	bool ok = kv_do(world, &op, error);
	for (size_t i = 0; ok && i < op.keys_count; i++) {
		buf_add(out, out->len > 1 ? STR(", ") : STR(""));
		buf_add_json(out, op.keys[i]);
	}
	struct buf next = BUF_INIT(LIB_TEXT_BYTES_MAX);
	buf_add(&next, op.next_cursor);
	buf_fini(cursor);
	*cursor = next;
	kv_op_fini(&op);
	return ok;
}

bl_data *bl_kv_list(bl_world *world, const char *store, const char *prefix, bl_error **error)
{
	if (!lib_given(world, "world", error) || !lib_given(store, "store", error))
		return NULL;
	lib_locked struct bl_service *s = lib_lock(world->service);
	scoped(buf_fini) struct buf out = BUF_INIT(SIZE_MAX), cursor = BUF_INIT(LIB_TEXT_BYTES_MAX);
	buf_add_char(&out, '[');
	do {
		if (!list_page(world, store, prefix, &cursor, &out, error))
			return NULL;
	} while (cursor.len);
	buf_add_char(&out, ']');
	return lib_data(buf_str(&out));
}

/* ---- tables ---- */

static bool table_write(bl_world *world, struct tables *tables, const char *store, const char *key,
			struct str value, bl_error **error)
{
	struct error e;
	if (!lib_changeable(world, error))
		return false;
	struct table *t = tables_writable(tables, str_from(store));
	if (!t) {
		tables_add(tables, str_from(store), table_memory_new());
		t = tables_writable(tables, str_from(store));
	}
	return table_put(t, str_from(key), value, &e) || lib_fail(error, &e);
}

static bl_data *table_read(const struct tables *tables, const char *what, const char *store, const char *key,
			   bl_error **error)
{
	struct error e;
	struct str value;
	struct table *t = tables_find(tables, str_from(store));
	scoped(arena_fini) struct arena a = { 0 };
	if (!t) {
		lib_failf(error, ERROR_NOT_FOUND, "no %s store '%s'", what, store);
		return NULL;
	}
	if (table_get(t, str_from(key), &a, &value, &e))
		return lib_data(value);
	error_wrap(&e, "%s store '%s': %s", what, store, key);
	lib_fail(error, &e);
	return NULL;
}

static bool all_given(const void *world, const void *store, const void *key, bl_error **error)
{
	return lib_given(world, "world", error) && lib_given(store, "store", error) &&
	       lib_given(key, "key", error);
}

bool bl_config_put(bl_world *world, const char *store, const char *key, const void *value, size_t len,
		   bl_error **error)
{
	if (!all_given(world, store, key, error) || (len && !lib_given(value, "value", error)))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	return table_write(world, &world->world->config, store, key, (struct str){ value, len }, error);
}

bl_data *bl_config_get(bl_world *world, const char *store, const char *key, bl_error **error)
{
	if (!all_given(world, store, key, error))
		return NULL;
	lib_locked struct bl_service *s = lib_lock(world->service);
	return table_read(&world->world->config, "config", store, key, error);
}

bool bl_secret_put(bl_world *world, const char *store, const char *key, const void *value, size_t len,
		   bl_error **error)
{
	if (!all_given(world, store, key, error) || (len && !lib_given(value, "value", error)))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	return table_write(world, &world->world->secrets, store, key, (struct str){ value, len }, error);
}

bl_data *bl_secret_get(bl_world *world, const char *store, const char *key, bl_error **error)
{
	if (!all_given(world, store, key, error))
		return NULL;
	lib_locked struct bl_service *s = lib_lock(world->service);
	return table_read(&world->world->secrets, "secret", store, key, error);
}

/* ---- lists, records, rates ---- */

bool bl_acl_add(bl_world *world, const char *list, const char *prefix, bool allow, bl_error **error)
{
	struct error e;
	struct acl_entry entry = { .allow = allow };
	if (!lib_given(world, "world", error) || !lib_given(list, "list", error) ||
	    !lib_given(prefix, "prefix", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	if (!acl_parse_prefix(str_from(prefix), &entry, &e)) {
		error_wrap(&e, "'%s'", prefix);
		return lib_fail(error, &e);
	}
	return acl_add(world->world->acl, str_from(list), &entry) ||
	       lib_failf(error, ERROR_UNSUPPORTED, "the list cannot be written to");
}

static bool is_json_object(const char *text, bl_error **error)
{
	json_error_t at;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &at);
	bool object = json_is_object(json);
	json_decref(json);
	if (!json)
		return lib_failf(error, ERROR_INVALID, "the record is not JSON: %s (line %d, column %d)",
				 at.text, at.line, at.column);
	return object || lib_failf(error, ERROR_INVALID, "the record is not a JSON object");
}

bool bl_geo_put(bl_world *world, const char *address, const char *json, bl_error **error)
{
	struct error e;
	uint8_t ip[16], len;
	if (!lib_given(world, "world", error) || !lib_given(address, "address", error) ||
	    !lib_given(json, "json", error) || !is_json_object(json, error))
		return false;
	if (!ip_parse(str_from(address), ip, &len))
		return lib_failf(error, ERROR_INVALID, "'%s' is not an IP address", address);
	lib_locked struct bl_service *s = lib_lock(world->service);
	return lib_changeable(world, error) &&
	       (geo_put(world->world->geo, ip, len, str_from(json), &e) || lib_fail(error, &e));
}

bool bl_device_put(bl_world *world, const char *user_agent, const char *json, bl_error **error)
{
	struct error e;
	if (!lib_given(world, "world", error) || !lib_given(user_agent, "user_agent", error) ||
	    !lib_given(json, "json", error) || !is_json_object(json, error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	return lib_changeable(world, error) &&
	       (device_put(world->world->device, str_from(user_agent), str_from(json), &e) ||
		lib_fail(error, &e));
}

bool bl_rate_add(bl_world *world, const char *counter, const char *entry, uint32_t delta, bl_error **error)
{
	struct error e;
	if (!lib_given(world, "world", error) || !lib_given(counter, "counter", error) ||
	    !lib_given(entry, "entry", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	return lib_changeable(world, error) && (rates_add(world->world->rates, clock_monotonic(world->clock),
							  str_from(counter), str_from(entry), delta, &e) ||
						lib_fail(error, &e));
}

bool bl_rate_count(bl_world *world, const char *counter, const char *entry, uint32_t window_s,
		   uint64_t *count, bl_error **error)
{
	struct error e;
	if (!lib_given(world, "world", error) || !lib_given(counter, "counter", error) ||
	    !lib_given(entry, "entry", error) || !lib_given(count, "count", error))
		return false;
	lib_locked struct bl_service *s = lib_lock(world->service);
	return rates_count(world->world->rates, clock_monotonic(world->clock), str_from(counter),
			   str_from(entry), window_s, count, &e) ||
	       lib_fail(error, &e);
}

/* ---- backends ---- */

bool bl_backend_add(bl_world *world, const char *name, const char *url, bl_error **error)
{
	struct error e;
	if (!lib_given(world, "world", error) || !lib_given(name, "name", error) ||
	    !lib_given(url, "url", error))
		return false;
	if (!*name)
		return lib_failf(error, ERROR_INVALID, "a backend's name is not empty");
	lib_locked struct bl_service *s = lib_lock(world->service);
	if (!lib_changeable(world, error))
		return false;
	struct backend *b = backend_new(str_from(name));
	if (backend_set_url(b, str_from(url), &e)) {
		world_add_backend(world->world, b);
		return true;
	}
	backend_unref(&b);
	error_wrap(&e, "backend '%s': %s", name, url);
	return lib_fail(error, &e);
}
