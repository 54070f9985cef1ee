/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists in memory: each a persistent map from network to entry, and a note of the prefix lengths that occur,
 * so that a lookup tries only these, longest first. An address is in one network of a length, so the tie that
 * the last entry decides is an entry replacing another of the same network.
 */
#include <string.h>

#include "base/mem.h"
#include "base/pmap.h"
#include "world/acl.h"

enum { BITS_MAX = 128, NETWORK_KEY_BYTES = 18 };

struct acl_memory {
	struct acl super;
	struct pmap lists; /* struct acl_list by name */
};

struct acl_list {
	struct rc rc;
	struct pmap entries;           /* struct listed by network_key() */
	bool lengths[2][BITS_MAX + 1]; /* [IPv6][prefix length]: are there such entries? */
};

struct listed {
	struct rc rc;
	struct acl_entry entry;
};

static void listed_destroy(struct rc *r)
{
	mem_free(r);
}

static void list_destroy(struct rc *r)
{
	struct acl_list *list = (struct acl_list *)r;
	pmap_fini(&list->entries);
	mem_free(list);
}

static void clear_host_bits(uint8_t *ip, unsigned ip_len, unsigned bits)
{
	for (unsigned i = 0; i < ip_len; i++) {
		unsigned kept = bits > 8 * i ? MIN(bits - 8 * i, 8u) : 0;
		ip[i] &= (uint8_t)(0xff00u >> kept);
	}
}

/* Family, prefix length and network of an address, as bytes. */
static struct str network_key(char out[NETWORK_KEY_BYTES], const uint8_t *ip, uint8_t ip_len, uint8_t bits)
{
	uint8_t network[16];
	memcpy(network, ip, ip_len);
	clear_host_bits(network, ip_len, bits);
	out[0] = (char)ip_len;
	out[1] = (char)bits;
	memcpy(out + 2, network, ip_len);
	return (struct str){ out, 2u + ip_len };
}

/* A list of that name that no fork sees, with all it had; see writable_store() of store/kv_memory.c. */
static struct acl_list *writable_list(struct acl_memory *self, struct str name)
{
	const struct acl_list *old = (const struct acl_list *)pmap_get(&self->lists, name);
	struct acl_list *list = NEW(struct acl_list);
	rc_init(&list->rc, list_destroy);
	if (old) {
		list->entries = pmap_copy(&old->entries);
		memcpy(list->lengths, old->lengths, sizeof list->lengths);
	}
	pmap_put(&self->lists, name, &list->rc);
	return list;
}

static bool acl_memory_has(struct acl *super, struct str name)
{
	return pmap_get(&((struct acl_memory *)super)->lists, name) != NULL;
}

static bool acl_memory_add(struct acl *super, struct str name, const struct acl_entry *entry)
{
	struct acl_memory *self = (struct acl_memory *)super;
	if (!entry) {
		if (!acl_memory_has(super, name))
			writable_list(self, name);
		return true;
	}
	char key[NETWORK_KEY_BYTES];
	struct acl_list *list = writable_list(self, name);
	struct listed *l = NEW(struct listed);
	rc_init(&l->rc, listed_destroy);
	l->entry = *entry;
	clear_host_bits(l->entry.ip, entry->ip_len, entry->bits);
	list->lengths[entry->ip_len == 16][entry->bits] = true;
	pmap_put(&list->entries, network_key(key, entry->ip, entry->ip_len, entry->bits), &l->rc);
	return true;
}

static bool acl_memory_lookup(struct acl *super, struct str name, const uint8_t *ip, uint8_t ip_len,
			      struct acl_entry *found)
{
	const struct acl_memory *self = (const struct acl_memory *)super;
	const struct acl_list *list = (const struct acl_list *)pmap_get(&self->lists, name);
	if (!list || (ip_len != 4 && ip_len != 16))
		return false;
	for (int bits = 8 * ip_len; bits >= 0; bits--) {
		char key[NETWORK_KEY_BYTES];
		if (!list->lengths[ip_len == 16][bits])
			continue;
		struct str network = network_key(key, ip, ip_len, (uint8_t)bits);
		const struct listed *l = (const struct listed *)pmap_get(&list->entries, network);
		if (l) {
			*found = l->entry;
			return true;
		}
	}
	return false;
}

/* The lengths stay: looking for one that does not occur any more finds nothing. */
static bool acl_memory_remove(struct acl *super, struct str name, const struct acl_entry *entry)
{
	struct acl_memory *self = (struct acl_memory *)super;
	char bytes[NETWORK_KEY_BYTES];
	struct str key = network_key(bytes, entry->ip, entry->ip_len, entry->bits);
	const struct acl_list *list = (const struct acl_list *)pmap_get(&self->lists, name);
	return list && pmap_get(&list->entries, key) && pmap_remove(&writable_list(self, name)->entries, key);
}

static bool acl_memory_next(struct acl *super, struct str name, struct acl_item *item)
{
	const struct acl_memory *self = (const struct acl_memory *)super;
	const struct acl_list *list = (const struct acl_list *)pmap_get(&self->lists, name);
	if (!list || !pmap_each(&list->entries, &item->at))
		return false;
	item->entry = ((const struct listed *)item->at.value)->entry;
	return true;
}

static bool acl_memory_next_list(struct acl *super, struct pmap_entry *list)
{
	return pmap_each(&((struct acl_memory *)super)->lists, list);
}

static struct acl *acl_memory_fork(struct acl *super)
{
	const struct acl_memory *self = (const struct acl_memory *)super;
	struct acl_memory *forked = NEW(struct acl_memory);
	forked->super = self->super;
	forked->lists = pmap_copy(&self->lists);
	return &forked->super;
}

static void acl_memory_destroy(struct acl *super)
{
	struct acl_memory *self = (struct acl_memory *)super;
	pmap_fini(&self->lists);
	mem_free(self);
}

static const struct acl_ops acl_memory_ops = {
	.name = "memory",
	.has = acl_memory_has,
	.add = acl_memory_add,
	.lookup = acl_memory_lookup,
	.remove = acl_memory_remove,
	.next = acl_memory_next,
	.next_list = acl_memory_next_list,
	.fork = acl_memory_fork,
	.destroy = acl_memory_destroy,
};

struct acl *acl_memory_new(void)
{
	struct acl_memory *self = NEW(struct acl_memory);
	self->super.ops = &acl_memory_ops;
	return &self->super;
}
