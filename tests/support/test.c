/* SPDX-License-Identifier: Apache-2.0 */
#include "support/test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "support/test_priv.h"

/* ---- assertions ---- */

/* A literal that shows what bytes there are: "a\x00b\n". */
static void print_quoted(const char *label, struct str s)
{
	print_error("%s\"", label);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c == '\n')
			print_error("\\n");
		else if (c == '"' || c == '\\')
			print_error("\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			print_error("\\x%02x", c);
		else
			print_error("%c", c);
	}
	print_error("\"\n");
}

void test_assert_str(struct str actual, const char *expected, const char *file, int line)
{
	if (str_eq(actual, str_from(expected)))
		return;
	print_quoted("is       ", actual);
	print_quoted("expected ", str_from(expected));
	_fail(file, line);
}

void test_assert_error(const struct error *e, enum error_kind kind, const char *part, const char *file,
		       int line)
{
	if (e->kind == kind && strstr(e->text, part))
		return;
	print_error("the error is %s: %s\n", error_kind_text(e->kind), e->text);
	print_error("expected     %s: …%s…\n", error_kind_text(kind), part);
	_fail(file, line);
}

/* ---- a folder for a test ---- */

static char dir[256];
static struct arena paths;

const char *test_dir(void)
{
	if (dir[0] == '\0') {
		const char *parent = getenv("TMPDIR");
		snprintf(dir, sizeof dir, "%s/backlot-test-XXXXXX", parent && *parent ? parent : "/tmp");
		if (!mkdtemp(dir))
			fail_msg("no folder %s: %s", dir, strerror(errno));
	}
	return dir;
}

const char *test_path(const char *name)
{
	return arena_printf(&paths, "%s/%s", test_dir(), name).ptr;
}

const char *test_write(const char *name, struct str content)
{
	const char *path = test_path(name);
	FILE *f = fopen(path, "wb");
	if (!f)
		fail_msg("cannot write %s: %s", path, strerror(errno));
	size_t written = content.len ? fwrite(content.ptr, 1, content.len, f) : 0;
	if (fclose(f) != 0 || written != content.len)
		fail_msg("cannot write %s: %s", path, strerror(errno));
	return path;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void test_dir_remove(void)
{
	if (dir[0] != '\0')
		nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	dir[0] = '\0';
	arena_fini(&paths);
}
