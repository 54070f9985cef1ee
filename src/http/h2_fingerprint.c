/* SPDX-License-Identifier: Apache-2.0 */
#include "http/h2_fingerprint.h"

#include <stdio.h>
#include <string.h>

#include "base/attr.h"

/* Adds a word to a list; one that finds no room is left out. */
static void add(char *list, size_t cap, uint16_t *len, char separator, const char *word)
{
	size_t word_len = strlen(word), needed = word_len + (*len > 0);
	if (needed > cap - *len)
		return;
	if (*len)
		list[(*len)++] = separator;
	memcpy(list + *len, word, word_len);
	*len = (uint16_t)(*len + word_len);
}

void h2_fingerprint_setting(struct h2_fingerprint *f, int id, uint32_t value)
{
	char word[32];
	if (f->text_len)
		return;
	snprintf(word, sizeof word, "%d:%u", id, value);
	add(f->settings, sizeof f->settings, &f->settings_len, ';', word);
}

void h2_fingerprint_window(struct h2_fingerprint *f, uint32_t increment)
{
	if (f->text_len || f->has_window)
		return;
	f->has_window = true;
	f->window = increment;
}

void h2_fingerprint_priority(struct h2_fingerprint *f, int32_t stream, bool exclusive, int32_t on, int weight)
{
	char word[64];
	if (f->text_len)
		return;
	snprintf(word, sizeof word, "%d:%d:%d:%d", stream, exclusive, on, weight);
	add(f->priorities, sizeof f->priorities, &f->priorities_len, ',', word);
}

void h2_fingerprint_pseudo(struct h2_fingerprint *f, struct str name)
{
	if (!f->text_len && f->pseudo_count < sizeof f->pseudo && name.len > 1)
		f->pseudo[f->pseudo_count++] = name.ptr[1];
}

struct str h2_fingerprint_text(struct h2_fingerprint *f)
{
	char window[16] = "00", pseudo[2 * sizeof f->pseudo] = "";
	if (f->text_len)
		return (struct str){ f->text, f->text_len };
	if (f->has_window)
		snprintf(window, sizeof window, "%u", f->window);
	for (size_t i = 0; i < f->pseudo_count; i++) {
		pseudo[2 * i] = f->pseudo[i];
		pseudo[2 * i + 1] = i + 1 < f->pseudo_count ? ',' : '\0';
	}
	int len = snprintf(f->text, sizeof f->text, "%.*s|%s|%.*s|%s", (int)f->settings_len, f->settings,
			   window, f->priorities_len ? (int)f->priorities_len : 1,
			   f->priorities_len ? f->priorities : "0", pseudo);
	f->text_len = (size_t)len;
	return (struct str){ f->text, f->text_len };
}
