/* SPDX-License-Identifier: Apache-2.0 */
/* fastly_compute_runtime. */
#include "guest/wasm/component/run.h"
#include "guest/wasm/sandbox.h"
#include "guest/wasm/wasm_service.h"

enum { MIB = 1 << 20 };

/* What the guest used in earlier polls, and in the one that this call is part of. */
enum abi_status hostcall_compute_runtime_get_vcpu_ms(struct sandbox *sb,
						     struct compute_runtime_get_vcpu_ms_args *a)
{
	put_u64(a->vcpu_ms, sandbox_cpu_ns(sb) / NS_PER_MS);
	return ABI_OK;
}

enum abi_status hostcall_compute_runtime_get_heap_mib(struct sandbox *sb,
						      struct compute_runtime_get_heap_mib_args *a)
{
	/* Of a component, what it began with: Wasmtime's C API does not tell how its memories have grown. */
	uint64_t bytes = sb->door ? sb->service->component->initial_memory : sb->size;
	put_u32(a->memory_mib, (uint32_t)((bytes + MIB - 1) / MIB));
	return ABI_OK;
}

/* ---- products of the platform: the world says which there are, and unless it does, there are none ---- */

enum abi_status hostcall_compute_runtime_has_domain_inspector(
	struct sandbox *sb, struct compute_runtime_has_domain_inspector_args *a)
{
	put_u32(a->has, sb->world->facts->products.domain_inspector == KNOWN_YES);
	return ABI_OK;
}

enum abi_status hostcall_compute_runtime_has_image_optimizer(
	struct sandbox *sb, struct compute_runtime_has_image_optimizer_args *a)
{
	put_u32(a->has, sb->world->facts->products.image_optimizer == KNOWN_YES);
	return ABI_OK;
}

enum abi_status hostcall_compute_runtime_has_origin_inspector(
	struct sandbox *sb, struct compute_runtime_has_origin_inspector_args *a)
{
	put_u32(a->has, sb->world->facts->products.origin_inspector == KNOWN_YES);
	return ABI_OK;
}
