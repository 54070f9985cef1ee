/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "support/test.h"
#include "world/limits.h"

TEST(profiles_are_found_by_name)
{
	assert_non_null(limits_profile(STR("default")));
	assert_non_null(limits_profile(STR("fastly")));
	assert_null(limits_profile(STR("Default")));
	assert_null(limits_profile(STR("")));
}

TEST(the_platforms_limits_are_those_of_its_documentation)
{
	const struct limits *l = limits_profile(STR("fastly"));
	assert_int_equal(l->memory_bytes, 128 * 1024 * 1024);
	assert_int_equal(l->cpu_ns, 50 * 1000 * 1000);
	assert_int_equal(l->wall_ns, UINT64_C(120) * 1000 * 1000 * 1000);
	assert_int_equal(l->subrequests, 32);
	assert_int_equal(l->dynamic_backends, 200);
	assert_int_equal(l->uri_bytes, 8192);
}

TEST(a_local_run_is_allowed_at_least_what_the_platform_allows)
{
	struct limits local = *limits_profile(STR("default")), platform = *limits_profile(STR("fastly"));
	const char *name, *what;
	size_t count = 0;
	for (; limits_describe(count, &name, &what); count++) {
		const uint64_t *mine = limits_find(&local, str_from(name));
		const uint64_t *theirs = limits_find(&platform, str_from(name));
		assert_true(*mine >= *theirs);
		assert_true(*theirs > 0);
		assert_true(strlen(what) > 0);
	}
	assert_int_equal(count * sizeof(uint64_t), sizeof(struct limits));
	assert_true(local.headers >= 10000);
}

TEST(a_limit_can_be_set_by_name)
{
	struct limits l = *limits_profile(STR("default"));
	*limits_find(&l, STR("handles")) = 7;
	assert_int_equal(l.handles, 7);
	assert_null(limits_find(&l, STR("nothing")));
}
