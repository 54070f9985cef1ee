/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/human.h"

#include "base/buf.h"

struct human_bytes human_bytes(uint64_t bytes)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	struct human_bytes h;
	if (bytes < 1024) {
		snprintf(h.text, sizeof h.text, "%u B", (unsigned)bytes);
		return h;
	}
	size_t unit = 0;
	double value = (double)bytes / 1024;
	/* 1023.96 would be printed as 1024.0: that is 1.0 of the next. */
	while (value >= 1023.95 && unit + 1 < COUNT_OF(units)) {
		value /= 1024;
		unit++;
	}
	snprintf(h.text, sizeof h.text, "%.1f %s", value, units[unit]);
	return h;
}

struct human_age human_age(uint64_t then_s, uint64_t now_s)
{
	static const struct {
		uint64_t seconds;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	struct human_age h;
	uint64_t age = now_s > then_s ? now_s - then_s : 0;
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (age < units[i].seconds)
			continue;
		snprintf(h.text, sizeof h.text, HUMAN_COUNT_FMT " ago",
			 HUMAN_COUNT_ARG(age / units[i].seconds, units[i].name));
		return h;
	}
	snprintf(h.text, sizeof h.text, "now");
	return h;
}

void human_name(FILE *to, struct str name)
{
	while (name.len) {
		bool valid;
		size_t step = str_utf8_step(name, &valid);
		unsigned char first = (unsigned char)*name.ptr;
		/* C1 controls are two bytes in UTF-8: C2 80 to C2 9F. */
		bool control = first < 0x20 || first == 0x7f ||
			       (step == 2 && first == 0xc2 && (unsigned char)name.ptr[1] < 0xa0);
		for (size_t i = 0; i < step; i++) {
			if (valid && !control)
				fputc(name.ptr[i], to);
			else
				fprintf(to, "\\x%02x", (unsigned char)name.ptr[i]);
		}
		name = str_sub(name, step, name.len);
	}
}

void json_string(FILE *to, struct str text)
{
	scoped(buf_fini) struct buf b = BUF_INIT(SIZE_MAX / 2);
	buf_add_json(&b, text);
	fwrite(b.ptr, 1, b.len, to);
}
