/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/buf.h"
#include "support/test.h"
#include "world/limits.h"

TEST(profiles_are_found_by_name)
{
	assert_non_null(limits_profile(STR("guard")));
	for (struct str rest = str_from(limits_profile_names); rest.ptr;)
		assert_non_null(limits_profile(str_split(&rest, '|')));
	assert_null(limits_profile(STR("Fastly")));
	assert_null(limits_profile(STR("")));
}

TEST(the_platforms_limits_are_those_of_its_documentation)
{
	const struct limits *l = limits_profile(STR("fastly")), *trial = limits_profile(STR("fastly-trial"));
	assert_int_equal(l->memory_bytes, 128 * 1024 * 1024);
	assert_int_equal(l->cpu_ns, 50 * 1000 * 1000);
	assert_int_equal(l->wall_ns, UINT64_C(120) * 1000 * 1000 * 1000);
	assert_int_equal(l->subrequests, 32);
	assert_int_equal(l->dynamic_backends, 200);
	assert_int_equal(l->config_lookups, 32);
	assert_int_equal(l->uri_bytes, 8192);
	assert_int_equal(l->request_headers, 255);
	assert_int_equal(l->response_headers, 96);
	assert_int_equal(l->cache_object_bytes, 100 * 1024 * 1024);
	assert_int_equal(l->vary_rules, 8);
	assert_int_equal(l->package_bytes, 100 * 1024 * 1024);
	assert_int_equal(trial->wall_ns, UINT64_C(60) * 1000 * 1000 * 1000);
	assert_int_equal(trial->subrequests, 10);
	assert_int_equal(trial->cpu_ns, l->cpu_ns);
}

TEST(a_local_run_is_allowed_at_least_what_the_platform_allows_and_at_most_what_it_can_bear)
{
	const struct limits *guard = limits_profile(STR("guard")), *none = limits_profile(STR("none"));
	const struct limits *fastly = limits_profile(STR("fastly"));
	for (size_t i = 0; i < LIMITS; i++) {
		assert_true(fastly->at[i] > 0);
		assert_true(guard->at[i] >= fastly->at[i]);
		assert_true(none->at[i] >= guard->at[i]);
		assert_true(strlen(limit_rows[i].what) > 0 && strlen(limit_rows[i].answer) > 0);
		assert_int_equal(limit_find(str_from(limit_rows[i].name)), i);
	}
	assert_int_equal(limit_find(STR("nothing")), LIMITS);
}

TEST(a_bound_is_read_in_its_unit)
{
	uint64_t n;
	struct error e;
	assert_true(limit_parse(LIMIT_memory_bytes, STR("64MiB"), &n, &e));
	assert_int_equal(n, 64 << 20);
	assert_true(limit_parse(LIMIT_cpu_ns, STR("20ms"), &n, &e));
	assert_int_equal(n, 20 * 1000 * 1000);
	assert_true(limit_parse(LIMIT_handles, STR("32"), &n, &e));
	assert_int_equal(n, 32);
	assert_true(limit_parse(LIMIT_cpu_ns, STR("none"), &n, &e));
	assert_int_equal(n, UNLIMITED);
	assert_false(limit_parse(LIMIT_cpu_ns, STR("20"), &n, &e));
	assert_non_null(strstr(e.text, "has no unit"));
	assert_false(limit_parse(LIMIT_handles, STR("20ms"), &n, &e));
	assert_non_null(strstr(e.text, "is no number"));
	assert_true(limit_check(LIMIT_log_bytes, 1 << 30, &e));
	assert_false(limit_check(LIMIT_log_bytes, (1 << 30) + 1, &e));
	assert_non_null(strstr(e.text, "the most that there can be is 1 GiB"));
}

TEST(one_limit_is_enforced_or_noted_and_the_others_stay)
{
	const struct limits *guard = limits_profile(STR("guard"));
	struct limits limits = *guard, noted = *guard;
	limits_use_one(&limits, &noted, LIMITS_ENFORCE, LIMIT_subrequests, 3);
	limits_use_one(&limits, &noted, LIMITS_WARN, LIMIT_handles, 7);
	limits_use_one(&limits, &noted, LIMITS_OFF, LIMIT_log_bytes, 1);
	assert_int_equal(limits.subrequests, 3);
	assert_int_equal(noted.subrequests, 3);
	assert_int_equal(limits.handles, guard->handles);
	assert_int_equal(noted.handles, 7);
	assert_int_equal(noted.log_bytes, guard->log_bytes);
}

TEST(enforcing_sets_what_ends_things_and_warning_only_what_is_told_of)
{
	const struct limits *guard = limits_profile(STR("guard"));
	struct limits profile = *limits_profile(STR("fastly")), limits = *guard, noted = *guard;
	profile.handles = 7;
	profile.log_bytes = guard->log_bytes + 1;
	limits_use(&limits, &noted, LIMITS_OFF, &profile);
	assert_memory_equal(&limits, guard, sizeof limits);
	assert_memory_equal(&noted, guard, sizeof noted);
	limits_use(&limits, &noted, LIMITS_WARN, &profile);
	assert_memory_equal(&noted, &profile, sizeof noted);
	assert_int_equal(limits.handles, guard->handles);
	assert_int_equal(limits.log_bytes, guard->log_bytes + 1);
	assert_true(limits.memory_bytes > guard->memory_bytes); /* the guard is the platform's own bound */
	limits_use(&limits, &noted, LIMITS_ENFORCE, &profile);
	assert_memory_equal(&limits, &profile, sizeof limits);
	assert_memory_equal(&noted, &profile, sizeof noted);
}

TEST(memory_has_room_to_be_seen_to_be_too_much_only_when_that_is_enforced)
{
	const struct limits *l = limits_profile(STR("fastly"));
	assert_int_equal(limits_memory_room(l, LIMITS_OFF), l->memory_bytes);
	assert_true(limits_memory_room(l, LIMITS_ENFORCE) > l->memory_bytes);
	l = limits_profile(STR("none"));
	assert_int_equal(limits_memory_room(l, LIMITS_ENFORCE), l->memory_bytes);
}

TEST(numbers_are_printed_in_their_units)
{
	struct buf b = BUF_INIT(256);
	limit_print(LIMIT_memory_bytes, UINT64_C(128) << 20, &b);
	buf_add(&b, STR(", "));
	limit_print(LIMIT_cpu_ns, 51500000, &b);
	buf_add(&b, STR(", "));
	limit_print(LIMIT_subrequests, 33, &b);
	buf_add(&b, STR(", "));
	limit_print(LIMIT_cpu_ns, UNLIMITED, &b);
	assert_string_equal(b.ptr, "128 MiB, 51.5 ms, 33, no limit");
	buf_fini(&b);
}
