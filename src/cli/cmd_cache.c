/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "guest/wasm/code_cache.h"
int cmd_cache(const struct cli_options *o)
{
	(void)o;
	return CLI_PASSED;
}
