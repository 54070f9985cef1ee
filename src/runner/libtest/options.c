/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/libtest/options.h"

#include <string.h>

enum option {
	INCLUDE_IGNORED,
	IGNORED,
	IN_PROCESS,
	EXCLUDE_SHOULD_PANIC,
	TEST,
	BENCH,
	LIST,
	FAIL_FAST,
	HELP,
	LOGFILE,
	NO_CAPTURE,
	NOCAPTURE,
	TEST_THREADS,
	SKIP,
	QUIET,
	EXACT,
	COLOR,
	FORMAT,
	SHOW_OUTPUT,
	UNSTABLE,
	REPORT_TIME,
	ENSURE_TIME,
	SHUFFLE,
	SHUFFLE_SEED,
	OPTIONS,
};

static const struct row {
	const char *name;
	char letter;
	bool value, many;
} rows[OPTIONS] = {
	[INCLUDE_IGNORED] = { .name = "include-ignored" },
	[IGNORED] = { .name = "ignored" },
	[IN_PROCESS] = { .name = "force-run-in-process" },
	[EXCLUDE_SHOULD_PANIC] = { .name = "exclude-should-panic" },
	[TEST] = { .name = "test" },
	[BENCH] = { .name = "bench" },
	[LIST] = { .name = "list" },
	[FAIL_FAST] = { .name = "fail-fast" },
	[HELP] = { .name = "help", .letter = 'h' },
	[LOGFILE] = { .name = "logfile", .value = true },
	[NO_CAPTURE] = { .name = "no-capture" },
	[NOCAPTURE] = { .name = "nocapture" },
	[TEST_THREADS] = { .name = "test-threads", .value = true, .many = true },
	[SKIP] = { .name = "skip", .value = true, .many = true },
	[QUIET] = { .name = "quiet", .letter = 'q' },
	[EXACT] = { .name = "exact" },
	[COLOR] = { .name = "color", .value = true, .many = true },
	[FORMAT] = { .name = "format", .value = true },
	[SHOW_OUTPUT] = { .name = "show-output" },
	[UNSTABLE] = { .name = "", .letter = 'Z', .value = true, .many = true },
	[REPORT_TIME] = { .name = "report-time" },
	[ENSURE_TIME] = { .name = "ensure-time" },
	[SHUFFLE] = { .name = "shuffle" },
	[SHUFFLE_SEED] = { .name = "shuffle-seed", .value = true },
};

struct reading {
	struct libtest_options *o;
	const char *const *next; /* what is read next */
	bool given[OPTIONS];
	struct str format;
	struct error *e;
};

static void add_word(struct libtest_words *words, struct str word)
{
	words->at[words->count++] = word;
}

static bool read_threads(struct reading *r, struct str value)
{
	if (!str_to_u64(value, UINT32_MAX, &r->o->threads))
		return FAIL(r->e, INVALID,
			    "argument for --test-threads must be a number > 0 (was " STR_FMT ")",
			    STR_ARG(value));
	return r->o->threads > 0 || FAIL(r->e, INVALID, "argument for --test-threads must not be 0");
}

static bool read_color(struct reading *r, struct str value)
{
	static const char *const names[] = { "auto", "always", "never" };
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		r->o->color = (enum libtest_color)i;
		if (str_eq(value, str_from(names[i])))
			return true;
	}
	return FAIL(r->e, INVALID, "argument for --color must be auto, always, or never (was " STR_FMT ")",
		    STR_ARG(value));
}

static bool read_seed(struct reading *r, struct str value)
{
	r->o->seeded = str_to_u64(value, UINT64_MAX, &r->o->seed);
	return r->o->seeded ||
	       FAIL(r->e, INVALID, "argument for --shuffle-seed must be a number (was " STR_FMT ")",
		    STR_ARG(value));
}

static bool take_value(struct reading *r, enum option option, struct str value)
{
	switch (option) {
	case LOGFILE:
		r->o->logfile = value.ptr; /* the end of an argument, so it ends with NUL */
		return value.len > 0 || FAIL(r->e, INVALID, "Argument to option 'logfile' missing");
	case TEST_THREADS:
		return read_threads(r, value);
	case SKIP:
		add_word(&r->o->skips, value);
		return true;
	case COLOR:
		return read_color(r, value);
	case FORMAT:
		r->format = value;
		return true;
	case SHUFFLE_SEED:
		return read_seed(r, value);
	default:
		return str_eq(value, STR("unstable-options")) ||
		       FAIL(r->e, INVALID, "Unrecognized option to `Z`");
	}
}

/* `value.ptr` is NULL when none stood in the same word. */
static bool take_option(struct reading *r, enum option option, struct str shown, struct str value)
{
	const struct row *row = &rows[option];
	if (r->given[option] && !row->many)
		return FAIL(r->e, INVALID, "Option '" STR_FMT "' given more than once", STR_ARG(shown));
	r->given[option] = true;
	if (!row->value)
		return !value.ptr ||
		       FAIL(r->e, INVALID, "Option '" STR_FMT "' does not take an argument", STR_ARG(shown));
	if (!value.ptr) {
		if (!*r->next)
			return FAIL(r->e, INVALID, "Argument to option '" STR_FMT "' missing",
				    STR_ARG(shown));
		value = str_from(*r->next++);
	}
	return take_value(r, option, value);
}

static bool unknown(struct reading *r, struct str shown)
{
	return FAIL(r->e, INVALID, "Unrecognized option: '" STR_FMT "'", STR_ARG(shown));
}

