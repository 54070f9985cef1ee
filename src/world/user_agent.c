/* SPDX-License-Identifier: Apache-2.0 */
#include "world/user_agent.h"

/*
 * The first row whose token stands in the text decides. The version is what stands behind the token, or
 * behind `version`, where that is given. `also` must stand in the text, too.
 */
static const struct row {
	struct str token, also, version, family;
} rows[] = {
#define ROW(token, also, version, family)                                            \
	{                                                                            \
		STR_INIT(token), STR_INIT(also), STR_INIT(version), STR_INIT(family) \
	}
	ROW("Googlebot-Image/", "", "", "Googlebot-Image"),
	ROW("Googlebot/", "", "", "Googlebot"),
	ROW("bingbot/", "", "", "bingbot"),
	ROW("YandexBot/", "", "", "YandexBot"),
	ROW("DuckDuckBot/", "", "", "DuckDuckBot"),
	ROW("Baiduspider/", "", "", "Baiduspider"),
	ROW("Applebot/", "", "", "Applebot"),
	ROW("AhrefsBot/", "", "", "AhrefsBot"),
	ROW("GPTBot/", "", "", "GPTBot"),
	ROW("ClaudeBot/", "", "", "ClaudeBot"),
	ROW("facebookexternalhit/", "", "", "FacebookBot"),
	ROW("Twitterbot/", "", "", "Twitterbot"),
	ROW("EdgiOS/", "", "", "Edge Mobile"),
	ROW("EdgA/", "", "", "Edge Mobile"),
	ROW("Edg/", "", "", "Edge"),
	ROW("Edge/", "", "", "Edge"),
	ROW("OPR/", "Mobile", "", "Opera Mobile"),
	ROW("OPR/", "", "", "Opera"),
	ROW("Opera Mini/", "", "", "Opera Mini"),
	ROW("Opera/", "Version/", "Version/", "Opera"),
	ROW("Opera/", "", "", "Opera"),
	ROW("SamsungBrowser/", "", "", "Samsung Internet"),
	ROW("YaBrowser/", "", "", "Yandex Browser"),
	ROW("Vivaldi/", "", "", "Vivaldi"),
	ROW("HeadlessChrome/", "", "", "HeadlessChrome"),
	ROW("CriOS/", "", "", "Chrome Mobile iOS"),
	ROW("FxiOS/", "", "", "Firefox iOS"),
	ROW("Firefox/", "Mobile", "", "Firefox Mobile"),
	ROW("Firefox/", "", "", "Firefox"),
	ROW("Chrome/", "; wv)", "", "Chrome Mobile WebView"),
	ROW("Chrome/", "Mobile", "", "Chrome Mobile"),
	ROW("Chrome/", "", "", "Chrome"),
	ROW("Safari/", "Mobile/", "Version/", "Mobile Safari"),
	ROW("Safari/", "Version/", "Version/", "Safari"),
	ROW("Trident/", "rv:", "rv:", "IE"),
	ROW("MSIE ", "", "", "IE"),
	ROW("curl/", "", "", "curl"),
	ROW("Wget/", "", "", "Wget"),
	ROW("python-requests/", "", "", "Python Requests"),
	ROW("Go-http-client/", "", "", "Go-http-client"),
	ROW("okhttp/", "", "", "okhttp"),
	ROW("PostmanRuntime/", "", "", "PostmanRuntime"),
#undef ROW
};

/* Digits off the front, and the '.' behind them. */
static struct str take_part(struct str *rest)
{
	size_t len = 0;
	while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9')
		len++;
	struct str part = str_sub(*rest, 0, len);
	bool more = len < rest->len && rest->ptr[len] == '.' && len > 0;
	*rest = more ? str_sub(*rest, len + 1, rest->len) : STR("");
	return part;
}

struct user_agent user_agent_parse(struct str text)
{
	struct user_agent out = { .family = STR("Other") };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct row *row = &rows[i];
		struct str before = row->version.len ? row->version : row->token;
		if (str_find(text, row->token) == STR_NONE || str_find(text, row->also) == STR_NONE ||
		    str_find(text, before) == STR_NONE)
			continue;
		struct str version = str_sub(text, str_find(text, before) + before.len, text.len);
		out.family = row->family;
		out.major = take_part(&version);
		out.minor = take_part(&version);
		out.patch = take_part(&version);
		break;
	}
	return out;
}
