/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "manifest/limits_file.h"
#include "manifest_setup.h"

static void open_text(struct limits_choice *c, const char *text)
{
	struct error e;
	*c = (struct limits_choice){ 0 };
	test_write("limits.toml", str_from(text));
	if (!limits_choice_open(c, test_path("limits.toml"), &e))
		fail_msg("%s", e.text);
}

/* What is said behind "…limits.toml:". */
static void assert_file_refused(const char *text, const char *expected)
{
	struct limits_choice c = { 0 };
	struct error e;
	test_write("limits.toml", str_from(text));
	if (limits_choice_open(&c, test_path("limits.toml"), &e))
		fail_msg("taken: %s", text);
	struct str said = str_from(e.text);
	size_t at = str_find(said, STR("limits.toml:"));
	assert_true(at != STR_NONE);
	assert_str(str_sub(said, at + 12, said.len), expected);
}

TEST(a_profile_is_chosen_by_its_name)
{
	struct limits_choice c = { 0 };
	struct error e;
	assert_true(limits_choice_open(&c, "fastly-trial", &e));
	assert_true(c.has_profile && !c.has_mode);
	assert_int_equal(c.profile.subrequests, 10);
	assert_false(limits_choice_open(&c, "fasty", &e));
	assert_string_equal(e.text, "there is no profile 'fasty'; did you mean 'fastly'?");
	assert_false(limits_choice_open(&c, "guard", &e));
	assert_string_equal(e.text,
			    "there is no profile 'guard'; there are fastly, fastly-trial and none, and files "
			    "of your own (limits.toml)");
	assert_false(limits_choice_open(&c, "./nowhere.toml", &e));
	assert_error(&e, IO, "nowhere.toml");
}

TEST(a_file_says_what_differs_from_a_profile)
{
	struct limits_choice c;
	open_text(&c, "profile = \"fastly-trial\"\ncpu = \"20ms\"\nmemory = \"64 MiB\"\nurl = 100\n"
		      "subrequests = 3\nwall = \"none\"\nlog-line = \"16KB\"\n");
	assert_int_equal(c.profile.cpu_ns, 20 * NS_PER_MS);
	assert_int_equal(c.profile.memory_bytes, 64 << 20);
	assert_int_equal(c.profile.uri_bytes, 100);
	assert_int_equal(c.profile.subrequests, 3);
	assert_true(c.profile.wall_ns == UNLIMITED);
	assert_int_equal(c.profile.log_entry_bytes, 16000);
	assert_int_equal(c.profile.dynamic_backends, 200);
	open_text(&c, "");
	assert_memory_equal(&c.profile, limits_profile(STR("fastly")), sizeof c.profile);
}

TEST(what_is_wrong_in_a_file_is_told_with_its_place)
{
	assert_file_refused("memry = 1", "1:1: there is no limit 'memry'; did you mean 'memory'?");
	assert_file_refused("\n cpu = 50", "2:8: 'cpu' is an integer without a unit; write cpu = \"50ms\"");
	assert_file_refused("cpu = \"50\"",
			    "1:7: 'cpu': '50' has no unit (ns, us, ms, s, m, h); write cpu = \"50ms\"");
	assert_file_refused("cpu = \"50MB\"",
			    "1:7: 'cpu': 'MB' is no unit of time; there are ns, us, ms, s, m and "
			    "h; write cpu = \"50ms\"");
	assert_file_refused("url = \"8kib\"",
			    "1:7: 'url': 'kib' is no unit of size; there are B, KB, MB, GB, KiB, MiB "
			    "and GiB; write url = \"64KiB\", or a number of bytes");
	assert_file_refused("url = -1",
			    "1:7: 'url' is an integer below 0; write url = \"64KiB\", or a number of bytes");
	assert_file_refused("subrequests = \"3\"",
			    "1:15: 'subrequests': it is counted, and a string is no number; "
			    "write subrequests = 32");
	assert_file_refused("subrequests = true", "1:15: 'subrequests' is a boolean; write subrequests = 32");
	assert_file_refused("memory = \"5GiB\"",
			    "1:10: 'memory': the most that there can be is 4 GiB; write less, or \"none\"");
	assert_file_refused("memory = \"99999999999GiB\"",
			    "1:10: 'memory': it is larger than 16 EiB; write memory = "
			    "\"64KiB\", or a number of bytes");
	assert_file_refused("profile = \"x\"",
			    "1:11: there is no profile 'x'; there are fastly, fastly-trial and none, "
			    "and files of your own (limits.toml)");
	assert_file_refused("profile = 1",
			    "1:11: 'profile' is an integer, not a string; write profile = \"fastly\"");
	struct limits_choice c = { 0 };
	struct error e;
	test_write("limits.toml", str_from("mode = \"warn\""));
	assert_false(limits_choice_open(&c, test_path("limits.toml"),
					&e)); /* it is the manifest's, or an option */
}

TEST(a_manifest_has_a_mode_a_profile_and_limits)
{
	struct setup s;
	begin(&s);
	parse(&s, "[local_server.limits]\nmode = \"warn\"\nprofile = \"fastly-trial\"\nhandles = 9\n");
	const struct limits_choice *c = &s.manifest.limits;
	assert_true(c->has_mode && c->has_profile);
	assert_int_equal(c->mode, LIMITS_WARN);
	assert_int_equal(c->profile.handles, 9);
	assert_int_equal(c->profile.subrequests, 10);
	end(&s);
	begin(&s);
	test_write("own.toml", str_from("handles = 8\n"));
	parse(&s, "[local_server.limits]\nprofile = \"own.toml\"\nheaders = 5\n");
	assert_int_equal(s.manifest.limits.profile.handles, 8);
	assert_int_equal(s.manifest.limits.profile.headers, 5);
	end(&s);
	assert_refused("[local_server.limits]\nmode = \"on\"\n",
		       "fastly.toml:2:8: limits: 'mode' is none of \"enforce\", \"warn\" and \"off\"");
	assert_refused("[local_server]\nlimits = 3\n",
		       "fastly.toml:2:10: limits: is an integer, not a table; write [local_server.limits]");
}

TEST(the_user_has_the_last_word_and_the_manifest_the_first)
{
	static const struct limits_choice nothing = { 0 };
	struct limits_choice warn = { .has_mode = true, .mode = LIMITS_WARN };
	struct limits_choice off = { .has_mode = true, .mode = LIMITS_OFF };
	struct limits_choice trial = { .has_profile = true, .profile = *limits_profile(STR("fastly-trial")) };
	const struct {
		const struct limits_choice *manifest, *user;
		enum limits_mode mode;
		uint64_t enforced, noted;
	} rows[] = {
		{ &nothing, &nothing, LIMITS_OFF, 10000, 10000 },
		{ &nothing, &warn, LIMITS_WARN, 10000, 32 },
		{ &nothing, &trial, LIMITS_ENFORCE, 10, 10 },
		{ &trial, &nothing, LIMITS_ENFORCE, 10, 10 },
		{ &trial, &warn, LIMITS_WARN, 10000, 10 },
		{ &warn, &trial, LIMITS_WARN, 10000, 10 },
		{ &trial, &off, LIMITS_OFF, 10000, 10000 },
		{ &warn, &nothing, LIMITS_WARN, 10000, 32 },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct setup s;
		begin(&s);
		limits_choose(s.world, rows[i].manifest, rows[i].user);
		assert_int_equal(s.world->limits_mode, rows[i].mode);
		assert_int_equal(s.world->limits.subrequests, rows[i].enforced);
		assert_int_equal(s.world->noted.subrequests, rows[i].noted);
		end(&s);
	}
}
