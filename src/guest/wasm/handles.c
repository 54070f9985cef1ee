/* SPDX-License-Identifier: Apache-2.0 */
#include "guest/wasm/handles.h"

#include <stddef.h>

#include "base/attr.h"
#include "base/mem.h"

enum { INDEX_BITS = 20, INDEX_MASK = (1 << INDEX_BITS) - 1, GENERATION_MASK = 0x7ff };

void handles_init(struct handles *hs)
{
	*hs = (struct handles){ 0 };
}

void handles_fini(struct handles *hs)
{
	mem_free(hs->slots);
	handles_init(hs);
}

void handles_reset(struct handles *hs)
{
	hs->count = hs->first_free = hs->open = 0;
}

uint32_t handles_open(struct handles *hs, enum handle_kind kind, void *object)
{
	uint32_t index;
	if (hs->first_free) {
		index = hs->first_free - 1;
		hs->first_free = hs->slots[index].next_free;
	} else {
		if (hs->count == HANDLES_MAX)
			return HANDLES_FULL;
		if (hs->count == hs->cap) {
			hs->cap = hs->cap ? 2 * hs->cap : 32;
			hs->slots = mem_realloc(hs->slots, hs->cap * sizeof(*hs->slots));
		}
		index = hs->count++;
		hs->slots[index].generation = 0;
	}
	hs->slots[index].kind = (uint8_t)kind;
	hs->slots[index].object = object;
	hs->open++;
	return (uint32_t)hs->slots[index].generation << INDEX_BITS | index;
}

static struct handle_slot *find(const struct handles *hs, uint32_t handle)
{
	uint32_t index = handle & INDEX_MASK;
	if (index >= hs->count || handle >> INDEX_BITS != hs->slots[index].generation)
		return NULL;
	return &hs->slots[index];
}

void *handles_get(const struct handles *hs, uint32_t handle, enum handle_kind kind)
{
	const struct handle_slot *slot = find(hs, handle);
	return slot && slot->kind == kind ? slot->object : NULL;
}

enum handle_kind handles_kind(const struct handles *hs, uint32_t handle)
{
	const struct handle_slot *slot = find(hs, handle);
	return slot ? (enum handle_kind)slot->kind : HANDLE_FREE;
}

void *handles_take(struct handles *hs, uint32_t handle, enum handle_kind kind)
{
	struct handle_slot *slot = find(hs, handle);
	if (!slot || slot->kind != kind)
		return NULL;
	slot->kind = HANDLE_FREE;
	slot->generation = (uint16_t)((slot->generation + 1) & GENERATION_MASK);
	slot->next_free = hs->first_free;
	hs->first_free = (handle & INDEX_MASK) + 1;
	hs->open--;
	return slot->object;
}
