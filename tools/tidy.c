/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The project's habits as a test: `make tidy`. Reads the names of files from stdin, one a line, relative to
 * the root of the repository, which is the current folder; prints one line a problem, and exits with 1 when
 * there was one.
 *
 * A rule that a file is exempt from names that file in a table below, so every exception is seen in one
 * place.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LINE_COLUMNS_MAX = 110,
	FILE_LINES_MAX = 1000,
	FUNCTION_LINES_MAX = 70,
	TAB_COLUMNS = 8,
	FILES_MAX = 10000,
};

struct file {
	const char *path;
	char *text; /* NUL-ended */
	size_t len;
	char *code; /* the same with comments, strings and character constants blanked; C only */
};

static unsigned problems, files_seen;

#define PROBLEM(f, line, ...)                         \
	do {                                          \
		printf("%s:%d: ", (f)->path, (line)); \
		printf(__VA_ARGS__);                  \
		printf("\n");                         \
		problems++;                           \
	} while (0)

static bool starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), n = strlen(suffix);
	return len >= n && strcmp(s + len - n, suffix) == 0;
}

/* Is `path` one of the words of `list`, or below one that ends with a slash? */
static bool listed(const char *list, const char *path)
{
	while (*list) {
		size_t len = strcspn(list, " ");
		bool folder = len > 0 && list[len - 1] == '/';
		if (strncmp(list, path, len) == 0 && (folder || path[len] == '\0'))
			return true;
		list += len + strspn(list + len, " ");
	}
	return false;
}

static bool word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static int line_of(const struct file *f, const char *in, const char *at)
{
	int line = 1;
	(void)f;
	for (; in < at; in++)
		line += *in == '\n';
	return line;
}

/* ---- reading ---- */

static bool read_file(struct file *f)
{
	FILE *in = fopen(f->path, "rb");
	if (!in || fseek(in, 0, SEEK_END) != 0)
		return false;
	long size = ftell(in);
	rewind(in);
	f->text = calloc(1, (size_t)size + 1);
	f->len = f->text ? fread(f->text, 1, (size_t)size, in) : 0;
	fclose(in);
	return f->text && f->len == (size_t)size;
}

/* Where the comment or the constant ends that starts at `s`: behind its last character. */
static char *end_of_blank(char *s)
{
	if (starts(s, "//"))
		return s + strcspn(s, "\n");
	if (starts(s, "/*")) {
		char *end = strstr(s + 2, "*/");
		return end ? end + 2 : s + strlen(s);
	}
	char quote = *s;
	for (s++; *s && *s != quote && *s != '\n'; s++) {
		if (*s == '\\' && s[1])
			s++;
	}
	return *s ? s + 1 : s;
}

static void blank_words(struct file *f)
{
	f->code = strdup(f->text);
	if (!f->code)
		abort();
	for (char *s = f->code; *s;) {
		if (*s == '"' || *s == '\'' || starts(s, "//") || starts(s, "/*")) {
			for (char *end = end_of_blank(s); s < end; s++) {
				if (*s != '\n')
					*s = ' ';
			}
		} else {
			s++;
		}
	}
}

/* ---- every text file ---- */

/* The words stand in pieces, so that this file passes its own rules. */
static const char *const leftovers[] = { "FIX"
					 "ME",
					 "TO"
					 "DO",
					 "X"
					 "XX" };

static const struct {
	const char *text, *what;
} banned_texts[] = {
	{ "pypi"
	  ".org",
	  "a registry's host" },
	{ "python"
	  "hosted.org",
	  "a registry's host" },
	{ "crates"
	  ".io",
	  "a registry's host" },
	{ "registry.npm"
	  "js.org",
	  "a registry's host" },
	{ "proxy.go"
	  "lang.org",
	  "a registry's host" },
	{ "sum.go"
	  "lang.org",
	  "a registry's host" },
	{ "repo.maven"
	  ".apache.org",
	  "a registry's host" },
	{ "repo1.maven"
	  ".org",
	  "a registry's host" },
	{ "deb.debian"
	  ".org",
	  "a registry's host" },
	{ "/wo"
	  "rk/main",
	  "a path of one machine" },
	{ "/wo"
	  "rk/shared",
	  "a path of one machine" },
	{ "/wo"
	  "rk/tmp",
	  "a path of one machine" },
	{ "/ro"
	  "ot/.",
	  "a path of one machine" },
};

