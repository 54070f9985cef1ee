/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/option_value.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cli.h"

/* ---- durations ---- */

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "µs", 1000 }, /* both of Unicode's signs for micro */
	{ "μs", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", UINT64_C(60000000000) },
	{ "h", UINT64_C(3600000000000) },
	{ "", 1000000000 },
};

static size_t digits(struct str s)
{
	size_t n = 0;
	while (n < s.len && s.ptr[n] >= '0' && s.ptr[n] <= '9')
		n++;
	return n;
}

/* What stands behind the point, as a part of a unit; digits beyond the ninth are worth less than a
 * nanosecond. */
static uint64_t fraction(struct str text, uint64_t unit_ns)
{
	uint64_t ns = 0, worth = unit_ns;
	for (size_t i = 0; i < text.len && worth >= 10; i++) {
		worth /= 10;
		ns += (uint64_t)(text.ptr[i] - '0') * worth;
	}
	return ns;
}

bool duration_parse(struct str text, uint64_t *ns, struct error *e)
{
	size_t whole = digits(text);
	struct str rest = str_sub(text, whole, text.len), part = { 0 };
	uint64_t number, result;
	if (rest.len && *rest.ptr == '.') {
		part = str_sub(rest, 1, digits(str_sub(rest, 1, rest.len)));
		rest = str_sub(rest, 1 + part.len, rest.len);
		if (part.len == 0)
			whole = 0;
	}
	if (whole == 0)
		return FAIL(e, INVALID,
			    "a duration is a number and a unit (ns, us, ms, s, m, h), as in 500ms or 1.5s");
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (!str_eq(rest, str_from(units[i].name)))
			continue;
		if (!str_to_u64(str_sub(text, 0, whole), UINT64_MAX, &number) ||
		    __builtin_mul_overflow(number, units[i].ns, &result) ||
		    __builtin_add_overflow(result, fraction(part, units[i].ns), &result))
			return FAIL(e, INVALID, "it is longer than 584 years");
		*ns = result;
		return true;
	}
	return FAIL(e, INVALID, "'" STR_FMT "' is no unit of time; there are ns, us, ms, s, m and h",
		    STR_ARG(rest));
}

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
static bool check_profile(struct str value, struct error *e)
{
	struct str rest = value;
	struct error period;
	uint64_t ns;
	struct str name = str_split(&rest, ',');
	bool native =
		str_eq(name, STR("jitdump")) || str_eq(name, STR("perfmap")) || str_eq(name, STR("vtune"));
	bool ok = native ? !rest.ptr : str_eq(name, STR("guest"));
	if (ok && rest.ptr)
		ok = str_split(&rest, ',').len > 0;
	if (ok && rest.ptr)
		ok = duration_parse(rest, &ns, &period);
	return ok ||
	       FAIL(e, INVALID,
		    "not a profiling strategy; there are jitdump, perfmap, vtune and guest[,PATH[,PERIOD]]");
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
	case OPTION_ADDRESS:
		return address_parse(value, member, e);
	case OPTION_PROFILE:
		*(const char **)member = value.ptr;
		return check_profile(value, e);
	}
	return FAIL(e, INTERNAL, "an option of a kind that nobody reads");
}
