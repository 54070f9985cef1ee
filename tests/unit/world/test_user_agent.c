/* SPDX-License-Identifier: Apache-2.0 */
/* Families and versions out of User-Agents as they are met. */
#include "support/test.h"
#include "world/user_agent.h"

static void assert_agent(const char *text, const char *family, const char *major, const char *minor,
			 const char *patch)
{
	struct user_agent u = user_agent_parse(str_from(text));
	assert_str(u.family, family);
	assert_str(u.major, major);
	assert_str(u.minor, minor);
	assert_str(u.patch, patch);
}

TEST(browsers_are_told_apart)
{
	assert_agent(
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.109 "
		"Safari/537.36",
		"Chrome", "120", "0", "6099");
	assert_agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
		     "Chrome/120.0.0.0 Safari/537.36 Edg/120.0.2210.91",
		     "Edge", "120", "0", "2210");
	assert_agent("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_2) AppleWebKit/605.1.15 (KHTML, like Gecko) "
		     "Version/17.2.1 Safari/605.1.15",
		     "Safari", "17", "2", "1");
	assert_agent(
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
		"Version/17.2 Mobile/15E148 Safari/604.1",
		"Mobile Safari", "17", "2", "");
	assert_agent("Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0", "Firefox",
		     "121", "0", "");
	assert_agent("Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) "
		     "Chrome/112.0.5615.48 Mobile Safari/537.36",
		     "Chrome Mobile", "112", "0", "5615");
	assert_agent("Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", "IE", "11", "0",
		     "");
	assert_agent("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)", "IE", "8", "0", "");
}

TEST(programs_and_bots_are_told_apart)
{
	assert_agent("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Googlebot/2.1; "
		     "+http://www.google.com/bot.html) Chrome/120.0.0.0 Safari/537.36",
		     "Googlebot", "2", "1", "");
	assert_agent("curl/8.5.0", "curl", "8", "5", "0");
	assert_agent("Wget/1.21", "Wget", "1", "21", "");
}

TEST(what_is_in_no_row_is_other)
{
	assert_agent("", "Other", "", "", "");
	assert_agent("something else", "Other", "", "", "");
	assert_agent("curl/", "curl", "", "", "");
	assert_agent("curl/x.1", "curl", "", "", "");
	assert_agent("curl/1..2", "curl", "1", "", "");
}