static void check_words(struct file *f)
{
	for (size_t i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++) {
		size_t len = strlen(leftovers[i]);
		for (const char *at = f->text; (at = strstr(at, leftovers[i])); at += len) {
			if ((at == f->text || !word_char(at[-1])) && memchr(": (\n", at[len], 4))
				PROBLEM(f, line_of(f, f->text, at), "a leftover %s: do it, or open an issue",
					leftovers[i]);
		}
	}
	for (size_t i = 0; i < sizeof banned_texts / sizeof banned_texts[0]; i++) {
		size_t len = strlen(banned_texts[i].text);
		for (const char *at = f->text; (at = strstr(at, banned_texts[i].text)); at += len) {
			/* A lock file names an index by a word that only begins like a host. */
			if (at[len] != '-' && !word_char(at[len]))
				PROBLEM(f, line_of(f, f->text, at), "%s: %s", banned_texts[i].what,
					banned_texts[i].text);
		}
	}
}

static void check_line_ends(struct file *f)
{
	int line = 1;
	for (size_t i = 0; i < f->len; i++) {
		if (f->text[i] != '\n')
			continue;
		if (i > 0 && (f->text[i - 1] == ' ' || f->text[i - 1] == '\t' || f->text[i - 1] == '\r'))
			PROBLEM(f, line, "blanks at the end of the line");
		line++;
	}
	if (f->len > 0 && f->text[f->len - 1] != '\n')
		PROBLEM(f, line, "the last line has no end");
	if (f->len > 1 && f->text[f->len - 2] == '\n' && f->text[f->len - 1] == '\n')
		PROBLEM(f, line, "empty lines at the end");
}

/* ---- C ---- */

/* Does the line stick out only by a string, which is better left in one piece? A row of a table may, too. */
static bool may_stick_out(const struct file *f, const char *line)
{
	bool inside = false;
	int columns = 0;
	for (const char *s = line; *s != '\n' && columns < LINE_COLUMNS_MAX; s++) {
		columns += *s == '\t' ? TAB_COLUMNS - columns % TAB_COLUMNS : 1;
		if (*s == '\\' && s[1] != '\n')
			s++, columns++;
		else if (*s == '"')
			inside = !inside;
	}
	return inside || ends(f->path, ".def");
}

static void check_lines(struct file *f)
{
	int line = 1, columns = 0;
	const char *begin = f->text;
	for (const char *s = f->text; *s; s++) {
		if (*s == '\n') {
			if (columns > LINE_COLUMNS_MAX && !may_stick_out(f, begin))
				PROBLEM(f, line, "%d columns; %d are allowed", columns, LINE_COLUMNS_MAX);
			line++;
			columns = 0;
			begin = s + 1;
		} else if (*s == '\t') {
			columns += TAB_COLUMNS - columns % TAB_COLUMNS;
		} else if (((unsigned char)*s & 0xc0) !=
			   0x80) { /* a character, however many bytes it takes */
			columns++;
		}
	}
	if (line - 1 > FILE_LINES_MAX && !starts(f->path, "tests/") && !ends(f->path, ".def"))
		PROBLEM(f, 1, "%d lines; %d are allowed: which part has a name of its own?", line - 1,
			FILE_LINES_MAX);
}

