/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"
void help_man(FILE *to)
{
	(void)to;
}
void help_markdown(FILE *to)
{
	(void)to;
}
void help_completion(enum cli_completion shell, FILE *to)
{
	(void)shell, (void)to;
}