static bool take_long(struct reading *r, struct str word)
{
	struct str value = word, name = str_split(&value, '=');
	for (size_t i = 0; i < OPTIONS; i++) {
		if (name.len && str_eq(name, str_from(rows[i].name)))
			return take_option(r, (enum option)i, name, value);
	}
	return unknown(r, name);
}

/* Letters that are joined, as -qZunstable-options. */
static bool take_letters(struct reading *r, struct str word)
{
	while (word.len) {
		struct str letter = str_sub(word, 0, 1);
		size_t i = 0;
		while (i < OPTIONS && rows[i].letter != *letter.ptr)
			i++;
		if (i == OPTIONS)
			return unknown(r, letter);
		word = str_sub(word, 1, word.len);
		bool rest = rows[i].value && word.len;
		if (!take_option(r, (enum option)i, letter, rest ? word : (struct str){ 0 }))
			return false;
		if (rows[i].value)
			break;
	}
	return true;
}

static bool read_words(struct reading *r)
{
	bool free_only = false;
	while (*r->next) {
		struct str word = str_from(*r->next++);
		if (free_only || word.len < 2 || *word.ptr != '-')
			add_word(&r->o->filters, word);
		else if (str_eq(word, STR("--")))
			free_only = true;
		else if (word.ptr[1] == '-' ? !take_long(r, str_sub(word, 2, word.len))
					    : !take_letters(r, str_sub(word, 1, word.len)))
			return false;
	}
	return true;
}

static bool read_format(struct reading *r)
{
	static const char *const names[] = { "pretty", "terse", "json", "junit" };
	r->o->format = r->given[QUIET] ? LIBTEST_TERSE : LIBTEST_PRETTY;
	if (!r->given[FORMAT])
		return true;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		r->o->format = (enum libtest_format)i;
		if (str_eq(r->format, str_from(names[i])))
			return true;
	}
	return FAIL(r->e, INVALID,
		    "argument for --format must be pretty, terse, json or junit (was " STR_FMT ")",
		    STR_ARG(r->format));
}

/* "WARN,CRITICAL", in milliseconds. */
static bool read_time(struct str text, uint64_t *critical_ms, struct error *e)
{
	struct str rest = text, warn = str_split(&rest, ',');
	uint64_t unused;
	if (str_to_u64(warn, UINT32_MAX, &unused) && str_to_u64(rest, UINT32_MAX, critical_ms))
		return true;
	return FAIL(e, INVALID,
		    "RUST_TEST_TIME_UNIT is `" STR_FMT "`, should be two numbers of ms, as in 50,100",
		    STR_ARG(text));
}

static bool read_environment(struct reading *r, const char *(*lookup)(void *, const char *), void *data)
{
	struct libtest_options *o = r->o;
	const char *threads = lookup(data, "RUST_TEST_THREADS"), *open = lookup(data, "RUST_TEST_NOCAPTURE"),
		   *shuffle = lookup(data, "RUST_TEST_SHUFFLE"),
		   *seed = lookup(data, "RUST_TEST_SHUFFLE_SEED"),
		   *time = lookup(data, "RUST_TEST_TIME_UNIT");
	if (threads && !r->given[TEST_THREADS] &&
	    (!str_to_u64(str_from(threads), UINT32_MAX, &o->threads) || o->threads == 0))
		return FAIL(r->e, INVALID, "RUST_TEST_THREADS is `%s`, should be a positive integer.",
			    threads);
	if (open && strcmp(open, "0") != 0)
		o->nocapture = true;
	if (shuffle && strcmp(shuffle, "0") != 0)
		o->shuffle = true;
	if (seed && !o->seeded) {
		o->seeded = str_to_u64(str_from(seed), UINT64_MAX, &o->seed);
		if (!o->seeded)
			return FAIL(r->e, INVALID, "RUST_TEST_SHUFFLE_SEED is `%s`, should be a number.",
				    seed);
	}
	o->critical_ms = 100;
	return !time || read_time(str_from(time), &o->critical_ms, r->e);
}

static void take_flags(struct reading *r)
{
	struct libtest_options *o = r->o;
	o->help = r->given[HELP];
	o->list = r->given[LIST];
	o->bench = r->given[BENCH];
	o->test = r->given[TEST];
	o->ignored = r->given[IGNORED];
	o->include_ignored = r->given[INCLUDE_IGNORED];
	o->exact = r->given[EXACT];
	o->exclude_should_panic = r->given[EXCLUDE_SHOULD_PANIC];
	o->fail_fast = r->given[FAIL_FAST];
	o->nocapture = r->given[NOCAPTURE] || r->given[NO_CAPTURE];
	o->show_output = r->given[SHOW_OUTPUT];
	o->ensure_time = r->given[ENSURE_TIME];
	o->report_time = r->given[REPORT_TIME] || o->ensure_time;
	o->shuffle = r->given[SHUFFLE];
}

bool libtest_options_parse(struct libtest_options *o, const char *const *args,
			   const char *(*lookup)(void *data, const char *name), void *data, struct arena *a,
			   struct error *e)
{
	struct reading r = { .o = o, .next = args, .e = e };
	size_t count = 0;
	while (args[count])
		count++;
	*o = (struct libtest_options){ 0 };
	o->filters.at = arena_alloc(a, (count + 1) * sizeof *o->filters.at);
	o->skips.at = arena_alloc(a, (count + 1) * sizeof *o->skips.at);
	if (!read_words(&r))
		return false;
	take_flags(&r);
	if (o->help)
		return true;
	if (o->ignored && o->include_ignored)
		return FAIL(e, INVALID, "the options --include-ignored and --ignored are mutually exclusive");
	if (!read_format(&r) || !read_environment(&r, lookup, data))
		return false;
	o->shuffle = o->shuffle || o->seeded;
	return true;
}
