/* SPDX-License-Identifier: Apache-2.0 */
/* Fastly's adapter, as the build found it, inside of the program. */
#include "guest/wasm/adapt/adapt.h"

#ifdef BACKLOT_ADAPTER
/* clang-format off */
__asm__(".section .rodata\n"
	".balign 16\n"
	"backlot_adapter:\n"
	".incbin \"" BACKLOT_ADAPTER "\"\n"
	"backlot_adapter_end:\n"
	".previous\n");
/* clang-format on */
extern const char backlot_adapter[], backlot_adapter_end[];

struct str adapter_bytes(void)
{
	return (struct str){ backlot_adapter, (size_t)(backlot_adapter_end - backlot_adapter) };
}

const char *adapter_version(void)
{
	return "viceroy-lib-0.22.0";
}
#else
struct str adapter_bytes(void)
{
	return STR("");
}

const char *adapter_version(void)
{
	return "none";
}
#endif
