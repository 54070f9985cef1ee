/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

int cmd_test(const struct cli_options *o)
{
	struct error e;
	FAIL(&e, UNSUPPORTED, "the command 'test' is not built in this version");
	return cli_error(o, CLI_INTERNAL, &e);
}
