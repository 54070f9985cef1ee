/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which limits a world has: a profile by its name, or settings in TOML, as a file of their own or as
 * [local_server.limits] of a fastly.toml. docs/reference/limits.md has every key.
 */
#ifndef MANIFEST_LIMITS_FILE_H
#define MANIFEST_LIMITS_FILE_H

#include "base/arena.h"
#include "base/error.h"
#include "world/world.h"

/* What was said by one who may say it: the manifest, or the command line. */
struct limits_choice {
	bool has_mode, has_profile;
	enum limits_mode mode;
	struct limits profile;
};

/*
 * Sets the profile to that of a name ("fastly"), or to what a file says: whatever has a '/' or a '.' in it is
 * a file. Errors name the profiles there are, or the place in the file: "limits.toml:3:5: …".
 */
must_use bool limits_choice_open(struct limits_choice *c, const char *name_or_file, struct error *e);

/*
 * Gives the world what the user chose, and where he said nothing what the manifest says. A profile without a
 * mode is enforced; a mode without a profile is about "fastly"; neither leaves the guards.
 */
void limits_choose(struct world *w, const struct limits_choice *manifest, const struct limits_choice *user);

#endif