/* A function's body stands between a `{` and a `}` in the first column. A table's brace follows a `=`. */
static void check_functions(struct file *f)
{
	const char *begin = NULL;
	if (starts(f->path, "tests/"))
		return;
	for (const char *s = f->code; *s; s += strcspn(s, "\n"), s += *s == '\n') {
		if (starts(s, "{\n"))
			begin = s;
		if (*s != '}' || !begin)
			continue;
		int lines = line_of(f, begin, s) - 2;
		if (lines > FUNCTION_LINES_MAX)
			PROBLEM(f, line_of(f, f->code, begin), "a function of %d lines; %d are allowed",
				lines, FUNCTION_LINES_MAX);
		begin = NULL;
	}
}

static const struct {
	const char *name, *instead,
		*allowed; /* `allowed`: the files that may call it; a trailing slash: a folder */
} banned_calls[] = {
	{ "malloc", "mem_alloc()", "src/base/mem.c" },
	{ "calloc", "mem_zalloc()", "src/base/mem.c" },
	{ "realloc", "mem_realloc()", "src/base/mem.c" },
	{ "free", "mem_free()", "src/base/mem.c" },
	{ "strdup", "arena_str() or blob_new()", "" },
	{ "strndup", "arena_str() or blob_new()", "" },
	{ "asprintf", "arena_printf() or buf_printf()", "" },
	{ "alloca", "an arena", "" },
	{ "time", "clock_wall()", "src/loop/clock.c" },
	{ "gettimeofday", "clock_wall()", "src/loop/clock.c" },
	{ "clock_gettime", "clock_monotonic() or clock_wall()",
	  "src/loop/clock.c src/guest/wasm/code_cache.c" },
	{ "sleep", "a timer", "" },
	{ "usleep", "a timer", "" },
	{ "nanosleep", "a timer", "src/guest/wasm/engine.c" },
	{ "getenv", "what main.c hands on", "src/main.c src/lib/environment.c" },
	{ "rand", "world/random.h", "" },
	{ "random", "world/random.h", "" },
	{ "getrandom", "world/random.h", "src/world/random_system.c" },
	{ "RAND_bytes", "world/random.h", "src/world/random_system.c" },
	{ "socket", "net/", "src/net/" },
	{ "socketpair", "net/", "src/net/ src/runner/" },
	{ "strcpy", "buf_add() or memcpy() with a length", "" },
	{ "strcat", "buf_add()", "" },
	{ "strncpy", "memcpy() with a length", "" },
	{ "strncat", "buf_add()", "" },
	{ "sprintf", "snprintf() or buf_printf()", "" },
	{ "vsprintf", "vsnprintf()", "" },
	{ "strtok", "str_split()", "" },
	{ "gets", "nothing", "" },
	{ "atoi", "str_to_u64()", "src/script/number.c" },
	{ "atol", "str_to_u64()", "" },
	{ "atof", "strtod() with a check of its end", "" },
	{ "assert", "CHECK()", "" },
	{ "setjmp", "an error that is returned", "" },
	{ "longjmp", "an error that is returned", "" },
	{ "exit", "an error that is returned", "src/main.c src/runner/" },
	{ "abort", "CHECK()", "src/base/check.c src/base/mem.c" },
	{ "printf", "what the caller does with the text", "src/cli/ src/report/ src/main.c" },
	{ "puts", "what the caller does with the text", "src/cli/ src/report/ src/main.c" },
	{ "putchar", "what the caller does with the text", "src/cli/ src/report/ src/main.c" },
	{ "perror", "an error that is returned", "" },
};

static void check_calls(struct file *f)
{
	if (!starts(f->path, "src/"))
		return;
	for (size_t i = 0; i < sizeof banned_calls / sizeof banned_calls[0]; i++) {
		const char *name = banned_calls[i].name;
		size_t len = strlen(name);
		if (listed(banned_calls[i].allowed, f->path))
			continue;
		for (const char *at = f->code; (at = strstr(at, name)); at += len) {
			if (at > f->code &&
			    (word_char(at[-1]) || at[-1] == '.' || at[-1] == '>' || at[-1] == '*'))
				continue; /* part of a longer name, or a member */
			if (at[len] == '(')
				PROBLEM(f, line_of(f, f->code, at), "%s() is not called here; use %s", name,
					banned_calls[i].instead);
		}
	}
}

