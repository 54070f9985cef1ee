/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A browser's name and version out of a User-Agent: the families that are met most, by a small table, under
 * the names that the public ua-parser project gives them. What is in no row is "Other", without a version.
 */
#ifndef WORLD_USER_AGENT_H
#define WORLD_USER_AGENT_H

#include "base/str.h"

struct user_agent {
	struct str family;              /* of the table */
	struct str major, minor, patch; /* pieces of the text; empty: none was there */
};

struct user_agent user_agent_parse(struct str text);

#endif
