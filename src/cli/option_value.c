/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/option_value.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "runner/shell.h"

/* ---- addresses ---- */

bool address_parse(struct str text, struct net_address *out, struct error *e)
{
	char host[INET6_ADDRSTRLEN];
	uint64_t port;
	size_t colon = text.len;
	while (colon > 0 && text.ptr[colon - 1] != ':')
		colon--;
	struct str ip = str_sub(text, 0, colon ? colon - 1 : 0);
	bool v6 = str_starts(ip, STR("[")) && str_ends(ip, STR("]"));
	if (v6)
		ip = str_sub(ip, 1, ip.len - 2);
	bool ok = ip.len > 0 && ip.len < sizeof host && !memchr(ip.ptr, '\0', ip.len);
	if (ok) {
		memcpy(host, ip.ptr, ip.len);
		host[ip.len] = '\0';
		ok = inet_pton(v6 ? AF_INET6 : AF_INET, host, out->ip) == 1;
	}
	ok = ok && str_to_u64(str_sub(text, colon, text.len), UINT16_MAX, &port);
	if (!ok)
		return FAIL(
			e, INVALID,
			"invalid socket address syntax; write IP:PORT, as in 127.0.0.1:7676 or [::1]:7676");
	out->ip_len = v6 ? 16 : 4;
	out->port = (uint16_t)port;
	return true;
}

/* ---- choices ---- */

static bool choose(const char *choices, struct str value, unsigned *out, struct error *e)
{
	scoped(buf_fini) struct buf listed = BUF_INIT(ERROR_TEXT_BYTES_MAX);
	unsigned n = 0;
	for (struct str rest = str_from(choices), one; choice_next(&rest, &one); n++) {
		if (str_eq(one, value)) {
			*out = n;
			return true;
		}
		buf_printf(&listed, "%s" STR_FMT, n ? ", " : "", STR_ARG(one));
	}
	return FAIL(e, INVALID, "possible values: " STR_FMT, STR_ARG(buf_str(&listed)));
}

/* jitdump, perfmap, vtune, guest, guest,PATH and guest,PATH,PERIOD. */
static bool read_profile(struct str value, struct profile_options *out, struct error *e)
{
	static const char *const names[] = {
		[PROFILE_GUEST] = "guest",
		[PROFILE_JITDUMP] = "jitdump",
		[PROFILE_PERFMAP] = "perfmap",
		[PROFILE_VTUNE] = "vtune",
	};
	struct str rest = value, name = str_split(&rest, ',');
	struct error period;
	*out = (struct profile_options){ .period_ns = PROFILE_PERIOD_NS };
	for (size_t i = PROFILE_GUEST; i < COUNT_OF(names); i++) {
		if (str_eq(name, str_from(names[i])))
			out->strategy = (enum profile_strategy)i;
	}
	bool ok = out->strategy == PROFILE_GUEST || (out->strategy != PROFILE_NONE && !rest.ptr);
	if (ok && rest.ptr) {
		out->path = str_split(&rest, ',');
		ok = out->path.len > 0;
	}
	if (ok && rest.ptr)
		ok = duration_parse(rest, &out->period_ns, &period) && out->period_ns > 0;
	return ok ||
	       FAIL(e, INVALID,
		    "not a profiling strategy; there are jitdump, perfmap, vtune and guest[,PATH[,PERIOD]]");
}

/* I/N. */
static bool read_shard(struct str value, struct cli_shard *out, struct error *e)
{
	uint64_t index, count;
	struct str rest = value, first = str_split(&rest, '/');
	if (!str_to_u64(first, SHARDS_MAX, &index) || !str_to_u64(rest, SHARDS_MAX, &count) || index == 0 ||
	    index > count)
		return FAIL(e, INVALID,
			    "a part and the number of parts are wanted, as 1/4; there may be %d parts",
			    SHARDS_MAX);
	*out = (struct cli_shard){ (unsigned)index, (unsigned)count };
	return true;
}

/* NAME or NAME=FILE. */
static bool add_report(const char *choices, struct str value, struct cli_reports *out, struct error *e)
{
	unsigned id;
	size_t equals = str_find_char(value, '=');
	if (!choose(choices, str_sub(value, 0, equals), &id, e))
		return false;
	if (equals != STR_NONE && equals + 1 == value.len)
		return FAIL(e, INVALID, "no file is named behind the equals sign");
	if (out->count == REPORTS_MAX)
		return FAIL(e, LIMIT, "that is one report too many; there may be %d", REPORTS_MAX);
	out->at[out->count].id = (enum report_id)id;
	out->at[out->count++].file = equals == STR_NONE ? NULL : value.ptr + equals + 1;
	return true;
}

bool option_value_set(const struct option_row *row, struct cli_options *o, struct str value, struct error *e)
{
	void *member = (char *)o + row->offset;
	unsigned choice;
	if (value.len == 0 && row->value)
		return FAIL(e, INVALID, "it is empty");
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)member = true;
		return true;
	case OPTION_COUNT:
		*(unsigned *)member += *(unsigned *)member < UINT32_MAX;
		return true;
	case OPTION_TEXT:
		*(const char **)member = value.ptr;
		return true;
	case OPTION_NUMBER:
		if (str_to_u64(value, row->most, member) && *(uint64_t *)member >= row->least)
			return true;
		return FAIL(e, INVALID, "a whole number from %llu to %llu is wanted",
			    (unsigned long long)row->least, (unsigned long long)row->most);
	case OPTION_DURATION:
		return duration_parse(value, member, e);
	case OPTION_CHOICE:
		return choose(row->choices, value, member, e);
	case OPTION_SWITCH:
		if (!choose(row->choices, value, &choice, e))
			return false;
		*(bool *)member = choice != 0;
		return true;
	case OPTION_REPORT:
		return add_report(row->choices, value, member, e);
	case OPTION_SHARD:
		return read_shard(value, member, e);
	case OPTION_ADDRESS:
		return address_parse(value, member, e);
	case OPTION_PROFILE:
		return read_profile(value, member, e);
	}
	return FAIL(e, INTERNAL, "an option of a kind that nobody reads");
}

/* In the largest unit that needs no fraction. */
static void print_duration(uint64_t ns, struct buf *out)
{
	static const struct {
		uint64_t worth;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" } };
	size_t i = 0;
	while (ns % units[i].worth)
		i++;
	buf_printf(out, "%llu%s", (unsigned long long)(ns / units[i].worth), units[i].name);
}

void option_value_print(const struct option_row *row, const struct cli_options *o, struct buf *out)
{
	const void *member = (const char *)o + row->offset;
	struct str rest = str_from(row->choices), one = { 0 };
	switch (row->kind) {
	case OPTION_TEXT:
		shell_quote(str_from(*(const char *const *)member), out);
		break;
	case OPTION_NUMBER:
		buf_add_u64(out, *(const uint64_t *)member);
		break;
	case OPTION_DURATION:
		print_duration(*(const uint64_t *)member, out);
		break;
	case OPTION_CHOICE:
		for (unsigned n = *(const unsigned *)member + 1; n > 0 && choice_next(&rest, &one); n--)
			;
		buf_add(out, one);
		break;
	default:
		break;
	}
}