/* ---- headers ---- */

static struct {
	char name[128];
	const char *path;
} guards[FILES_MAX];
static size_t guards_known;

static void check_guard(struct file *f)
{
	char name[128], defined[128];
	const char *at = strstr(f->code, "#ifndef ");
	if (!at || sscanf(at, "#ifndef %127[A-Za-z0-9_] #define %127[A-Za-z0-9_]", name, defined) != 2 ||
	    strcmp(name, defined) != 0) {
		PROBLEM(f, 1, "the header has no guard: #ifndef FOLDER_NAME_H, #define FOLDER_NAME_H");
		return;
	}
	for (size_t i = 0; i < guards_known; i++) {
		if (strcmp(guards[i].name, name) == 0)
			PROBLEM(f, 1, "the guard %s is that of %s, too", name, guards[i].path);
	}
	if (guards_known < FILES_MAX) {
		memcpy(guards[guards_known].name, name, sizeof name);
		guards[guards_known++].path = f->path;
	}
}

/* A source file that no list in src/meson.build names is dead. */
static void check_in_build(struct file *f)
{
	static struct file build = { .path = "src/meson.build" };
	char quoted[512];
	if (!build.text && !read_file(&build)) {
		PROBLEM(&build, 1, "cannot be read");
		build.text = calloc(1, 1);
	}
	snprintf(quoted, sizeof quoted, "'%s'", f->path + strlen("src/"));
	if (build.text && !strstr(build.text, quoted))
		PROBLEM(f, 1, "is in no list of src/meson.build");
}

static void check_c(struct file *f)
{
	static const char spdx[] = "SPDX-License-Identifier: Apache-2.0";
	const char *found = strstr(f->text, spdx);
	blank_words(f);
	if (!found || found > f->text + strcspn(f->text, "\n"))
		PROBLEM(f, 1, "the first line does not say %s", spdx);
	check_lines(f);
	check_functions(f);
	check_calls(f);
	if (ends(f->path, ".h"))
		check_guard(f);
	else if (starts(f->path, "src/") && !ends(f->path, ".def") && strcmp(f->path, "src/main.c") != 0)
		check_in_build(f);
	free(f->code);
}

/* ---- all of it ---- */

/* Data, and what others have written or programs have made: not ours to keep tidy. */
static const char *const left_alone[] = { "LICENSE", "tests/fuzz/corpus/", "tests/data/" };
static const char *const left_alone_ends[] = {
	"package-lock.json", "Cargo.lock", "go.sum", ".pem", ".key", ".wat"
};

static bool is_left_alone(const char *path)
{
	for (size_t i = 0; i < sizeof left_alone / sizeof left_alone[0]; i++) {
		if (listed(left_alone[i], path))
			return true;
	}
	for (size_t i = 0; i < sizeof left_alone_ends / sizeof left_alone_ends[0]; i++) {
		if (ends(path, left_alone_ends[i]))
			return true;
	}
	return false;
}

static void check_file(const char *path)
{
	struct file f = { .path = path };
	if (!read_file(&f)) {
		PROBLEM(&f, 1, "cannot be read");
	} else if (strlen(f.text) == f.len) { /* else it is binary */
		bool alone = is_left_alone(path);
		files_seen++;
		check_words(&f);
		if (!alone)
			check_line_ends(&f);
		if (!alone &&
		    (ends(path, ".c") || ends(path, ".h") || ends(path, ".cpp") || ends(path, ".def")))
			check_c(&f);
	}
	free(f.text);
}

int main(void)
{
	static char names[FILES_MAX][256]; /* the guards' table keeps pointing into it */
	size_t n = 0;
	while (n < FILES_MAX && fgets(names[n], sizeof names[n], stdin)) {
		names[n][strcspn(names[n], "\n")] = '\0';
		check_file(names[n++]);
	}
	printf("tidy: %u files, %u problems\n", files_seen, problems);
	return problems || files_seen == 0 ? 1 : 0;
}
